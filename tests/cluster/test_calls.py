"""Calls: deadlines are days in Brussels, and seeding never undoes what a coordinator did."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.calls
import data.calls
import data.store
from models.calls import Call, CallForm, CallState, end_of_day, instant, start_of_day
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.people import Member

SEED = Path(data.calls.SEED)
THEMES: list[dict[str, Any]] = json.loads((SEED / "themes.json").read_text())
CALLS: list[dict[str, Any]] = json.loads((SEED / "calls.json").read_text())["calls"]


@pytest.fixture
def bare(db: Database) -> Database:
    with data.store.transaction(db):
        db.execute("delete from calls")
        db.execute("delete from themes")
    return db


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2022-02-04", "2022-02-03T23:00:00+00:00", "2022-02-04T22:59:59+00:00"),  # winter, UTC+1
        ("2022-07-01", "2022-06-30T22:00:00+00:00", "2022-07-01T21:59:59+00:00"),  # summer, UTC+2
        ("2022-03-27", "2022-03-26T23:00:00+00:00", "2022-03-27T21:59:59+00:00"),  # 23 hours long
        ("2021-10-31", "2021-10-30T22:00:00+00:00", "2021-10-31T22:59:59+00:00"),  # 25 hours long
    ],
)
def test_a_day_in_brussels_has_a_first_and_a_last_second(day: str, first: str, last: str) -> None:
    assert (start_of_day(date.fromisoformat(day)), end_of_day(date.fromisoformat(day))) == (first, last)


@pytest.mark.parametrize(
    ("number", "opens", "closes"),
    [
        (1, "2021-09-19T22:00:00+00:00", "2021-11-12T22:59:59+00:00"),
        (5, "2022-03-20T23:00:00+00:00", "2022-07-01T21:59:59+00:00"),
    ],
)
def test_a_call_is_open_until_the_last_second_of_its_last_deadline(
    bare: Database, number: int, opens: str, closes: str
) -> None:
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    call = cluster.calls.every(bare)[number - 1]

    assert (call.number, call.opens_at, call.closes_at) == (number, opens, closes)
    assert call.state_at(closes) is CallState.OPEN
    assert call.state_at(closes.replace(":59+", ":60+")) is CallState.CLOSED
    assert call.state_at("2021-01-01T00:00:00+00:00") is CallState.COMING


def test_the_seven_calls_keep_the_deadlines_that_moved(bare: Database) -> None:
    assert cluster.calls.seed(bare, themes=THEMES, calls=CALLS) == 7
    first, *_, last = cluster.calls.every(bare)

    assert [item.note for item in first.moved] == ["eerste configuratie"]
    assert first.moved[0].closes_at == "2021-11-28T22:59:59+00:00"
    assert first.themes == ("dienstverlening", "democratie", "werkplek")
    assert (last.ceiling_eur, last.funding_percent, last.moved) == (500_000, 80, ())


def test_seeding_again_leaves_what_a_coordinator_changed(bare: Database) -> None:
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    with data.store.transaction(bare):
        bare.execute("update calls set name = 'Eerste oproep' where number = 1")
        bare.execute("delete from call_themes where theme = 'werkplek'")

    assert cluster.calls.seed(bare, themes=THEMES, calls=CALLS) == 0
    first = cluster.calls.every(bare)[0]
    assert (first.name, first.themes) == ("Eerste oproep", ("dienstverlening", "democratie"))


def test_a_call_that_is_not_there_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound):
        cluster.calls.get(db, 99)


def test_all_calls_take_as_many_queries_as_one(bare: Database) -> None:
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    asked: list[str] = []
    bare.conn.set_trace_callback(asked.append)

    cluster.calls.every(bare)

    assert len(asked) == 3


def test_the_programme_is_known_from_the_file_that_ships() -> None:
    found = data.calls.programme()

    assert (found.budget_eur, found.approved_projects, found.funding_percent) == (35_000_000, 61, 80)
    assert all(address.startswith("https://") for address in found.sources)


@pytest.mark.parametrize(
    ("day", "at", "found"),
    [
        ("2026-01-15", "12:00", "2026-01-15T11:00:00+00:00"),  # winter
        ("2026-07-15", "12:00", "2026-07-15T10:00:00+00:00"),  # summer
        ("2026-03-29", "01:59", "2026-03-29T00:59:00+00:00"),  # the last minute before the jump
        ("2026-03-29", "02:30", None),  # nobody's clock shows it
        ("2026-03-29", "03:00", "2026-03-29T01:00:00+00:00"),  # the first one after
        ("2026-10-25", "01:59", "2026-10-24T23:59:00+00:00"),
        ("2026-10-25", "02:30", "2026-10-25T01:30:00+00:00"),  # comes twice: nobody who trusts a clock is too late
        ("2026-10-25", "03:00", "2026-10-25T02:00:00+00:00"),
        ("2026-03-29", "23:59", "2026-03-29T21:59:59+00:00"),  # until midnight
        ("2026-10-25", "23:59", "2026-10-25T22:59:59+00:00"),
    ],
)
def test_an_hour_typed_in_brussels_is_an_instant(day: str, at: str, found: str | None) -> None:
    assert instant(date.fromisoformat(day), time.fromisoformat(at)) == found


def planned(**fields: Any) -> CallForm:
    soon = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    form = CallForm(
        name="Oproep 8", kind="thematic", kind_name="Thematisch project", opens_on="2024-01-01", closes_on=soon,
        ceiling="500.000", funding_percent="80", conditions="Voor gemeenten.", themes=("democratie",),
    )  # fmt: skip
    return replace(form, **fields)


@pytest.fixture
def drafted(db: Database, who: Callable[[str], Member]) -> int:
    return cluster.calls.draft(db, member=who("coordinator"), form=planned())


def test_a_draft_is_for_coordinators_alone_until_it_is_public(
    db: Database, who: Callable[[str], Member], drafted: int
) -> None:
    assert len(cluster.calls.every(db)) == len(cluster.calls.every(db, member=who("genk"))) == 1
    for member in (None, who("genk")):
        with pytest.raises(NotFound):
            cluster.calls.get(db, drafted, member=member)
    assert data.calls.find(db, text="Oproep 8") is None
    call = cluster.calls.get(db, drafted, member=who("coordinator"))
    assert (call.number, call.state_at(data.store.now()), call.themes) == (2, CallState.DRAFT, ("democratie",))
    assert (call.ceiling_eur, call.funding_percent, call.conditions) == (500_000, 80, "Voor gemeenten.")

    for _ in range(2):
        cluster.calls.publish(db, member=who("coordinator"), call_id=drafted, revision=1)

    assert cluster.calls.get(db, drafted).state_at(data.store.now()) is CallState.OPEN


@pytest.mark.parametrize("name", [None, "genk"])
def test_only_coordinators_run_calls(
    db: Database, who: Callable[[str], Member], drafted: int, name: str | None
) -> None:
    member = who(name) if name else None
    acts: list[Callable[[], object]] = [
        lambda: cluster.calls.draft(db, member=member, form=planned()),
        lambda: cluster.calls.edit(db, member=member, call_id=drafted, revision=1, form=planned()),
        lambda: cluster.calls.publish(db, member=member, call_id=drafted, revision=1),
        lambda: cluster.calls.close(db, member=member, call_id=drafted, revision=1),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_a_moved_deadline_keeps_the_old_one_and_the_reason(
    db: Database, who: Callable[[str], Member], drafted: int
) -> None:
    coordinator = who("coordinator")
    cluster.calls.publish(db, member=coordinator, call_id=drafted, revision=1)
    before = cluster.calls.get(db, drafted)

    def move(revision: int, reason: str = "Te weinig tijd in de vakantie.", closes_on: str = "2099-10-25") -> None:
        cluster.calls.move(
            db,
            member=coordinator,
            call_id=drafted,
            revision=revision,
            closes_on=closes_on,
            closes_time="02:30",
            reason=reason,
        )

    for wrong in ({"reason": " "}, {"closes_on": "2020-01-01"}, {"closes_on": "morgen"}):
        with pytest.raises(Invalid):
            move(2, **wrong)
    for _ in range(2):
        move(2)

    call = cluster.calls.get(db, drafted)
    assert call.closes_at == "2099-10-25T01:30:00+00:00"
    assert ([one.closes_at for one in call.moved], call.sequence) == ([before.closes_at], 1)
    told = cluster.calls.history(db, call=call)
    assert [(one.action, one.reason) for one in told] == [
        ("moved", "Te weinig tijd in de vakantie."),
        ("opened", ""),
        ("drafted", ""),
    ]
    with pytest.raises(Conflict) as conflict:
        move(2, closes_on="2098-10-26")
    assert isinstance(conflict.value.current, Call)
    assert conflict.value.current.revision == 3


def test_moving_the_deadline_of_a_call_without_history_keeps_the_first_one(
    db: Database, who: Callable[[str], Member]
) -> None:
    cluster.calls.move(
        db,
        member=who("coordinator"),
        call_id=1,
        revision=1,
        closes_on="2099-01-01",
        closes_time="23u59",
        reason="Uitstel",
    )
    call = cluster.calls.get(db, 1)
    assert [one.closes_at for one in call.deadlines] == ["2021-11-12T22:59:59+00:00", "2099-01-01T22:59:59+00:00"]


def test_a_call_is_closed_before_its_deadline_and_opens_again_when_that_moves(
    db: Database, who: Callable[[str], Member], drafted: int
) -> None:
    coordinator = who("coordinator")
    with pytest.raises(Invalid):
        cluster.calls.close(db, member=coordinator, call_id=drafted, revision=1)
    cluster.calls.publish(db, member=coordinator, call_id=drafted, revision=1)
    for _ in range(2):
        cluster.calls.close(db, member=coordinator, call_id=drafted, revision=2)
    assert cluster.calls.get(db, drafted).state_at(data.store.now()) is CallState.CLOSED

    form = cluster.calls.form_of(cluster.calls.get(db, drafted))
    cluster.calls.move(
        db,
        member=coordinator,
        call_id=drafted,
        revision=3,
        closes_on=form.closes_on,
        closes_time=form.closes_time,
        reason="Toch niet",
    )
    assert cluster.calls.get(db, drafted).state_at(data.store.now()) is CallState.OPEN


def test_a_draft_whose_deadline_passed_is_not_made_public(db: Database, who: Callable[[str], Member]) -> None:
    coordinator = who("coordinator")
    old = planned(opens_on="2020-01-01", closes_on="2020-02-01")
    call_id = cluster.calls.draft(db, member=coordinator, form=old)
    with pytest.raises(Invalid):
        cluster.calls.publish(db, member=coordinator, call_id=call_id, revision=1)


def test_what_a_call_says_is_edited_once_and_a_second_writer_hears_it(
    db: Database, who: Callable[[str], Member], drafted: int
) -> None:
    coordinator = who("coordinator")
    form = planned(name="Oproep acht", themes=("dienstverlening", "democratie"), closes_on="2098-01-01")
    for _ in range(2):
        cluster.calls.edit(db, member=coordinator, call_id=drafted, revision=1, form=form)
    call = cluster.calls.get(db, drafted, member=coordinator)
    assert (call.name, call.themes, call.revision) == ("Oproep acht", ("dienstverlening", "democratie"), 2)
    # Nobody saw the deadline of a draft, so it was set and not moved.
    assert ([one.closes_at for one in call.deadlines], call.sequence) == ([call.closes_at], 0)
    with pytest.raises(Conflict):
        cluster.calls.edit(db, member=coordinator, call_id=drafted, revision=1, form=planned())


def test_the_form_of_a_call_changes_nothing_when_sent_back(db: Database, who: Callable[[str], Member]) -> None:
    form = cluster.calls.form_of(cluster.calls.get(db, 1))
    cluster.calls.edit(db, member=who("coordinator"), call_id=1, revision=1, form=form)
    assert cluster.calls.get(db, 1).revision == 1


def test_everything_wrong_in_a_call_is_said_at_once(db: Database, who: Callable[[str], Member]) -> None:
    form = planned(
        name="", kind="x", kind_name="", opens_on="", closes_on="2026-03-29", closes_time="02:30", ceiling="1,50",
        funding_percent="101", source="ftp://x", themes=("vissen",),
    )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        cluster.calls.draft(db, member=who("coordinator"), form=form)
    assert sorted(one.field for one in refused.value.every) == sorted(
        ["name", "kind", "kind_name", "opens_on", "closes_time", "ceiling", "funding_percent", "source", "themes"]
    )


def test_seeding_again_leaves_what_a_coordinator_did_by_the_verbs(bare: Database, who: Callable[[str], Member]) -> None:
    coordinator = who("coordinator")
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    first = cluster.calls.every(bare)[0]
    form = replace(cluster.calls.form_of(first), name="Eerste oproep", ceiling="1", themes=())
    cluster.calls.edit(bare, member=coordinator, call_id=first.id, revision=1, form=form)
    cluster.calls.move(
        bare,
        member=coordinator,
        call_id=first.id,
        revision=2,
        closes_on="2099-01-01",
        closes_time="12:00",
        reason="Uitstel",
    )
    cluster.calls.draft(bare, member=coordinator, form=planned(themes=()))
    before = cluster.calls.every(bare, member=coordinator)

    assert cluster.calls.seed(bare, themes=THEMES, calls=CALLS) == 0
    assert cluster.calls.every(bare, member=coordinator) == before
    # A call that ships later finds its number taken, and gets the next.
    later = {**CALLS[0], "number": 8, "uri": "urn:later", "name": "Later"}
    assert cluster.calls.seed(bare, themes=THEMES, calls=[later]) == 1
    assert [call.number for call in cluster.calls.every(bare, member=coordinator)] == list(range(1, 10))
