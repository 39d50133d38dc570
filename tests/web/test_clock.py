"""A clock that is wrong for a while: nothing is lost, nothing comes twice, and nobody is shut out for good."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from types import ModuleType
from typing import Self

import pytest
from flask import Flask
from sqlite_utils import Database

import data.ledger
import data.throttles
import data.work
from cluster.engine.encoder import LazyEncoder
from cluster.web import worker
from cluster.web.context import Services
from data.store import row, rows, transaction, value
from tests.cluster.test_following import DRAWN
from tests.conftest import Visitor
from tests.web.test_worker import MailServer, mail, place, states, waiting, write  # noqa: F401 - fixtures

DAY = timedelta(days=1)
Page = Callable[..., Visitor]
Turn = Callable[[timedelta], None]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """Turn the clock of this process by so much from the right time, wherever ours read it."""
    off, right = timedelta(), time.time

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(right() + off.total_seconds(), tz)

    def ours(module: ModuleType) -> bool:
        name = module.__name__.partition(".")[0]
        return name in {"cluster", "data", "models"} and getattr(module, "datetime", None) is datetime

    for module in [one for one in list(sys.modules.values()) if isinstance(one, ModuleType) and ours(one)]:
        monkeypatch.setattr(module, "datetime", Wrong)
    monkeypatch.setattr(time, "time", lambda: right() + off.total_seconds())

    def by(much: timedelta) -> None:
        nonlocal off
        off = much

    return by


def test_letters_of_a_time_that_was_wrong_all_leave_once(place: Services, mail: MailServer, turn: Turn) -> None:  # noqa: F811
    written = []
    for off in (DAY, -DAY, 0 * DAY, DAY, -400 * DAY):
        turn(off)
        written += write(place.db(), 3)
        worker.work(place, once=True)
    turn(2 * DAY)
    worker.work(place, once=True)
    assert Counter(mail.taken) == Counter(f"Message-ID: {one}" for one in written)
    assert states(place.db()) == ["sent"] * len(written)
    assert waiting(place.db()) == 0


def test_a_lease_that_a_jump_ended_is_taken_over_and_its_first_holder_changes_nothing(
    place: Services,  # noqa: F811
    mail: MailServer,  # noqa: F811
    turn: Turn,
) -> None:
    (message_id,) = write(place.db())
    with transaction(place.db()):
        held = data.work.lease(place.db(), seconds=300)
    assert held is not None
    worker.work(place, once=True)
    assert mail.taken == []
    turn(DAY)
    worker.work(place, once=True)
    turn(0 * DAY)
    with transaction(place.db()):
        assert not data.work.finish(place.db(), job=held)
        data.work.fail(place.db(), job=held, error="too late")
    assert mail.taken == [f"Message-ID: {message_id}"]
    assert row(place.db(), "select error from jobs where kind = 'letter'") == {"error": None}


@pytest.mark.parametrize("off", [DAY, -DAY], ids=["ahead", "back"])
def test_who_types_while_the_clock_jumps_keeps_the_text_and_goes_on(
    app: Flask, page: Page, app_db: Database, turn: Turn, off: timedelta
) -> None:
    app.extensions["medestanders"].encoder = LazyEncoder(lambda: DRAWN)
    visitor = page("genk")
    visitor.submit("/ideas/new", title="Gisteren", description="Met de klok zoals hij was.")
    token = visitor.get("/ideas/new").select_one("input[name=csrf_token]")
    turn(off)
    typed = {"csrf_token": token["value"] if token else "", "title": "Nu", "description": "Dit mag niet weg."}
    answer = visitor.client.post("/ideas/new", data=typed)
    assert answer.status_code in {400, 401}
    assert "Dit mag niet weg." in answer.get_data(as_text=True)
    page("genk").submit("/ideas/new", title="Nu", description="Dit mag niet weg.")
    turn(0 * DAY)
    page("genk").submit("/ideas/1/edit", at="/ideas/1/edit", revision="1", title="Vandaag", description="En nu goed.")
    assert [one["revision"] for one in rows(app_db, "select revision from idea_versions where idea_id = 1")] == [1, 2]
    assert value(app_db, "select count(*) from ideas") == 2
    assert data.ledger.broken_at(app_db) is None
    for address in ("/", "/ideas", "/ideas/1", "/ideas/1/versions", "/account/security"):
        page("genk").get(address)


def test_what_was_counted_at_a_wrong_time_shuts_nobody_out(app: Flask, turn: Turn) -> None:
    throttles = app.extensions["medestanders"].throttles()
    for off in (DAY, -DAY):
        turn(off)
        for _ in range(50):
            data.throttles.count(throttles, key="signin:somebody", window_s=900, moment=time.time())
        turn(0 * DAY)
        assert data.throttles.count(throttles, key="signin:somebody", window_s=900, moment=time.time()) <= 2
