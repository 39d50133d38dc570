"""The web server as `make run` starts it, over a folder of its own; asked over HTTP, and weighed."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode

from cluster.web.serve import _web
from cluster.web.settings import Settings

# A busy machine takes its time; a benchmark waits for it.
_READY_WITHIN_S = 600


class Server:
    """A running server; `started_s` is how long it took from nothing to its first suggestions."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self._process = process
        self._at = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        self.started_s = 0.0

    def similar(self, title: str, description: str, *, limit: int = 12) -> list[dict[str, Any]]:
        """What resembles a text, as any machine may ask."""
        body = json.dumps({"title": title[:200], "description": description, "limit": limit}).encode()
        request = urllib.request.Request(
            f"{self._at}/api/v1/similar", data=body, headers={"Content-Type": "application/json"}
        )
        with self._opener.open(request, timeout=_READY_WITHIN_S) as answer:
            found: list[dict[str, Any]] = json.load(answer)["matches"]
            return found

    def sign_in(self, email: str, password: str) -> None:
        """Sign in, for what only members may do."""
        self._submit("/sign-in", self._fields("/sign-in"), email=email, password=password)

    def form(self) -> dict[str, str]:
        """The hidden fields of a new form for an idea."""
        return self._fields("/ideas/new")

    def post(self, fields: dict[str, str], title: str, description: str) -> None:
        """Post an idea with these hidden fields, without reading the page that follows."""
        self._submit("/ideas/new", fields, title=title, description=description)

    def _fields(self, path: str) -> dict[str, str]:
        with self._opener.open(self._at + path, timeout=_READY_WITHIN_S) as answer:
            page = answer.read().decode()
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        return dict(hidden)

    def _submit(self, path: str, hidden: dict[str, str], **fields: str) -> None:
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *self._cookies(), Stay())
        try:
            opener.open(self._at + path, data=urlencode({**hidden, **fields}).encode(), timeout=_READY_WITHIN_S).close()
        except urllib.error.HTTPError as answer:
            if answer.code != 303:
                raise RuntimeError(f"{path}: {answer.code} {answer.read()[:2000]!r}") from None
        else:
            raise RuntimeError(f"{path} was not taken")

    def _cookies(self) -> list[urllib.request.BaseHandler]:
        return [one for one in self._opener.handlers if isinstance(one, urllib.request.HTTPCookieProcessor)]

    def memory_mb(self) -> float:
        """What the server and its workers take together: the sum of their proportional set sizes (PSS)."""
        return sum(self.memory_each_mb())

    def memory_each_mb(self) -> list[float]:
        """What each of them takes, the master first; what they share is divided among them."""
        return [_pss_kb(pid) / 1024 for pid in _family(self._process.pid)]


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Start a server over a filled folder, wait for its first suggestions, and end it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(data=folder, PORT=port, workers=int(os.environ.get("MEDESTANDERS_WORKERS", "1")))  # type: ignore[call-arg]
    environment = {
        **os.environ,
        "MEDESTANDERS_DATA": str(folder),
        "MEDESTANDERS_SIMILAR_PER_SECOND": str(10**6),
        "MEDESTANDERS_DEMO": "1",
        "PORT": str(port),
    }
    start = time.perf_counter()
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            _web(settings), env=environment, stdout=log, stderr=log, cwd=Path(__file__).parents[2]
        )
    try:
        server = Server(process, port)
        while True:
            if process.poll() is not None or time.perf_counter() - start > _READY_WITHIN_S:
                raise RuntimeError(f"the server does not start: {(folder / 'server.log').read_text()[-2000:]}")
            try:
                # Ideas lie ready, so an empty answer means that it is not.
                if server.similar("Een chatbot voor vragen van inwoners", "Dag en nacht antwoord."):
                    break
            except (URLError, OSError):
                time.sleep(0.05)
        server.started_s = time.perf_counter() - start
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _family(pid: int) -> list[int]:
    """A process and all that come of it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _family(int(child))
    return found


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
