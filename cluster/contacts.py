"""Me too: a municipality endorses an idea, and both sides meet once both consented."""

from collections.abc import Collection
from dataclasses import replace

from sqlite_utils import Database

import cluster.letters
import cluster.project_requests
import data.contacts
import data.ideas
import data.people
import data.project_requests
import data.versions
import data.work
from cluster.engine.texts import clean
from cluster.people import must_act
from data.store import now, transaction
from models.contacts import (
    MESSAGE_AT_MOST,
    Endorsement,
    EndorsementRole,
    Inbox,
    Introduction,
    IntroductionState,
    Support,
)
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound, refuse
from models.ideas import Budget, Idea, IdeaState
from models.people import Contact, Member
from models.reminders import AFTER_DAYS, Reminder, morning_after

DAYS_AT_MOST = 2_000
_SHOWN_AT_MOST = 200
_EURO = {
    Budget.UNDER_25K: (0, 25_000),
    Budget.UNDER_75K: (25_000, 75_000),
    Budget.UNDER_150K: (75_000, 150_000),
    Budget.UNDER_500K: (150_000, 500_000),
    Budget.OVER_500K: (500_000, None),
}


def endorse(
    db: Database,
    *,
    member: Member | None,
    idea_id: int,
    role: str,
    message: str,
    amount: str | None = None,
    days: str | int | None = None,
) -> Endorsement:
    """Say *ook wij* for one's organisation, which asks the poster for an introduction.

    Saying it twice changes nothing: one endorsement, one introduction, one letter, also when colleagues press at
    once. A poster with standing consent is introduced at once.
    """
    _, organisation_id = must_act(member)
    values = _values(role=role, message=message, amount=amount, days=days)
    with transaction(db):
        idea = endorsable(db, member=member, idea_id=idea_id)
        assert member is not None
        keys = {"idea_id": idea.id, "organisation_id": organisation_id, "member_id": member.id}
        fresh = data.contacts.endorse(db, values={**values, **keys})
        endorsement = data.contacts.of_organisation(db, idea_id=idea.id, organisation_id=organisation_id)
        assert endorsement is not None
        if fresh:
            data.versions.see(db, idea_id=idea.id, organisation_id=organisation_id)
            _ask(db, endorsement, member_id=member.id)
            endorsement = replace(endorsement, introduced=True)
    return endorsement


