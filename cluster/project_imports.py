"""Files with projects: how a row is read, and what would become of it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, BinaryIO, TypeVar

from sqlite_utils import Database

import data.calls
import data.people
import data.projects
from cluster.engine.language import LANGUAGES, language_of
from cluster.engine.texts import on_the_web
from cluster.imports import Fields, Looked, Row, look, read_csv, read_jsonl
from cluster.workbooks import read_xlsx
from models.ideas import DESCRIPTION_AT_MOST, TITLE_AT_MOST
from models.matches import Kind
from models.people import Organisation
from models.projects import (
    ADDRESS_AT_MOST,
    FEATURES_AT_MOST,
    JOIN_AT_MOST,
    NOTE_AT_MOST,
    PARTNER_AT_MOST,
    SUPPLIER_AT_MOST,
    YEAR_AT_MOST,
    Fate,
    RowFate,
    Status,
)

T = TypeVar("T")
Values = dict[str, Any]

FORMATS: dict[str, Callable[[BinaryIO], Iterator[Row]]] = {"csv": read_csv, "xlsx": read_xlsx, "jsonl": read_jsonl}
# The fields of a file and what they fill; an empty cell leaves what stands.
COLUMNS = {
    "id": "external_id",
    "title": "title",
    "description": "summary",
    "municipality": "lead",
    "partners": "partners",
    "status": "status",
    "status_note": "status_note",
    "theme": "theme",
    "call": "call_id",
    "subsidy_eur": "subsidy_cents",
    "year": "year",
    "source": "urls",
    "remark": "remark",
    "programme": "programme",
    "lang": "lang",
    "features": "features",
    "cost_per_year_eur": "cost_year_cents",
    "supplier": "supplier",
    "how_to_join": "how_to_join",
}
_NAMES = {kept: given for given, kept in COLUMNS.items()} | {"lead_id": "municipality", "theme_derived": "theme"}
BATCH = 500
_SHOWN_AT_MOST = 120


def reader(db: Database) -> Callable[[Fields], Values]:
    """What reads one row; files name the same few organisations again and again, so each is looked up once.

    Under `absent` stand the fields that the row says nothing about: they stay as they are.
    """

    @cache
    def organisation(text: str) -> Organisation | None:
        return data.people.find_organisation(db, text=text)

    @cache
    def theme(text: str) -> str | None:
        return data.calls.find_theme(db, text=text)

    @cache
    def call(text: str) -> int | None:
        return data.calls.find(db, text=text)

    def partner(name: str) -> tuple[str, int | None]:
        found = organisation(name)
        return name, found.id if found else None

    def read(fields: Fields) -> Values:
        lead, lead_name = _lead(db, fields, organisation)
        title = fields.text("title", at_most=TITLE_AT_MOST, required=True) or ""
        summary = fields.text("description", "summary", at_most=DESCRIPTION_AT_MOST, required=True, lines=True) or ""
        lang = fields.text("lang", at_most=10)
        if lang and lang not in LANGUAGES:
            fields.refuse("lang", f"“{lang}” kennen we niet. Kies uit: {', '.join(LANGUAGES)}.")
        values = {
            "external_id": fields.text("id", "external_id", at_most=200, required=True),
            "created_at": fields.text("created_at", at_most=40),
            "title": title,
            "summary": summary,
            "programme": int(fields.flag("programme", default=True)),
            "status": fields.choice("status", Status, Status.UNKNOWN).value,
            "status_note": fields.text("status_note", at_most=NOTE_AT_MOST),
            "lead_id": lead.id if lead else None,
            "lead": lead_name,
            "theme": fields.found("theme", look_up=theme, what="een thema"),
            "theme_derived": int(fields.flag("theme_derived", default=False)),
            "call_id": fields.found("call", look_up=call, what="een oproep"),
            "subsidy_cents": fields.cents("subsidy_eur"),
            "year": fields.text("year", at_most=YEAR_AT_MOST),
            "remark": fields.text("remark", at_most=2_000, lines=True),
            "urls": json.dumps(_addresses(fields)),
            "lang": lang or language_of(f"{title}. {summary}"),
            "partners": [partner(name) for name in fields.texts("partners", each_at_most=PARTNER_AT_MOST)],
            "features": fields.text("features", at_most=FEATURES_AT_MOST, lines=True) or "",
            "cost_year_cents": fields.cents("cost_per_year_eur"),
            "supplier": fields.text("supplier", at_most=SUPPLIER_AT_MOST) or "",
            "how_to_join": fields.text("how_to_join", at_most=JOIN_AT_MOST, lines=True) or "",
        }
        return {**values, "absent": frozenset(_absent(fields))}

    return read


def _lead(
    db: Database, fields: Fields, look_up: Callable[[str], Organisation | None]
) -> tuple[Organisation | None, str]:
    """Who leads: a government that is known, or the name under which the project stands already."""
    names = ("municipality", "organisation", "lead")
    given, external_id = fields.given(*names)[1], str(fields.given("id", "external_id")[1])
    if given is None or (isinstance(given, str) and look_up(given) is None):
        before = data.projects.stored(db, external_ids=[external_id]).get(external_id)
        if before and before["lead_id"] is None and before["lead"] == (given or ""):
            return None, before["lead"]
    lead = fields.found(*names, look_up=look_up, what="een bestuur", required=True)
    return lead, lead.name if lead else ""


def known(db: Database, batch: Iterable[Values]) -> dict[str, Values]:
    """What is stored under the ids of rows, by those ids; the rows come to name governments as they are known here."""
    batch = list(batch)
    stored = data.projects.stored(db, external_ids=[values["external_id"] for values in batch])
    for values in batch:
        before = stored.get(values["external_id"]) or _made_here(db, values["external_id"], values.get("created_at"))
        if before:
            stored[values["external_id"]] = before
            _as_known(db, before, values)
    return stored


def _made_here(db: Database, external_id: str, created_at: str | None) -> Values | None:
    """The project of ours that a row names as project:12; a number of ours may mean another one elsewhere."""
    kind, _, number = external_id.partition(":")
    if created_at is None or kind != Kind.PROJECT or not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return data.projects.by_moment(db, project_id=int(number), created_at=created_at)


def _as_known(db: Database, before: Values, values: Values) -> None:
    """Keep how governments are named and known, where a file names the same ones.

    The source may call a lead "Stad Gent", and somebody may have found out which body "WVI" is.
    """
    living = data.people.today(db, organisation_id=before["lead_id"]) if before["lead_id"] else None
    if living and living.id == values["lead_id"]:
        values |= {"lead": before["lead"], "lead_id": before["lead_id"]}
    partners = dict(before["partners"])
    values["partners"] = [(name, partners.get(name, found)) for name, found in values["partners"]]


def _absent(fields: Fields) -> Iterator[str]:
    for kept, names in _MAY_LACK.items():
        if not fields.has(*names):
            yield kept


_ADDRESSES = ("source", "sources", "url", "urls")
_MAY_LACK = {
    **{
        kept: (given,)
        for given, kept in COLUMNS.items()
        if kept not in {"external_id", "title", "summary", "lead", "urls", "lang"}
    },
    "urls": _ADDRESSES,
    # A theme that the row names is not derived unless the row says so.
    "theme_derived": ("theme", "theme_derived"),
}


def _addresses(fields: Fields) -> list[str]:
    found = fields.texts(*_ADDRESSES, each_at_most=ADDRESS_AT_MOST)
    for address in found:
        if not on_the_web(address):
            fields.refuse(fields.given(*_ADDRESSES)[0], f"“{address[:80]}” is geen webadres. Het begint met https://.")
    return found


def changed(before: Values, values: Values) -> list[str]:
    """The fields that a row would change of what is stored; what people made here, no import overwrites."""
    if before["external_id"] is None:
        return []
    absent = values["absent"]
    return [name for name in values if name in before and name not in absent and before[name] != values[name]]


def fate(line: int, before: Values | None, values: Values) -> RowFate:
    """What becomes of a row without faults, beside what is stored under its id."""
    row = RowFate(line=line, external_id=values["external_id"], title=values["title"], fate=Fate.NEW)
    if before is None:
        return row
    found = changed(before, values)
    changes: dict[str, tuple[str, str, str]] = {}
    for name in found:
        given = _NAMES[name]
        changes.setdefault(given, (given, _shown(name, before[name]), _shown(name, values[name])))
    return RowFate(
        line=line,
        external_id=row.external_id,
        title=row.title,
        fate=Fate.CHANGED if changes else Fate.UNCHANGED,
        changes=tuple(changes.values()),
    )


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "partners":
        text = " | ".join(one for one, _ in value)
    elif name == "urls":
        text = " | ".join(json.loads(value))
    elif name.endswith("_cents"):
        text = f"{value / 100:.2f}"
    elif name in {"programme", "theme_derived"}:
        text = "ja" if value else "nee"
    else:
        text = str(value)
    return text if len(text) <= _SHOWN_AT_MOST else text[:_SHOWN_AT_MOST] + "…"


def fates(db: Database, rows: Iterable[Row], *, ignored: dict[str, int]) -> Iterator[RowFate]:
    """What would become of every row, in the order of the file; `ignored` counts the fields that nobody knows."""
    for batch in batches(look(rows, reader(db))):
        rows_with_id = (looked.values for looked in batch if looked.values and looked.values["external_id"])
        stored = known(db, rows_with_id)
        for looked in batch:
            for name in looked.unknown:
                ignored[name] = ignored.get(name, 0) + 1
            yield _fate_of(looked, stored)


def _fate_of(looked: Looked, stored: dict[str, Values]) -> RowFate:
    values = looked.values or {}
    if not looked.wrong:
        return fate(looked.line, stored.get(values["external_id"]), values)
    return RowFate(
        line=looked.line,
        external_id=values.get("external_id") or "",
        title=values.get("title") or "",
        fate=Fate.REFUSED,
        wrong=tuple((name, message) for _, name, message in looked.wrong),
    )


class Plan:
    """The fingerprint of what a dry run showed: another one means that something changed since."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, row: RowFate) -> None:
        """One row more."""
        self._hash.update(json.dumps([row.external_id, row.title, row.fate, row.changes]).encode())

    @property
    def fingerprint(self) -> str:
        """Of all rows so far."""
        return self._hash.hexdigest()


def batches(given: Iterable[T]) -> Iterator[Sequence[T]]:
    """As they come, five hundred at a time."""
    left = iter(given)
    while batch := list(islice(left, BATCH)):
        yield batch
