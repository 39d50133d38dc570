"""Moderation: anyone signed in reports, coordinators decide with a reason, the author's organisation answers."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

import cluster.circles
import cluster.contacts
import cluster.ideas
import cluster.letters
import data.ideas
import data.moderation
import data.people
import data.projects
import data.throttles
from cluster.engine.texts import clean, readable
from cluster.people import must_act, must_coordinate
from data.moderation import Filter
from data.store import newest_first, transaction
from models.circles import About
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany, refuse
from models.ideas import IdeaState
from models.moderation import (
    TEXT_AT_MOST,
    Action,
    Case,
    CaseState,
    Decision,
    Event,
    Ground,
    Item,
    Report,
    Subject,
)
from models.people import Member

PER_PAGE = 20
COUNTED_AT_MOST = 100
QUEUES = ("waiting", "hidden", "all")

_WINDOW_S = 3_600
_REPORTS_PER_WINDOW = 20
_LETTERS_AT_MOST = 20
_REPORTS_SHOWN = 50

# What a decision does: from which states, to which state, what the history calls it, and whether it opens a round.
_EFFECTS = {
    Decision.HIDE: ({CaseState.REPORTED, CaseState.SHOWN}, CaseState.HIDDEN, Action.HIDDEN, True),
    Decision.DISMISS: ({CaseState.REPORTED}, CaseState.SHOWN, Action.DISMISSED, False),
    Decision.KEEP: ({CaseState.HIDDEN}, CaseState.HIDDEN, Action.KEPT, True),
    Decision.SHOW: ({CaseState.HIDDEN}, CaseState.SHOWN, Action.SHOWN, False),
}


@dataclass(frozen=True, slots=True)
class File:
    """All that a coordinator needs to decide: the case, the item as it stands, the reports and what happened."""

    case: Case
    item: Item | None
    reports: list[Report]
    history: list[Event]
    has_readers: bool


def reportable(db: Database, *, member: Member | None, kind: Subject, item_id: int) -> Item:
    """The item this member may report: one they may read, and not of their own organisation."""
    if member is None:
        raise NotSignedIn
    item = data.moderation.item(db, kind=kind, item_id=item_id)
    if item is None or not _may_read(db, item, member):
        raise NotFound
    if item.organisation_id is not None and item.organisation_id == member.organisation_id:
        raise NotAllowed(N_("Dit is van je eigen bestuur. Je kunt het zelf wijzigen of intrekken."))
    return item


def reported(db: Database, *, member: Member | None, item: Item) -> Report | None:
    """What this member reported of an item, if anything."""
    if member is None:
        return None
    return data.moderation.report_of(db, kind=item.kind, item_id=item.id, member_id=member.id)


def report(
    db: Database,
    throttles: Database,
    *,
    member: Member | None,
    kind: Subject,
    item_id: int,
    ground: str,
    text: str,
    moment: float,
) -> Case:
    """Report an item to the coordinators, once per member: saying it again changes nothing."""
    item = reportable(db, member=member, kind=kind, item_id=item_id)
    assert member is not None
    text = clean(text)
    wrong = [] if ground in set(Ground) else [Invalid("ground", N_("Kies waarom je dit meldt."))]
    if ground == Ground.OTHER and not text:
        wrong.append(Invalid("text", N_("Vertel wat er mis is.")))
    refuse([*wrong, *_text_wrong("text", text)])
    if reported(db, member=member, item=item) is None:
        key = f"report:{member.id}"
        if data.throttles.count(throttles, key=key, window_s=_WINDOW_S, moment=moment) > _REPORTS_PER_WINDOW:
            raise TooMany(N_("Je meldde veel in korte tijd. Probeer het over een uur opnieuw."), seconds=_WINDOW_S)
    with transaction(db):
        if reported(db, member=member, item=item) is None:
            case_id = data.moderation.open_case(db, item=item)
            data.moderation.add_report(db, case_id=case_id, member_id=member.id, ground=Ground(ground), text=text)
            data.moderation.note(
                db, member_id=member.id, action=Action.REPORTED, item=item, reason=text or None, case_id=case_id
            )
        found = data.moderation.of_item(db, kind=kind, item_id=item_id)
    assert found is not None
    return found


def decide(db: Database, *, member: Member | None, case_id: int, revision: int, decision: str, reason: str) -> Case:
    """Hide, dismiss, keep hidden or show again, with a reason. Refused with a Conflict if another was first.

    The organisation behind the item gets a letter when it is hidden, stays hidden or is shown again; who reported it
    when it is hidden, left as it is or shown again.
    """
    member = must_coordinate(member)
    case = _case(db, case_id)
    reason = clean(reason)
    wrong = [] if decision in set(Decision) else [Invalid("decision", N_("Kies wat je wilt doen."))]
    if not reason:
        wrong.append(Invalid("reason", N_("Geef een reden.")))
    refuse([*wrong, *_text_wrong("reason", reason)])
    allowed, state, action, next_round = _EFFECTS[Decision(decision)]
    item = data.moderation.item(db, kind=case.kind, item_id=case.item_id)
    if item is None:
        raise NotFound
    with transaction(db):
        case = _case(db, case_id)
        if case.revision != revision or case.state not in allowed:
            raise Conflict(N_("Er veranderde intussen iets aan deze melding. Kijk wat er nu staat."), current=case)
        before = None
        if decision == Decision.HIDE:
            before = data.moderation.hide(db, kind=case.kind, item_id=case.item_id)
        elif decision == Decision.SHOW:
            known = data.moderation.before(db, case_id=case_id)
            data.moderation.show(db, kind=case.kind, item_id=case.item_id, before=known)
        data.moderation.decide(
            db,
            case_id=case_id,
            revision=revision,
            state=state,
            reason=reason,
            before=before,
            next_round=next_round,
        )
        data.moderation.note(db, member_id=member.id, action=action, item=item, reason=reason, case_id=case_id)
        case = _case(db, case_id)
        if action is not Action.DISMISSED:
            _tell(db, case=case, item=item, action=action)
        if action is not Action.KEPT:
            _tell_reporters(db, case=case, item=item, action=action)
    return case


def answer(db: Database, *, member: Member | None, case_id: int, text: str) -> Case:
    """Answer a coordinator for one's organisation, once per round; the answer comes into the queue."""
    member, _ = must_act(member)
    case, item = _own(db, member=member, case_id=case_id)
    text = clean(text)
    refuse([*([] if text else [Invalid("answer", N_("Schrijf je antwoord."))]), *_text_wrong("answer", text)])
    with transaction(db):
        present = _case(db, case_id)
        if present.state is CaseState.HIDDEN and present.answer == text:
            return present
        if present.round != case.round or not data.moderation.answer(db, case_id=case_id, text=text):
            raise Conflict(
                N_("Jullie bestuur antwoordde al, of een coördinator besliste intussen. Dit is niet verstuurd."),
                current=present,
            )
        data.moderation.note(db, member_id=member.id, action=Action.ANSWERED, item=item, reason=text, case_id=case_id)
        return _case(db, case_id)


