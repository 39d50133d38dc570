"""Cost plans: partners agree who pays what, version by version, and each accepts for itself."""

from dataclasses import dataclass, replace
from functools import partial

from sqlite_utils import Database

import cluster.calls
import cluster.circles
import cluster.letters
import data.calls
import data.circles
import data.people
import data.plans
from cluster.engine import costs
from cluster.engine.texts import clean
from cluster.people import must_act, text_wrong
from cluster.plan_forms import read
from data.plans import Listed, Startable
from data.store import transaction
from models.circles import About, Circle, Party
from models.digests import Bundle, News, What
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound, refuse
from models.people import Member
from models.plans import NOTE_AT_MOST, Answer, Change, Content, Key, Partner, Plan, PlanForm, Version

PER_PAGE = 20

_ASK_THEM = N_("Er is al een kostenplan. Vraag een bestuur dat meedoet om jullie erbij te zetten.")
_OVERTAKEN = N_("Iemand bewaarde intussen een andere versie. Hieronder zie je wat er veranderde.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would be when a partner leaves or a government joins: the money of each before and after, in cents.

    `after` is none for who is gone, and for all when the plan would not add up any more: then `missing` tells how
    much nobody may pay (below zero: how much too much is fixed).
    """

    party: Party
    leaves: bool
    rows: tuple[tuple[str, int | None, int | None], ...]
    missing: int


def listed(db: Database, *, member: Member | None, page: int) -> tuple[list[Listed], bool]:
    """A page of the plans of a member's organisation, or of all for a coordinator; and whether there are more."""
    if member is None or (member.organisation_id is None and not member.is_coordinator):
        raise NotAllowed(N_("Meld je aan als medewerker van een lokaal bestuur om dit te doen."))
    found = data.plans.of_organisation(
        db,
        organisation_id=None if member.is_coordinator else member.organisation_id,
        at_most=PER_PAGE + 1,
        after=(page - 1) * PER_PAGE,
    )
    return found[:PER_PAGE], len(found) > PER_PAGE


def to_start(db: Database, *, member: Member | None) -> list[Startable]:
    """The ideas and clusters of which this member may make the plan; one query, none for who has no organisation."""
    if member is None or member.organisation_id is None:
        return []
    return data.plans.startable(db, organisation_id=member.organisation_id, at_most=PER_PAGE)


def get(db: Database, *, member: Member | None, plan_id: int) -> Plan:
    """A plan, for the members of its partners and for coordinators; nobody else learns that it exists."""
    found = data.plans.get(db, plan_id=plan_id)
    if found is None or member is None:
        raise NotFound
    if not member.is_coordinator and (_is_hidden(db, found) or not _takes_part(db, member, plan_id)):
        raise NotFound
    return _of_today(db, found)


def _is_hidden(db: Database, plan: Plan) -> bool:
    """Whether a coordinator hid the idea: its plan then waits with it, out of sight."""
    return not cluster.circles.get(db, about=plan.about, item_id=plan.item_id).title


def _of_today(db: Database, plan: Plan) -> Plan:
    """The plan with the municipalities in which partners live on after a merger; of two that became one, the first."""
    content = plan.content
    now = data.people.now_of(db, organisation_ids=[one.organisation_id for one in content.partners])
    if all(key == now_id for key, (now_id, _) in now.items()):
        return plan
    partners: dict[int, Partner] = {}
    for one in content.partners:
        now_id, name = now[one.organisation_id]
        partners.setdefault(
            now_id, one if now_id == one.organisation_id else replace(one, organisation_id=now_id, name=name)
        )
    lead_id = now[content.lead_id][0] if content.lead_id in now else content.lead_id
    told = replace(content, partners=tuple(partners.values()), lead_id=lead_id)
    return replace(plan, version=replace(plan.version, content=told))


def of_item(db: Database, *, member: Member | None, about: About, item_id: int) -> tuple[bool, int | None]:
    """Whether an idea or cluster has a plan, and which, if this member may see it."""
    found = data.plans.of_item(db, about=about, item_id=item_id)
    if found is None or member is None or not (member.is_coordinator or _takes_part(db, member, found)):
        return found is not None, None
    return True, found


def _takes_part(db: Database, member: Member, plan_id: int) -> bool:
    own = member.organisation_id
    return own is not None and data.plans.takes_part(db, plan_id=plan_id, organisation_id=own)


def startable(db: Database, *, member: Member | None, about: About, item_id: int) -> Circle:
    """The circle of an idea or accepted cluster for which this member may make a plan."""
    circle = cluster.circles.within(db, member=member, about=about, item_id=item_id)
    if not circle.open:
        raise NotFound
    if data.plans.of_item(db, about=about, item_id=item_id) is not None:
        raise NotAllowed(_ASK_THEM)
    return circle


def blank(db: Database, *, circle: Circle, member: Member | None) -> PlanForm:
    """A form to begin with: everybody in the circle takes part, one's own organisation leads."""
    lead = member.organisation_id if member and circle.has(member.organisation_id) else None
    return PlanForm(
        title=circle.title[:NOTE_AT_MOST],
        theme=circle.theme or "",
        call=str(circle.call_id or ""),
        lead=str(lead or ""),
        partners={party.id: {"in": "1"} for party in circle.parties},
    )


def parties(db: Database, *, plan: Plan | None, circle: Circle) -> list[Party]:
    """Who may take part: the circle, and those that do already."""
    found = {party.id: party for party in circle.parties}
    for partner in plan.content.partners if plan else ():
        if partner.organisation_id not in found:
            party = data.circles.party(db, organisation_id=partner.organisation_id)
            known = party or Party(partner.organisation_id, partner.name, partner.inhabitants)
            found.setdefault(known.id, known)
    return sorted(found.values(), key=lambda party: (party.name.casefold(), party.id))


def start(db: Database, *, member: Member | None, about: About, item_id: int, form: PlanForm) -> int:
    """Make the plan of an idea or cluster, as its first version, and return its id.

    When a partner was first, what stands now comes with the refusal: two plans of one project would not help.
    """
    _must_be_first(db, member=member, about=about, item_id=item_id)
    circle = startable(db, member=member, about=about, item_id=item_id)
    content = _read(db, form, parties(db, plan=None, circle=circle))
    assert member is not None
    _must_include_own(db, member, content)
    with transaction(db):
        _must_be_first(db, member=member, about=about, item_id=item_id)
        startable(db, member=member, about=about, item_id=item_id)
        plan_id = data.plans.start(db, about=about, item_id=item_id)
        _write(db, plan_id=plan_id, number=0, content=content, member=member, note=form.note)
    return plan_id


def _must_be_first(db: Database, *, member: Member | None, about: About, item_id: int) -> None:
    known = data.plans.of_item(db, about=about, item_id=item_id)
    if known is None:
        return
    if of_item(db, member=member, about=about, item_id=item_id)[1] is None:
        raise NotAllowed(_ASK_THEM)
    raise Conflict(_OVERTAKEN, current=get(db, member=member, plan_id=known))


def edit(db: Database, *, member: Member | None, plan_id: int, number: int, form: PlanForm) -> int:
    """Write the next version after `number` and return its number; each partner is asked again.

    What changes nothing makes no version. When another one was written first, it comes with the refusal.
    """
    plan = get(db, member=member, plan_id=plan_id)
    circle = cluster.circles.get(db, about=plan.about, item_id=plan.item_id)
    content = _read(db, form, parties(db, plan=plan, circle=circle))
    assert member is not None
    _must_include_own(db, member, content)
    with transaction(db):
        plan = get(db, member=member, plan_id=plan_id)
        if plan.content == content:
            return plan.version.number
        if plan.version.number != number:
            raise Conflict(_OVERTAKEN, current=plan)
        left_out = _left_out(plan.content, content)
        if left_out and not member.is_coordinator:
            said = N_("%(names)s doet al mee en stapt er alleen zelf uit. Een coördinator kan dit ook.")
            raise Invalid("partners", said, names=", ".join(one.name for one in left_out))
        for one in left_out:
            _tell_left_out(db, plan, one, note=form.note)
        _write(db, plan_id=plan_id, number=number, content=content, member=member, note=form.note)
    return number + 1


def preview(db: Database, *, member: Member | None, circle: Circle, plan: Plan | None, form: PlanForm) -> Content:
    """What a form would say, without keeping it."""
    content = _read(db, form, parties(db, plan=plan, circle=circle))
    if member is not None:
        _must_include_own(db, member, content)
    return content


def _read(db: Database, form: PlanForm, parties: list[Party]) -> Content:
    return read(
        form,
        parties=parties,
        calls=cluster.calls.every(db),
        themes=[theme.slug for theme in data.calls.themes(db, lang="nl")],
    )


def _left_out(before: Content, after: Content) -> list[Partner]:
    kept = {one.organisation_id for one in after.partners}
    return [one for one in before.partners if one.organisation_id not in kept]


def _tell_left_out(db: Database, plan: Plan, partner: Partner, *, note: str) -> None:
    """Whom a coordinator takes out of a plan, no longer sees it: a letter says so, and why."""
    to = _speaker(db, plan, partner.organisation_id, None)
    if to:
        key = f"plan-left:{plan.id}:{plan.version.number}:{partner.organisation_id}"
        cluster.letters.queue(db, to=to, template="plan_left", dedupe_key=key, plan=plan, note=clean(note))


def _must_include_own(db: Database, member: Member, content: Content) -> None:
    """Who edits may not leave by the way: leaving is a button of its own, and takes the plan out of sight."""
    if member.is_coordinator and member.organisation_id is None:
        return
    own = cluster.circles.today(db, organisation_id=member.organisation_id)
    if not any(one.organisation_id == own for one in content.partners):
        raise Invalid(
            "partners", N_("Je eigen bestuur doet mee. Wil je eruit stappen? Dat kan op de pagina van het plan.")
        )


def _write(db: Database, *, plan_id: int, number: int, content: Content, member: Member, note: str) -> None:
    written = data.plans.write(
        db, plan_id=plan_id, number=number, content=content, member_id=member.id, note=clean(note)
    )
    if not written:
        raise Conflict(_OVERTAKEN, current=data.plans.get(db, plan_id=plan_id))


def answer(db: Database, *, member: Member | None, plan_id: int, number: int, accepted: bool, reason: str = "") -> None:
    """Accept the version for one's organisation, or not, with a reason; twice changes nothing.

    Only the version that stands can be answered: nobody accepts what they did not see.
    """
    asking, organisation_id = must_act(member)
    reason = "" if accepted else clean(reason)
    wrong = text_wrong("reason", reason, at_most=NOTE_AT_MOST, missing=N_("Schrijf wat er anders moet."))
    refuse([] if accepted else wrong)
    with transaction(db):
        plan = get(db, member=asking, plan_id=plan_id)
        if not _takes_part(db, asking, plan_id):
            raise NotAllowed(N_("Alleen besturen die meedoen, kunnen een versie aanvaarden."))
        if plan.version.number != number:
            raise Conflict(_OVERTAKEN, current=plan)
        if accepted and not costs.figures(plan.content).adds_up:
            raise Conflict(N_("Deze versie klopt niet meer: er is geld dat niemand betaalt."), current=plan)
        data.plans.answer(
            db,
            plan_id=plan_id,
            number=number,
            organisation_id=organisation_id,
            member_id=asking.id,
            accepted=accepted,
            reason=reason,
        )


def leave(db: Database, *, member: Member | None, plan_id: int, number: int, reason: str) -> None:
    """Take one's organisation out of the plan: a new version without it, which asks the others again.

    It always works, also when the others' caps no longer cover the cost: the plan then says what is missing. Who was
    the last but one leaves a plan that only coordinators and the last one see.
    """
    asking, organisation_id = must_act(member)
    reason = clean(reason)
    refuse(text_wrong("reason", reason, at_most=NOTE_AT_MOST))
    with transaction(db):
        plan = get(db, member=asking, plan_id=plan_id)
        if not _takes_part(db, asking, plan_id):
            raise NotAllowed(N_("Jullie doen niet mee aan dit plan."))
        if plan.version.number != number:
            raise Conflict(_OVERTAKEN, current=plan)
        own = cluster.circles.today(db, organisation_id=organisation_id) or organisation_id
        content = costs.without(plan.content, own)
        _write(db, plan_id=plan_id, number=number, content=content, member=asking, note=reason)


def answers(db: Database, *, plan: Plan) -> dict[int, Answer]:
    """What the partners said of the present version, by organisation of today."""
    found = data.plans.answers(db, plan_id=plan.id, number=plan.version.number)
    now = data.people.now_of(db, organisation_ids=list(found))
    return {now[key][0]: one for key, one in found.items()}


def agreed(plan: Plan, said: dict[int, Answer]) -> bool:
    """Whether every partner accepted the present version, and somebody applies for them."""
    accepted = {key for key, one in said.items() if one.accepted}
    return plan.content.lead is not None and all(one.organisation_id in accepted for one in plan.content.partners)


def versions(db: Database, *, member: Member | None, plan_id: int, page: int) -> tuple[Plan, list[Version], bool]:
    """A page of the versions of a plan, newest first, and whether there are more."""
    plan = get(db, member=member, plan_id=plan_id)
    found = data.plans.versions(db, plan_id=plan_id, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return plan, found[:PER_PAGE], len(found) > PER_PAGE


def compare(
    db: Database, *, member: Member | None, plan_id: int, number: int, since: int | None = None
) -> tuple[Plan, Version, Version | None, list[Change]]:
    """A plan, a version of it, the one it is compared with (the one before, or `since`), and how they differ."""
    plan = get(db, member=member, plan_id=plan_id)
    after = data.plans.version(db, plan_id=plan_id, number=number)
    wanted = number - 1 if since is None else since
    before = data.plans.version(db, plan_id=plan_id, number=wanted)
    if after is None or (before is None and (since is not None or wanted > 0)) or wanted >= number:
        raise NotFound
    return plan, after, before, costs.changes(before.content, after.content) if before else []


def outlook(content: Content, *, party: Party, leaves: bool) -> Outlook:
    """What everybody would pay when a partner leaves, or when a government joins without terms of its own."""
    after = costs.figures(costs.without(content, party.id) if leaves else costs.with_party(content, party))
    rows = costs.moved(costs.figures(content), after)
    return Outlook(party=party, leaves=leaves, rows=tuple(rows), missing=after.missing)


def may_join(db: Database, *, plan: Plan) -> list[Party]:
    """Who is in the circle and does not take part; none may join a plan of fixed amounts unasked."""
    if plan.content.key is Key.FIXED:
        return []
    circle = cluster.circles.get(db, about=plan.about, item_id=plan.item_id)
    inside = {one.organisation_id for one in plan.content.partners}
    return [party for party in circle.parties if party.id not in inside]


def news(db: Database, *, member: Member) -> list[Bundle]:
    """The plans of which a version asks this member's government an answer, if it is this member who hears of it."""
    own = cluster.circles.today(db, organisation_id=member.organisation_id)
    found = []
    for plan_id in data.plans.untold(db, organisation_id=own) if own else []:
        plan = data.plans.get(db, plan_id=plan_id)
        asked = next((one for one in data.plans.unanswered(db, plan_id=plan_id) if one.organisation_id == own), None)
        if plan is None or asked is None or own is None or _is_hidden(db, plan):
            continue
        to = _speaker(db, plan, own, asked.member_id)
        if to is not None and to.id == member.id:
            number = plan.version.number
            circle = cluster.circles.get(db, about=plan.about, item_id=plan.item_id)
            told = partial(data.plans.told, db, plan_id=plan_id, organisation_id=own, number=number)
            about = (plan.about, plan.item_id, circle.title or plan.content.title, "", plan.version.written_at)
            found.append(Bundle(told, (News(What.PLAN, *about, {"plan": plan}),)))
    return found


def _speaker(db: Database, plan: Plan, organisation_id: int, member_id: int | None) -> Member | None:
    """Whom of a partner a letter goes to: who took part last, if that is known."""
    if member_id:
        return data.people.get(db, member_id=member_id)
    return cluster.circles.speaker(db, about=plan.about, item_id=plan.item_id, organisation_id=organisation_id)
