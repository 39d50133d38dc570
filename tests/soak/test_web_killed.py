"""`kill -9` of the web server amid writing: what was acknowledged is there exactly once, and nothing is half."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from data.store import close, connect, rows, value
from tests.conftest import PASSWORD
from tests.soak.browsers import Browser
from tests.soak.servers import Server, over

MEMBERS = ("aalter", "genk", "kortrijk")
CLIENTS = 6


@pytest.fixture
def server(tmp_path: Path, db: Database) -> Iterator[Server]:
    """A server over a furnished database, killed at the end."""
    with over(tmp_path, db) as found:
        yield found


def one_round(server: Server, browsers: list[Browser], *, encoder: bool, chance: random.Random) -> tuple[int, int]:
    """Start, send again what broke off, write from all clients, and kill; returns (posts acknowledged, sent again)."""
    server.start(encoder=encoder)
    for browser in browsers:
        browser.sign_in_once()
    again = sum(browser.send_again() for browser in browsers)
    over, counted = threading.Event(), threading.Semaphore(0)
    threads = [threading.Thread(target=browser.write, args=[over, counted.release]) for browser in browsers]
    for thread in threads:
        thread.start()
    # The first answers may wait for the encoder; from then on any moment will do.
    for _ in range(chance.randint(1, 30)):
        assert counted.acquire(timeout=90), server.log.read_text()[-3_000:]
    time.sleep(chance.uniform(0, 0.15))
    server.kill()
    over.set()
    for thread in threads:
        thread.join(timeout=100)
        assert not thread.is_alive()
    return sum(len(browser.account.acknowledged) for browser in browsers), again


def look(server: Server, browsers: list[Browser], *, faults: bool = False) -> None:
    """What everybody was told is so, and what stands is whole; the log tells of faults only where they were made."""
    db = connect(server.folder / "medestanders.sqlite")
    assert value(db, "pragma integrity_check") == "ok"
    assert rows(db, "pragma foreign_key_check") == []
    stored = rows(db, "select id, title, state, revision from ideas")
    by_title = {idea["title"]: idea for idea in stored}
    assert len(by_title) == len(stored), "something was posted twice"
    told: set[str] = set()
    for browser in browsers:
        assert browser.account.unexpected == []
        for title, idea_id in browser.account.acknowledged.items():
            assert by_title[title]["id"] == idea_id, "an acknowledged idea is lost"
        for idea in stored:
            expected = browser.account.states.get(idea["id"])
            assert expected in (None, idea["state"]), "an acknowledged change is lost"
        told |= browser.account.acknowledged.keys() | browser.account.broken_off.keys()
    assert by_title.keys() <= told, "something stands that nobody sent"
    half = """select i.id from ideas i
      where (select count(*) from idea_versions v where v.idea_id = i.id) <> i.revision
        or (select count(*) from texts t where t.rowid = i.id * 2 and t.title = i.title) <> 1
        or not (exists (select 1 from embeddings e where e.kind = 'idea' and e.item_id = i.id)
          or exists (select 1 from jobs j where j.kind = 'embed' and j.key = 'idea:' || i.id and j.done_at is null))"""
    assert rows(db, half) == [], "something is half"
    close(db)
    log = server.log.read_text()
    assert "locked" not in log
    assert faults or "Traceback" not in log


@pytest.mark.parametrize("rounds", [1, pytest.param(200, marks=pytest.mark.soak)])
def test_what_the_web_server_acknowledged_survives_its_kill(
    server: Server, rounds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20_211_112)
    browsers = [
        Browser(port=server.port, email=f"{MEMBERS[at % 3]}@test.example", password=PASSWORD, name=str(at))
        for at in range(CLIENTS)
    ]
    total, again = 0, 0
    for number in range(1, rounds + 1):
        # Loading the encoder takes seconds, and posting must go on without: one round in ten has it.
        total, repeated = one_round(server, browsers, encoder=number % 10 == 0, chance=chance)
        again += repeated
        look(server, browsers)
    server.start(encoder=False)
    again += sum(browser.send_again() for browser in browsers)
    server.kill()
    look(server, browsers)
    assert all(not browser.account.broken_off for browser in browsers)
    assert total >= rounds
    with capsys.disabled():
        moved = sum(browser.moved for browser in browsers)
        print(
            f"\n{rounds} kills of the web server: {total} posts and {moved} moves acknowledged, {again} posts broke off"
        )


@pytest.mark.soak
def test_a_restart_amid_writing_breaks_nothing_off(
    tmp_path: Path, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = connect(tmp_path / "medestanders.sqlite")
    db.conn.backup(kept.conn)
    close(kept)
    server = Server(tmp_path, held=True)
    browsers = [
        Browser(port=server.port, email=f"{MEMBERS[at % 3]}@test.example", password=PASSWORD, name=str(at))
        for at in range(CLIENTS)
    ]
    server.start(encoder=False)
    for browser in browsers:
        browser.sign_in_once()
    over, counted = threading.Event(), threading.Semaphore(0)
    threads = [threading.Thread(target=browser.write, args=[over, counted.release]) for browser in browsers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            for _ in range(20):
                assert counted.acquire(timeout=90), server.log.read_text()[-3_000:]
            assert server.end() == 0
            server.start(encoder=False)
        for _ in range(20):
            assert counted.acquire(timeout=90)
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=100)
        server.close()
    look(server, browsers)
    assert all(not browser.account.broken_off for browser in browsers)
    total = sum(len(browser.account.acknowledged) + browser.moved for browser in browsers)
    with capsys.disabled():
        print(f"\n10 restarts amid {total} writes: 0 broken off")
