"""What waits for a member's organisation to decide, answer or take over."""

from datetime import UTC, datetime

from sqlite_utils import Database

import cluster.adoptions
import data.waiting
from models.adoptions import STILL_DAYS
from models.people import Member
from models.reminders import days_since
from models.waiting import COUNTED_AT_MOST, Chores, Wait, What


def of_member(db: Database, *, member: Member, moment: datetime | None = None) -> tuple[list[Wait], Chores]:
    """What waits for the member's organisation, and what of it is only counted; one query, none for who has none."""
    if member.organisation_id is None:
        return [], Chores(access=0, contacts=0, plans=0)
    moment = moment or datetime.now(UTC)
    found, chores = data.waiting.of_organisation(
        db,
        organisation_id=member.organisation_id,
        before=cluster.adoptions.before(moment),
        at_most=COUNTED_AT_MOST,
    )
    return [one for one in found if one.what is not What.STILL or days_since(one.at, moment) >= STILL_DAYS], chores
