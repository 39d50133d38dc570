"""Consortia: what a plan lacks for its call, which governments would fit, and inviting them to join."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

import cluster.calls
import cluster.circles
import cluster.ideas
import cluster.letters
import cluster.matches
import cluster.places
import cluster.plans
import data.circles
import data.clusters
import data.consortia
import data.contacts
import data.ideas
import data.people
import data.plans
from cluster.engine import costs
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.engine.texts import clean
from cluster.people import must_act, must_coordinate, text_wrong
from data.matches import Item
from data.store import now, transaction
from models.calls import Call, CallState
from models.circles import About, Party
from models.consortia import (
    MESSAGE_AT_MOST,
    SMALL_AT_MOST,
    Check,
    Invitation,
    InvitationState,
    Need,
    Suggestion,
    What,
)
from models.errors import N_, Conflict, NotAllowed, NotFound, refuse
from models.matches import Kind, Relation
from models.people import Member, Organisation
from models.plans import PARTNERS_AT_MOST, Answer, Content, Plan, Share

SUGGESTED_AT_MOST = 8
LISTED_AT_MOST = 100
# A government is not asked again before this many days after its no, and gets so many invitations a month at most.
AGAIN_AFTER_DAYS = 90
A_MONTH_AT_MOST = 3
OPEN_AT_MOST = 10
_NEARBY = 4
_READ_AT_MOST = 24


def municipalities(db: Database, *, content: Content) -> list[Organisation]:
    """The municipalities that partners are or speak for, each once, by name."""
    return data.people.reach(db, organisation_ids=[one.organisation_id for one in content.partners])


def checks(
    *,
    content: Content,
    call: Call | None,
    covered: Iterable[Organisation],
    said: dict[int, Answer],
    moment: str | None = None,
) -> list[Check]:
    """What the plan has and lacks, from the facts; about a call only when one was chosen."""
    figures, moment = costs.figures(content), moment or now()
    idle = [one.name for one in content.partners if not one.task and one.organisation_id != content.lead_id]
    waiting = [
        one.name for one in content.partners if not (one.organisation_id in said and said[one.organisation_id].accepted)
    ]
    lacks = [name for name in ("summary", "starts_on", "ends_on") if not getattr(content, name)]
    found = [
        Check(What.PARTNERS, len(content.partners) > 1, {"count": len(content.partners)}),
        Check(What.LEAD, content.lead is not None, {"name": content.lead.name if content.lead else ""}),
        Check(What.TASKS, not idle, {"names": idle}),
        Check(What.SMALL, any(0 < (one.inhabitants or 0) <= SMALL_AT_MOST for one in covered)),
        Check(What.CALL, bool(call and call.state_at(moment) is not CallState.CLOSED), {"call": call}),
    ]
    if call is not None:
        fits = content.theme is not None and (not call.themes or content.theme in call.themes)
        found += [
            Check(What.THEME, fits, {"theme": content.theme, "themes": call.themes}),
            Check(What.CEILING, not figures.unfunded, {"cents": figures.unfunded or figures.subsidy}),
        ]
    return [
        *found,
        Check(What.SUMS, figures.adds_up),
        Check(What.DOSSIER, not lacks, {"lacks": lacks}),
        Check(What.ACCEPTED, not waiting, {"names": waiting}),
    ]


def suggestions(
    db: Database, *, encoder: Encoder | None, index: Index[Item], plan: Plan, member: Member | None
) -> list[Suggestion]:
    """Governments that would fit, each once with all that speaks for it; never who takes part or was invited."""
    cluster.plans.get(db, member=member, plan_id=plan.id)
    inside = {one.organisation_id for one in plan.content.partners}
    without = {one.id for one in municipalities(db, content=plan.content)} | inside
    without |= {one.organisation_id for one in data.consortia.of_plan(db, plan_id=plan.id)}
    found: dict[int, Suggestion] = {}

    def add(suggestion: Suggestion) -> None:
        known = found.get(suggestion.organisation_id)
        if known is None:
            found[suggestion.organisation_id] = suggestion
        else:
            found[suggestion.organisation_id] = replace(
                known,
                need=known.need or suggestion.need,
                companion=known.companion or suggestion.companion,
                beside=known.beside or suggestion.beside,
            )

    for one in _endorsers(db, plan):
        add(one)
    for one in _with_the_need(db, encoder=encoder, index=index, plan=plan):
        add(one)
    for one in _alike(db, plan.content):
        add(one)
    return [one for key, one in found.items() if key not in without][:SUGGESTED_AT_MOST]


def _ideas(db: Database, plan: Plan) -> list[int]:
    """The ideas that a plan is about, the central one of a cluster first."""
    if plan.about is About.IDEA:
        return [plan.item_id]
    known = data.clusters.get(db, cluster_id=plan.item_id)
    return [one.id for one in known.members if one.kind is Kind.IDEA] if known else []


def _endorsers(db: Database, plan: Plan) -> list[Suggestion]:
    """Who said *ook wij* at an idea of the plan, those of today."""
    said = [one for idea_id in _ideas(db, plan)[:5] for one in data.contacts.endorsements(db, idea_id=idea_id)]
    today = data.people.now_of(db, organisation_ids=[one.organisation_id for one in said])
    return [Suggestion(*today[one.organisation_id], endorses=True) for one in said]


def _with_the_need(db: Database, *, encoder: Encoder | None, index: Index[Item], plan: Plan) -> list[Suggestion]:
    """Who has an open idea with the same need, or one that is strongly related, best first."""
    about = next((one for one in (data.ideas.get(db, idea_id=key) for key in _ideas(db, plan)[:1]) if one), None)
    if about is None:
        return []
    matches = cluster.matches.similar_to(
        db,
        encoder=encoder,
        index=index,
        item=(Kind.IDEA, about.id),
        title=about.title,
        description=about.description,
        limit=_READ_AT_MOST,
    )
    close = [
        one
        for one in matches
        if one.kind is Kind.IDEA and one.relation in (Relation.SAME_NEED, Relation.STRONGLY_RELATED)
    ]
    owners = data.ideas.by_ids(db, ids=[one.id for one in close])
    today = data.people.now_of(
        db, organisation_ids=[one.organisation_id for one in owners.values() if one.organisation_id]
    )
    found = []
    for one in close:
        owner = owners[one.id].organisation_id if one.id in owners else None
        if owner is not None and one.relation is not None:
            found.append(Suggestion(*today[owner], need=Need(one.id, one.title, one.lang, one.relation)))
    return found


def _alike(db: Database, content: Content) -> list[Suggestion]:
    """Who is like the municipality that leads, or else the first that takes part, and who is near it."""
    order = sorted(content.partners, key=lambda one: one.organisation_id != content.lead_id)
    for partner in order:
        around = cluster.places.around(db, organisation_id=partner.organisation_id, at_most=_NEARBY)
        if around is not None:
            return [
                Suggestion(one.id, one.name, companion=one, beside=partner.name)
                for one in (*around.alike, *around.neighbours)
            ]
    return []


def listed(db: Database, *, plan: Plan) -> list[Invitation]:
    """The invitations to a plan that the reader may see, the latest first."""
    return data.consortia.of_plan(db, plan_id=plan.id)


def received(db: Database, *, member: Member | None) -> list[Invitation]:
    """What a member's government was invited to; for a coordinator what nobody can answer."""
    if member is not None and member.is_coordinator:
        return data.consortia.unanswerable(db, at_most=LISTED_AT_MOST)
    _, organisation_id = must_act(member)
    return data.consortia.of_organisation(db, organisation_id=organisation_id, at_most=LISTED_AT_MOST)