def confirm(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Ask to meet who adopted an idea that one's organisation endorsed before; twice changes nothing.

    Who confirms becomes the contact person with them: what others consented to was for the former owner.
    """
    asking, organisation_id = must_act(member)
    with transaction(db):
        endorsable(db, member=asking, idea_id=idea_id)
        found = data.contacts.of_organisation(db, idea_id=idea_id, organisation_id=organisation_id)
        if found is None or not found.active:
            raise NotFound
        if not found.introduced:
            _ask(db, found, member_id=asking.id)


def says(
    endorsement: Endorsement, *, role: str, message: str, amount: str | None = None, days: str | int | None = None
) -> bool:
    """Whether an endorsement says just this; one that a colleague gave first may say something else."""
    values = _values(role=role, message=message, amount=amount, days=days)
    return all(getattr(endorsement, name) == value for name, value in values.items())


def change(
    db: Database,
    *,
    member: Member | None,
    idea_id: int,
    role: str,
    message: str,
    amount: str | None = None,
    days: str | int | None = None,
) -> Endorsement:
    """Change what one's organisation's endorsement says; nobody gets a letter about it."""
    _, organisation_id = must_act(member)
    values = _values(role=role, message=message, amount=amount, days=days)
    with transaction(db):
        endorsable(db, member=member, idea_id=idea_id)
        if not data.contacts.rewrite(db, values={**values, "idea_id": idea_id, "organisation_id": organisation_id}):
            raise Conflict(N_("Jullie ‘ook wij’ is intussen ingetrokken. Zeg het opnieuw als jullie willen meedoen."))
    found = data.contacts.of_organisation(db, idea_id=idea_id, organisation_id=organisation_id)
    assert found is not None
    return found


def withdraw(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Take one's organisation's endorsement back; twice changes nothing. Who already met, stays in contact."""
    _, organisation_id = must_act(member)
    with transaction(db):
        if data.contacts.of_organisation(db, idea_id=idea_id, organisation_id=organisation_id) is None:
            raise NotFound
        data.contacts.withdraw(db, idea_id=idea_id, organisation_id=organisation_id)
        data.project_requests.take_back(db, idea_id=idea_id, organisation_id=organisation_id)


def agree(db: Database, *, member: Member | None, introduction_id: int) -> Introduction:
    """Consent for the poster's organisation: both sides see each other's contact person and get one letter.

    Who consents becomes the contact person: nobody's address is given away by a colleague. Twice changes nothing.
    """
    asking, _ = must_act(member)
    with transaction(db):
        found = _answerable(db, member=asking, introduction_id=introduction_id)
        if found.state is not IntroductionState.AGREED:
            introduce(db, introduction_id=found.id, poster_member_id=asking.id)
            _answered(db, found)
    return get(db, member=asking, introduction_id=introduction_id)


def look(db: Database, *, member: Member | None, introduction: Introduction) -> None:
    """Note that a contact person looked at a contact since both agreed: from then on it does not wait for them."""
    if member is None or introduction.state is not IntroductionState.AGREED:
        return
    unseen = {
        *((introduction.poster_member_id,) if not introduction.poster_seen else ()),
        *((introduction.endorser_member_id,) if not introduction.endorser_seen else ()),
    }
    if member.id in unseen:
        with transaction(db):
            data.contacts.look(db, introduction_id=introduction.id, member_id=member.id)


def decline(db: Database, *, member: Member | None, introduction_id: int) -> Introduction:
    """Say *not now* for the poster's organisation; nothing is shown, and agreeing later stays possible."""
    asking, _ = must_act(member)
    with transaction(db):
        found = _answerable(db, member=asking, introduction_id=introduction_id)
        if found.state is IntroductionState.AGREED:
            raise Conflict(N_("Jullie zijn al met elkaar in contact."))
        if found.state is IntroductionState.ASKED:
            declined = IntroductionState.DECLINED
            data.contacts.answer(db, introduction_id=found.id, state=declined, poster_member_id=asking.id)
            _answered(db, found)
    return get(db, member=asking, introduction_id=introduction_id)


def without_contact(db: Database, *, member: Member | None) -> list[Introduction]:
    """The introductions in which the contact person of this member's organisation left."""
    if member is None or member.organisation_id is None:
        return []
    return data.contacts.without_contact(db, organisation_id=member.organisation_id, at_most=_SHOWN_AT_MOST)


def take_over(db: Database, *, member: Member | None) -> int:
    """Become the contact person in the place of colleagues who left, and tell in how many introductions.

    Saying so is the consent: who was in contact with them gets a letter with the new contact person, as does the
    member with the other side. Twice changes nothing.
    """
    asking, organisation_id = must_act(member)
    with transaction(db):
        left = data.contacts.without_contact(db, organisation_id=organisation_id, at_most=_SHOWN_AT_MOST)
        for found in left:
            data.contacts.take_over(db, introduction=found, organisation_id=organisation_id, member_id=asking.id)
            if found.state is IntroductionState.AGREED:
                _tell_both(db, introduction_id=found.id, again=f":{asking.id}")
    return len(left)


def endorsable(db: Database, *, member: Member | None, idea_id: int) -> Idea:
    """The open idea that this member may endorse; refused for one's own, and not found when it is not open."""
    _, organisation_id = must_act(member)
    idea = data.ideas.get(db, idea_id=idea_id)
    if idea is None or idea.state is not IdeaState.OPEN:
        raise NotFound
    if idea.organisation_id == organisation_id:
        raise NotAllowed(N_("Dit is een idee van je eigen bestuur. ‘Ook wij’ is voor andere besturen."))
    return idea


def can_answer(db: Database, *, idea_id: int) -> bool:
    """Whether anybody with an account speaks for an idea; else the coordinators hear who says *ook wij*."""
    return data.contacts.poster(db, idea_id=idea_id) is not None


def introduces_at_once(db: Database, *, idea_id: int) -> bool:
    """Whether who speaks for an idea consented beforehand to meet whoever says *ook wij*."""
    poster_id = data.contacts.poster(db, idea_id=idea_id)
    poster = data.people.get(db, member_id=poster_id) if poster_id else None
    return poster is not None and poster.standing_consent


def get(db: Database, *, member: Member | None, introduction_id: int) -> Introduction:
    """An introduction, for the members of its two organisations only."""
    _, organisation_id = must_act(member)
    found = data.contacts.introduction(db, introduction_id=introduction_id)
    if found is None or organisation_id not in {found.poster_organisation_id, found.endorser_organisation_id}:
        raise NotFound
    return _without_hidden(found, organisation_id)


def asked_with(db: Database, *, member: Member | None, endorsement: Endorsement) -> Introduction:
    """The introduction that an endorsement of this member's organisation asked for, to who has the idea now."""
    found = data.contacts.introduction_of(db, endorsement_id=endorsement.id)
    if found is None:
        raise NotFound
    return get(db, member=member, introduction_id=found.id)


def _without_hidden(found: Introduction, organisation_id: int) -> Introduction:
    """What a coordinator hid, its own side alone still reads."""
    if found.message_hidden and organisation_id != found.endorser_organisation_id:
        found = replace(found, message="")
    if found.idea_hidden and organisation_id != found.poster_organisation_id:
        found = replace(found, idea_title="")
    return found


def inbox(db: Database, *, member: Member | None) -> Inbox:
    """What others asked of this member's organisation, and what it asked of others; two queries."""
    _, organisation_id = must_act(member)
    return Inbox(
        received=tuple(data.contacts.received_by(db, organisation_id=organisation_id, at_most=_SHOWN_AT_MOST)),
        sent=tuple(
            _without_hidden(found, organisation_id)
            for found in data.contacts.sent_by(db, organisation_id=organisation_id, at_most=_SHOWN_AT_MOST)
        ),
    )


def said(
    db: Database, *, member: Member | None, idea_ids: Collection[int]
) -> dict[int, tuple[int, IntroductionState] | None]:
    """To which of these ideas this member's organisation says *ook wij*, with the introduction that came of it."""
    if member is None or member.organisation_id is None or not idea_ids:
        return {}
    return data.contacts.said(db, organisation_id=member.organisation_id, idea_ids=idea_ids)


def about(db: Database, *, member: Member | None, idea_id: int) -> list[Introduction]:
    """The introductions about an idea through which this member's organisation is in contact; one query."""
    if member is None or member.organisation_id is None:
        return []
    return data.contacts.agreed_about(db, idea_id=idea_id, organisation_id=member.organisation_id)


def contacts_of(db: Database, *, member: Member | None, introduction_id: int) -> Contact | None:
    """The other side's contact person, for the two organisations of an introduction; none before both consented."""
    found = get(db, member=member, introduction_id=introduction_id)
    if found.state is not IntroductionState.AGREED or found.poster_member_id is None or member is None:
        return None
    posted = member.organisation_id == found.poster_organisation_id
    return data.people.contact(db, member_id=found.endorser_member_id if posted else found.poster_member_id)


def endorsements(db: Database, *, idea_id: int, member: Member | None = None) -> list[Endorsement]:
    """Who says *ook wij*, oldest first. Messages are empty but for the poster's organisation and one's own.

    Who adopted an idea reads those alone that were confirmed since: they were written to another. One that a
    coordinator hid, its own organisation alone still reads.
    """
    found = data.contacts.endorsements(db, idea_id=idea_id)
    own = member.organisation_id if member else None
    idea = data.ideas.get(db, idea_id=idea_id) if own else None
    posted = idea is not None and own == idea.organisation_id
    return [
        item
        if own == item.organisation_id or (posted and item.introduced and not item.hidden)
        else replace(item, message="")
        for item in found
    ]


def mine(db: Database, *, idea_id: int, organisation_id: int | None) -> Endorsement | None:
    """An organisation's active endorsement of an idea."""
    if organisation_id is None:
        return None
    found = data.contacts.of_organisation(db, idea_id=idea_id, organisation_id=organisation_id)
    return found if found and found.active else None


def support(db: Database, *, idea: Idea, found: list[Endorsement]) -> Support:
    """What an idea gathered, from its `endorsements`. Inhabitants include the poster's own, each counted once.

    One amount by itself is its organisation's own business: there is a sum only once two organisations named one.
    """
    behind = {item.organisation_id for item in found}
    if idea.organisation_id:
        behind.add(idea.organisation_id)
    bands = [_EURO[Budget(item.amount)] for item in found if item.amount]
    bands = bands if len(bands) > 1 else []
    ends = [high for _, high in bands]
    return Support(
        organisations=len(found),
        inhabitants=sum(place.inhabitants or 0 for place in data.people.reach(db, organisation_ids=sorted(behind))),
        leads=sum(item.role is EndorsementRole.LEAD for item in found),
        amount_low_eur=sum(low for low, _ in bands),
        amount_high_eur=None if None in ends else sum(end for end in ends if end),
    )


def _values(*, role: str, message: str, amount: str | None, days: str | int | None) -> dict[str, object]:
    wrong = []
    if role not in {known.value for known in EndorsementRole}:
        wrong.append(Invalid("role", N_("Kies wat jullie willen doen.")))
    message = clean(message)
    if len(message) > MESSAGE_AT_MOST:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        wrong.append(Invalid("message", said, count=len(message), at_most=MESSAGE_AT_MOST))
    if amount and amount not in {known.value for known in Budget}:
        wrong.append(Invalid("amount", N_("Kies een bedrag uit de lijst.")))
    typed = str(days if days is not None else "").strip()
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 9 and 1 <= int(typed) <= DAYS_AT_MOST):
        wrong.append(Invalid("days", N_("Vul een geheel aantal dagen in, van 1 tot %(count)s."), count=DAYS_AT_MOST))
    refuse(wrong)
    return {"role": role, "message": message, "amount": amount or None, "days": int(typed) if typed else None}


