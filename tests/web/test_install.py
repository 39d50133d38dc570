"""What the installation page promises: units that name what exists, and a restart that loses no request."""

import configparser
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from cluster.web.serve import ONE_THREAD
from cluster.web.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "cluster" / "web" / "install"
PAGE = (INSTALL / "README.md").read_text(encoding="utf-8")
UNITS = sorted(INSTALL.glob("*.service"))


def started(unit: Path) -> list[list[str]]:
    """The command lines of a unit."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [shlex.split(line.partition("=")[2]) for line in lines if line.startswith(("ExecStart=", "ExecStartPre="))]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_commands_that_exist_as_nobody_special(app: Flask, unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert "User=medestanders" in text
    assert "ProtectSystem=strict" in text
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(text)
    assert {"Unit", "Service"} <= set(parser.sections())
    for command in re.findall(r"flask --app wsgi (\w+)", text):
        assert command in app.cli.commands


def test_the_page_names_every_file_and_settings_that_exist() -> None:
    for name in re.findall(r"medestanders(?:-\w+)?\.(?:socket|service|timer)|medestanders-\w+\.timer", PAGE):
        assert (INSTALL / name).exists(), name
    known = {f"MEDESTANDERS_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"MEDESTANDERS_\w+", PAGE)) <= known
    assert set(re.findall(r"MEDESTANDERS_\w+", "".join(unit.read_text() for unit in UNITS))) <= known


def test_the_socket_starts_the_web_server() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string((INSTALL / "medestanders.socket").read_text(encoding="utf-8"))
    assert parser["Socket"]["Service"] in {unit.name for unit in UNITS}


def test_commands_of_the_page_are_found_from_any_folder() -> None:
    (line,) = re.findall(r"alias medestanders='(.+)'", PAGE)
    # systemd-run looks for a program before it goes to the working directory.
    assert shlex.split(line)[-3].startswith("/opt/medestanders/")


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket as systemd would hold it open."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(256)
        yield held


def serve(held: socket.socket, folder: Path) -> "subprocess.Popen[bytes]":
    """Start the web server of the unit on this socket, as systemd does."""
    (command,) = [line for line in started(INSTALL / "medestanders-web.service") if "gunicorn" in line[0]]
    arguments = [one.replace("${MEDESTANDERS_WORKERS}", "2") for one in command[1:]]
    fd = held.fileno()
    shell = f'exec 3<&{fd}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
    return subprocess.Popen(
        ["bash", "-c", shell, "serve", sys.executable, "-m", "gunicorn", *arguments],
        cwd=ROOT,
        pass_fds=[fd],
        env={"PATH": "/usr/bin:/bin", "MEDESTANDERS_DATA": str(folder), "MEDESTANDERS_ENCODER": str(folder / "none")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_the_unit_and_make_run_give_the_web_server_one_thread_to_multiply_with() -> None:
    assert " ".join(ONE_THREAD) in (INSTALL / "medestanders-web.service").read_text()


def test_a_restart_loses_no_request(listening: socket.socket, tmp_path: Path, kept: Path) -> None:
    (tmp_path / "medestanders.sqlite").write_bytes((kept / "medestanders.sqlite").read_bytes())
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/municipalities"
    answers: list[int] = []
    faults: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            try:
                with urllib.request.urlopen(address, timeout=60) as answer:
                    answer.read()
                    answers.append(answer.status)
            except OSError as fault:
                faults.append(repr(fault))

    server = serve(listening, tmp_path)
    askers = [threading.Thread(target=ask) for _ in range(4)]
    try:
        for asker in askers:
            asker.start()
        for _ in range(2):
            count = len(answers)
            until = time.monotonic() + 90
            while len(answers) < count + 20 and time.monotonic() < until:
                time.sleep(0.1)
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=60) == 0
            server = serve(listening, tmp_path)
        count = len(answers)
        until = time.monotonic() + 90
        while len(answers) < count + 20 and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        enough.set()
        for asker in askers:
            asker.join()
        server.terminate()
        server.wait(timeout=60)
    assert faults == []
    assert set(answers) == {200}
    assert len(answers) >= 60
