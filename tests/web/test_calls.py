"""Pages about calls: conditions, deadlines that moved, and what was made for a call."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.calls
import cluster.ideas
import cluster.projects
import data.calls
import data.store
from cluster.imports import Row
from cluster.web.calendars import fold
from cluster.web.languages import countdown
from models.ideas import IdeaForm


@pytest.fixture
def seeded(app_db: Database) -> Database:
    """The database of the application with the seven real calls."""
    with data.store.transaction(app_db):
        app_db.execute("delete from calls")
        app_db.execute("delete from themes")
    cluster.calls.seed(
        app_db,
        themes=json.loads((data.calls.SEED / "themes.json").read_text()),
        calls=json.loads((data.calls.SEED / "calls.json").read_text())["calls"],
    )
    return app_db


def test_all_calls_are_listed_with_ceiling_and_state(page: Callable[..., Any], seeded: Database) -> None:
    found = page().get("/calls")

    assert [card.get_text() for card in found.select(".card h2")] == [f"Oproep {number}" for number in range(1, 8)]
    assert "€ 150.000" in found.select_one(".card").get_text().replace("\xa0", " ")
    assert {tag.get_text() for tag in found.select(".card .tag.closed")} == {"Afgesloten"}
    assert "€ 35.000.000" in found.main.get_text().replace("\xa0", " ")


def test_moved_deadlines_stand_struck_through_and_the_last_one_counts(
    page: Callable[..., Any], seeded: Database
) -> None:
    found = page().get("/calls/1")

    assert [old.get_text() for old in found.select("dd s")] == ["28 november 2021, 23:59"]
    deadline = found.find("dt", string="Deadline").find_next("dd").get_text(" ", strip=True)
    assert "Vervallen: 28 november 2021, 23:59 (eerste configuratie)" in deadline
    assert "12 november 2021, 23:59" in deadline


def test_a_summer_deadline_is_shown_in_brussels_time(page: Callable[..., Any], seeded: Database) -> None:
    assert "1 juli 2022, 23:59" in page().get("/calls/5").main.get_text()


def test_an_open_call_says_so_and_stands_first(page: Callable[..., Any], seeded: Database) -> None:
    with data.store.transaction(seeded):
        seeded.execute("update calls set closes_at = '2999-12-31T22:59:59+00:00' where number = 7")

    found = page().get("/calls/7")

    assert found.select_one(".tag.open").get_text() == "Open"
    assert "31 december 2999, 23:59" in found.main.get_text()
    assert page().get("/calls").select_one(".card h2").get_text() == "Oproep 7"


def test_projects_of_a_call_stand_on_its_page(page: Callable[..., Any], seeded: Database) -> None:
    fields = {"id": "P", "title": "<i>Slim</i> loket", "description": "x", "municipality": "Genk", "call": 2}
    cluster.projects.import_rows(seeded, rows=[Row(1, fields)])

    assert [item.get_text() for item in page().get("/calls/2").select("h3 a")] == ["<i>Slim</i> loket"]
    assert not page().get("/calls/3").select("h3 a")


def test_what_ships_is_read_in_ones_own_language_and_what_coordinators_wrote_is_marked_as_dutch(
    page: Callable[..., Any], seeded: Database
) -> None:
    page("coordinator").submit("/calls/new", **CALL)
    page("coordinator").submit("/calls/8/open", at="/calls/8", revision="1")
    visitor = page()
    visitor.submit("/language", at="/calls", locale="en", next="/calls/1")

    found = visitor.get("/calls/1")

    assert found.html["lang"] == "en"
    assert found.h1.get_text() == "Call 1"
    assert found.title.get_text().startswith("Call 1")
    assert "at most 1 year after the grant" in found.main.get_text()
    assert not found.main.select("[lang=nl]")
    assert not visitor.get("/calls").select("#programme ~ * [lang=nl]")
    written = visitor.get("/calls/8")
    assert written.h1.span["lang"] == "nl"
    assert written.find("span", string="max. 2 jaar")["lang"] == "nl"
    options = [(one.get("lang"), one.get_text()) for one in visitor.get("/ideas").select("#call option")]
    assert options[1] == (None, "Call 1 – Innovative concept")
    assert options[-1] == ("nl", "Oproep 8 – Thematic project")


def test_all_that_ships_about_calls_is_there_in_every_language() -> None:
    shipped = json.loads((data.calls.SEED / "calls.json").read_text())
    programme = shipped["programme"]
    texts = [*programme["principles"], *programme["procedure"]]
    texts += [programme[name] for name in ("framework", "participation", "clustering", "lead_rule", "target_groups")]
    texts.append(programme["remark"])
    for call in shipped["calls"]:
        texts += [call[name] for name in ("name", "kind_name", "realisation", "remark")]
        texts += [deadline["note"] for deadline in call["deadlines"]]
    known = data.calls.shipped_words()
    assert set(known) == set(texts) - {None}
    assert {tuple(sorted(words)) for words in known.values()} == {("de", "en", "fr")}
    assert all(all(words.values()) for words in known.values())


@pytest.mark.parametrize("address", ["/calls/99", "/calls/0", "/calls/99999999999999999999", "/calls/x"])
def test_a_call_that_is_not_there_is_a_plain_404(page: Callable[..., Any], address: str) -> None:
    assert page().get(address, status=404).h1.get_text() == "Niet gevonden"


def test_without_calls_the_page_says_what_to_do_next(page: Callable[..., Any], app_db: Database) -> None:
    with data.store.transaction(app_db):
        app_db.execute("delete from calls")

    assert page().get("/calls").select_one(".empty a")["href"] == "/ideas"


SOON = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
CALL = {
    "name": "Oproep 8", "kind": "thematic", "kind_name": "Thematisch project", "opens_on": "2024-01-01",
    "closes_on": SOON, "closes_time": "23:59", "ceiling": "500000", "funding_percent": "80", "themes": "democratie",
    "conditions": "Voor gemeenten.\nSamen.", "realisation": "max. 2 jaar",
}  # fmt: skip


def test_a_coordinator_drafts_opens_moves_and_closes_a_call(page: Callable[..., Any], app_db: Database) -> None:
    coordinator, reader = page("coordinator"), page()
    found = coordinator.submit("/calls/new", **CALL)
    assert found.select_one(".tag.draft").get_text() == "Ontwerp"
    assert "Oproep 8" not in reader.get("/calls").main.get_text()
    assert "Oproep 8" not in page("genk").get("/ideas/new").main.get_text()
    reader.get("/calls/2", status=404)

    coordinator.submit("/calls/2/open", at="/calls/2", revision="1")
    shown = reader.get("/calls/2")
    assert shown.select_one(".tag.open")
    assert "om in te dienen" in shown.select_one(".lead").get_text()
    assert "Voor gemeenten." in shown.main.get_text()
    before = reader.client.get("/calls/2/deadline.ics").get_data(as_text=True)

    moved = {"closes_on": "2099-03-29", "closes_time": "02:30", "revision": "2"}
    refused = coordinator.submit("/calls/2/deadline", at="/calls/2", status=422, **moved, reason="")
    assert {tag["href"] for tag in refused.select("#errors a")} == {"#closes_time", "#reason"}
    assert refused.select_one("#closes_on")["value"] == "2099-03-29"
    moved |= {"closes_time": "12:00", "reason": "Te <b>kort</b>"}
    coordinator.submit("/calls/2/deadline", at="/calls/2", **moved)
    shown = reader.get("/calls/2")
    assert "29 maart 2099, 12:00" in shown.main.get_text()
    assert "Te <b>kort</b>" in shown.select_one("[aria-labelledby=history]").get_text()
    assert shown.select("dd s")
    after = reader.client.get("/calls/2/deadline.ics").get_data(as_text=True)
    uid = [line for line in before.splitlines() if line.startswith("UID:")]
    assert uid == [line for line in after.splitlines() if line.startswith("UID:")]
    assert "SEQUENCE:0" in before
    assert "SEQUENCE:1" in after
    assert "DTSTART:20990329T100000Z" in after

    late = coordinator.submit("/calls/2/deadline", at="/calls/2", status=409, **moved | {"closes_on": "2099-04-01"})
    assert "2099-04-01" in late.select_one("[role=alert] .kept").get_text()
    coordinator.submit("/calls/2/close", at="/calls/2", revision="3")
    assert reader.get("/calls/2").select_one(".tag.closed")


def test_a_call_that_is_refused_keeps_everything_typed(page: Callable[..., Any]) -> None:
    found = page("coordinator").submit("/calls/new", status=422, **CALL | {"ceiling": "veel", "name": ""})
    assert {tag["href"] for tag in found.select("#errors a")} == {"#name", "#ceiling"}
    assert found.select_one("#ceiling")["value"] == "veel"
    assert found.select_one("[name=themes][value=democratie]").has_attr("checked")
    assert found.select_one("#kind option[selected]")["value"] == "thematic"


def test_who_saves_a_call_second_sees_what_stands(page: Callable[..., Any]) -> None:
    coordinator = page("coordinator")
    coordinator.submit("/calls/new", **CALL)
    coordinator.submit("/calls/2/edit", **CALL | {"name": "Eerst"}, revision="1")
    late = coordinator.submit("/calls/2/edit", status=409, **CALL | {"name": "Dan"}, revision="1")
    assert "Eerst" in late.select_one("#errors").get_text()
    assert late.select_one("#name")["value"] == "Dan"
    assert late.select_one("[name=revision]")["value"] == "2"


def test_ideas_and_projects_of_a_call_turn_their_own_pages(
    page: Callable[..., Any], app_db: Database, who: Callable[[str], Any]
) -> None:
    for number in range(21):
        form = IdeaForm(title=f"Idee {number}", description="x", call_id=1)
        cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    fields = {"description": "x", "municipality": "Genk", "call": 1, "lang": "nl"}
    rows = [Row(at, {**fields, "id": f"P-{at}", "title": f"Project {at:02}"}) for at in range(21)]
    cluster.projects.import_rows(app_db, rows=rows)

    found = page().get("/calls/1?ideas=2")

    titles = [item.get_text() for item in found.select("h3 a.whole")]
    assert (titles[0], len(titles), titles[1]) == ("Idee 0", 21, "Project 00")
    (following,) = found.select("a[rel=next]")
    assert [item.get_text() for item in page().get(following["href"]).select("h3 a.whole")] == ["Idee 0", "Project 20"]


@pytest.mark.parametrize(
    ("now", "closes", "words"),
    [
        ("2026-03-01T12:00:00+00:00", "2026-03-31T21:59:59+00:00", "Nog 30 dagen"),
        ("2026-03-28T22:59:00+00:00", "2026-03-30T21:59:59+00:00", "Nog 2 dagen"),  # 47 hours, over the jump
        ("2026-10-24T21:59:00+00:00", "2026-10-26T22:59:59+00:00", "Nog 2 dagen"),  # 49 hours
        ("2026-10-24T12:00:00+00:00", "2026-10-25T22:59:59+00:00", "Nog tot morgen 23:59"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25T22:59:59+00:00", "Nog 22 uur"),
        ("2026-07-01T21:00:00+00:00", "2026-07-01T21:59:59+00:00", "Nog 59 minuten"),
        ("2026-07-01T21:59:00+00:00", "2026-07-01T21:59:59+00:00", "Nog 1 minuut"),
        ("2026-07-02T21:59:00+00:00", "2026-07-01T21:59:59+00:00", ""),
    ],
)
def test_the_time_left_is_counted_as_people_in_brussels_do(app: Flask, now: str, closes: str, words: str) -> None:
    with app.test_request_context("/"):
        assert countdown(closes, now) == words


def test_lines_of_a_calendar_are_folded_between_characters() -> None:
    line = "DESCRIPTION:" + "één €uro 🏛️ " * 30
    pieces = fold(line).split("\r\n")
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert "".join([pieces[0], *(piece[1:] for piece in pieces[1:])]) == line
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert fold("x" * 75) == "x" * 75


def test_a_calendar_file_says_what_it_is(page: Callable[..., Any], app_db: Database) -> None:
    with data.store.transaction(app_db):
        app_db.execute("update calls set name = 'Oproep; een, twee\\' where id = 1")
    answer = page().client.get("/calls/1/deadline.ics")
    text = answer.get_data(as_text=True)
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert "SUMMARY:Deadline Oproep\\; een\\, twee\\\\\r\n" in text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert text.count("\n") == text.count("\r\n")
