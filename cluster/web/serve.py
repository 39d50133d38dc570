"""Serving: `make run` sets up the place and runs web server and worker side by side until told to stop."""

import ctypes
import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType

from flask import Flask

import data.people
import data.store
from cluster.web.context import root
from cluster.web.people import DEMO_PASSWORD
from cluster.web.settings import Settings, read_settings

# Only this machine: in a demo everybody knows the passwords, and in production the service stands behind a proxy
# that speaks https; who could pass that proxy by, could claim any address in X-Forwarded-For.
HOST = "127.0.0.1"

_THREADS = 8
# Threads of OpenBLAS wait for more by spinning, and take the core on which the next question is read (measured over
# HTTP among 10,000 ideas: p95 of suggestions 40 ms, with one thread 33 ms).
ONE_THREAD = ("--env", "OPENBLAS_NUM_THREADS=1")
_READY_WITHIN_S = 120
_STOPS_WITHIN_S = 30
_PR_SET_PDEATHSIG = 1


def serve() -> int:
    """Set up, start web server and worker, tell the address, and wait; returns the exit status.

    Ctrl-C or SIGTERM ends both, and the status is 0; when one of them dies the other is ended, and it is 1.
    """
    settings = read_settings()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: _note(ended, number, frame))
    if not _free(settings.port):
        print(f"Poort {settings.port} is bezet. Kies een andere, zoals: PORT=8001 make run", file=sys.stderr)
        return 1
    if not _set_up(settings, ended):
        return 0 if ended.is_set() else 1
    children = [_start(_web(settings), PROMETHEUS_MULTIPROC_DIR=_figures(settings)), _start(_flask("work"))]
    try:
        if _wait_until_ready(settings, children, ended):
            _tell(settings)
            while not ended.is_set() and all(child.poll() is None for child in children):
                ended.wait(0.2)
    finally:
        _stop(children)
    if ended.is_set():
        return 0
    print("De webserver of de worker startte niet of viel uit; de andere is gestopt.", file=sys.stderr)
    return 1


def _note(ended: threading.Event, number: int, frame: FrameType | None) -> None:
    ended.set()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _set_up(settings: Settings, ended: threading.Event) -> bool:
    """Set up in a process of its own, whose memory is given back; the demo only in a new data folder.

    False when it failed or was told to stop. A set-up that was cut short left its mark, and goes on the next time.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    unfinished = settings.data / "demo_unfinished"
    demo = settings.demo and (unfinished.exists() or not settings.database.exists())
    if demo:
        unfinished.touch()
    child = _start(_flask("setup", *(["--demo"] if demo else [])))
    while child.poll() is None:
        if ended.wait(0.1):
            _stop([child])
            return False
    if child.returncode == 0:
        unfinished.unlink(missing_ok=True)
    return child.returncode == 0


def _flask(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", str(root() / "wsgi.py"), *arguments]


def preloaded() -> Flask:
    """The application with its encoder loaded, for a server that forks: all its processes then share that memory.

    Nothing else is opened yet: a connection to the store does not survive a fork.
    """
    from cluster.web import create_app

    app = create_app()
    app.extensions["medestanders"].encoder.get()
    # What the collector touches is copied: it need not look at what will stay until the end.
    gc.collect()
    gc.freeze()
    return app


def _web(settings: Settings) -> list[str]:
    # A single process has nobody to share the encoder with: it loads it itself, at the first question.
    shared = ("--preload", "cluster.web.serve:preloaded()")
    return [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning"),
        *("--pythonpath", str(root()), "--worker-class", "gthread", *ONE_THREAD),
        *("--workers", str(settings.workers), "--threads", str(_THREADS)),
        *("--graceful-timeout", "10", "--bind", f"{HOST}:{settings.port}"),
        *(shared if settings.workers > 1 else ("wsgi:app",)),
    ]


def _figures(settings: Settings) -> str:
    """An empty folder where each web process writes what it measures, so that whichever is asked tells of all."""
    folder = settings.data / "figures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return str(folder)


def _start(command: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that a Ctrl-C reaches this process alone and it ends them in order."""
    return subprocess.Popen(  # noqa: S603 - our own
        command, start_new_session=True, preexec_fn=_end_with_parent, env={**os.environ, **environment}
    )


def _end_with_parent() -> None:
    """Ask Linux to end this child should its parent be killed, so that nobody keeps the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_ready(settings: Settings, children: Sequence[subprocess.Popen[bytes]], ended: threading.Event) -> bool:
    """Wait until the start page answers; false when it fails, a child died, told to stop, or after two minutes."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until and not ended.is_set() and all(child.poll() is None for child in children):
        try:
            direct.open(f"http://{HOST}:{settings.port}/", timeout=10).close()
        except urllib.error.HTTPError:
            return False
        except OSError:
            ended.wait(0.2)
        else:
            # The first question loads the encoder; nobody should have to wait for that.
            warm = partial(direct.open, f"http://{HOST}:{settings.port}/readyz", timeout=_READY_WITHIN_S)
            threading.Thread(target=_quietly, args=[warm], daemon=True).start()
            return True
    return False


def _quietly(ask: Callable[[], object]) -> None:
    with suppress(OSError):
        ask()


def _tell(settings: Settings) -> None:
    print(f"\nMedestanders staat klaar op http://{HOST}:{settings.port}/")
    if settings.demo:
        db = data.store.connect(settings.database)
        members = data.people.demo_members(db)
        data.store.close(db)
        if members:
            print(f"Demo-accounts, alle met het wachtwoord “{DEMO_PASSWORD}”:")
        for member in members:
            print(f"  {member.email:45} {member.organisation or 'coördinator van het programma'}")
    print("Stop met Ctrl-C.", flush=True)


def _stop(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End children politely, and those that do not listen by force."""
    for child in children:
        with suppress(ProcessLookupError):
            child.terminate()
    until = time.monotonic() + _STOPS_WITHIN_S
    for child in children:
        try:
            child.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
