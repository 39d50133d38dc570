"""Projects: what was submitted or approved elsewhere, brought in from files and never typed by hand."""

import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from sqlite_utils import Database

import cluster.letters
import data.calls
import data.letters
import data.people
import data.projects
from cluster.engine.language import LANGUAGES, language_of
from cluster.engine.texts import clean, readable
from cluster.imports import Fields, Imported, Row, check
from cluster.matches import queue_vectors
from cluster.people import must_act
from data.projects import Filter
from data.store import now, transaction
from models.contacts import MESSAGE_AT_MOST
from models.errors import N_, Invalid, NotFound
from models.ideas import DESCRIPTION_AT_MOST, TITLE_AT_MOST
from models.matches import Kind
from models.people import Member, Organisation
from models.projects import Partner, Project, Status

_BATCH = 500


def get(db: Database, project_id: int) -> Project:
    """One project; NotFound when there is none."""
    found = data.projects.get(db, project_id=project_id)
    if found is None:
        raise NotFound
    return found


def partners(db: Database, *, project: Project) -> list[Partner]:
    """The governments beside the lead, in the order of the source."""
    return data.projects.partners(db, project_id=project.id)


def browse(db: Database, *, wanted: Filter, page: int, at_most: int) -> tuple[list[Project], bool]:
    """One page of the projects that fit, and whether there are more; pages count from one."""
    found = data.projects.browse(db, wanted=wanted, at_most=at_most + 1, after=(page - 1) * at_most)
    return found[:at_most], len(found) > at_most


# What leaves, under the names by which an import knows it.
EXPORTED = (
    *("id", "title", "description", "municipality", "partners", "status", "status_note", "theme", "theme_derived"),
    *("call", "subsidy_eur", "programme", "year", "remark", "urls", "lang", "created_at"),
)


def exported(db: Database, *, wanted: Filter) -> Iterator[dict[str, object]]:
    """All projects that fit, by id, as an import reads them. Projects made here have an id of the form project:12."""
    calls = {call.id: call.number for call in data.calls.every(db)}

    @cache
    def name(organisation_id: int) -> str:
        return data.people.name_for_import(db, organisation_id=organisation_id)

    last = 0
    while found := data.projects.batch(db, wanted=wanted, after_id=last, at_most=_BATCH):
        for values in found:
            cents = values["subsidy_cents"]
            yield {
                **values,
                "id": values["external_id"] or f"{Kind.PROJECT}:{values['id']}",
                "description": values["summary"],
                "municipality": name(values["lead_id"]) if values["lead_id"] else values["lead"],
                "partners": [partner for partner, _ in values["partners"]],
                "theme_derived": bool(values["theme_derived"]),
                "programme": bool(values["programme"]),
                "call": calls.get(values["call_id"]),
                "subsidy_eur": None if cents is None else Decimal(cents) / 100,
                "urls": json.loads(values["urls"]),
            }
        last = found[-1]["id"]


def import_rows(db: Database, *, rows: Iterable[Row]) -> Imported:
    """Add or update projects by their external id: all rows, or none with ImportRefused saying what is wrong where.

    Saying it twice changes nothing: rows that say what already stands are not touched.
    """
    checked, done = check(rows, _reader(db))
    _keep(db, checked, done, refresh=True)
    return done


def ask_contact(db: Database, *, member: Member | None, project_id: int, message: str) -> None:
    """Ask the coordinators to bring one's organisation in contact with who is behind a project.

    Each coordinator gets one letter with the asker in it, who consents by asking. Asking again changes nothing.
    """
    asking, organisation_id = must_act(member)
    message = clean(message)
    if len(message) > MESSAGE_AT_MOST:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        raise Invalid("message", said, count=len(message), at_most=MESSAGE_AT_MOST)
    if not readable(message):
        raise Invalid("message", N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))
    with transaction(db):
        project = get(db, project_id)
        contact = data.people.contact(db, member_id=asking.id)
        for coordinator in data.people.coordinators(db):
            cluster.letters.queue(
                db,
                to=coordinator,
                template="contact",
                dedupe_key=f"{_request(project_id, organisation_id)}{coordinator.id}",
                project=project,
                contact=contact,
                message=message,
            )


def asked_contact(db: Database, *, member: Member | None, project_id: int) -> str | None:
    """When the member's organisation asked for contact about a project; none if it did not."""
    if member is None or member.organisation_id is None:
        return None
    return data.letters.first_with(db, dedupe_prefix=_request(project_id, member.organisation_id))


def _request(project_id: int, organisation_id: int) -> str:
    return f"contact:{project_id}:{organisation_id}:"


def seed(db: Database, *, rows: list[dict[str, Any]]) -> int:
    """Add the projects of data/seed/projects.jsonl that are missing and tell how many; the others stay as they are."""
    done = Imported()
    _keep(db, [_seeded(db, row) for row in rows], done, refresh=False)
    return done.added


