"""Lists as files: CSV, XLSX and JSON Lines, row by row, with nothing in them that a spreadsheet would run."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import chain
from itertools import count as counting
from typing import IO, TypeVar

from flask import Response, stream_with_context
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from cluster.engine.texts import as_cell, is_formula, joined
from models.errors import N_, NotFound, Refusal

T = TypeVar("T")
Columns = Sequence[tuple[str, str]]
Rows = Iterable[Mapping[str, object]]

FORMATS = ("csv", "xlsx", "jsonl")
# More makes somebody wait, and a processor busy, for minutes; CSV has no such bound.
XLSX_AT_MOST = 20_000

_TOO_LONG = N_("Deze lijst is langer dan %(count)s rijen, te lang voor Excel. Kies filters of neem CSV.")

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 64 * 1024
# What fits in a column before it is cut off on the screen; Excel keeps 32,767 characters in a cell.
_WIDE, _NARROW, _CELL_AT_MOST = 60, 18, 32_767


def whole(page: Callable[[int], tuple[list[T], bool]]) -> Iterator[T]:
    """All of a list that is asked page by page, from page 1 on, as it tells whether there is more."""
    for number in counting(1):
        found, has_more = page(number)
        yield from found
        if not has_more:
            return


def of_fields(format: str, name: str, fields: Sequence[str], found: Iterable[object]) -> Response:
    """These fields of objects as a file in the asked format; what has no such field has an empty cell."""
    rows = ({field: getattr(one, field, None) for field in fields} for one in found)
    return response(format, name, [(field, field) for field in fields], rows)


def response(
    format: str, name: str, columns: Columns, rows: Rows, *, longer_than: Callable[[int], bool] = lambda count: False
) -> Response:
    """The list in the asked format, one of FORMATS; NotFound for any other.

    `longer_than` knows without making the rows whether a list that may be long is too long for a sheet.
    """
    if format not in FORMATS:
        raise NotFound
    if format == "xlsx" and longer_than(XLSX_AT_MOST):
        raise Refusal(_TOO_LONG, count=XLSX_AT_MOST)
    make = {"csv": csv_response, "xlsx": xlsx_response, "jsonl": jsonl_response}[format]
    return make(name, columns, rows)


def jsonl_response(name: str, columns: Columns, rows: Rows) -> Response:
    """One JSON object a line, under the names of the fields, for programs; empty fields are left out."""
    body = stream_with_context(_jsonl(columns, rows))
    return Response(body, content_type="application/jsonl; charset=utf-8", headers=_headers(name, "jsonl"))


def csv_response(name: str, columns: Columns, rows: Rows) -> Response:
    """A CSV file that a double click opens well in a Belgian Excel, sent row by row.

    UTF-8 with a byte order mark (else Excel reads é as Ã©), semicolons between the cells and a decimal comma (the list
    separator and decimal sign of nl-BE, fr-BE and de-BE), CRLF at the end of a row. Text that could be a formula gets
    an apostrophe before it, which an import takes away again. Codes keep their leading zeros in the file; a program
    that opens CSV may still read them as numbers, so for codes XLSX is better.
    """
    body = stream_with_context(_csv(columns, rows))
    return Response(body, content_type="text/csv; charset=utf-8", headers=_headers(name, "csv"))


def xlsx_response(name: str, columns: Columns, rows: Rows) -> Response:
    """An XLSX file, made on disk row by row and sent from there.

    Text is typed as text, whatever it looks like: formulas do not run, also not after somebody edits the cell, and
    codes keep their leading zeros. Numbers stay numbers.
    """
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115 # closed when the answer is sent
    try:
        _xlsx(file, columns, rows)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    answer = Response(_sent(file), content_type=_XLSX, headers=_headers(name, "xlsx"))
    answer.content_length = size
    answer.call_on_close(file.close)
    return answer


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _headers(name: str, format: str) -> dict[str, str]:
    """The name of the file in letters that no system minds, with the day, so that two exports do not mix."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "lijst"
    return {
        "Content-Disposition": f'attachment; filename="{plain}-{date.today().isoformat()}.{format}"',
        "Cache-Control": "no-store",
    }


def _jsonl(columns: Columns, rows: Rows) -> Iterator[str]:
    for row in rows:
        given = {field: row[field] for field, _ in columns if row.get(field) not in (None, "", (), [])}
        yield json.dumps(given, ensure_ascii=False, default=float) + "\n"


def _csv(columns: Columns, rows: Rows) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    table = ([_csv_cell(row.get(field)) for field, _ in columns] for row in rows)
    buffer.write("\ufeff")
    for cells in chain([[as_cell(heading) for _, heading in columns]], table):
        writer.writerow(cells)
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float | Decimal):
        return str(value).replace(".", ",")
    return str(value) if _is_number(value) else as_cell(_text(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(value: object) -> str:
    """Text as a cell holds it: several texts with | between them, as an import reads them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return joined(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _xlsx(file: IO[bytes], columns: Columns, rows: Rows) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Medestanders")
    sheet.freeze_panes = "A2"
    for at, (field, _) in enumerate(columns, start=1):
        long = field in {"title", "description", "summary", "name"}
        sheet.column_dimensions[get_column_letter(at)].width = _WIDE if long else _NARROW
    head = []
    for _, heading in columns:
        cell = _text_cell(sheet, heading)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    try:
        for row in _bounded(rows):
            sheet.append([_xlsx_cell(sheet, row.get(field)) for field, _ in columns])
        book.save(file)
    except BaseException:
        # What was written so far lies in a file of openpyxl's own, which only a closed sheet lets go.
        with suppress(WorkbookAlreadySaved):
            sheet.close()
            sheet._writer.cleanup()
        raise


def _bounded(rows: Rows) -> Rows:
    for count, row in enumerate(rows, start=1):
        if count > XLSX_AT_MOST:
            raise Refusal(_TOO_LONG, count=XLSX_AT_MOST)
        yield row


def _xlsx_cell(sheet: object, value: object) -> object:
    return value if value is None or _is_number(value) else _text_cell(sheet, _text(value))


def _text_cell(sheet: object, text: str) -> WriteOnlyCell:
    """A cell of type text, shown as text; Excel must not read it anew when somebody presses Enter in it."""
    cell = WriteOnlyCell(sheet, value="")
    # Set by hand: openpyxl itself would take "=1+1" for a formula.
    cell._value, cell.data_type = ILLEGAL_CHARACTERS_RE.sub("", text)[:_CELL_AT_MOST], "s"
    cell.number_format = "@"
    if is_formula(text):
        cell.quotePrefix = True
    if "\n" in text:
        cell.alignment = Alignment(vertical="top")
    return cell
