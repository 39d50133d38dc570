"""Several web processes at once: they count tries together, and none of them asks anything of another machine."""

import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlite_utils import Database

import data.people
from cluster.web.people import DEMO_PASSWORD
from data.store import close, connect, now, value
from models.people import Member
from tests.browser.conftest import address_of
from tests.browser.rooms import ROOMS, arrange
from tests.conftest import PASSWORD
from tests.soak.browsers import Browser
from tests.soak.servers import Server, over
from tests.web.test_serve import free_port, read_until_ready, served
from tests.web.test_worker import MailServer

Figure = Callable[[str, str], None]
WORKERS, AT_ONCE, ALLOWED = 4, 12, 10
# Tells a file of every address that Python is asked to find, connect or send to, in whatever process it runs.
TELL = """
import json, os, sys

def told(event, given):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        address = given[1] if event in {"socket.connect", "socket.sendto"} else given[:2]
        line = json.dumps([event, *map(str, address)] if isinstance(address, tuple) else [event, str(address)])
        log = os.open(os.environ["TOLD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, line.encode() + b"\\n")
        os.close(log)

sys.addaudithook(told)
"""


@pytest.fixture
def server(tmp_path: Path, db: Database) -> Iterator[Server]:
    """A server over a furnished database, killed at the end."""
    with over(tmp_path, db) as found:
        yield found


@pytest.mark.soak
def test_processes_count_tries_together_and_after_a_restart(server: Server, figure: Figure) -> None:
    def a_try(_: int) -> int:
        return Browser(port=server.port, email="genk@test.example", password="verkeerd", name="").tries_to_sign_in()

    def tries(count: int) -> Counter[int]:
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.extend(map(a_try, range(count // AT_ONCE)))) for _ in range(AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Counter(answers)

    server.start(encoder=False, workers=WORKERS)
    # A window of a quarter of an hour must not end between the tries.
    if time.time() % (15 * 60) > 14 * 60:
        time.sleep(60)
    first = [a_try(0) for _ in range(4)]
    server.kill()
    server.start(encoder=False, workers=WORKERS)
    found = Counter(first) + tries(20 * AT_ONCE)
    assert found == {422: ALLOWED, 429: 4 + 20 * AT_ONCE - ALLOWED}
    right = Browser(port=server.port, email="genk@test.example", password=PASSWORD, name="")
    assert right.tries_to_sign_in() == 429
    figure(
        f"tries at one password over {WORKERS} processes and a restart",
        f"{found[422]} looked at, {found[429]} turned away",
    )


def reads_everything(db: Database, port: int) -> int:
    """Every page that is read, in every state the demo can be brought into; returns how many there were."""

    def account(name: str) -> Member:
        found = data.people.by_email(db, email=address_of(name))
        assert found is not None
        return found

    ids = arrange(db, account)
    browsers: dict[str | None, Browser] = {}
    # Where letters are really sent there is no page that shows them.
    rooms = [room for room in ROOMS if not room.does and not room.at.startswith("/mailbox")]
    for room in rooms:
        if room.who not in browsers:
            email = address_of(room.who) if room.who else ""
            browsers[room.who] = Browser(port=port, email=email, password=DEMO_PASSWORD, name="")
            if room.who:
                browsers[room.who].sign_in_once()
        assert browsers[room.who].read(quote(room.at.format_map(ids), safe="/?=&%")) == room.status, room.name
    return len(rooms)


def jobs_end(db: Database) -> None:
    """Wait until the worker has done all there is to do today."""
    until = time.monotonic() + 240
    while value(db, "select count(*) from jobs where done_at is null and not_before <= ?", [now()]):
        assert time.monotonic() < until, "the worker did not end"
        time.sleep(0.5)


@pytest.mark.soak
def test_nothing_but_the_mail_server_is_asked(tmp_path: Path, figure: Figure) -> None:
    """Set-up, web processes and worker, over every page and the letters that come of an idea and a me-too."""
    (tmp_path / "sitecustomize.py").write_text(TELL)
    folder, log, port = tmp_path / "instance", tmp_path / "told", free_port()
    mail = MailServer()
    try:
        told = {"PYTHONPATH": str(tmp_path), "TOLD": str(log), "MEDESTANDERS_SMTP_URL": f"smtp://127.0.0.1:{mail.port}"}
        with served(folder, port, MEDESTANDERS_WORKERS="2", MEDESTANDERS_DEMO="1", **told) as process:
            read_until_ready(process)
            db = connect(folder / "medestanders.sqlite")
            pages = reads_everything(db, port)
            jobs_end(db)
            close(db)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    finally:
        mail.stop()
    letters = mail.tried
    asked = Counter(tuple(json.loads(line)) for line in log.read_text().splitlines())
    # Whoever sends mail greets with the name of the machine, and asks it for that name.
    ours = {("127.0.0.1", str(mail.port)), ("127.0.0.1", str(port)), (socket.gethostname(),)}
    foreign = {one: count for one, count in asked.items() if tuple(one[1:]) not in ours}
    assert not foreign
    assert letters > 0
    assert asked[("socket.connect", "127.0.0.1", str(mail.port))] > 0, "nothing was told, not even of the mail server"
    figure("other machines asked, by set-up, web and worker", f"0 over {pages} pages and {letters} letters")
