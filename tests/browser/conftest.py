"""A real Chromium before a real server: `make run` in a folder of its own, with the demo, for every test here."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, StorageState, sync_playwright
from sqlite_utils import Database

import data.people
import data.store
from cluster.web.people import DEMO_PASSWORD
from models.people import Member
from tests.browser.rooms import arrange

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "test-artefacts"
_PATIENCE_S = 240
_WAIT_MS = 30_000
# Nothing of Chromium's own may reach for the network or the graphics card.
_ARGUMENTS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@dataclass(frozen=True)
class Served:
    """A place that answers: its address and its data folder."""

    home: str
    folder: Path


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Web server and worker over a new folder with the demo, as a newcomer starts them; warm before the first test."""
    folder = tmp_path_factory.mktemp("browser") / "instance"
    with serving(folder, str(ROOT / "wsgi.py")) as home:
        yield Served(home, folder)


@contextmanager
def serving(folder: Path, *program: str) -> Iterator[str]:
    """Run a Python program that serves this data folder at $PORT, and tell its address once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = folder.parent / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *program],
            cwd=folder.parent,
            env={**os.environ, "PORT": str(port), "MEDESTANDERS_DATA": str(folder), "MEDESTANDERS_DEMO": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    home = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{home}/readyz", log)
        yield home
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=90)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=60) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests fail, for a gate that skips them says nothing.

    Its headless shell is the same engine without a window of its own, of which each test would draw another: a third
    of the time (1.3 s for fifteen windows instead of 4.0).
    """
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        pytest.fail("There is no Chromium. Install it with: apt-get install chromium-headless-shell")
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def place(served: Served) -> Iterator[Database]:
    """The server's own database, for arranging and looking beside it."""
    db = data.store.connect(served.folder / "medestanders.sqlite")
    yield db
    data.store.close(db)


@pytest.fixture(scope="package")
def account(place: Database) -> Callable[[str], Member]:
    """A demo member by the name before the @."""

    def find(name: str) -> Member:
        found = data.people.by_email(place, email=address_of(name))
        assert found is not None, name
        return found

    return find


@pytest.fixture(scope="package")
def ids(place: Database, account: Callable[[str], Member]) -> dict[str, int | str]:
    """What stands where, once the demo is brought into the states the rooms need."""
    return arrange(place, account)


def address_of(name: str) -> str:
    """The e-mail address of a demo account."""
    return f"{name}@demo.medestanders.example"


class Watch:
    """What a page must not do: break, log an error, break its own policy, or ask anything of another host."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.wrong: list[str] = []
        self._home = home
        context.on("request", self._requested)
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.wrong.append(f"script error: {error.error}"))

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self._home, "data:")):
            self.wrong.append(f"request to another host: {request.url}")

    def _said(self, kind: str, text: str) -> None:
        # Chromium itself logs each answer of 400 and up; whether a status is right is asserted where it is asked for.
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource: the server responded with"):
            self.wrong.append(f"console {kind}: {text}")


@pytest.fixture(scope="package")
def session_of(served: Served, chromium: Browser) -> Callable[[str], StorageState]:
    """What a browser keeps once a demo account signed in, by the name before the @."""
    kept: dict[str, StorageState] = {}

    def find(name: str) -> StorageState:
        if name not in kept:
            with chromium.new_context(base_url=served.home, locale="nl-BE") as context:
                page = context.new_page()
                page.set_default_timeout(_WAIT_MS)
                sign_in(page, name)
                kept[name] = context.storage_state()
        return kept[name]

    return find


@pytest.fixture
def visit(
    served: Served, chromium: Browser, session_of: Callable[[str], StorageState]
) -> Iterator[Callable[..., Page]]:
    """A new window, signed in as a demo account if named: `visit("gent")`; nothing may go wrong in it."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def open_window(name: str | None = None, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=served.home,
            **{"locale": "nl-BE", "storage_state": session_of(name) if name else None, **options},
        )
        context.set_default_timeout(_WAIT_MS)
        contexts.append(context)
        watches.append(Watch(context, served.home))
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
    assert not [wrong for watch in watches for wrong in watch.wrong]


def sign_in(page: Page, name: str) -> None:
    """Sign in by the form, as a person does."""
    page.goto("/sign-in")
    page.get_by_label("E-mailadres", exact=True).fill(address_of(name))
    page.get_by_label("Wachtwoord", exact=True).fill(DEMO_PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Aanmelden").click()
    page.wait_for_url("**/")
