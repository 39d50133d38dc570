"""What leaves as a file: it opens well in a Belgian Excel, and nothing in it runs."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from cluster.engine.texts import as_cell, from_cell, is_formula
from cluster.web.exports import csv_response, response, xlsx_response
from models.errors import NotFound

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