def _ask(db: Database, endorsement: Endorsement, *, member_id: int) -> None:
    """Ask the poster, or introduce at once after standing consent; without a poster, ask the coordinators for one."""
    poster_id = data.contacts.poster(db, idea_id=endorsement.idea_id)
    data.contacts.ask(db, endorsement_id=endorsement.id, poster_member_id=poster_id, endorser_member_id=member_id)
    found = data.contacts.introduction_of(db, endorsement_id=endorsement.id)
    poster = data.people.get(db, member_id=poster_id) if poster_id else None
    assert found is not None
    if found.state is not IntroductionState.ASKED:
        return
    if poster is None:
        cluster.project_requests.ask_about_idea(
            db,
            idea_id=endorsement.idea_id,
            organisation_id=endorsement.organisation_id,
            member_id=found.endorser_member_id,
            message=endorsement.message,
        )
        return
    if poster.standing_consent:
        introduce(db, introduction_id=found.id, poster_member_id=poster.id)
    else:
        key = f"request:{found.id}"
        cluster.letters.queue(db, to=poster, template="request", dedupe_key=key, introduction=found)
        _remind_later(db, found.id, Reminder.SILENT)


def _answered(db: Database, found: Introduction) -> None:
    """Somebody of the poster's did answer, so the coordinators need not look for them any more."""
    data.project_requests.take_back(db, idea_id=found.idea_id, organisation_id=found.endorser_organisation_id)


