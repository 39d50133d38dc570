"""Workbooks are read as tables are, and what was made to do harm is refused with bounded memory."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

import pytest

from cluster import workbooks
from cluster.imports import Row

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(sheet: str, *, shared: str = "", head: str = "") -> io.BytesIO:
    """A workbook with one sheet whose rows are given as XML."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
            '<sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'{head}<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        )
        if shared:
            book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}">{shared}</sst>')
    file.seek(0)
    return file


def table(*rows: Sequence[str]) -> io.BytesIO:
    """A workbook with these texts in its cells."""
    cells = [
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' for text in row) + "</row>"
        for row in rows
    ]
    return workbook("".join(cells))


def read(file: io.BytesIO) -> list[Row]:
    return list(workbooks.read_xlsx(file))


def refused(file: io.BytesIO) -> str:
    (row,) = read(file)
    assert row.error
    return row.error


def test_rows_stand_under_the_names_of_the_first() -> None:
    assert read(table(["ID", "Title"], [], ["P-1", "<b>Loket</b> & co"], ["", "Zonder nummer"])) == [
        Row(3, {"id": "P-1", "title": "<b>Loket</b> & co"}),
        Row(4, {"title": "Zonder nummer"}),
    ]


def test_cells_of_every_kind_are_read_where_they_stand() -> None:
    shared = "<si><t>title</t></si><si><r><t>Slim </t></r><r><t>loket</t></r><rPh><t>x</t></rPh></si>"
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>subsidy_eur</t></is></c>'
        '<c r="D1" t="str"><f>"ye"</f><v>year</v></c></row>'
        '<row r="7"><c r="A7" t="s"><v>1</v></c><c r="B7"><v>426660.46</v></c><c r="C7" t="e"><v>#REF!</v></c>'
        '<c r="D7"><v>2024</v></c></row>'
    )
    # The text of a formula is no value of the cell.
    assert read(workbook(sheet, shared=shared)) == [
        Row(7, {"title": "Slim loket", "subsidy_eur": "426660.46", "year": "2024"})
    ]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"id,title\n1,x\n", b"\xd0\xcf\x11\xe0" * 200])
def test_what_is_no_workbook_is_said_to_be_none(content: bytes) -> None:
    assert "geen leesbare werkmap" in refused(io.BytesIO(content))


def test_a_workbook_that_is_cut_off_is_refused() -> None:
    whole = table(["id"], *(["x"] for _ in range(100))).getvalue()
    assert "geen leesbare werkmap" in refused(io.BytesIO(whole[: len(whole) // 2]))
    assert read(workbook("<row><c><v>id</v></c></row><row>"))[-1].error


def test_entities_are_refused_before_they_multiply() -> None:
    head = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert "geen leesbare werkmap" in refused(workbook("<row><c><v>&b;</v></c></row>", head=head))


def test_a_bomb_is_refused_when_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "PART_AT_MOST", 100_000)
    bomb = workbook(f"<row><c><v>id</v></c></row>{' ' * 1_000_000}")
    assert len(bomb.getvalue()) < 10_000
    assert "Splits het op" in str(read(bomb)[-1].error)


def test_rows_and_columns_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "200 velden" in refused(table([f"kolom {number}" for number in range(1_000)]))
    assert "200 velden" in refused(workbook('<row><c r="XFD1"><v>1</v></c></row>'))
    monkeypatch.setattr(workbooks, "ROWS_AT_MOST", 10)
    assert "rijen" in str(read(table(["id"], *(["x"] for _ in range(20))))[-1].error)


def test_an_empty_sheet_says_so() -> None:
    assert "leeg" in refused(table())
    assert "leeg" in refused(table(["id", "title"]))
