"""Projects and their partners."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from data.people import family
from data.store import change, insert, row, rows
from models.projects import Partner, Project, Status

_PROJECT = """
select p.id, p.external_id, p.title, p.summary, p.programme, p.status, p.status_note, p.lead_id, p.lead, p.theme,
  p.theme_derived, p.call_id, p.subsidy_cents, p.year, p.remark, p.urls, p.lang, p.demo, p.updated_at
from projects p
"""

FIELDS = (
    "external_id",
    "title",
    "summary",
    "programme",
    "status",
    "status_note",
    "lead_id",
    "lead",
    "theme",
    "theme_derived",
    "call_id",
    "subsidy_cents",
    "year",
    "remark",
    "urls",
    "lang",
)


def _project(found: dict[str, Any]) -> Project:
    flags = {name: bool(found[name]) for name in ("programme", "theme_derived", "demo")}
    return Project(**{**found, **flags, "status": Status(found["status"]), "urls": tuple(json.loads(found["urls"]))})


def get(db: Database, *, project_id: int) -> Project | None:
    """One project by id."""
    found = row(db, _PROJECT + "where p.id = ?", [project_id])
    return _project(found) if found else None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which projects to list; none means any."""

    status: str | None = None
    theme: str | None = None
    call_id: int | None = None
    programme: bool | None = None
    organisation_id: int | None = None


def _where(wanted: Filter) -> tuple[str, dict[str, Any]]:
    values = {
        name: getattr(wanted, name)
        for name in ("status", "theme", "call_id", "programme", "organisation_id")
        if getattr(wanted, name) is not None
    }
    parts = [f"p.{name} = :{name}" for name in values if name != "organisation_id"]
    if "organisation_id" in values:
        parts.append(
            f"""p.id in (select id from projects where lead_id in ({family(":organisation_id")})
            union select project_id from project_partners where organisation_id in ({family(":organisation_id")}))"""
        )
    return " and ".join(parts) or "1", values


def browse(db: Database, *, wanted: Filter, at_most: int, after: int = 0) -> list[Project]:
    """Projects that fit, those of the programme first and then by title, skipping `after`."""
    where, values = _where(wanted)
    sql = (
        _PROJECT + f"where {where} order by p.programme desc, p.title collate nocase, p.id limit :at_most offset :after"
    )
    return [_project(item) for item in rows(db, sql, {**values, "at_most": at_most, "after": after})]


def batch(db: Database, *, wanted: Filter, after_id: int, at_most: int) -> list[dict[str, Any]]:
    """Projects that fit, by id, from the first one after `after_id`, as `stored` gives them."""
    where, values = _where(wanted)
    return _with_partners(
        db,
        f"""select p.id, p.created_at, {", ".join(f"p.{name}" for name in FIELDS)} from projects p
        where {where} and p.id > :after_id order by p.id limit :at_most""",
        {**values, "at_most": at_most, "after_id": after_id},
    )


def by_ids(db: Database, *, ids: Sequence[int], wanted: Filter = Filter()) -> dict[int, Project]:
    """Those of these projects that fit, by id."""
    where, values = _where(wanted)
    sql = _PROJECT + f"where {where} and p.id in (select value from json_each(:ids))"
    return {item["id"]: _project(item) for item in rows(db, sql, {**values, "ids": json.dumps(list(ids))})}


def partners(db: Database, *, project_id: int) -> list[Partner]:
    """The partners of a project, in the order of the source."""
    found = rows(
        db,
        "select name, organisation_id from project_partners where project_id = ? order by position",
        [project_id],
    )
    return [Partner(**item) for item in found]


def stored(db: Database, *, external_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is stored under these external ids, as `add` takes it, with `id`, and `partners` as (name, id) pairs."""
    found = _with_partners(
        db,
        f"select id, {', '.join(FIELDS)} from projects where external_id in (select value from json_each(?))",
        [json.dumps(list(external_ids))],
    )
    return {item["external_id"]: item for item in found}


def by_moment(db: Database, *, project_id: int, created_at: str) -> dict[str, Any] | None:
    """The project with this id that was made here, at this moment, as `stored` gives it."""
    sql = f"""select id, {", ".join(FIELDS)} from projects
      where id = ? and created_at = ? and external_id is null"""
    found = _with_partners(db, sql, [project_id, created_at])
    return found[0] if found else None


def _with_partners(db: Database, sql: str, parameters: Any) -> list[dict[str, Any]]:
    by_id = {item["id"]: item | {"partners": []} for item in rows(db, sql, parameters)}
    for item in rows(
        db,
        """select project_id, name, organisation_id from project_partners
        where project_id in (select value from json_each(?)) order by project_id, position""",
        [json.dumps(list(by_id))],
    ):
        by_id[item["project_id"]]["partners"].append((item["name"], item["organisation_id"]))
    return list(by_id.values())


def add(db: Database, *, values: dict[str, Any], moment: str) -> int:
    """Add a project with its partners and return its id."""
    names = (*FIELDS, "created_at", "updated_at")
    project_id = insert(
        db,
        f"insert into projects ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})",
        {**_columns(values), "created_at": moment, "updated_at": moment},
    )
    _set_partners(db, project_id=project_id, partners=values["partners"])
    return project_id


def update(db: Database, *, project_id: int, values: dict[str, Any], moment: str) -> None:
    """Write all fields and partners of a project anew."""
    change(
        db,
        f"""update projects set {", ".join(f"{name} = :{name}" for name in FIELDS)}, updated_at = :updated_at
        where id = :id""",
        {**_columns(values), "id": project_id, "updated_at": moment},
    )
    change(db, "delete from project_partners where project_id = ?", [project_id])
    _set_partners(db, project_id=project_id, partners=values["partners"])


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in FIELDS}


def _set_partners(db: Database, *, project_id: int, partners: Sequence[tuple[str, int | None]]) -> None:
    for position, (name, organisation_id) in enumerate(partners):
        db.execute(
            "insert into project_partners (project_id, position, name, organisation_id) values (?, ?, ?, ?)",
            [project_id, position, name, organisation_id],
        )
