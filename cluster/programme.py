"""The programme: what coordinators want to know of all together."""

from dataclasses import dataclass

from sqlite_utils import Database

import data.programme
from cluster.people import must_coordinate
from data.store import now
from models.people import Member
from models.programme import Month, Pair, Step, Unserved

SHOWN_AT_MOST = 50
FILED_AT_MOST = 20_000
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Programme:
    """How far ideas come, what happened by month, what came of contacts, who needs a lead and who works with whom."""

    funnel: dict[Step, int]
    months: list[Month]
    outcomes: dict[str, int]
    days_to_contact: float | None
    unserved: list[Unserved]
    pairs: list[Pair]


def look(db: Database, *, member: Member | None, at_most: int = SHOWN_AT_MOST) -> Programme:
    """The programme as it stands now, for coordinators."""
    must_coordinate(member)
    return Programme(
        funnel=data.programme.funnel(db),
        months=data.programme.months(db, last=now()[:7], count=MONTHS),
        outcomes=data.programme.outcomes(db),
        days_to_contact=data.programme.days_to_contact(db),
        unserved=data.programme.unserved(db, at_most=at_most),
        pairs=data.programme.pairs(db, at_most=at_most),
    )