def _answerable(db: Database, *, member: Member, introduction_id: int) -> Introduction:
    found = get(db, member=member, introduction_id=introduction_id)
    if found.poster_organisation_id != member.organisation_id:
        raise NotAllowed(N_("Alleen het bestuur dat het idee plaatste, kan hierop antwoorden."))
    if found.state is IntroductionState.WITHDRAWN:
        raise Conflict(
            N_("%(organisation)s heeft ‘ook wij’ intussen ingetrokken."), organisation=found.endorser_organisation
        )
    return found


def introduce(db: Database, *, introduction_id: int, poster_member_id: int) -> None:
    """Inside the caller's transaction: note that both consented, and write each a letter with the other in it."""
    agreed = IntroductionState.AGREED
    data.contacts.answer(db, introduction_id=introduction_id, state=agreed, poster_member_id=poster_member_id)
    _tell_both(db, introduction_id=introduction_id)
    _remind_later(db, introduction_id, Reminder.OUTCOME)


def _remind_later(db: Database, introduction_id: int, what: Reminder) -> None:
    """Queue the one question of this kind about an introduction (cluster/reminders.py)."""
    data.work.queue(
        db,
        kind="reminder",
        key=f"{what}:{introduction_id}",
        payload={"introduction_id": introduction_id, "what": what},
        not_before=morning_after(now(), days=AFTER_DAYS[what]),
    )


def _tell_both(db: Database, *, introduction_id: int, again: str = "") -> None:
    """Write each side a letter with the other's contact person in it; nothing about a side whose person left."""
    found = data.contacts.introduction(db, introduction_id=introduction_id)
    assert found is not None
    assert found.poster_member_id is not None
    sides = {"poster": found.poster_member_id, "endorser": found.endorser_member_id}
    for side, other in (("poster", "endorser"), ("endorser", "poster")):
        to = data.people.get(db, member_id=sides[side])
        contact = data.people.contact(db, member_id=sides[other])
        assert to is not None
        if contact is None:
            continue
        cluster.letters.queue(
            db,
            to=to,
            template="introduction",
            dedupe_key=f"introduction:{found.id}:{side}{again}",
            introduction=found,
            contact=contact,
            side=side,
        )
