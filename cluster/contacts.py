"""Me too."""

from sqlite_utils import Database

from models.contacts import Introduction
from models.people import Member


def waiting_for(db: Database, *, member: Member) -> list[Introduction]:
    """Introductions that wait for this member's answer."""
    return []
