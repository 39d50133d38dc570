"""Lists to take along: files for spreadsheets in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

# What a spreadsheet would run, or read as a number that changes when the file is opened.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV file called `name`.csv, in UTF-8 with a mark that Excel needs to see that."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    answer = Response(text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _cell(value: object) -> str:
    """A value as text; an apostrophe before what a spreadsheet would take for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