def _keep(db: Database, wanted: list[dict[str, Any]], done: Imported, *, refresh: bool) -> None:
    moment = now()
    with transaction(db):
        for batch in _batches(wanted):
            stored = data.projects.stored(db, external_ids=[values["external_id"] for values in batch])
            for values in batch:
                given_at = values.pop("created_at", None)
                before = stored.get(values["external_id"]) or _made_here(db, values["external_id"], given_at)
                if before:
                    _as_known(db, before, values)
                if before is None:
                    project_id = data.projects.add(db, values=values, moment=moment)
                    done.added += 1
                elif refresh and before["external_id"] and any(before[name] != values[name] for name in values):
                    project_id = before["id"]
                    data.projects.update(db, project_id=project_id, values=values, moment=moment)
                    done.changed += 1
                else:
                    done.unchanged += 1
                    continue
                if before is None:
                    queue_vectors(db, changed=[])
                elif any(before[name] != values[name] for name in ("title", "summary")):
                    queue_vectors(db, changed=[(Kind.PROJECT, project_id)])


def _made_here(db: Database, external_id: str, created_at: str | None) -> dict[str, Any] | None:
    """The project of ours that a row names as project:12; what people typed here, no import overwrites."""
    kind, _, number = external_id.partition(":")
    if created_at is None or kind != Kind.PROJECT or not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return data.projects.by_moment(db, project_id=int(number), created_at=created_at)


def _as_known(db: Database, before: dict[str, Any], values: dict[str, Any]) -> None:
    """Keep how governments are named and known, where a file names the same ones.

    The source may call a lead "Stad Gent", and somebody may have found out which body "WVI" is.
    """
    living = data.people.today(db, organisation_id=before["lead_id"]) if before["lead_id"] else None
    if living and living.id == values["lead_id"]:
        values |= {"lead": before["lead"], "lead_id": before["lead_id"]}
    known = dict(before["partners"])
    values["partners"] = [(name, known.get(name, found)) for name, found in values["partners"]]


def _batches(values: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    left = iter(values)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _reader(db: Database) -> Callable[[Fields], dict[str, Any]]:
    """What reads one row; files name the same few organisations again and again, so each is looked up once."""

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

    def read(fields: Fields) -> dict[str, Any]:
        lead, lead_name = _lead(db, fields, organisation)
        title = fields.text("title", at_most=TITLE_AT_MOST, required=True) or ""
        summary = fields.text("description", "summary", at_most=DESCRIPTION_AT_MOST, required=True, lines=True) or ""
        lang = fields.text("lang", at_most=10)
        if lang and lang not in LANGUAGES:
            fields.refuse("lang", f"“{lang}” kennen we niet. Kies uit: {', '.join(LANGUAGES)}.")
        return {
            "external_id": fields.text("id", "external_id", at_most=200, required=True),
            "created_at": fields.text("created_at", at_most=40),
            "title": title,
            "summary": summary,
            "programme": int(fields.flag("programme", default=True)),
            "status": fields.choice("status", Status, Status.UNKNOWN).value,
            "status_note": fields.text("status_note", at_most=500),
            "lead_id": lead.id if lead else None,
            "lead": lead_name,
            "theme": fields.found("theme", look_up=theme, what="een thema"),
            "theme_derived": int(fields.flag("theme_derived", default=False)),
            "call_id": fields.found("call", look_up=call, what="een oproep"),
            "subsidy_cents": fields.cents("subsidy_eur"),
            "year": fields.text("year", at_most=20),
            "remark": fields.text("remark", at_most=2_000, lines=True),
            "urls": json.dumps(_addresses(fields)),
            "lang": lang or language_of(f"{title}. {summary}"),
            "partners": [partner(name) for name in fields.texts("partners", each_at_most=200)],
        }

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


def _addresses(fields: Fields) -> list[str]:
    names = ("source", "sources", "url", "urls")
    found = fields.texts(*names, each_at_most=2_000)
    for address in found:
        if not _on_the_web(address):
            fields.refuse(fields.given(*names)[0], f"“{address[:80]}” is geen webadres. Het begint met https://.")
    return found


def _on_the_web(address: str) -> bool:
    """Whether it may stand in a link: other schemes than http(s) can run code."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in address


def _seeded(db: Database, row: dict[str, Any]) -> dict[str, Any]:
    known = data.people.find_organisation

    def organisation_id(party: dict[str, Any]) -> int | None:
        found = known(db, text=party["uri"]) if party["uri"] else None
        return found.id if found else None

    subsidy = row["subsidy_eur"]
    return {
        **{name: row[name] for name in ("external_id", "title", "summary", "status", "status_note", "theme", "year")},
        "programme": int(row["programme"]),
        "lead_id": organisation_id(row["lead"]) if row["lead"] else None,
        "lead": row["lead"]["name"] if row["lead"] else "",
        "theme_derived": int(row["theme_derived"]),
        "call_id": data.calls.find(db, text=str(row["call"])) if row["call"] else None,
        "subsidy_cents": None if subsidy is None else round(subsidy * 100),
        "remark": row["remark"],
        "urls": json.dumps(row["urls"]),
        "lang": row.get("lang", "nl"),
        "partners": [(party["name"], organisation_id(party)) for party in row["partners"]],
    }
