"""The worker against a real mail server that takes, refuses, stumbles and dies; and killed without warning."""

import asyncio
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from sqlite_utils import Database

import cluster.letters
import cluster.mail
import data.letters
import data.migrations
import data.people
import data.store
import data.work
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.engine.index import Index
from cluster.web import worker
from cluster.web.context import Services
from cluster.web.settings import Settings
from data.store import change, rows, transaction, value
from models.people import Member
from tests.cluster.test_letters import introduction
from tests.conftest import furnish

PEOPLE = ("aalter", "genk", "kortrijk")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class MailServer:
    """A mail server that keeps what it took. `answers` holds what it says instead, one for each next attempt."""

    def __init__(self, port: int = 0) -> None:
        self.taken: list[str] = []
        self.tried = 0
        self.answers: dict[str, list[str]] = {"rcpt": [], "data": []}
        self.delay_s = 0.0
        self.port = port or free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10)
        self._server.start()

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.answers["rcpt"]:
            return self.answers["rcpt"].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.tried += 1
        message_id = next(line for line in envelope.content.decode().splitlines() if line.startswith("Message-ID:"))
        answer = self.answers["data"].pop(0) if self.answers["data"] else "250 OK"
        if answer == "take and drop":
            self.taken.append(message_id)
        if answer in {"drop", "take and drop"}:
            server.transport.close()
            return "250 OK"
        await asyncio.sleep(self.delay_s)
        if answer.startswith("250"):
            self.taken.append(message_id)
        return answer

    def stop(self) -> None:
        if self._server.loop.is_running():
            self._server.stop()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


def open_services(folder: Path, **changes: Any) -> Services:
    def none() -> Encoder:
        raise OSError("no encoder here")

    return Services(settings=Settings(data=folder, **changes), encoder=LazyEncoder(none), index=Index())


@pytest.fixture
def place(tmp_path: Path, mail: MailServer) -> Iterator[Services]:
    """A place with a furnished database that sends by the mail server."""
    services = open_services(tmp_path, smtp_url=f"smtp://127.0.0.1:{mail.port}")
    with transaction(services.db()):
        data.migrations.migrate(services.db())
    furnish(services.db())
    yield services
    services.close()


def write(db: Database, count: int = 1) -> list[str]:
    """Queue letters and return their Message-IDs."""
    found = [data.people.by_email(db, email=f"{name}@test.example") for name in PEOPLE]
    members: list[Member] = [member for member in found if member]
    with transaction(db):
        for number in range(count):
            cluster.letters.queue(
                db,
                to=members[number % len(members)],
                template="request",
                dedupe_key=f"{time.monotonic_ns()}",
                introduction=introduction(),
            )
    return [row["message_id"] for row in rows(db, "select message_id from letters order by id")][-count:]


def later(db: Database) -> None:
    """Let the waiting time of failed jobs pass."""
    with transaction(db):
        change(
            db, "update jobs set not_before = '2000-01-01T00:00:00+00:00' where done_at is null and kind <> 'digests'"
        )


def states(db: Database) -> list[str]:
    return [letter.state.value for letter in reversed(data.letters.recent(db, at_most=99))]


def waiting(db: Database) -> int:
    """How many jobs wait for more than the next morning."""
    return int(value(db, "select count(*) from jobs where kind <> 'digests' and done_at is null"))


def test_letters_are_delivered(place: Services, mail: MailServer) -> None:
    written = write(place.db(), 3)
    assert worker.work(place, once=True) == 3
    assert mail.taken == [f"Message-ID: {message_id}" for message_id in written]
    assert states(place.db()) == ["sent"] * 3
    assert waiting(place.db()) == 0


@pytest.mark.parametrize(
    ("when", "answer"),
    [
        ("rcpt", "451 later"),
        ("data", "451 later"),
        ("data", "554 not today"),
        ("data", "drop"),
        ("data", "take and drop"),
    ],
)
def test_a_letter_that_was_not_taken_is_sent_again_as_the_same_letter(
    place: Services, mail: MailServer, when: str, answer: str
) -> None:
    (message_id,) = write(place.db())
    mail.answers[when] = [answer]
    assert worker.work(place, once=True) == 0
    assert states(place.db()) == ["queued"]
    later(place.db())
    assert worker.work(place, once=True) == 1
    assert states(place.db()) == ["sent"]
    assert set(mail.taken) == {f"Message-ID: {message_id}"}
    assert len(mail.taken) == (2 if answer == "take and drop" else 1)


