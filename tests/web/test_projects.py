"""Pages about projects: what is known, what is not, and never who to phone."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.projects
import data.store
from cluster.imports import Row

FULL = {
    "id": "P-1",
    "title": "Slim loket",
    "description": "Een loket dat ’s avonds open is.\n\nVoor iedereen.",
    "municipality": "Genk",
    "status": "approved",
    "status_note": "Goedgekeurd op 1 maart.",
    "source": ["https://genk.example/loket"],
    "theme": "dienstverlening",
    "theme_derived": True,
    "call": 1,
    "subsidy_eur": 426660.46,
    "year": "2022",
    "remark": "Uit de krant.",
    "partners": ["Aalter", "17 gemeenten van de Westhoek"],
    "lang": "nl",
}
BARE = {
    "id": "P-2",
    "title": "Kaal",
    "description": "Meer weten we niet.",
    "municipality": "Aalter",
    "programme": False,
}


@pytest.fixture
def known(app_db: Database) -> dict[str, int]:
    """Two projects, one with all fields and one with none; ids by external id."""
    cluster.projects.import_rows(app_db, rows=[Row(1, FULL), Row(2, BARE)])
    return {item["external_id"]: item["id"] for item in data.store.rows(app_db, "select id, external_id from projects")}


def answers(found: Any) -> dict[str, str]:
    return {
        term.get_text(strip=True): term.find_next("dd").get_text(" ", strip=True).replace("\xa0", " ")
        for term in found.select("main dt")
    }


def test_the_four_questions_are_answered_with_what_is_known(page: Callable[..., Any], known: dict[str, int]) -> None:
    found = page().get(f"/projects/{known['P-1']}")

    assert [title.get_text() for title in found.select("main h2")][:4] == [
        "Wat kan het?",
        "Wat kost het?",
        "Wie kan het leveren?",
        "Hoe doe ik mee?",
    ]
    said = answers(found)
    assert said["Subsidie"] == "€ 426.660,46"
    assert said["Trekker"] == "Genk"
    assert said["Partners"] == "Aalter , 17 gemeenten van de Westhoek"
    assert said["Thema"].startswith("Innovatieve dienstverlening afgeleid")
    assert said["Oproep"].startswith("Oproep 1")
    assert "Goedgekeurd op 1 maart." in found.main.get_text()


def test_what_is_not_known_is_said_to_be_unknown(page: Callable[..., Any], known: dict[str, int]) -> None:
    found = page().get(f"/projects/{known['P-2']}")

    said = answers(found)
    assert {said[term] for term in ("Thema", "Totale kost", "Subsidie", "Partners", "Leverancier")} == {"Niet bekend"}
    assert found.select_one(".tag.unknown").get_text() == "Uitkomst onbekend"
    assert "Bij dit project staat geen bron." in found.main.get_text()
    assert "Verwant initiatief" in found.main.get_text()


def test_sources_get_no_credit_and_learn_nothing(page: Callable[..., Any], known: dict[str, int]) -> None:
    (link,) = page().get(f"/projects/{known['P-1']}").select("aside a")

    assert (link["href"], set(link["rel"])) == ("https://genk.example/loket", {"noopener", "nofollow"})


def test_known_governments_lead_to_their_page_with_their_other_projects(
    page: Callable[..., Any], known: dict[str, int]
) -> None:
    visitor = page()
    links = visitor.get(f"/projects/{known['P-1']}").find("dt", string="Partners").find_next("dd").find_all("a")

    assert [link.get_text() for link in links] == ["Aalter"]
    found = visitor.get(links[0]["href"])
    assert found.h1.get_text() == "Aalter"
    assert {item.get_text() for item in found.select(".card h2")} == {"Slim loket", "Kaal"}
    again = visitor.get(f"/projects?organisation={links[0]['href'].rsplit('/')[-1]}")
    assert again.h1.get_text() == "Projecten van Aalter"


def test_markup_in_a_project_is_text(page: Callable[..., Any], app_db: Database) -> None:
    hostile = "<script>alert(1)</script>"
    fields = {**FULL, **dict.fromkeys(("title", "description", "status_note", "remark", "year"), hostile[:20])}
    cluster.projects.import_rows(app_db, rows=[Row(1, {**fields, "partners": [hostile]})])
    project_id = data.store.value(app_db, "select id from projects")

    for address in ("/projects", f"/projects/{project_id}", "/calls/1"):
        assert "alert(1)" not in str(page().get(address).find_all("script"))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Slim loket", "Kaal"]),
        ("status=approved", ["Slim loket"]),
        ("status=unknown", ["Kaal"]),
        ("theme=dienstverlening", ["Slim loket"]),
        ("call=1", ["Slim loket"]),
        ("programme=no", ["Kaal"]),
        ("programme=yes&status=unknown", []),
        ("status=%00&theme=x&call=99999999999999999999&programme=%F0&organisation=-1&page=x", ["Slim loket", "Kaal"]),
        ("page=2", []),
    ],
)
def test_filters_narrow_and_nonsense_is_left_out(
    page: Callable[..., Any], known: dict[str, int], query: str, titles: list[str]
) -> None:
    found = page().get(f"/projects?{query}")

    assert [item.get_text() for item in found.select(".card h2")] == titles
    assert titles or found.select_one(".empty a")["href"] == "/projects"


def test_the_chosen_filters_stay_chosen(page: Callable[..., Any], known: dict[str, int]) -> None:
    found = page().get("/projects?status=approved&call=1&programme=yes")

    chosen = {item.parent["name"]: item["value"] for item in found.select("main option[selected]") if item["value"]}
    assert chosen == {"status": "approved", "call": "1", "programme": "yes"}


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(page: Callable[..., Any], app_db: Database) -> None:
    def asked(count: int) -> int:
        cluster.projects.import_rows(
            app_db, rows=[Row(at, {**FULL, "id": f"P-{at}", "title": f"Loket {at}"}) for at in range(count)]
        )
        found: list[str] = []
        app_db.conn.set_trace_callback(found.append)
        page().get("/projects")
        app_db.conn.set_trace_callback(None)
        return len(found)

    assert asked(1) == asked(20)


@pytest.mark.parametrize("address", ["/projects/99", "/projects/0", "/projects/99999999999999999999"])
def test_a_project_that_is_not_there_is_a_plain_404(page: Callable[..., Any], address: str) -> None:
    assert page().get(address, status=404).h1.get_text() == "Niet gevonden"


def test_asking_for_contact_reaches_every_coordinator_once(
    known: dict[str, int], page: Callable[..., Any], app_db: Database
) -> None:
    address = f"/projects/{known['P-1']}"
    shown = page("kortrijk").submit(f"{address}/contact", at=address, message="Werkt het ook ’s avonds?")
    assert "Jullie vroegen contact op" in shown.text
    page("kortrijk").client.post(f"{address}/contact")
    (letter,) = data.store.rows(app_db, "select recipient, subject, body from letters")
    assert letter["recipient"] == "coordinator@test.example"
    assert letter["subject"] == "Kortrijk vraagt contact over “Slim loket”"
    for part in ("Werkt het ook ’s avonds?", "kortrijk@test.example", f"medestanders:{address}"):
        assert part in letter["body"]
    assert "kortrijk@test.example" not in page("aalter").get(address).text
    assert page("aalter").get(address).select_one(f"form[action='{address}/contact']")


def test_a_question_that_is_too_long_stays_typed(known: dict[str, int], page: Callable[..., Any]) -> None:
    address = f"/projects/{known['P-1']}"
    shown = page("kortrijk").submit(f"{address}/contact", at=address, status=422, message="x" * 2_001)
    assert shown.select_one("#message-error")
    assert shown.select_one("#message").text.strip() == "x" * 2_001
