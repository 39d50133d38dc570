"""The ledger: what happened with accounts, decisions and data of members, for coordinators to read."""

from collections.abc import Iterator

from sqlite_utils import Database

import data.ledger
from cluster.people import must_coordinate
from data.ledger import Filter
from data.store import newest_first, transaction
from models.ledger import Act, Entry
from models.people import Member

PER_PAGE = 50


def browse(db: Database, *, member: Member | None, wanted: Filter, page: int) -> tuple[list[Entry], bool]:
    """One page of the entries that fit, newest first, for coordinators, and whether there are more."""
    must_coordinate(member)
    found = data.ledger.browse(db, wanted=wanted, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return found[:PER_PAGE], len(found) > PER_PAGE


def every(db: Database, *, member: Member | None, wanted: Filter) -> Iterator[Entry]:
    """All entries that fit, newest first, for coordinators; read as they are used."""
    must_coordinate(member)
    return newest_first(lambda at_most, before: data.ledger.browse(db, wanted=wanted, at_most=at_most, before=before))


def exported(db: Database, *, member: Member) -> None:
    """Enter that somebody took the list of members along."""
    with transaction(db):
        data.ledger.add(db, act=Act.MEMBERS_EXPORTED, member_id=member.id, about="", what="")