def count_unanswerable(db: Database, *, member: Member) -> int:
    """How many invitations wait for a government without an account, for coordinators."""
    must_coordinate(member)
    return data.consortia.count_unanswerable(db)


def get(db: Database, *, member: Member | None, invitation_id: int) -> tuple[Invitation, Plan]:
    """An invitation and its plan, for the invited government, the partners and coordinators; nobody else knows of it.

    When a coordinator hid the idea, it is out of sight for all but them.
    """
    found = data.consortia.get(db, invitation_id=invitation_id)
    plan = data.plans.get(db, plan_id=found.plan_id) if found else None
    if found is None or plan is None or member is None:
        raise NotFound
    if member.organisation_id != found.organisation_id or member.is_coordinator:
        return found, cluster.plans.get(db, member=member, plan_id=found.plan_id)
    if not cluster.circles.get(db, about=plan.about, item_id=plan.item_id).title:
        raise NotFound
    return found, plan


def share(db: Database, *, plan: Plan, invitation: Invitation) -> Share | None:
    """What the invited government would pay if it joined on no terms of its own; none when it does not add up."""
    party = _party(db, invitation.organisation_id)
    figures = costs.figures(costs.with_party(plan.content, party))
    return next((one for one in figures.shares if one.partner.organisation_id == party.id), None)


def _party(db: Database, organisation_id: int) -> Party:
    found = data.circles.party(db, organisation_id=organisation_id)
    if found is None:
        raise NotFound
    return found