def own_case(db: Database, *, member: Member | None, case_id: int) -> Case:
    """The case of an item of one's own organisation that was hidden once; not found for anybody else."""
    member, _ = must_act(member)
    return _own(db, member=member, case_id=case_id)[0]


def item_of(db: Database, *, case: Case) -> Item:
    """What a case is about, as it stands."""
    item = data.moderation.item(db, kind=case.kind, item_id=case.item_id)
    if item is None:
        raise NotFound
    return item


def hidden_case(db: Database, *, member: Member | None, kind: Subject, item_id: int) -> Case | None:
    """Why an item is hidden, for its own organisation and for coordinators; none for others, and when it is not."""
    if member is None:
        return None
    case = data.moderation.of_item(db, kind=kind, item_id=item_id)
    if case is None or case.state is not CaseState.HIDDEN:
        return None
    item = data.moderation.item(db, kind=kind, item_id=item_id)
    own = item is not None and item.organisation_id is not None and item.organisation_id == member.organisation_id
    return case if own or member.is_coordinator else None


def queue(db: Database, *, member: Member | None, which: str, page: int) -> tuple[list[Case], bool]:
    """One page of the cases that wait (longest first), are hidden, or all, and whether there are more."""
    must_coordinate(member)
    found = data.moderation.queue(
        db, which=which if which in QUEUES else "waiting", at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE
    )
    return found[:PER_PAGE], len(found) > PER_PAGE


def count_waiting(db: Database, *, member: Member | None) -> int:
    """How many cases wait for a coordinator, up to a hundred; none for others."""
    if member is None or not member.is_coordinator:
        return 0
    return data.moderation.count_waiting(db, at_most=COUNTED_AT_MOST)


