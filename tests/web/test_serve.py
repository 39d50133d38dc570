"""`make run` in small: set up, serve, and end everything that was started."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import data.people
import data.store

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new data folder, which the tests of this module use one after the other."""
    return tmp_path_factory.mktemp("serve") / "instance"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`python wsgi.py` as a process; whatever is left of it afterwards is ended."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "wsgi.py")],
        cwd=folder.parent,
        env={**os.environ, "PORT": str(port), "MEDESTANDERS_DATA": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        for pid in processes_of(folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def processes_of(folder: Path) -> dict[int, str]:
    """The processes that work on a data folder, with their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"MEDESTANDERS_DATA={folder}\0".encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return {pid: command for pid, command in found.items() if command}


def read_until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return said
    raise AssertionError(f"it did not start:\n{said}")


def gone(folder: Path) -> bool:
    until = time.monotonic() + 60
    while processes_of(folder) and time.monotonic() < until:
        time.sleep(0.1)
    return not processes_of(folder)


def test_a_new_place_serves_the_demo_and_sigterm_ends_all_with_0(folder: Path) -> None:
    port = free_port()
    with served(folder, port) as process:
        said = read_until_ready(process)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            assert answer.status == 200

        assert f"http://127.0.0.1:{port}/" in said
        assert "gent@demo.medestanders.example" in said
        assert any(command.rstrip().endswith(" work") for command in processes_of(folder).values())

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
        assert gone(folder)


def test_a_later_start_adds_no_demo_and_the_death_of_the_worker_ends_all_with_1(folder: Path) -> None:
    db = data.store.connect(folder / "medestanders.sqlite")
    with data.store.transaction(db):
        db.execute("delete from introductions")
        db.execute("delete from endorsements")
    with served(folder, free_port()) as process:
        said = read_until_ready(process)
        (worker,) = [pid for pid, command in processes_of(folder).items() if command.rstrip().endswith(" work")]

        os.kill(worker, signal.SIGKILL)

        assert process.wait(timeout=PATIENCE_S) == 1
        assert gone(folder)
    assert "toegevoegd" not in said
    assert data.store.value(db, "select count(*) from endorsements") == 0
    data.store.close(db)


def test_production_does_not_start_over_a_demo(folder: Path) -> None:
    with served(folder, free_port(), MEDESTANDERS_DEMO="0", MEDESTANDERS_SECRET_KEY="s" * 40) as process:
        said, _ = process.communicate(timeout=PATIENCE_S)

        assert process.returncode == 1
        assert "16 demo-accounts" in said
        assert "Traceback" not in said
        assert gone(folder)


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with served(tmp_path / "instance", port) as process:
            said, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert f"Poort {port} is bezet" in said
    assert not (tmp_path / "instance").exists()


@pytest.mark.soak
def test_nothing_is_left_when_the_parent_is_killed(folder: Path) -> None:
    with served(folder, free_port()) as process:
        read_until_ready(process)

        process.kill()

        assert gone(folder)
