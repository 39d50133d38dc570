"""What leaves as a file: it opens well in a Belgian Excel, and nothing in it runs."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet._writer import ALL_TEMP_FILES
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.web.exports
import data.clusters
import data.proposals
from cluster.engine.texts import as_cell, from_cell, is_formula
from cluster.web.exports import csv_response, response, xlsx_response
from data.store import transaction
from models.clusters import Draft
from models.errors import NotFound
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member

COLUMNS = [("name", "Naam"), ("nis", "NIS-code"), ("count", "Aantal"), ("share", "Deel")]
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "'=1", "＝1+1", "=cmd|' /C calc'!A0", "\n=1"]


def csv_table(answer: Any) -> list[list[str]]:
    text = answer.get_data().decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))


def sheet(answer: Any) -> list[list[Any]]:
    return [list(row) for row in load_workbook(io.BytesIO(answer.get_data())).active.iter_rows()]


def test_a_csv_file_opens_well_in_a_belgian_excel(app: Flask) -> None:
    rows = [{"name": 'Eén; "twee"\nregels', "nis": "01234", "count": 1_500, "share": 0.5}, {"name": None}]
    with app.test_request_context():
        answer = csv_response("Ideeën van Genk", COLUMNS, rows)

        assert csv_table(answer) == [
            ["Naam", "NIS-code", "Aantal", "Deel"],
            ['Eén; "twee"\nregels', "01234", "1500", "0,5"],
            ["", "", "", ""],
        ]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="idee-n-van-genk-20')
    assert answer.content_type == "text/csv; charset=utf-8"


def test_an_xlsx_file_types_codes_as_text_and_numbers_as_numbers(app: Flask) -> None:
    with app.test_request_context():
        head, cells = sheet(xlsx_response("besturen", COLUMNS, [{"name": "Genk", "nis": "01234", "count": 1_500}]))

    assert [cell.value for cell in head] == ["Naam", "NIS-code", "Aantal", "Deel"]
    assert [(cell.value, cell.data_type) for cell in cells[:3]] == [("Genk", "s"), ("01234", "s"), (1_500, "n")]
    assert cells[1].number_format == "@"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(app: Flask, text: str) -> None:
    with app.test_request_context():
        (found,) = csv_table(csv_response("x", COLUMNS[:1], [{"name": text}]))[1:]
        (cells,) = sheet(xlsx_response("x", COLUMNS[:1], [{"name": text}]))[1:]

    assert found[0].startswith("'")
    assert from_cell(found[0]) == text
    assert (cells[0].data_type, cells[0].quotePrefix) == ("s", True)


def test_a_heading_is_no_formula_either(app: Flask) -> None:
    with app.test_request_context():
        assert csv_table(csv_response("x", [("name", "=1")], [])) == [["'=1"]]
        assert sheet(xlsx_response("x", [("name", "=1")], []))[0][0].data_type == "s"


@given(st.text())
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert from_cell(as_cell(text)) == text
    assert not is_formula(as_cell(text).removeprefix("'")) or as_cell(text).startswith("'")


def test_an_unknown_format_is_not_found(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(NotFound):
        response("pdf", "x", COLUMNS, [])


def test_characters_that_a_sheet_cannot_hold_are_left_out(app: Flask) -> None:
    with app.test_request_context():
        assert (
            sheet(xlsx_response("x", COLUMNS[:1], [{"name": "a\x00b\x0bc" + "x" * 40_000}]))[1][0].value[:4] == "abcx"
        )


@pytest.mark.parametrize("make", [csv_response, xlsx_response])
def test_a_long_list_takes_no_more_memory_than_a_short_one(app: Flask, make: Any) -> None:
    def rows() -> Iterator[dict[str, str]]:
        for at in range(3_000):
            yield {"name": f"{at} " + "tekst " * 1_000}  # 18 MB

    with app.test_request_context():
        tracemalloc.start()
        answer = make("x", COLUMNS, rows())
        size = sum(len(part) for part in answer.response)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        answer.close()
    assert size > 50_000
    assert peak < 6 * 2**20


def test_the_list_on_the_screen_and_the_file_are_narrowed_alike(
    app_db: Database, page: Callable[..., Any], who: Callable[[str], Member]
) -> None:
    for name, intent in (("genk", "need"), ("aalter", "offer"), ("genk", "offer")):
        form = IdeaForm(title=f"Idee van {name}", description="Tekst", intent=intent)
        cluster.ideas.post(app_db, encoder=None, member=who(name), form=form)
    genk = who("genk").organisation_id
    shown = page().get(f"/ideas?municipality={genk}&intent=offer&sort=title&page=1&format=x")
    links = {link.get_text(): link["href"] for link in shown.select(".files a")}

    assert list(links) == ["Excel", "CSV", "JSON Lines"]
    table = csv_table(page().client.get(links["CSV"]))
    assert [row[table[0].index("municipality")] for row in table[1:]] == ["Genk"]
    assert table[1][table[0].index("intent")] == "offer"
    assert len(sheet(page().client.get(links["Excel"]))) == 2
    assert json.loads(page().client.get(links["JSON Lines"]).get_data())["intent"] == "offer"


def test_no_address_leaves_in_a_file(app_db: Database, page: Callable[..., Any], who: Callable[[str], Member]) -> None:
    idea_id = cluster.ideas.post(
        app_db, encoder=None, member=who("genk"), form=IdeaForm(title="Idee", description="Tekst")
    )
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="learn", message="geheim")
    cluster.ideas.post(app_db, encoder=None, member=who("aalter"), form=IdeaForm(title="Weg", description="Weg"))
    cluster.ideas.withdraw(app_db, member=who("aalter"), idea_id=2)
    for address in ("/ideas/export.csv", "/ideas/export.jsonl", "/projects/export.csv", "/clusters/export.csv"):
        text = page("coordinator").client.get(address).get_data(as_text=True)
        assert not any(secret in text for secret in ("@test.example", "geheim", "Weg")), address


def test_coordinators_get_a_row_for_each_member_of_a_cluster(
    app_db: Database, page: Callable[..., Any], who: Callable[[str], Member]
) -> None:
    ids = [
        cluster.ideas.post(app_db, encoder=None, member=who(name), form=IdeaForm(title=name, description="Tekst"))
        for name in ("genk", "aalter")
    ]
    keys = [(Kind.IDEA, idea_id) for idea_id in ids]
    draft = Draft("=Naam", ("term",), 0.5, (keys[0], keys[1]), tuple((key, 0.5) for key in keys))
    with transaction(app_db):
        data.proposals.add(app_db, draft=draft)

    table = csv_table(
        page("coordinator").client.get(page("coordinator").get("/clusters").select(".files a")[1]["href"])
    )

    names = ("state", "name", "municipalities", "item", "organisation")
    assert [[row[table[0].index(name)] for name in names] for row in table[1:]] == [
        ["proposed", "'=Naam", "2", f"idea:{ids[0]}", "Genk"],
        ["proposed", "'=Naam", "2", f"idea:{ids[1]}", "Aalter"],
    ]


def test_a_list_that_is_too_long_for_excel_says_so(
    app: Flask, page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, app_db: Database, who: Any
) -> None:
    monkeypatch.setattr(cluster.web.exports, "XLSX_AT_MOST", 1)
    for _ in range(2):
        cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=IdeaForm(title="A", description="B"))

    assert "te lang voor Excel" in page().get("/ideas/export.xlsx", status=400).text
    assert not ALL_TEMP_FILES


def test_every_list_is_taken_home_as_it_is_on_the_page(
    app_db: Database, page: Callable[..., Any], who: Callable[[str], Member]
) -> None:
    idea_id = cluster.ideas.post(
        app_db, encoder=None, member=who("genk"), form=IdeaForm(title="=Kiosk", description="Tekst")
    )
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="learn", message="geheim")
    page("aalter").submit(f"/report/idea/{idea_id}", ground="wrong", text="Klopt niet")
    page("aalter").submit("/searches", at="/search?q=kiosk", q="kiosk", name="Kiosken", often="off")
    page("coordinator").submit("/invitations/new", role="coordinator", email="nieuw@test.example", locale="nl")
    page().submit(
        "/ask-access",
        **{"organisation": who("genk").organisation_id, "name": "Nele", "function": "Balie", "email": "n@test.example"},
    )

    def rows(name: str, address: str) -> list[dict[str, str]]:
        shown = page(name).get(address)
        (link,) = (one["href"] for one in shown.select(".files a") if one.get_text() == "CSV")
        head, *cells = csv_table(page(name).client.get(link))
        return [dict(zip(head, row, strict=True)) for row in cells]

    assert [row["state"] for row in rows("coordinator", "/calls")] == ["closed"]
    assert [row["title"] for row in rows("coordinator", "/reports")] == ["'=Kiosk"]
    assert [(row["who"], row["reason"]) for row in rows("coordinator", "/history")] == [("Aalter", "Klopt niet")]
    assert [row["email"] for row in rows("coordinator", "/invitations")] == ["nieuw@test.example"]
    assert [row["email"] for row in rows("genk", "/access-requests")] == ["n@test.example"]
    assert [(row["query"], row["often"]) for row in rows("aalter", "/searches")] == [("kiosk", "off")]
    assert [row["title"] for row in rows("aalter", "/search?q=kiosk&kind=idea")] == ["'=Kiosk"]
    # The other's address leaves once both consented, not before.
    ((waiting,)) = rows("aalter", "/introductions")
    assert (waiting["posted_by"], waiting["state"], waiting["email"]) == ("Genk", "asked", "")
    cluster.contacts.agree(app_db, member=who("genk"), introduction_id=1)
    assert [row["email"] for row in rows("aalter", "/introductions")] == ["genk@test.example"]
    assert [row["email"] for row in rows("genk", "/introductions")] == ["aalter@test.example"]
