"""Sessions: a secret opens its own alone, within every limit, and what ends or changes one leaves all others."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlite_utils import Database

import data.people
import data.sessions
from data.store import change, now, rows, transaction
from models.people import Member, Role
from models.sessions import Means, Outcome, Session, SignIn
from tests.conftest import add_member

Who = Callable[[str], Member]
PAST, IDLE, RECENT, FUTURE = "2000-01-01", "2020-01-01", "2020-01-02", "2999-01-01"


def add(db: Database, name: str, of: Member, **values: Any) -> int:
    """A session that is opened by the secret whose hash is `name`; `values` are what differs from a good one."""
    session_id = data.sessions.add(
        db,
        values={
            **{"token_hash": name, "member_id": of.id, "half": 0, "means": "password", "agent": f"Agent {name}"},
            **{"ends_at": FUTURE, "hint": f"hint of {name}"},
            **{name: given for name, given in values.items() if name != "seen_at"},
        },
    )
    change(db, "update sessions set seen_at = ? where id = ?", [values.get("seen_at", RECENT), session_id])
    return session_id


@pytest.fixture
def ids(db: Database, who: Who) -> dict[str, int]:
    """Sessions by name: whole ones of two members, and one beyond each limit."""
    with transaction(db):
        add_second_step(db, who("aalter"), "secret")
        add_second_step(db, who("kortrijk"), None)
        made = {
            "first": add(db, "first", who("genk"), means="provider"),
            "other": add(db, "other", who("aalter")),
            "mine": add(db, "mine", who("genk")),
            "newest": add(db, "newest", who("genk"), seen_at="2020-01-03"),
            "half": add(db, "half", who("genk"), half=1),
            "other half": add(db, "other half", who("aalter"), half=1),
            "late half": add(db, "late half", who("genk"), half=1, ends_at=PAST),
            "ended": add(db, "ended", who("genk"), ends_at=PAST),
            "idle": add(db, "idle", who("genk"), seen_at=IDLE),
            "left": add(db, "left", who("coordinator")),
            "left half": add(db, "left half", who("coordinator"), half=1),
            "candidate": add(db, "candidate", who("kortrijk")),
        }
        data.people.set_active(db, member_id=who("coordinator").id, active=False)
    return made


def add_second_step(db: Database, member: Member, secret: str | None) -> None:
    db.execute("insert into second_steps (member_id, secret) values (?, ?)", [member.id, secret])


def kept(db: Database) -> dict[str, dict[str, Any]]:
    """All sessions as they stand, by the name of their secret."""
    return {item["token_hash"]: item for item in rows(db, "select * from sessions")}


def test_a_secret_opens_its_own_session_within_every_limit(db: Database, who: Who, ids: dict[str, int]) -> None:
    opened = {
        name: data.sessions.present(db, token_hash=name, seen_since=IDLE) for name in [*ids, "unknown", "MINE", ""]
    }
    assert {name for name, found in opened.items() if found} == {"first", "other", "mine", "newest", "candidate"}
    present = opened["first"]
    assert present is not None
    assert present.member == who("genk")
    started_at = kept(db)["first"]["started_at"]
    assert present.session == Session(ids["first"], Means.PROVIDER, "Agent first", started_at, RECENT)
    second = {name: found.has_second_step for name, found in opened.items() if found}
    assert second == {"first": False, "other": True, "mine": False, "newest": False, "candidate": False}
    assert [found.member.name for found in opened.values() if found] == ["Genk", "Aalter", "Genk", "Genk", "Kortrijk"]
    assert [data.sessions.hint(db, session_id=ids[name]) for name in ("other", "mine")] == [
        "hint of other",
        "hint of mine",
    ]
    assert data.sessions.hint(db, session_id=99) is None


def test_a_session_that_waits_for_a_code_is_open_to_its_own_secret_until_it_ends(
    db: Database, who: Who, ids: dict[str, int]
) -> None:
    opened = {name: data.sessions.half(db, token_hash=name) for name in [*ids, "unknown"]}
    assert {name: found for name, found in opened.items() if found} == {
        "half": who("genk"),
        "other half": who("aalter"),
    }


def test_where_somebody_is_signed_in_is_told_the_place_used_last_first(
    db: Database, who: Who, ids: dict[str, int]
) -> None:
    found = data.sessions.of_member(db, member_id=who("genk").id, seen_since=IDLE)
    assert [one.id for one in found] == [ids[name] for name in ("newest", "mine", "first")]
    assert [one.means for one in found] == [Means.PASSWORD, Means.PASSWORD, Means.PROVIDER]
    assert data.sessions.of_member(db, member_id=99, seen_since=IDLE) == []


def test_being_seen_is_noted_of_one_session(db: Database, ids: dict[str, int]) -> None:
    before = kept(db)
    with transaction(db):
        data.sessions.seen(db, session_id=ids["mine"])
    after = kept(db)
    assert {name for name in after if after[name] != before[name]} == {"mine"}
    assert after["mine"] == {**before["mine"], "seen_at": after["mine"]["seen_at"]}
    seen_at = datetime.fromisoformat(after["mine"]["seen_at"])
    assert timedelta() <= datetime.now(UTC) - seen_at < timedelta(minutes=1)


def test_what_ends_is_what_was_named(db: Database, who: Who, ids: dict[str, int]) -> None:
    genk, aalter = who("genk").id, who("aalter").id

    def gone() -> set[str]:
        return set(ids) - set(kept(db))

    assert not data.sessions.end(db, member_id=aalter, session_id=ids["mine"])
    assert not data.sessions.end(db, member_id=genk, session_id=99)
    assert not data.sessions.end_by_token(db, token_hash="unknown")
    assert data.sessions.end_all(db, member_id=99) == 0
    assert gone() == set()
    assert data.sessions.end(db, member_id=genk, session_id=ids["mine"])
    assert gone() == {"mine"}
    assert data.sessions.end_by_token(db, token_hash="half")
    assert gone() == {"mine", "half"}
    assert data.sessions.end_all(db, member_id=genk, but=ids["newest"]) == 4
    assert set(kept(db)) == {"other", "newest", "other half", "left", "left half", "candidate"}
    assert data.sessions.end_all(db, member_id=genk, but=ids["other"]) == 1
    assert "other" in kept(db)
    data.sessions.end_everybody(db)
    assert kept(db) == {}


def test_nothing_is_left_when_all_of_somebody_end_also_not_the_first_there_ever_was(db: Database, who: Who) -> None:
    assert [add(db, "first", who("genk")), add(db, "second", who("genk")), add(db, "other", who("aalter"))] == [1, 2, 3]
    assert data.sessions.end_all(db, member_id=who("genk").id) == 2
    assert set(kept(db)) == {"other"}


def test_what_reached_one_of_its_limits_is_forgotten(db: Database, who: Who) -> None:
    for name, values in {
        "good": {},
        "ended": {"ends_at": PAST},
        "ends now": {"ends_at": now()},
        "idle": {"seen_at": PAST},
        "idle from now": {"seen_at": IDLE},
        "both": {"ends_at": PAST, "seen_at": PAST},
        "just seen": {"seen_at": RECENT},
    }.items():
        add(db, name, who("genk"), **values)
    data.sessions.forget_ended(db, seen_since=IDLE)
    assert set(kept(db)) == {"good", "just seen"}


def test_attempts_are_told_newest_first_to_whose_account_it_is(db: Database, who: Who) -> None:
    add_member(db, email="nieuw@test.example", organisation_id=1, role=Role.MEMBER)
    for number, (member, outcome, means) in enumerate(
        (
            (who("genk"), Outcome.PASSWORD, Means.PASSWORD),
            (who("aalter"), Outcome.CODE, Means.PASSWORD),
            (None, Outcome.PASSWORD, Means.PASSWORD),
            (who("genk"), Outcome.CODE, Means.PASSWORD),
            (who("genk"), Outcome.IN, Means.PROVIDER),
        ),
        start=1,
    ):
        member_id = member.id if member else None
        data.sessions.note(db, member_id=member_id, outcome=outcome, means=means, agent=f"Agent {number}")
    found = data.sessions.sign_ins(db, member_id=who("genk").id, at_most=2)
    assert found == [
        SignIn(found[0].happened_at, Outcome.IN, Means.PROVIDER, "Agent 5"),
        SignIn(found[1].happened_at, Outcome.CODE, Means.PASSWORD, "Agent 4"),
    ]
    age = datetime.now(UTC) - datetime.fromisoformat(found[0].happened_at)
    assert timedelta() <= age < timedelta(minutes=1)
    assert [one.agent for one in data.sessions.sign_ins(db, member_id=who("aalter").id, at_most=9)] == ["Agent 2"]
    assert data.sessions.sign_ins(db, member_id=who("nieuw").id, at_most=9) == []
    assert rows(db, "select agent from sign_ins where member_id is null") == [{"agent": "Agent 3"}]
