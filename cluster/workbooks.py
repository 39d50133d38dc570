"""Workbooks (.xlsx) read row by row with the standard library, so that a bomb is refused before it goes off.

The format is ECMA-376: a zip of XML parts. Sizes are counted while unpacking, never believed from the directory, and a
document type, through which entities multiply, is refused.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from cluster.imports import FIELDS_AT_MOST, LINE_AT_MOST, Row, record, unfit

# A file of 10 MB seldom holds more than this of one part; ten such parts would be a bomb.
PART_AT_MOST = 64 * 2**20
ROWS_AT_MOST = 200_000
_CHUNK = 64 * 1024

_BROKEN = "Dit is geen leesbare werkmap. Bewaar het bestand opnieuw als .xlsx, of als CSV in UTF-8."
_TOO_BIG = f"Uitgepakt is dit bestand groter dan {PART_AT_MOST // 2**20} MB. Splits het op."
_TOO_LONG = f"Er staan meer dan {ROWS_AT_MOST} rijen in. Splits het bestand op."
_TOO_WIDE = f"Er staan meer dan {FIELDS_AT_MOST} velden in."
_FULL_ROW = f"De rij is langer dan {LINE_AT_MOST // 2**10} kB."
_EMPTY = "Er staan geen rijen in het bestand: het is leeg."
_RELATIONS = "xl/_rels/workbook.xml.rels"


class _Unreadable(Exception):
    """Why a workbook cannot be read any further."""


def read_xlsx(file: BinaryIO) -> Iterator[Row]:
    """The rows of the first sheet, under the names in its first row that is not empty; bad rows carry an error."""
    names: list[str] | None = None
    found = False
    line = 0
    try:
        with zipfile.ZipFile(file) as book:
            texts = _texts(book)
            for line, cells in _rows(book, texts):
                if not any(cells):
                    continue
                if names is None:
                    names = [cell.lower() for cell in cells]
                    if error := unfit(names):
                        yield Row(line, {}, error)
                        return
                else:
                    found = True
                    yield record(line, names, cells)
    except _Unreadable as fault:
        yield Row(line + 1, {}, str(fault))
        return
    # What a broken archive raises is as varied as what can be broken in one.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, expat.ExpatError):
        yield Row(line + 1, {}, _BROKEN)
        return
    if not found:
        yield Row(line + 1, {}, _EMPTY)


def _rows(book: zipfile.ZipFile, texts: list[str]) -> Iterator[tuple[int, list[str]]]:
    sheet = _Sheet(texts)
    for done in _parts(book, _first_sheet(book), sheet.start, sheet.end, sheet.text):
        yield from sheet.take()
        if sheet.count > ROWS_AT_MOST:
            raise _Unreadable(_TOO_LONG)
        if done:
            return


class _Sheet:
    """What a parser has read of a sheet: whole rows that nobody took yet, and the one it is in."""

    def __init__(self, texts: list[str]) -> None:
        self.count = 0
        self._texts = texts
        self._ready: list[tuple[int, list[str]]] = []
        self._line = 0
        self._cells: list[str] = []
        self._kind = ""
        self._at = 0
        self._size = 0
        self._said: list[str] = []
        self._hears = False

    def take(self) -> list[tuple[int, list[str]]]:
        """The rows that are whole, and no longer kept here."""
        found, self._ready = self._ready, []
        return found

    def start(self, name: str, given: dict[str, str]) -> None:
        """An element begins."""
        if name == "row":
            self._line = int(given.get("r") or self._line + 1)
            self._cells, self._size = [], 0
        elif name == "c":
            self._kind = given.get("t", "n")
            self._at = _column(given["r"]) if given.get("r") else len(self._cells)
            self._said = []
            if self._at >= FIELDS_AT_MOST:
                raise _Unreadable(_TOO_WIDE)
        elif name in {"v", "t"}:
            self._hears = True

    def text(self, said: str) -> None:
        """Characters within an element."""
        if self._hears:
            self._size += len(said)
            if self._size > LINE_AT_MOST:
                raise _Unreadable(_FULL_ROW)
            self._said.append(said)

    def end(self, name: str) -> None:
        """An element ends."""
        if name in {"v", "t"}:
            self._hears = False
        elif name == "c":
            value = "".join(self._said)
            if self._kind == "s":
                value = self._texts[int(value)] if value.isdigit() and int(value) < len(self._texts) else ""
            elif self._kind == "e":
                value = ""
            self._cells += [""] * (self._at + 1 - len(self._cells))
            self._cells[self._at] = value.strip()
        elif name == "row":
            self.count += 1
            self._ready.append((self._line, self._cells))


def _column(reference: str) -> int:
    """The place of a cell in its row, from zero: C7 is 2."""
    letters = re.match(r"[A-Z]{1,4}", reference.upper())
    place = 0
    for letter in letters[0] if letters else "A":
        place = place * 26 + ord(letter) - 64
    return place - 1


def _texts(book: zipfile.ZipFile) -> list[str]:
    """The texts that cells point at; readings of Japanese characters are left out."""
    found: list[str] = []
    said: list[str] = []
    inside: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        inside.append(name)
        if name == "si":
            said.clear()

    def text(given: str) -> None:
        if inside and inside[-1] == "t" and "rPh" not in inside:
            said.append(given)

    def end(name: str) -> None:
        inside.pop()
        if name == "si":
            found.append("".join(said))

    if "xl/sharedStrings.xml" in book.namelist():
        for _ in _parts(book, "xl/sharedStrings.xml", start, end, text):
            pass
    return found


def _first_sheet(book: zipfile.ZipFile) -> str:
    """The part that holds the first sheet of the workbook."""
    targets: dict[str, str] = {}
    sheets: list[str] = []

    def relation(name: str, given: dict[str, str]) -> None:
        if name == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    def sheet(name: str, given: dict[str, str]) -> None:
        if name == "sheet":
            sheets.extend(value for key, value in given.items() if key.endswith(":id") or key == "id")

    for part, start in ((_RELATIONS, relation), ("xl/workbook.xml", sheet)):
        if part not in book.namelist():
            raise _Unreadable(_BROKEN)
        for _ in _parts(book, part, start, lambda _: None, lambda _: None):
            pass
    for identity in sheets:
        target = targets.get(identity, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in book.namelist():
            return part
    raise _Unreadable(_BROKEN)


def _parts(
    book: zipfile.ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> Iterator[bool]:
    """Parse a part chunk by chunk, telling after each whether it was the last."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, given: start(name.rpartition(":")[2], given)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    read = 0
    with book.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            read += len(chunk)
            if read > PART_AT_MOST:
                raise _Unreadable(_TOO_BIG)
            parser.Parse(chunk, False)
            yield False
    parser.Parse(b"", True)
    yield True


def _refuse(*_: object) -> None:
    raise _Unreadable(_BROKEN)
