"""Clients for the tests that kill the web server: they sign in, post, withdraw and restore over HTTP, and keep account.

They talk to 127.0.0.1 only. What was answered with 303 is acknowledged; what broke off may have happened or not, and
what was refused because nothing can be written did not.
"""

import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_KEY = re.compile(r'name="submission_key"[^>]* value="([^"]+)"')
_ADDRESS = re.compile(r"/ideas/(\d+)$")
BROKEN = (OSError, http.client.HTTPException)


@dataclass
class Account:
    """What one client was told, and what it does not know."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    broken_off: dict[str, dict[str, str]] = field(default_factory=dict)
    states: dict[int, str | None] = field(default_factory=dict)
    refused: int = 0
    unexpected: list[str] = field(default_factory=list)


class Browser:
    """One signed-in client with its own session, which survives the server."""

    def __init__(self, *, port: int, email: str, password: str, name: str) -> None:
        self.port, self.email, self.password, self.name = port, email, password, name
        self.account = Account()
        self._cookie = ""
        self._signed_in = False
        self._posted = 0
        self.moved = 0

    def _ask(self, method: str, address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        try:
            headers = {"Cookie": self._cookie} if self._cookie else {}
            if form is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, address, urlencode(form) if form is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            for given in answer.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(given).items():
                    self._cookie = f"{name}={morsel.value}"
            return answer.status, answer.headers.get("Location", ""), text
        finally:
            connection.close()

    def sign_in_once(self) -> None:
        """Sign in by the form, as a person does, unless that was done: the session outlives the server."""
        if not self._signed_in:
            assert self.tries_to_sign_in() == 303
        self._signed_in = True

    def tries_to_sign_in(self) -> int:
        """Send the form, as a person does; the status of the answer."""
        _, _, page = self._ask("GET", "/sign-in")
        form = {"csrf_token": _found(_TOKEN, page), "email": self.email, "password": self.password}
        return self._ask("POST", "/sign-in", form)[0]

    def write(self, over: threading.Event, acknowledged: Callable[[], None]) -> None:
        """Post ideas and withdraw or restore one's own until the server is gone or it is over."""
        try:
            while not over.is_set():
                idea_id = self._post()
                acknowledged()
                if idea_id is not None and self._posted % 3 == 0:
                    self._move(idea_id)
                    acknowledged()
        except BROKEN:
            return

    def _post(self) -> int | None:
        status, _, page = self._ask("GET", "/ideas/new")
        if status != 200:
            self.account.unexpected.append(f"GET /ideas/new {status} {page[:500]}")
            return None
        self._posted += 1
        form = {
            "csrf_token": _found(_TOKEN, page),
            "submission_key": _found(_KEY, page),
            "title": f"Idee {self.name} {self._posted}",
            "description": "Een loket dat ook ’s avonds open is. " * 20,
        }
        return self._send(form)

    def _send(self, form: dict[str, str]) -> int | None:
        title = form["title"]
        self.account.broken_off[title] = form
        status, location, page = self._ask("POST", "/ideas/new", form)
        if status == 503 and title in page and form["description"].strip() in page:
            self.account.refused += 1  # with all that was typed, to be sent again
            return None
        del self.account.broken_off[title]
        if status != 303:
            self.account.unexpected.append(f"POST /ideas/new {status} {page[:500]}")
            return None
        idea_id = int(_found(_ADDRESS, location))
        self.account.acknowledged[title] = idea_id
        self.account.states[idea_id] = "open"
        return idea_id

    def _move(self, newest: int) -> None:
        mine = list(self.account.acknowledged.values())
        idea_id = mine[self._posted * 7 % len(mine)] if self._posted % 2 else newest
        verb, after = ("restore", "open") if self.account.states[idea_id] == "withdrawn" else ("withdraw", "withdrawn")
        _, _, page = self._ask("GET", f"/ideas/{idea_id}")
        self.account.states[idea_id] = None
        status, _, page = self._ask("POST", f"/ideas/{idea_id}/{verb}", {"csrf_token": _found(_TOKEN, page)})
        if status == 303:
            self.account.states[idea_id] = after
            self.moved += 1
        elif status == 503:
            self.account.refused += 1
        else:
            self.account.unexpected.append(f"POST {verb} {status} {page[:500]}")

    def read(self, address: str) -> int:
        """The status of a page."""
        return self._ask("GET", address)[0]

    def send_again(self) -> int:
        """Send again what broke off, with the very same form, as a person does who reloads; returns how many."""
        again = list(self.account.broken_off.values())
        for form in again:
            self._send(form)
        return len(again)


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found is not None, text[:2_000]
    return found[1]
