"""Sessions end by hand, by the clock and with the account; attempts to sign in are kept for whose account it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.people
import cluster.tokens
import data.people
import data.sessions
from cluster import sessions
from data.store import rows, transaction, value
from data.throttles import open_throttles
from models.errors import Invalid, NotAllowed, NotFound
from models.people import Member
from models.sessions import Means, Outcome
from tests.conftest import dumped

Who = Callable[[str], Member]


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    found.close()


def begin(db: Database, member: Member, agent: str = "Firefox, Linux", **more: Any) -> str:
    return sessions.begin(db, member=member, agent=agent, **more)


def ago(**spell: float) -> str:
    return (datetime.now(UTC) - timedelta(**spell)).isoformat(timespec="seconds")


def set_back(db: Database, column: str, moment: str) -> None:
    with transaction(db):
        db.execute(f"update sessions set {column} = ?", [moment])


def test_a_secret_opens_a_session_and_only_its_hash_is_kept(db: Database, who: Who) -> None:
    token = begin(db, who("genk"))
    found = sessions.present(db, token=token)
    assert found is not None
    assert (found.member, found.session.agent, found.has_second_step) == (who("genk"), "Firefox, Linux", False)
    assert token not in dumped(db)
    kept = value(db, "select token_hash from sessions")
    assert kept == cluster.tokens.digest(token)
    assert sessions.present(db, token=kept) is None
    assert sessions.present(db, token="") is None


def test_signing_in_again_here_ends_what_was_here_before(db: Database, who: Who) -> None:
    first = begin(db, who("genk"))
    second = begin(db, who("aalter"), instead_of=first)
    assert first != second
    assert sessions.present(db, token=first) is None
    assert sessions.present(db, token=second)


@pytest.mark.parametrize(("column", "still", "no_more"), [
    ("seen_at", {"hours": 2.9}, {"hours": 3.1}), ("ends_at", {"hours": -0.1}, {"hours": 0.1}),
])  # fmt: skip
def test_a_session_ends_by_the_clock(
    db: Database, who: Who, column: str, still: dict[str, float], no_more: dict[str, float]
) -> None:
    token = begin(db, who("genk"))
    set_back(db, column, ago(**still))
    assert sessions.present(db, token=token)
    set_back(db, column, ago(**no_more))
    assert sessions.present(db, token=token) is None
    assert sessions.listed(db, member=who("genk")) == []
    begin(db, who("aalter"))
    assert db["sessions"].count == 1  # what ended is forgotten


def test_who_is_there_stays_there_but_no_longer_than_a_working_day(db: Database, who: Who) -> None:
    token = begin(db, who("genk"))
    ends = value(db, "select ends_at from sessions")
    set_back(db, "seen_at", ago(hours=2))
    found = sessions.present(db, token=token)
    assert found is not None
    sessions.keep(db, session=found.session)
    assert value(db, "select seen_at from sessions") > ago(minutes=1)
    assert value(db, "select ends_at from sessions") == ends
    assert ago(hours=-12.1) > ends > ago(hours=-11.9)


@pytest.mark.parametrize(("minutes", "written"), [(4.5, False), (5.5, True)])
def test_being_seen_is_not_written_down_at_every_request(db: Database, who: Who, minutes: float, written: bool) -> None:
    token = begin(db, who("genk"))
    set_back(db, "seen_at", ago(minutes=minutes))
    found = sessions.present(db, token=token)
    assert found is not None
    before = db.conn.total_changes
    sessions.keep(db, session=found.session)
    assert (db.conn.total_changes > before) == written


def test_one_ends_one_or_all_others_and_never_those_of_somebody_else(db: Database, who: Who) -> None:
    here, there, elsewhere, other = (begin(db, who(name)) for name in ("genk", "genk", "genk", "aalter"))
    listed = sessions.listed(db, member=who("genk"))
    assert len(listed) == 3
    present = {token: sessions.present(db, token=token) for token in (here, there, elsewhere, other)}
    with pytest.raises(NotFound):
        sessions.end(db, member=who("aalter"), session_id=present[there].session.id)  # type: ignore[union-attr]
    sessions.end(db, member=who("genk"), session_id=present[there].session.id)  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        sessions.end(db, member=who("genk"), session_id=present[there].session.id)  # type: ignore[union-attr]
    assert sessions.end_others(db, member=who("genk"), but=present[here].session) == 1  # type: ignore[union-attr]
    assert [bool(sessions.present(db, token=token)) for token in (here, there, elsewhere, other)] == [
        True, False, False, True,
    ]  # fmt: skip
    sessions.end_all(db, member=who("genk"))
    assert sessions.present(db, token=here) is None


def test_a_half_session_opens_nothing(db: Database, who: Who) -> None:
    token = sessions.begin_half(db, member=who("genk"), agent="")
    assert sessions.present(db, token=token) is None
    assert sessions.listed(db, member=who("genk")) == []
    assert sessions.sign_ins(db, member=who("genk")) == []
    assert data.sessions.half(db, token_hash=cluster.tokens.digest(token)) == who("genk")
    assert ago(minutes=-9.5) < value(db, "select ends_at from sessions") < ago(minutes=-10.5)


def test_attempts_are_kept_for_whose_account_it_is(db: Database, throttles: Database, who: Who) -> None:
    for email in ("genk@test.example", "niemand@test.example"):
        with pytest.raises(Invalid):
            cluster.people.sign_in(
                db, throttles, email=email, password="mis", address="x", moment=0, demo=True, agent="Safari, Mac"
            )
    begin(db, who("genk"))
    found = sessions.sign_ins(db, member=who("genk"))
    assert [(one.outcome, one.agent) for one in found] == [
        (Outcome.IN, "Firefox, Linux"),
        (Outcome.PASSWORD, "Safari, Mac"),
    ]
    assert sessions.sign_ins(db, member=who("aalter")) == []
    assert db["sign_ins"].count == 3  # an address nobody has costs the same write


def test_signing_in_is_noted_with_its_means_in_the_ledger_and_with_what_a_provider_wants_to_hear(
    db: Database, who: Who
) -> None:
    begin(db, who("aalter"))
    token = begin(db, who("genk"), means=Means.PROVIDER, hint="a hint")
    found = sessions.present(db, token=token)
    assert found is not None
    assert (found.session.means, sessions.hint(db, session=found.session)) == (Means.PROVIDER, "a hint")
    entries = [(one["act"], one["member_id"], one["about"], one["what"]) for one in rows(db, "select * from ledger")]
    assert entries == [
        ("signed_in", member.id, f"member:{member.id}", means)
        for member, means in ((who("aalter"), "password"), (who("genk"), "provider"))
    ]


def test_nobody_signs_in_to_an_account_that_is_closed_or_gone(db: Database, who: Who) -> None:
    member = who("genk")
    with transaction(db):
        data.people.set_active(db, member_id=member.id, active=False)
    for nobody in (member, replace(member, id=99)):
        with pytest.raises(NotAllowed):
            begin(db, nobody)
    assert [db[table].count for table in ("sessions", "sign_ins", "ledger")] == [0, 0, 0]


def test_no_more_than_the_last_twenty_attempts_are_told(db: Database, who: Who) -> None:
    for number in range(21):
        begin(db, who("genk"), agent=str(number))
    assert [one.agent for one in sessions.sign_ins(db, member=who("genk"))] == [str(n) for n in range(20, 0, -1)]
