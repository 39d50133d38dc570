"""Circles: who works together on an idea or an accepted cluster, and may therefore see what they share."""

from sqlite_utils import Database

import data.circles
import data.people
from models.circles import About, Circle
from models.errors import NotFound
from models.people import Member


def get(db: Database, *, about: About, item_id: int) -> Circle:
    """The circle around an idea or a cluster that exists, whoever asks: who may see it, the caller decides."""
    found = data.circles.get(db, about=about, item_id=item_id)
    if found is None:
        raise NotFound
    return found


def within(db: Database, *, member: Member | None, about: About, item_id: int) -> Circle:
    """The circle, for the members of its governments and, of a cluster, for coordinators; nobody else knows of it.

    It takes two: as long as nobody was introduced, there is no circle around an idea.
    """
    found = get(db, about=about, item_id=item_id)
    if member is None or not found.gathers:
        raise NotFound
    own = today(db, organisation_id=member.organisation_id)
    if not found.has(own) and not (member.is_coordinator and about is About.CLUSTER):
        raise NotFound
    return found


def speaker(db: Database, *, about: About, item_id: int, organisation_id: int) -> Member | None:
    """Who of a government a letter about this goes to; none where nobody has an account."""
    found = data.circles.speaker(db, about=about, item_id=item_id, organisation_id=organisation_id)
    return data.people.get(db, member_id=found) if found else None


def today(db: Database, *, organisation_id: int | None) -> int | None:
    """The organisation as circles know it: the one it lives on in after a merger."""
    found = data.people.today(db, organisation_id=organisation_id) if organisation_id is not None else None
    return found.id if found else None
