"""What waits for a member, or for their organisation to decide, answer or take over."""

from datetime import UTC, datetime

from sqlite_utils import Database

import cluster.adoptions
import data.waiting
from models.adoptions import STILL_DAYS
from models.people import Member
from models.reminders import days_since
from models.waiting import COUNTED_AT_MOST, Chores, Wait, What


def of_member(db: Database, *, member: Member, moment: datetime | None = None) -> tuple[list[Wait], Chores]:
    """What waits for a member and their organisation, and what of it is only counted; one query."""
    moment = moment or datetime.now(UTC)
    found, chores = data.waiting.of_member(
        db,
        member_id=member.id,
        organisation_id=member.organisation_id,
        coordinates=member.is_coordinator,
        before=cluster.adoptions.before(moment),
        at_most=COUNTED_AT_MOST,
    )
    return [one for one in found if one.what is not What.STILL or days_since(one.at, moment) >= STILL_DAYS], chores


def at_contacts(db: Database, *, member: Member) -> int:
    """How much waits at this member's contacts, as `Chores` tells it; one query, none for who has none."""
    if member.organisation_id is None:
        return 0
    return data.waiting.at_contacts(
        db,
        member_id=member.id,
        organisation_id=member.organisation_id,
        coordinates=member.is_coordinator,
        at_most=COUNTED_AT_MOST,
    )
