"""A disk that is full under the running service: it is read on, what is refused stays on the page, and it passes."""

import os
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import PASSWORD
from tests.soak.browsers import Browser
from tests.soak.servers import Server, over
from tests.soak.test_web_killed import CLIENTS, MEMBERS, look

READ = ("/", "/ideas", "/search?q=loket", "/projects", "/municipalities", "/calls", "/account")
ROOM = 24 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def server(disk: Path, db: Database) -> Iterator[Server]:
    """A server whose database and log are on the small disk."""
    with over(disk, db) as found:
        yield found


def fill(disk: Path, *, but: int) -> Path:
    """Leave room for so many bytes, and nothing more."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:  # others write meanwhile
        room = os.statvfs(disk)
        for _ in range(max(0, room.f_bavail * room.f_frsize - but) // 4_096):
            file.write(b"0" * 4_096)
    return filler


def unreadable(browsers: list[Browser]) -> list[tuple[str, int]]:
    """The pages that are not read as ever, an idea that somebody just posted among them."""
    posted = next(idea_id for browser in browsers for idea_id in browser.account.acknowledged.values())
    statuses = [(address, browsers[0].read(address)) for address in (*READ, f"/ideas/{posted}")]
    return [one for one in statuses if one[1] != 200]


@pytest.mark.soak
def test_a_full_disk_is_read_on_keeps_what_was_typed_and_passes_by_itself(
    server: Server, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, rounds = random.Random(2_111), 20
    browsers = [
        Browser(port=server.port, email=f"{MEMBERS[at % 3]}@test.example", password=PASSWORD, name=str(at))
        for at in range(CLIENTS)
    ]
    server.start(encoder=False)
    for browser in browsers:
        browser.sign_in_once()
    for number in range(rounds):
        over, counted = threading.Event(), threading.Semaphore(0)
        threads = [threading.Thread(target=browser.write, args=[over, counted.release]) for browser in browsers]
        for thread in threads:
            thread.start()
        for _ in range(chance.randint(6, 20)):
            assert counted.acquire(timeout=90), server.log.read_text()[-3_000:]
        filler = fill(disk, but=chance.randrange(0, 12) * 8_192)
        for _ in range(60):
            assert counted.acquire(timeout=90), server.log.read_text()[-3_000:]
        assert unreadable(browsers) == []
        over.set()
        for thread in threads:
            thread.join(timeout=100)
        if number % 5 == 4:  # and it dies and comes back while there is no room
            server.kill()
            server.start(encoder=False)
            assert unreadable(browsers) == []
        filler.unlink()
        for browser in browsers:
            browser.send_again()
        assert all(not browser.account.broken_off for browser in browsers), "it did not pass by itself"
    server.kill()
    look(server, browsers, faults=True)
    told = sum(len(browser.account.acknowledged) for browser in browsers)
    refused = sum(browser.account.refused for browser in browsers)
    with capsys.disabled():
        print(f"\n{rounds} times a full disk: {refused} writes refused, {told} posts acknowledged, 0 lost")
    assert refused >= 50
