"""What waits for a member's organisation: ideas to decide about or adopt, plans to join, and who asks access."""

from datetime import UTC, datetime

from sqlite_utils import Database

import cluster.adoptions
import data.waiting
from models.adoptions import STILL_DAYS
from models.people import Member
from models.reminders import days_since
from models.waiting import Wait, What


def of_member(db: Database, *, member: Member, moment: datetime | None = None) -> tuple[list[Wait], int]:
    """What waits, and how many people ask access to the organisation; one query, none for who acts for nobody."""
    if member.organisation_id is None:
        return [], 0
    moment = moment or datetime.now(UTC)
    found, access = data.waiting.of_organisation(
        db, organisation_id=member.organisation_id, before=cluster.adoptions.before(moment)
    )
    return [one for one in found if one.what is not What.STILL or days_since(one.at, moment) >= STILL_DAYS], access
