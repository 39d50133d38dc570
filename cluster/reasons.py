"""Reasons: the list from which coordinators choose when they reject, and which they keep themselves."""

from sqlite_utils import Database

import data.reasons
from cluster.engine.texts import one_line
from cluster.people import must_coordinate, text_wrong
from data.store import transaction
from models.clusters import REASON_AT_MOST
from models.errors import N_, Invalid, refuse
from models.people import Member

LISTED_AT_MOST = 30
_LINE_AT_MOST = 200


def listed(db: Database) -> list[str]:
    """The reasons in the order that coordinators gave them."""
    return data.reasons.listed(db)


def to_edit(db: Database, *, member: Member | None) -> list[str]:
    """The reasons, for coordinators who keep the list."""
    must_coordinate(member)
    return listed(db)


def set_all(db: Database, *, member: Member | None, text: str) -> int:
    """Let the lines of a text be the reasons from now on; returns how many. What was rejected keeps its reason."""
    must_coordinate(member)
    lines = list(dict.fromkeys(line for line in map(one_line, text.splitlines()) if line))
    if len(lines) > LISTED_AT_MOST:
        said = N_("Dit zijn %(count)s redenen. Gebruik er hoogstens %(at_most)s.")
        raise Invalid("reasons", said, count=len(lines), at_most=LISTED_AT_MOST)
    for line in lines:
        refuse(text_wrong("reasons", line, at_most=_LINE_AT_MOST))
    with transaction(db):
        data.reasons.set_all(db, reasons=lines)
    return len(lines)


def said(*, chosen: str, typed: str) -> str:
    """The reason of a rejection: what was chosen from the list, with what was typed beside it."""
    return ": ".join(part for part in (one_line(chosen), one_line(typed)) if part)[: REASON_AT_MOST + 1]
