"""Files that people bring in, read row by row: what is wrong is said with its line and field, never thrown halfway."""

import codecs
import csv
import json
import pickle
import re
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import chain
from typing import Any, BinaryIO, TypeVar

from cluster.engine.texts import clean, from_cell, one_line, parted, readable
from models.errors import ImportRefused

T = TypeVar("T")
Told = Callable[[int], None] | None
E = TypeVar("E", bound=StrEnum)
Wrong = tuple[int, str, str]

FILE_AT_MOST = 256 * 2**20
# 20,000 characters outside the basic plane, escaped as JSON does it, are 240,000 bytes.
LINE_AT_MOST = 2**20
FIELDS_AT_MOST = 200
_IN_MEMORY = 8 * 2**20
_TOLD_EVERY = 1_000

_BELGIAN = re.compile(r"\d{1,3}(?:\.\d{3})*,\d{1,2}|\d+,\d{1,2}")

_BROKEN = "Dit is geen leesbare JSON. Zet op elke regel één object tussen accolades."
_QUOTES = "De aanhalingstekens kloppen niet of een veld is te lang; vanaf deze rij is het bestand niet te lezen."
_NUL = "Er staan nultekens in. Bewaar het bestand als gewone tekst in UTF-8."
_ENCODING = "Niet leesbaar als UTF-8. Bewaar het bestand als UTF-8 en probeer het opnieuw."
_EMPTY = "Er staan geen rijen in het bestand: het is leeg."
_TOO_BIG = f"Het bestand is groter dan {FILE_AT_MOST // 2**20} MB. Splits het op."
_TOO_LONG = f"De regel is langer dan {LINE_AT_MOST // 2**10} kB."
_TOO_WIDE = f"Er staan meer dan {FIELDS_AT_MOST} velden in."
_NO_COLUMN = "Deze rij heeft meer velden dan de kop."
_NO_NAME = "Deze rij heeft een veld in een kolom zonder naam. Zet een naam in de kop of maak het veld leeg."


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file; `error` says why it could not be read, and then `fields` is empty."""

    line: int
    fields: dict[str, Any]
    error: str | None = None


@dataclass(slots=True)
class Imported:
    """What an import did; `ignored` counts the fields nobody knows, by name."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    ignored: dict[str, int] = field(default_factory=dict)


