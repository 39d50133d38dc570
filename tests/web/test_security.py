"""Every answer carries the headers that keep a browser in check; the table of `test_access` asks it of every route."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

Page = Callable[..., Any]


def unguarded(answer: TestResponse) -> list[str]:
    """What a browser is not told by this answer and should be."""
    headers = answer.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers.get("Content-Security-Policy", "").split(";"))
    own = policy.get("default-src") == "'none'" and policy.get("frame-ancestors") == "'none'"
    # A file of somebody is no page of ours: there it is as strict, or stricter.
    own &= policy.get("script-src", "'none'") in {"'self'", "'none'"} and "unsafe" not in str(policy)
    expected = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    lacks = [name for name, value in expected.items() if headers.get(name) != value]
    if not own:
        lacks.append(f"policy {policy}")
    if "Cache-Control" not in headers or (
        "no-store" not in headers["Cache-Control"] and answer.request.path[:8] != "/static/"
    ):
        lacks.append("Cache-Control")
    cookie = headers.get("Set-Cookie", "")
    if cookie and not ("HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie):
        lacks.append(f"cookie {cookie}")
    if "Server" in headers or "X-Powered-By" in headers:
        lacks.append("tells what it runs on")
    return lacks


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/static/style.css", 200),
        ("GET", "/static/nothing.css", 404),
        ("GET", "/static/../wsgi.py", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/ideas", 405),
        ("TRACE", "/ideas", 405),
        ("OPTIONS", "/ideas", 200),
        ("HEAD", "/ideas", 200),
        ("POST", "/ideas/new", 400),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/similar", 405),
    ],
)
def test_errors_and_files_carry_the_headers_too(app: Flask, method: str, address: str, status: int) -> None:
    answer = app.test_client().open(address, method=method)
    answer.close()
    assert (answer.status_code, unguarded(answer)) == (status, [])


def test_what_is_too_large_not_changed_or_broken_carries_them(
    app: Flask, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = page("genk").client
    kept = client.get("/static/style.css")
    again = client.get("/static/style.css", headers={"If-None-Match": kept.headers["ETag"]})
    large = client.post("/ideas/new", data={"title": "x" * 600_000})
    app.extensions["medestanders"].db().execute("alter table ideas rename to elsewhere")
    broken = client.get("/ideas")
    for answer, status in ((kept, 200), (again, 304), (large, 413), (broken, 500)):
        answer.close()
        assert (answer.status_code, unguarded(answer)) == (status, [])


def test_over_https_browsers_are_told_to_stay_there_and_cookies_too(app: Flask) -> None:
    app.config |= {"SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_NAME": "__Host-session"}
    answer = app.test_client().get("/sign-in", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