def file(db: Database, *, member: Member | None, case_id: int) -> File:
    """One case with all that belongs to it, for coordinators."""
    must_coordinate(member)
    case = _case(db, case_id)
    item = data.moderation.item(db, kind=case.kind, item_id=case.item_id)
    return File(
        case=case,
        item=item,
        reports=data.moderation.reports(db, case_id=case_id, at_most=_REPORTS_SHOWN),
        history=data.moderation.history(db, wanted=Filter(case_id=case_id), at_most=_REPORTS_SHOWN),
        has_readers=bool(item and _readers(db, item)),
    )


def history(db: Database, *, member: Member | None, wanted: Filter, page: int) -> tuple[list[Event], bool]:
    """One page of the history, newest first, for coordinators, and whether there is more."""
    must_coordinate(member)
    found = data.moderation.history(db, wanted=wanted, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return found[:PER_PAGE], len(found) > PER_PAGE


def whole_history(db: Database, *, member: Member | None, wanted: Filter) -> Iterator[Event]:
    """All of the history that fits, newest first, for coordinators; read as it is used."""
    must_coordinate(member)
    return newest_first(
        lambda at_most, before: data.moderation.history(db, wanted=wanted, at_most=at_most, before=before)
    )


def _case(db: Database, case_id: int) -> Case:
    found = data.moderation.get(db, case_id=case_id)
    if found is None:
        raise NotFound
    return found


def _own(db: Database, *, member: Member, case_id: int) -> tuple[Case, Item]:
    """A hidden item's case and the item, for the organisation behind it; not found for anybody else."""
    case = _case(db, case_id)
    item = data.moderation.item(db, kind=case.kind, item_id=case.item_id)
    if item is None or item.organisation_id is None or item.organisation_id != member.organisation_id:
        raise NotFound
    if case.round == 0:  # never hidden: who reported what is no business of the organisation
        raise NotFound
    return case, item


def _may_read(db: Database, item: Item, member: Member) -> bool:
    """Whether a member may read this: what is public, messages at one's own ideas, and conversations one is in."""
    if item.kind is Subject.MESSAGE:
        return _is_in_conversation(db, item, member)
    if item.kind is Subject.PROJECT:
        project = data.projects.get(db, project_id=item.id)
        return project is not None and not project.hidden
    idea = data.ideas.get(db, idea_id=item.idea_id) if item.idea_id else None
    if idea is None or idea.state is not IdeaState.OPEN:
        return False
    if item.kind is Subject.IDEA:
        return True
    said = cluster.contacts.endorsements(db, idea_id=idea.id, member=member)
    return any(one.id == item.id and one.message for one in said)


def _is_in_conversation(db: Database, item: Item, member: Member) -> bool:
    about, item_id = (About.IDEA, item.idea_id) if item.idea_id else (About.CLUSTER, item.cluster_id)
    try:
        cluster.circles.within(db, member=member, about=about, item_id=item_id or 0)
    except NotFound:
        return False
    return True


def _readers(db: Database, item: Item) -> list[Member]:
    """Who hears of a decision: every active member of the organisation behind the item."""
    if item.organisation_id is None:
        return []
    return data.people.colleagues(db, organisation_id=item.organisation_id, at_most=_LETTERS_AT_MOST)


def _tell(db: Database, *, case: Case, item: Item, action: Action) -> None:
    for to in _readers(db, item):
        cluster.letters.queue(
            db,
            to=to,
            template="moderation",
            dedupe_key=f"moderation:{case.id}:{case.revision}:{to.id}",
            case=case,
            item=item,
            action=action.value,
        )


def _tell_reporters(db: Database, *, case: Case, item: Item, action: Action) -> None:
    """Write each who reported what became of it; that it was left as it is, once."""
    once = "dismissed" if action is Action.DISMISSED else case.revision
    for report in data.moderation.reports(db, case_id=case.id, at_most=-1):
        to = data.people.get(db, member_id=report.member_id)
        if to is not None and to.active:
            cluster.letters.queue(
                db,
                to=to,
                template="outcome",
                dedupe_key=f"outcome:{report.id}:{once}",
                case=case,
                item=item,
                action=action.value,
            )


def _text_wrong(field: str, text: str) -> list[Invalid]:
    if len(text) > TEXT_AT_MOST:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        return [Invalid(field, said, count=len(text), at_most=TEXT_AT_MOST)]
    if not readable(text):
        return [Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))]
    return []
