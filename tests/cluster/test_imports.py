"""Files that people bring in: every oddity of encoding and form is said with its line, and nothing is thrown."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

import cluster.ideas
import cluster.projects
from cluster.imports import FIELDS_AT_MOST, LINE_AT_MOST, Checked, Fields, Row, Wrong, check, read_csv, read_jsonl
from cluster.workbooks import read_xlsx
from models.errors import ImportRefused

Reader = Callable[[BinaryIO], Iterator[Row]]


def jsonl(content: bytes) -> list[Row]:
    return list(read_jsonl(io.BytesIO(content)))


def table(content: bytes) -> list[Row]:
    return list(read_csv(io.BytesIO(content)))


def test_each_line_of_jsonl_is_a_row_with_its_number_and_blank_lines_are_skipped() -> None:
    found = jsonl(b'{"id": "a"}\n\n{"id": "b"}')

    assert found == [Row(1, {"id": "a"}), Row(3, {"id": "b"})]


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert jsonl(b'\xef\xbb\xbf{"id": "a"}') == [Row(1, {"id": "a"})]
    assert table(b"\xef\xbb\xbfid,title\na,b\n") == [Row(2, {"id": "a", "title": "b"})]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "leeg"),
        (b"\n  \n", 1, "leeg"),
        (b'{"id": 1}\n{"id": ', 2, "JSON"),
        (b"[1, 2]", 1, "JSON"),
        (b'"tekst"', 1, "JSON"),
        (b"[" * 100_000, 1, "JSON"),
        (b'{"id": ' + b"9" * 5_000 + b"}", 1, "JSON"),
        (b'{"id": "caf\xe9"}', 1, "UTF-8"),
        ('{"id": "a"}'.encode("utf-16"), 1, "UTF-8"),
        (b'{"id": "a\0b"}', 1, "nultekens"),
        (b'{"id": "' + b"a" * (2 * LINE_AT_MOST) + b'"}', 1, "langer"),
        (json.dumps(dict.fromkeys(map(str, range(FIELDS_AT_MOST + 1)))).encode(), 1, "velden"),
    ],
)
def test_a_line_of_jsonl_that_cannot_be_read_says_why(content: bytes, line: int, words: str) -> None:
    wrong = [row for row in jsonl(content) if row.error]

    assert [row.line for row in wrong] == [line]
    assert words in str(wrong[0].error)


def test_reading_goes_on_after_a_line_that_is_too_long() -> None:
    found = jsonl(b"x" * (3 * LINE_AT_MOST) + b'\n{"id": "b"}\n')

    assert [(row.line, row.error is None) for row in found] == [(1, False), (2, True)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_may_be_separated_as_spreadsheets_do(separator: str) -> None:
    content = f'ID{separator}Title\na{separator}"eerste\nen tweede"\nb{separator}derde\n'.encode()

    assert table(content) == [
        Row(2, {"id": "a", "title": "eerste\nen tweede"}),
        Row(4, {"id": "b", "title": "derde"}),
    ]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "leeg"),
        (b"id,title\n\n", 3, "leeg"),
        (b"id,caf\xe9\na,b\n", 1, "UTF-8"),
        (b"id,title\na,b,c\n", 2, "meer velden"),
        (b'id,title\na,"b\nc,d\n', 2, "aanhalingstekens"),
        (b"id,title\na,\0\n", 2, "nultekens"),
        ("id,title\na,b\n".encode("utf-16"), 1, "UTF-8"),
        (b",".join(b"x" for _ in range(1_000)) + b"\n", 1, "velden"),
        (b"," * 10**6 + b"," * 10**6 + b"\n", 1, "langer"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_why(content: bytes, line: int, words: str) -> None:
    wrong = [row for row in table(content) if row.error]

    assert [row.line for row in wrong] == [line]
    assert words in str(wrong[0].error)


def read(fields: Fields) -> dict[str, Any]:
    return {"external_id": fields.text("id", at_most=5, required=True), "title": fields.text("title", at_most=10)}


def test_everything_that_is_wrong_is_said_at_once_with_line_and_field() -> None:
    given = [
        Row(1, {"id": "a", "title": "goed", "colour": "rood"}),
        Row(2, {"title": "x" * 11}),
        Row(3, {}, "kapot"),
        Row(4, {"id": "a", "title": ["lijst"]}),
        Row(5, {"id": "b", "title": "caf\ufffd"}),
    ]

    with pytest.raises(ImportRefused) as refused:
        check(given, read)

    assert [(line, name) for line, name, _ in refused.value.rows] == [
        (2, "id"), (2, "title"), (3, ""), (4, "title"), (4, "id"), (5, "title"),
    ]  # fmt: skip


def test_fields_nobody_knows_are_counted_and_left_out() -> None:
    checked, found = check([Row(1, {"id": "a", "colour": 1}), Row(2, {"id": 2, "colour": 2, "x": 3})], read)

    assert list(checked) == [{"external_id": "a", "title": None}, {"external_id": "2", "title": None}]
    assert found.ignored == {"colour": 2, "x": 1}


@pytest.mark.parametrize(
    ("given", "cents"),
    [(90000, 9_000_000), (426660.46, 42_666_046), ("12.5", 1_250), (None, None), (0, 0)],
)
def test_amounts_become_cents_exactly(given: object, cents: int | None) -> None:
    wrong: list[Wrong] = []

    assert Fields(Row(1, {"amount": given}), wrong).cents("amount") == cents
    assert not wrong


@pytest.mark.parametrize("given", ["veel", -1, True, "NaN", "Infinity", 1e300, [1]])
def test_what_is_no_amount_is_refused(given: object) -> None:
    wrong: list[Wrong] = []

    assert Fields(Row(1, {"amount": given}), wrong).cents("amount") is None
    assert [name for _, name, _ in wrong] == ["amount"]


def test_what_was_checked_of_a_long_file_waits_outside_memory_and_comes_back_in_order() -> None:
    tracemalloc.start()
    checked = Checked()
    for at in range(20_000):
        checked.append({"external_id": str(at), "form": ("tekst " * 200, at)})  # 24 MB
    for _ in range(2):
        assert [values["form"][1] for values in checked] == list(range(20_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20


# Bytes as files have them: what means something to a reader, cut up and put together wrongly.
_PIECES = [b'"', b"\n", b"\r\n", b",", b";", b"\t", b"{", b"}", b"[", b":", b"\\", b"\0", b"\xff\xfe", b"\xef\xbb\xbf"]
_PIECES += [b"id", b"title", b'{"id": "a"}', b'"a,b"', b"1e999", b"caf\xe9", "é😀".encode(), b"=1+1", b"'", b"\x1a"]


@pytest.mark.parametrize("content", [b'""\n;', b"id;;title\n;x;\n"])
def test_what_stands_in_a_column_without_a_name_is_refused_and_not_forgotten(content: bytes) -> None:
    (row,) = read_csv(io.BytesIO(content))
    assert "kolom zonder naam" in str(row.error)


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=8)), max_size=40).map(b"".join))
@pytest.mark.parametrize("reader", [read_jsonl, read_csv, read_xlsx], ids=["jsonl", "csv", "xlsx"])
def test_whatever_is_in_a_file_becomes_rows_or_says_what_is_wrong(reader: Reader, content: bytes) -> None:
    found = list(reader(io.BytesIO(content)))
    assert found
    assert all(row.error or row.fields for row in found)
    assert [row.line for row in found] == sorted(row.line for row in found)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("reader", "first", "part", "times"),
    [
        (read_csv, b"id,title\n", b"x" * 2**20, 100),  # one line of 100 MB
        (read_csv, b"", b"k," * 2**10, 1_000),  # a million columns
        (read_csv, b"id,title\n", b'a,"' + b"b" * 2**20, 100),  # a quote that never ends
        (read_jsonl, b"", b"[" * 2**20, 100),
        (read_jsonl, b"", b'{"id": "' + b"a" * 2**20 + b'"}\n', 100),
    ],
)
def test_files_of_a_hundred_megabytes_are_refused_in_little_memory(
    tmp_path: Path, reader: Reader, first: bytes, part: bytes, times: int
) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(first)
        for _ in range(times):
            file.write(part)
    tracemalloc.start()
    with path.open("rb") as file:
        assert any(row.error for row in reader(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 2**20


def test_a_long_import_tells_how_far_it_is(db: Database) -> None:
    row = {"title": "Loket", "description": "Tekst", "municipality": "Genk"}
    rows = [Row(line, {**row, "id": f"P-{line}"}) for line in range(1, 1_102)]
    told: list[int] = []
    assert cluster.projects.import_rows(db, rows=rows, told=told.append).added == 1_101
    assert cluster.ideas.import_rows(db, rows=rows, told=told.append).added == 1_101
    assert told == [1_000, 1_000]