class Fields:
    """The fields of one row, asked one by one; what is wrong goes to `wrong` as (line, field, message)."""

    def __init__(self, row: Row, wrong: list[Wrong]) -> None:
        self.line = row.line
        self._given = row.fields
        self._asked: set[str] = set()
        self._wrong = wrong
        if row.error:
            self.refuse("", row.error)

    def refuse(self, name: str, message: str) -> None:
        """Note that a field cannot be accepted."""
        self._wrong.append((self.line, name, message))

    def has(self, *names: str) -> bool:
        """Whether the row says anything under one of these names: an empty cell says nothing."""
        return any(self._given.get(name) not in (None, "") for name in names)

    def unknown(self) -> set[str]:
        """The fields that were given and never asked."""
        return set(self._given) - self._asked

    def given(self, *names: str) -> tuple[str, Any]:
        """The first of these names that holds something, with its value; else the first name and none."""
        self._asked.update(names)
        for name in names:
            if self._given.get(name) not in (None, ""):
                return name, self._given[name]
        return names[0], None

    def text(self, *names: str, at_most: int, required: bool = False, lines: bool = False) -> str | None:
        """A cleaned text under the first of these names, on one line unless `lines`; a number counts as text."""
        name, given = self.given(*names)
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if given is not None and not isinstance(given, str):
            self.refuse(name, "Hier hoort tekst te staan.")
            return None
        text = (clean if lines else one_line)(given or "")
        if not readable(text):
            self.refuse(name, _ENCODING)
        elif len(text) > at_most:
            self.refuse(name, f"Te lang: {len(text)} tekens; hoogstens {at_most} mag.")
        elif not text and required:
            self.refuse(name, "Dit veld is verplicht en is leeg.")
        else:
            return text or None
        return None

    def choice(self, name: str, among: type[E], default: E) -> E:
        """One of the values of an enumeration, or the default where nothing is given."""
        text = self.text(name, at_most=100)
        if text is None:
            return default
        try:
            return among(text.lower())
        except ValueError:
            self.refuse(name, f"“{text}” kennen we niet. Kies uit: {', '.join(among)}.")
            return default

    def found(self, *names: str, look_up: Callable[[str], T | None], what: str, required: bool = False) -> T | None:
        """What `look_up` finds for the text, refused when it finds nothing; `what` names it: "een bestuur"."""
        text = self.text(*names, at_most=500, required=required)
        found = look_up(text) if text else None
        if text and found is None:
            self.refuse(self.given(*names)[0], f"“{text}” kennen we niet als {what}.")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false, also as ja/nee, yes/no, 1/0."""
        _, given = self.given(name)
        known = {
            "true": True,
            "ja": True,
            "yes": True,
            "1": True,
            "false": False,
            "nee": False,
            "no": False,
            "0": False,
        }
        if given is None:
            return default
        if str(given).strip().lower() not in known:
            self.refuse(name, "Schrijf hier true of false.")
        return known.get(str(given).strip().lower(), default)

    def cents(self, name: str) -> int | None:
        """An amount in euro, as cents; with a point or, as Belgian spreadsheets write it, a decimal comma."""
        _, given = self.given(name)
        if isinstance(given, str) and _BELGIAN.fullmatch(given):
            given = given.replace(".", "").replace(",", ".")
        try:
            amount = None if given is None else Decimal(str(given))
        except InvalidOperation:
            amount = Decimal(-1)
        if amount is None:
            return None
        if isinstance(given, bool) or not amount.is_finite() or not 0 <= amount <= 10**10:
            self.refuse(name, "Schrijf hier een bedrag in euro, zoals 90000 of 426660.46.")
            return None
        return int((amount * 100).to_integral_value())

    def texts(self, *names: str, each_at_most: int, at_most: int = 100) -> list[str]:
        """Several texts: a list, or one text with | between them, as in a cell of a table."""
        name, given = self.given(*names)
        parts = parted(given) if isinstance(given, str) else given
        if parts is None:
            return []
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            self.refuse(name, "Hier hoort een lijst van teksten te staan.")
            return []
        found = [text for part in parts if (text := one_line(part))]
        if len(found) > at_most:
            self.refuse(name, f"Te veel: {len(found)}; hoogstens {at_most} mag.")
        elif any(len(text) > each_at_most for text in found):
            self.refuse(name, f"Te lang: hoogstens {each_at_most} tekens per stuk.")
        elif not all(map(readable, found)):
            self.refuse(name, _ENCODING)
        else:
            return found
        return []


@dataclass(frozen=True, slots=True)
class Looked:
    """One row after reading: its values, or what is wrong with it; `unknown` are fields that nobody knows."""

    line: int
    values: dict[str, Any] | None
    wrong: tuple[Wrong, ...]
    unknown: frozenset[str]


def look(rows: Iterable[Row], read: Callable[[Fields], dict[str, Any]]) -> Iterator[Looked]:
    """What `read` makes of every row, one by one; each row needs an `external_id` that no other row has."""
    seen: dict[str, int] = {}
    for row in rows:
        wrong: list[Wrong] = []
        fields = Fields(row, wrong)
        if row.error:
            yield Looked(row.line, None, tuple(wrong), frozenset())
            continue
        values = read(fields)
        before = seen.setdefault(values["external_id"], row.line) if values["external_id"] else row.line
        if before != row.line:
            fields.refuse("id", f"Dit id staat ook op regel {before}.")
        unknown = frozenset(map(one_line, fields.unknown()))
        yield Looked(row.line, values, tuple(wrong), unknown)


class Checked:
    """The values of rows that were all accepted, in their order; beyond a few megabytes they wait on disk.

    Nothing may be written before the last row was checked, and a long file must not fill the memory meanwhile.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._file.close)

    def append(self, values: dict[str, Any]) -> None:
        """One row more."""
        pickle.dump(values, self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301 - what was put there above


def check(rows: Iterable[Row], read: Callable[[Fields], dict[str, Any]]) -> tuple[Checked, Imported]:
    """What `read` makes of every row, all of them with an `external_id` of their own, and the fields nobody knows.

    Raises ImportRefused with everything that is wrong in every row.
    """
    wrong: list[Wrong] = []
    checked = Checked()
    found = Imported()
    for looked in look(rows, read):
        wrong.extend(looked.wrong)
        for name in looked.unknown:
            found.ignored[name] = found.ignored.get(name, 0) + 1
        if not wrong and looked.values is not None:
            checked.append(looked.values)
    if wrong:
        raise ImportRefused(wrong)
    return checked, found


def counted(rows: Iterable[T], told: Told) -> Iterator[T]:
    """The rows as they come; after every thousand `told`, if given, hears how many that makes."""
    for count, row in enumerate(rows, 1):
        yield row
        if told and count % _TOLD_EVERY == 0:
            told(count)


def read_jsonl(file: BinaryIO) -> Iterator[Row]:
    """The rows of a file with one JSON object per line; a line that cannot be read is a row with an error."""
    empty = True
    for line, text, error in _lines(file):
        if error or text.strip():
            empty = False
            yield Row(line, {}, error) if error else _object(line, text)
    if empty:
        yield Row(1, {}, _EMPTY)


def read_csv(file: BinaryIO) -> Iterator[Row]:
    """The rows of a table with a header, separated by commas, semicolons or tabs; bad rows carry an error."""
    lines = _lines(file)
    head = next((given for given in lines if given[1].strip() or given[2]), None)
    if head is None:
        yield Row(1, {}, _EMPTY)
        return
    separator = max(",;\t", key=head[1].count)
    before = head[0] - 1
    table = csv.reader(map(_text, chain([head], lines)), delimiter=separator, strict=True)
    names: list[str] | None = None
    found = False
    while True:
        line = before + table.line_num + 1
        try:
            cells = [cell.strip() for cell in next(table)]
        except StopIteration:
            if not found:
                yield Row(line, {}, _EMPTY)
            return
        except (csv.Error, _Unreadable) as fault:
            yield Row(line, {}, str(fault) if isinstance(fault, _Unreadable) else _QUOTES)
            return
        if names is None:
            names = [cell.lower() for cell in cells]
            if error := unfit(names):
                yield Row(line, {}, error)
                return
        elif any(cells):
            found = True
            yield record(line, names, list(map(from_cell, cells)))


class _Unreadable(Exception):
    """A line after which a table cannot be read any more."""


def _text(found: tuple[int, str, str | None]) -> str:
    if found[2]:
        raise _Unreadable(found[2])
    return found[1]


def unfit(names: list[str]) -> str | None:
    """What is wrong with the header of a table, if anything."""
    if len(names) > FIELDS_AT_MOST:
        return _TOO_WIDE
    if any("\0" in name for name in names):
        return _NUL
    return None if all(map(readable, names)) else _ENCODING


def record(line: int, names: list[str], cells: list[str]) -> Row:
    """A row of a table, with what stands in its cells under the names in the header; empty cells say nothing."""
    if any("\0" in cell for cell in cells):
        return Row(line, {}, _NUL)
    if any(cells[len(names) :]):
        return Row(line, {}, _NO_COLUMN)
    if any(cell and not name for name, cell in zip(names, cells, strict=False)):
        return Row(line, {}, _NO_NAME)
    return Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if cell})


