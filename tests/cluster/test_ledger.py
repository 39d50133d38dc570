"""The ledger: what is entered, that it cannot be changed, and that who changes it all the same is found out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import cluster.ledger as ledger
import cluster.organisations
import cluster.passwords
import cluster.people
import cluster.sessions
import data.ledger
from data.ledger import Filter
from data.store import transaction
from data.throttles import open_throttles
from models.errors import Invalid, NotAllowed
from models.ledger import Act
from models.people import Member
from tests.conftest import PASSWORD

Who = Callable[[str], Member]


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    found.close()


@pytest.fixture
def filled(db: Database, throttles: Database, who: Who) -> Database:
    """A ledger of five entries."""
    cluster.sessions.begin(db, member=who("genk"), agent="")
    for email in ("genk@test.example", "niemand@test.example"):
        with pytest.raises(Invalid):
            cluster.people.sign_in(db, throttles, email=email, password="mis", address="x", moment=0, demo=True)
    cluster.passwords.change(
        db, throttles, member=who("genk"), current=PASSWORD, password="paarden eten geen kiezels", moment=0
    )
    cluster.organisations.leave(db, member=who("coordinator"), member_id=who("genk").id, successor_id=None)
    return db


def test_it_tells_who_did_what_to_whom_and_names_nobody(filled: Database, who: Who) -> None:
    genk, coordinator = f"member:{who('genk').id}", who("coordinator")
    found, has_more = ledger.browse(filled, member=coordinator, wanted=Filter(), page=1)
    assert [(one.act, one.member_id, one.about) for one in reversed(found)] == [
        (Act.SIGNED_IN, who("genk").id, genk),
        (Act.SIGN_IN_FAILED, None, genk),
        (Act.SIGN_IN_FAILED, None, ""),
        (Act.PASSWORD_CHANGED, who("genk").id, genk),
        (Act.ACCOUNT_CLOSED, coordinator.id, genk),
    ]
    assert not has_more
    kept = "\n".join(str(row) for row in filled["ledger"].rows)
    assert "@" not in kept
    assert "Genk" not in kept
    narrowed, _ = ledger.browse(filled, member=coordinator, wanted=Filter(act="sign_in_failed", about=genk), page=1)
    assert len(narrowed) == 1
    with pytest.raises(NotAllowed):
        ledger.browse(filled, member=who("genk"), wanted=Filter(), page=1)


@pytest.mark.parametrize("statement", ["update ledger set what = 'x'", "delete from ledger where id = 5"])
def test_the_store_changes_and_erases_nothing(filled: Database, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="never"), transaction(filled):
        filled.execute(statement)
    assert data.ledger.broken_at(filled) is None
    assert filled["ledger"].count == 5


@pytest.mark.parametrize(("statement", "number"), [
    ("update ledger set what = 'provider' where id = 1", 1),
    ("update ledger set happened_at = '2020-01-01T00:00:00+00:00' where id = 3", 3),
    ("update ledger set member_id = null where id = 4", 4),
    ("delete from ledger where id = 2", 2),
    ("delete from ledger where id = 5", 5),
    ("delete from ledger", 1),
    ("insert into ledger select 6, happened_at, member_id, act, about, what, hash from ledger where id = 5", 6),
])  # fmt: skip
def test_who_gets_round_the_store_is_found_out(filled: Database, statement: str, number: int) -> None:
    with transaction(filled):
        for trigger in ("changed", "erased"):
            filled.execute(f"drop trigger ledger_is_never_{trigger}")
        filled.execute(statement)
    assert data.ledger.broken_at(filled) == number


def test_who_also_knows_how_entries_are_sealed_is_found_out_at_the_next_one(filled: Database) -> None:
    before, *_ = filled.execute("select hash from ledger where id = 2").fetchone()
    *entry, _ = filled.execute(
        "select id, happened_at, member_id, act, about, what, hash from ledger where id = 3"
    ).fetchone()
    entry[5] = "another"
    with transaction(filled):
        filled.execute("drop trigger ledger_is_never_changed")
        filled.execute(
            "update ledger set what = ?, hash = ? where id = 3", [entry[5], data.ledger._hash(before, tuple(entry))]
        )
    assert data.ledger.broken_at(filled) == 4


def test_an_entry_that_was_rolled_back_was_never_there(filled: Database) -> None:
    def entered_in_vain() -> None:
        with transaction(filled):
            data.ledger.add(filled, act=Act.MODERATED, member_id=None, about="", what="")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        entered_in_vain()
    assert data.ledger.broken_at(filled) is None
    with transaction(filled):
        data.ledger.add(filled, act=Act.MODERATED, member_id=None, about="", what="")
    assert data.ledger.broken_at(filled) is None


def test_an_export_of_any_length_reads_on_while_entries_are_added(db: Database, who: Who) -> None:
    def enter(count: int) -> None:
        with transaction(db):
            for _ in range(count):
                data.ledger.add(db, act=Act.SIGNED_IN, member_id=None, about="", what="password")

    enter(1_203)
    wanted = Filter(act="signed_in")
    found = ledger.every(db, member=who("coordinator"), wanted=wanted)
    first = next(found)
    enter(7)
    assert [first.id, *(one.id for one in found)] == list(range(1_203, 0, -1))
    with pytest.raises(NotAllowed):
        ledger.every(db, member=who("genk"), wanted=wanted)