def invite(db: Database, *, member: Member | None, plan_id: int, organisation_id: int, message: str = "") -> None:
    """Invite a government to join a plan, for one of its partners or as a coordinator; twice changes nothing.

    Who speaks for it gets one letter; where nobody has an account, the coordinators do. After a no it is not asked
    again for a while, and nobody gets more than a few invitations a month.
    """
    message = clean(message)
    refuse(text_wrong("message", message, at_most=MESSAGE_AT_MOST))
    moment = datetime.now(UTC)
    with transaction(db):
        plan = cluster.plans.get(db, member=member, plan_id=plan_id)
        assert member is not None
        party = _party(db, organisation_id)
        known = data.consortia.of_plan(db, plan_id=plan_id)
        before = next((one for one in known if one.organisation_id == party.id), None)
        if before is not None and before.state is InvitationState.ASKED:
            return
        _may_invite(db, plan, party, before, known, moment)
        own = cluster.circles.today(db, organisation_id=member.organisation_id)
        invited = data.consortia.invite(
            db,
            plan_id=plan_id,
            organisation_id=party.id,
            member_id=member.id,
            by_id=own if any(one.organisation_id == own for one in plan.content.partners) else None,
            message=message,
        )
        _tell(db, plan, invited)


def _may_invite(
    db: Database,
    plan: Plan,
    party: Party,
    before: Invitation | None,
    known: list[Invitation],
    moment: datetime,
) -> None:
    if any(one.organisation_id == party.id for one in plan.content.partners):
        raise NotAllowed(N_("%(name)s doet al mee."), name=party.name)
    again = (moment - timedelta(days=AGAIN_AFTER_DAYS)).isoformat(timespec="seconds")
    if before is not None and before.answered_at and before.answered_at > again:
        said = N_("%(name)s antwoordde onlangs op een uitnodiging. Na %(days)s dagen kun je het opnieuw vragen.")
        raise NotAllowed(said, name=party.name, days=AGAIN_AFTER_DAYS)
    if sum(one.state is InvitationState.ASKED for one in known) >= OPEN_AT_MOST:
        said = N_("Er staan al %(count)s uitnodigingen open. Wacht tot er iemand antwoordt.")
        raise NotAllowed(said, count=OPEN_AT_MOST)
    month = (moment - timedelta(days=30)).isoformat(timespec="seconds")
    if data.consortia.count_since(db, organisation_id=party.id, since=month) >= A_MONTH_AT_MOST:
        said = N_("%(name)s kreeg deze maand al %(count)s uitnodigingen. Probeer het later opnieuw.")
        raise NotAllowed(said, name=party.name, count=A_MONTH_AT_MOST)


def _tell(db: Database, plan: Plan, invited: Invitation) -> None:
    """One letter to who speaks for the invited government; to the coordinators where nobody does."""
    to = cluster.circles.speaker(db, about=plan.about, item_id=plan.item_id, organisation_id=invited.organisation_id)
    for receiver in [to] if to else data.people.coordinators(db):
        cluster.letters.queue(
            db,
            to=receiver,
            template="plan_invitation" if to else "plan_invitation_nobody",
            dedupe_key=f"plan-invitation:{invited.id}:{invited.invited_at}:{receiver.id}",
            invitation=invited,
            partners=[one.name for one in plan.content.partners],
        )


def answer(db: Database, *, member: Member | None, invitation_id: int, accepted: bool) -> Plan:
    """Join the plan, as a new version of it that asks every partner again, or say no; twice changes nothing.

    Joining costs nothing yet: the one who joins, too, accepts a version or not.
    """
    asking, organisation_id = must_act(member)
    with transaction(db):
        found, plan = get(db, member=asking, invitation_id=invitation_id)
        if found.organisation_id != organisation_id:
            raise NotAllowed(N_("Alleen het uitgenodigde bestuur kan hierop antwoorden."))
        wanted = InvitationState.ACCEPTED if accepted else InvitationState.DECLINED
        if found.state is wanted:
            return plan
        if found.state is InvitationState.ACCEPTED:
            raise Conflict(N_("Jullie doen al mee. Uit het plan stappen kan op de pagina van het plan."))
        if accepted:
            _join(db, plan, _party(db, organisation_id), asking)
        data.consortia.answer(db, invitation_id=found.id, state=wanted, member_id=asking.id)
    return plan


def _join(db: Database, plan: Plan, party: Party, member: Member) -> None:
    inside = plan.content.partners
    if any(one.organisation_id == party.id for one in inside):
        return
    if len(inside) >= PARTNERS_AT_MOST:
        raise Conflict(N_("Aan dit plan doen al zoveel besturen mee als het aankan."))
    content = costs.with_party(plan.content, party)
    number = plan.version.number
    data.plans.write(db, plan_id=plan.id, number=number, content=content, member_id=member.id, note="")