def _object(line: int, text: str) -> Row:
    if "\0" in text:
        return Row(line, {}, _NUL)
    if not readable(text):
        return Row(line, {}, _ENCODING)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Row(line, {}, _BROKEN)
    if not isinstance(found, dict):
        return Row(line, {}, _BROKEN)
    return Row(line, {}, _TOO_WIDE) if len(found) > FIELDS_AT_MOST else Row(line, found)


def _lines(file: BinaryIO) -> Iterator[tuple[int, str, str | None]]:
    """Line number, text and error, never holding more than one line; a wrong byte becomes U+FFFD."""
    line, read = 0, 0
    while raw := file.readline(LINE_AT_MOST):
        line += 1
        read += len(raw)
        if line == 1:
            if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                yield 1, "", _ENCODING
                return
            raw = raw.removeprefix(codecs.BOM_UTF8)
        too_long = len(raw) == LINE_AT_MOST and not raw.endswith(b"\n")
        while too_long and (rest := file.readline(LINE_AT_MOST)):
            read += len(rest)
            if rest.endswith(b"\n") or read > FILE_AT_MOST:
                break
        if read > FILE_AT_MOST:
            yield line, "", _TOO_BIG
            return
        yield (line, "", _TOO_LONG) if too_long else (line, raw.decode("utf-8", errors="replace"), None)
