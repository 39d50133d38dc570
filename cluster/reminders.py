"""Reminders: one after a week of silence, one question about what came of it, and none for who wants none."""

from datetime import UTC, datetime

from sqlite_utils import Database

import cluster.contacts
import cluster.letters
import data.contacts
import data.people
import data.reminders
import data.work
from cluster.engine.texts import clean
from cluster.people import must_act, text_wrong
from data.store import transaction
from models.contacts import Introduction, IntroductionState
from models.errors import N_, Conflict, Invalid, refuse
from models.people import Member
from models.reminders import (
    AFTER_DAYS,
    AT_MOST_LATE_DAYS,
    REASON_AT_MOST,
    Outcome,
    Reminder,
    Told,
    days_since,
    morning_after,
)


def remind(db: Database, *, introduction_id: int, what: Reminder, moment: datetime | None = None) -> None:
    """Ask the one question of this kind about an introduction, if it is still open; nobody is ever asked twice.

    Days are those of a calendar in Brussels. Called too early (a clock that was wrong when the work was queued) it
    comes back on the right morning.
    """
    moment = moment or datetime.now(UTC)
    with transaction(db):
        found = data.contacts.introduction(db, introduction_id=introduction_id)
        since = _since(found, what) if found else None
        if found is None or since is None or found.idea_hidden:
            return
        late = days_since(since, moment) - AFTER_DAYS[what]
        if late < 0:
            _come_back(db, introduction_id, what, since)
        elif late <= AT_MOST_LATE_DAYS:
            for organisation_id, member_id in _sides(found, what):
                _ask(db, found, what, organisation_id, member_id, moment)


def _since(found: Introduction, what: Reminder) -> str | None:
    """Since when an introduction is silent, or agreed; none when it is not, so that there is nothing to ask."""
    if what is Reminder.SILENT:
        return found.asked_at if found.state is IntroductionState.ASKED else None
    return found.answered_at if found.state is IntroductionState.AGREED else None


def _sides(found: Introduction, what: Reminder) -> list[tuple[int, int]]:
    """Whom to ask: of silence the poster alone, of the outcome both sides; none whose contact person is unknown."""
    sides = [(found.poster_organisation_id, found.poster_member_id)]
    if what is Reminder.OUTCOME:
        sides.append((found.endorser_organisation_id, found.endorser_member_id))
    return [(organisation, member) for organisation, member in sides if organisation and member]


def _ask(
    db: Database, found: Introduction, what: Reminder, organisation_id: int, member_id: int, moment: datetime
) -> None:
    to = data.people.get(db, member_id=member_id)
    if to is None or not to.active:
        return
    asked = data.reminders.note(
        db,
        introduction_id=found.id,
        organisation_id=organisation_id,
        member_id=member_id,
        what=what,
        moment=moment.isoformat(timespec="seconds"),
    )
    if asked:
        cluster.letters.queue(
            db,
            to=to,
            template=f"reminder_{what}",
            dedupe_key=f"reminder:{what}:{found.id}:{organisation_id}",
            stops="reminders",
            introduction=found,
            other=found.endorser_organisation
            if organisation_id == found.poster_organisation_id
            else found.poster_organisation,
        )


def _come_back(db: Database, introduction_id: int, what: Reminder, since: str) -> None:
    # Under a key of its own: under that of the work in hand it would be due at once.
    at = morning_after(since, days=AFTER_DAYS[what])
    data.work.queue(
        db,
        kind="reminder",
        key=f"{what}:{introduction_id}:{at[:10]}",
        payload={"introduction_id": introduction_id, "what": what},
        not_before=at,
    )


def tell(db: Database, *, member: Member | None, introduction_id: int, outcome: str, reason: str) -> None:
    """Tell for one's side what came of an introduction; a *no* needs a reason, the last word counts."""
    asking, organisation_id = must_act(member)
    reason = clean(reason)
    wrong = []
    if outcome not in set(Outcome):
        wrong.append(Invalid("outcome", N_("Kies wat ervan kwam.")))
    missing = N_("Schrijf kort waarom niet.") if outcome == Outcome.NO else None
    refuse([*wrong, *text_wrong("reason", reason, at_most=REASON_AT_MOST, missing=missing)])
    with transaction(db):
        found = cluster.contacts.get(db, member=asking, introduction_id=introduction_id)
        if found.state is not IntroductionState.AGREED:
            raise Conflict(N_("Jullie zijn nog niet in contact."))
        data.reminders.tell(
            db,
            introduction_id=introduction_id,
            organisation_id=organisation_id,
            member_id=asking.id,
            outcome=Outcome(outcome),
            reason=reason,
        )


def told(db: Database, *, member: Member | None, introduction_id: int) -> Told | None:
    """What one's own side told about an introduction."""
    _, organisation_id = must_act(member)
    return data.reminders.told(db, introduction_id=introduction_id, organisation_id=organisation_id)


def stopped(db: Database, *, member: Member | None, introduction_id: int) -> bool:
    """Whether one's own side wants no reminders about an introduction."""
    _, organisation_id = must_act(member)
    return data.reminders.stopped(db, introduction_id=introduction_id, organisation_id=organisation_id)


def stop(db: Database, *, member: Member | None, introduction_id: int, stopped: bool) -> None:
    """Stop the reminders of one's side about an introduction, or allow them again; twice changes nothing."""
    asking, organisation_id = must_act(member)
    with transaction(db):
        cluster.contacts.get(db, member=asking, introduction_id=introduction_id)
        data.reminders.stop(db, introduction_id=introduction_id, organisation_id=organisation_id, stopped=stopped)


def wants(db: Database, *, member: Member) -> bool:
    """Whether a member wants reminders at all."""
    return data.reminders.wants(db, member_id=member.id)


def want(db: Database, *, member: Member | None, wanted: bool) -> None:
    """Have reminders, or none about anything; twice changes nothing."""
    asking, _ = must_act(member)
    with transaction(db):
        data.reminders.want(db, member_id=asking.id, wanted=wanted)
