"""The web server as a process of its own, for tests that kill it, restart it, or fill its disk."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from data.store import close, connect

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def over(folder: Path, db: Database) -> Iterator["Server"]:
    """A server over a copy of a furnished database in a folder, killed at the end."""
    kept = connect(folder / "medestanders.sqlite")
    db.conn.backup(kept.conn)
    close(kept)
    server = Server(folder)
    yield server
    server.close()


class Server:
    """The web server as `make run` starts it, on a free port, over a folder of its own.

    With `held` the port stays open while no server runs, as systemd keeps it; whoever comes then waits.
    """

    def __init__(self, folder: Path, *, held: bool = False) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._held = held
        if held:
            self._socket.listen(256)
        else:
            self._socket.close()
        self.folder = folder
        self.log = folder / "web.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, encoder: bool, workers: int = 1) -> None:
        """Start with so many processes, and wait until it answers."""
        environment = os.environ | {"MEDESTANDERS_DATA": str(self.folder), "MEDESTANDERS_DEMO": "1"}
        environment["MEDESTANDERS_ENCODER"] = "" if encoder else str(self.folder / "no-encoder")
        at = f"fd://{self._socket.fileno()}" if self._held else f"127.0.0.1:{self.port}"
        gunicorn = ["gunicorn", "--no-control-socket", "--graceful-timeout", "30", "--bind", at]
        how = ["-k", "gthread", "--threads", "8", "-w", str(workers), "wsgi:app"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *gunicorn, *how],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                pass_fds=[self._socket.fileno()] if self._held else [],
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._answers():
                return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text()[-3_000:])

    def end(self) -> int:
        """Ask it to end, as systemd does, and wait; returns its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(timeout=60)
        self._process = None
        return status

    def close(self) -> None:
        """Kill it, and let go of the port."""
        self.kill()
        self._socket.close()

    def kill(self) -> None:
        """Kill all its processes at once; nobody gets to tidy up."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            while not self._held and self._answers():  # its children die a moment later
                time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
