"""Logs tell what happened to whom by id: never a name, an address or a text."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

import cluster.ideas

Page = Callable[..., Any]
CANARY = "kanarievogel"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_each_request_is_told_by_ids_alone(
    app: Flask, page: Page, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = page("genk")
    monkeypatch.setattr(app.extensions["medestanders"].settings, "demo", False)
    idea = {"title": CANARY, "description": CANARY}
    visitor.submit("/ideas/new", **idea)
    visitor.get(f"/search?q={CANARY}")
    visitor.get(f"/reset-password/{CANARY}", status=404)
    visitor.client.get(f"/{CANARY}")
    token = str(visitor.get("/ideas/1/attachments").select_one("input[name=csrf_token]")["value"])
    file = (BytesIO(b"%PDF-1.7"), f"{CANARY}.pdf")
    assert visitor.client.post("/ideas/1/attachments", data={"csrf_token": token, "files": file}).status_code == 303
    page().submit("/sign-in", email=f"{CANARY}@genk.example", password=CANARY, status=422)

    def broken(*_: Any, **__: Any) -> int:
        try:
            return int(CANARY)
        except ValueError as error:
            error.add_note(CANARY)
            raise LookupError(f"no such {CANARY}") from error

    monkeypatch.setattr(cluster.ideas, "post", broken)
    broke = visitor.client.post("/ideas/new", data={"csrf_token": token, **idea})
    assert broke.status_code == 500
    told = lines(capsys)
    assert CANARY not in json.dumps(told)
    assert "genk@test.example" not in json.dumps(told)
    requests = [one for one in told if one["event"] == "request"]
    posted = next(one for one in requests if one["method"] == "POST")
    assert (posted["path"], posted["status"], posted["level"]) == ("/ideas/new", 303, "info")
    assert isinstance(posted["member"], int)
    assert isinstance(posted["ms"], int)
    assert {one["path"] for one in requests} >= {"/search", "/reset-password/<token>", None}
    (fault,) = [one for one in told if one["event"] == "fault"]
    assert [one["exc_type"] for one in fault["exception"]] == ["LookupError", "ValueError"]
    assert fault["exception"][0]["frames"][-1]["name"] == "broken"
    assert requests[-1]["request_id"] == fault["request_id"]
    # Who reports a fault can say which one it was.
    assert f"<code>{fault['request_id']}</code>" in broke.get_data(as_text=True)


def test_a_request_keeps_the_id_that_a_believed_proxy_gave_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(given: str) -> str:
        return str(app.test_client().get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"])

    assert answered("0123456789abcdef") != "0123456789abcdef"
    monkeypatch.setattr(app.extensions["medestanders"].settings, "trusted_proxies", 1)
    assert answered("0123456789abcdef") == "0123456789abcdef"
    assert answered('{"forged": 1}') != '{"forged": 1}'
    assert answered("") != answered("")


def test_what_the_store_says_of_itself_is_told(app: Flask, page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    db = app.extensions["medestanders"].db()
    visitor = page("genk")
    visitor.get("/ideas/new")
    db.execute("alter table ideas rename to elsewhere")
    visitor.client.get("/ideas")
    (fault,) = [one for one in lines(capsys) if one["event"] == "fault"]
    assert "ideas" in fault["exception"][0]["exc_value"]