def test_a_letter_waits_for_a_mail_server_that_dawdles(
    place: Services, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (message_id,) = write(place.db())
    monkeypatch.setattr(cluster.mail, "_PATIENCE_S", 0.3)
    mail.delay_s = 2
    assert worker.work(place, once=True) == 0
    assert states(place.db()) == ["queued"]
    mail.delay_s = 0
    monkeypatch.setattr(cluster.mail, "_PATIENCE_S", 10)
    later(place.db())
    worker.work(place, once=True)
    assert states(place.db()) == ["sent"]
    assert set(mail.taken) == {f"Message-ID: {message_id}"}


def test_a_receiver_refused_for_good_is_not_tried_until_the_address_works(place: Services, mail: MailServer) -> None:
    db = place.db()
    written = write(db, 4)  # the first and the last go to the same member
    mail.answers["rcpt"] = ["550 no such user"]
    worker.work(place, once=True)
    assert states(db) == ["queued", "sent", "sent", "queued"]
    assert waiting(db) == 0
    worker.work(place, once=True)
    assert states(db) == ["queued", "sent", "sent", "queued"]
    aalter = data.people.by_email(db, email="aalter@test.example")
    assert aalter is not None
    cluster.letters.resume(db, member=aalter, member_id=aalter.id)
    worker.work(place, once=True)
    assert states(db) == ["sent"] * 4
    assert sorted(mail.taken) == sorted(f"Message-ID: {message_id}" for message_id in written)


def test_letters_wait_for_a_mail_server_that_is_down(place: Services, mail: MailServer) -> None:
    mail.stop()
    written = write(place.db(), 2)
    assert worker.work(place, once=True) == 0
    assert states(place.db()) == ["queued"] * 2
    assert "ConnectionRefusedError" in str(value(place.db(), "select error from jobs"))
    back = MailServer(mail.port)
    try:
        later(place.db())
        worker.work(place, once=True)
        assert sorted(back.taken) == sorted(f"Message-ID: {message_id}" for message_id in written)
    finally:
        back.stop()


def test_a_letter_that_nobody_takes_for_days_fails_and_stays(place: Services, mail: MailServer) -> None:
    write(place.db())
    mail.answers["data"] = ["451 later"] * 3
    for tried_before in (0, 128, 129):
        with transaction(place.db()):
            change(place.db(), "update jobs set attempts = ?", [tried_before])
        assert states(place.db()) == ["queued"]
        later(place.db())
        worker.work(place, once=True)
    assert states(place.db()) == ["failed"]
    assert waiting(place.db()) == 0


def test_without_a_mail_server_a_demo_sends_nothing_and_production_waits(tmp_path: Path, place: Services) -> None:
    write(place.db(), 2)
    place.settings = Settings(data=tmp_path, demo=False, secret_key="s" * 40)
    assert worker.work(place, once=True) == 0
    assert states(place.db()) == ["queued"] * 2
    later(place.db())
    place.settings = Settings(data=tmp_path)
    assert worker.work(place, once=True) == 2
    assert states(place.db()) == ["sent"] * 2


def test_waiting_for_a_mail_server_is_no_try(tmp_path: Path, place: Services) -> None:
    write(place.db())
    place.settings = Settings(data=tmp_path, demo=False, secret_key="s" * 40)
    for _ in range(3):
        later(place.db())
        assert worker.work(place, once=True) == 0
    assert value(place.db(), "select attempts from jobs where done_at is null") == 0
    assert "MEDESTANDERS_SMTP_URL" in value(place.db(), "select error from jobs")


def test_a_letter_whose_job_was_given_up_gets_one_again_when_the_worker_starts(
    place: Services, mail: MailServer
) -> None:
    (stranded, other) = write(place.db(), 2)
    with transaction(place.db()):
        change(place.db(), "update jobs set done_at = '2026-01-01T00:00:00+00:00', error = 'no' where id = 1")
    assert worker.work(place, once=True) == 2
    assert sorted(mail.taken) == sorted(f"Message-ID: {message_id}" for message_id in (stranded, other))
    assert worker.work(place, once=True) == 0
    assert waiting(place.db()) == 0


def test_a_job_that_fails_or_is_unknown_does_not_stop_the_others(place: Services, mail: MailServer) -> None:
    with transaction(place.db()):
        data.work.queue(place.db(), kind="dance", key="1")
        data.work.queue(place.db(), kind="letter", key="broken", payload={})
        data.work.queue(place.db(), kind="embed", key="idea:1", payload={"kind": "idea", "item_id": 1})
    write(place.db())
    assert worker.work(place, once=True) == 1
    errors = [row["error"] for row in rows(place.db(), "select error from jobs where done_at is null order by id")]
    assert errors[0] == "LookupError: nobody knows how to do dance"
    assert errors[1].startswith("KeyError")
    assert errors[2].startswith("LookupError: no encoder")


def test_two_workers_never_deliver_one_letter_twice(place: Services, mail: MailServer) -> None:
    written = write(place.db(), 40)
    mail.delay_s = 0.01

    def run() -> None:
        own = open_services(place.settings.data, smtp_url=place.settings.smtp_url)
        worker.work(own, once=True)
        own.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(mail.taken) == Counter(f"Message-ID: {message_id}" for message_id in written)


@contextmanager
def started(place: Services, lease_s: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in a process of its own, killed in the end."""
    code = (
        "import sys; from pathlib import Path; from cluster.engine.encoder import LazyEncoder, load;"
        "from cluster.engine.index import Index; from cluster.web.context import Services;"
        "from cluster.web.settings import Settings; from cluster.web.worker import work;"
        "settings = Settings(data=Path(sys.argv[1]), smtp_url=sys.argv[2]);"
        "services = Services(settings=settings, encoder=LazyEncoder(lambda: load(None)), index=Index());"
        "work(services, once=False, lease_s=int(sys.argv[3]))"
    )
    command = [sys.executable, "-c", code, str(place.settings.data), str(place.settings.smtp_url), str(lease_s)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.002)


def at_least(mail: MailServer, count: int) -> bool:
    return mail.tried >= count


def test_sigterm_stops_the_worker_after_the_letter_in_hand(place: Services, mail: MailServer) -> None:
    written = write(place.db(), 5)
    mail.delay_s = 0.3
    with started(place, worker.LEASE_S) as process:
        wait_until(partial(at_least, mail, 1))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert 1 <= len(mail.taken) < len(written)
    assert states(place.db()).count("sent") == len(mail.taken)
    assert value(place.db(), "select count(*) from jobs where done_at is null and lease is not null") == 0


def test_a_worker_killed_at_any_moment_loses_nothing(place: Services, mail: MailServer) -> None:
    killed(place, mail, kills=5, letters_each=25)


def killed(place: Services, mail: MailServer, *, kills: int, letters_each: int) -> tuple[int, int]:
    """Kill the worker so often amid its letters; returns how many were written and how many came twice.

    None is lost, at most one a kill is repeated, and a repeated letter has the same Message-ID.
    """
    db, pick = place.db(), random.Random(kills)
    mail.delay_s = 0.005
    written: list[str] = []
    for _ in range(kills):
        written += write(db, letters_each)
        before = mail.tried
        with started(place, 1):
            wait_until(partial(at_least, mail, before + pick.randint(1, 5)))
            time.sleep(pick.random() * 0.02)
        assert value(db, "pragma integrity_check") == "ok"
    mail.delay_s = 0.0
    with started(place, 1) as process:
        wait_until(lambda: waiting(db) == 0, 900)
        process.terminate()
        assert process.wait(10) == 0
    taken = Counter(mail.taken)
    repeats = len(mail.taken) - len(taken)
    assert set(taken) == {f"Message-ID: {message_id}" for message_id in written}
    assert repeats <= kills
    assert value(db, "select count(*) from letters where state <> 'sent'") == 0
    return len(written), repeats
