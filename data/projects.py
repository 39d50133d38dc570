"""Projects, their partners, versions and decisions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from data.people import family
from data.store import change, insert, row, rows, value
from models.projects import Decision, Partner, Project, Status, Version

_PROJECT = """
select p.id, p.external_id, p.title, p.summary, p.programme, p.status, p.status_note, p.lead_id, p.lead, p.theme,
  p.theme_derived, p.call_id, p.subsidy_cents, p.year, p.remark, p.urls, p.lang, p.demo, p.updated_at, p.revision,
  p.idea_id, p.cluster_id, p.features, p.cost_year_cents, p.supplier, p.how_to_join, p.hidden
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
    "features",
    "cost_year_cents",
    "supplier",
    "how_to_join",
)


def _project(found: dict[str, Any]) -> Project:
    flags = {name: bool(found[name]) for name in ("programme", "theme_derived", "demo", "hidden")}
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
    parts = ["p.hidden = 0", *(f"p.{name} = :{name}" for name in values if name != "organisation_id")]
    if "organisation_id" in values:
        parts.append(
            f"""p.id in (select id from projects where lead_id in ({family(":organisation_id")})
            union select project_id from project_partners where organisation_id in ({family(":organisation_id")}))"""
        )
    return " and ".join(parts), values


def browse(db: Database, *, wanted: Filter, at_most: int, after: int = 0) -> list[Project]:
    """Projects that fit, those of the programme first and then by title, skipping `after`."""
    where, values = _where(wanted)
    sql = (
        _PROJECT + f"where {where} order by p.programme desc, p.title collate nocase, p.id limit :at_most offset :after"
    )
    return [_project(item) for item in rows(db, sql, {**values, "at_most": at_most, "after": after})]


def count(db: Database, *, wanted: Filter, at_most: int) -> int:
    """How many projects fit, counted no further than `at_most`."""
    where, values = _where(wanted)
    sql = f"select count(*) from (select 1 from projects p where {where} limit :at_most)"
    return int(value(db, sql, {**values, "at_most": at_most}))


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


def current(db: Database, *, project_id: int) -> dict[str, Any] | None:
    """What is stored of one project, in the form of `stored`."""
    found = row(db, f"select id, {', '.join(FIELDS)} from projects where id = ?", [project_id])
    if found is None:
        return None
    parties = partners(db, project_id=project_id)
    return {**found, "partners": [(one.name, one.organisation_id) for one in parties]}


def add(
    db: Database,
    *,
    values: dict[str, Any],
    moment: str,
    member_id: int | None = None,
    submission_key: str | None = None,
    idea_id: int | None = None,
    cluster_id: int | None = None,
    demo: bool = False,
    imported: bool = False,
) -> int:
    """Add a project with its partners and first version, and return its id; fields not given stay empty."""
    values = {**_EMPTY, **values}
    extra = {
        "author_id": member_id,
        "submission_key": submission_key,
        "idea_id": idea_id,
        "cluster_id": cluster_id,
        "demo": int(demo),
        "created_at": moment,
        "updated_at": moment,
    }
    names = (*FIELDS, *extra)
    project_id = insert(
        db,
        f"insert into projects ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})",
        {**_columns(values), **extra},
    )
    _set_partners(db, project_id=project_id, partners=values["partners"])
    _add_version(
        db, project_id=project_id, revision=1, member_id=member_id, moment=moment, values=values, imported=imported
    )
    return project_id


def update(
    db: Database,
    *,
    project_id: int,
    values: dict[str, Any],
    moment: str,
    member_id: int | None = None,
    revision: int | None = None,
    imported: bool = False,
) -> bool:
    """Write all fields and partners of a project anew as its next version.

    With a `revision`, only if the project still stands there; the answer is false, and nothing changed, otherwise.
    """
    _keep_first_version(db, project_id=project_id)
    changed = change(
        db,
        f"""update projects set {", ".join(f"{name} = :{name}" for name in FIELDS)}, updated_at = :updated_at,
          revision = revision + 1
        where id = :id and revision = coalesce(:revision, revision)""",
        {**_columns(values), "id": project_id, "updated_at": moment, "revision": revision},
    )
    if not changed:
        return False
    change(db, "delete from project_partners where project_id = ?", [project_id])
    _set_partners(db, project_id=project_id, partners=values["partners"])
    reached = int(value(db, "select revision from projects where id = ?", [project_id]))
    _add_version(
        db,
        project_id=project_id,
        revision=reached,
        member_id=member_id,
        moment=moment,
        values=values,
        imported=imported,
    )
    return True


def _keep_first_version(db: Database, *, project_id: int) -> None:
    """A project that was there before versions were kept has none yet: what stands becomes its first."""
    found = row(
        db,
        """select p.revision, p.created_at from projects p where p.id = ? and not exists (
          select 1 from project_versions v where v.project_id = p.id and v.revision = p.revision)""",
        [project_id],
    )
    values = current(db, project_id=project_id) if found else None
    if found and values:
        _add_version(
            db,
            project_id=project_id,
            revision=found["revision"],
            member_id=None,
            moment=found["created_at"],
            values=values,
            imported=True,
        )


def _add_version(
    db: Database,
    *,
    project_id: int,
    revision: int,
    member_id: int | None,
    moment: str,
    values: dict[str, Any],
    imported: bool,
) -> None:
    fields = {**_columns(values), "partners": [name for name, _ in values["partners"]]}
    db.execute(
        """insert into project_versions (project_id, revision, member_id, imported, written_at, fields)
        values (?, ?, ?, ?, ?, ?)""",
        [project_id, revision, member_id, int(imported), moment, json.dumps(fields, ensure_ascii=False)],
    )


def versions(db: Database, *, project_id: int, at_most: int, after: int = 0) -> list[Version]:
    """The versions of a project, newest first."""
    found = rows(
        db,
        """select v.revision, v.written_at, m.name as who, v.fields from project_versions v
        left join members m on m.id = v.member_id
        where v.project_id = ? order by v.revision desc limit ? offset ?""",
        [project_id, at_most, after],
    )
    return [Version(**{**item, "fields": json.loads(item["fields"])}) for item in found]


def written_by_people(db: Database, *, project_ids: Sequence[int]) -> set[int]:
    """Those of these projects that a person wrote or changed by hand: no command may overwrite them."""
    found = rows(
        db,
        """select distinct project_id from project_versions where imported = 0 and member_id is not null
        and project_id in (select value from json_each(?))""",
        [json.dumps(list(project_ids))],
    )
    return {item["project_id"] for item in found}


def by_submission_key(db: Database, *, submission_key: str) -> int | None:
    """The project that this very form already added, if it did."""
    found: int | None = value(db, "select id from projects where submission_key = ?", [submission_key])
    return found


def of_origin(db: Database, *, idea_id: int | None = None, cluster_id: int | None = None) -> list[Project]:
    """The projects that an idea or a cluster became, newest first."""
    name, origin = ("idea_id", idea_id) if idea_id is not None else ("cluster_id", cluster_id)
    return [_project(item) for item in rows(db, _PROJECT + f"where p.{name} = ? order by p.id desc limit 20", [origin])]


def decide(
    db: Database,
    *,
    project_id: int,
    status: Status,
    happened_on: str | None,
    source: str | None,
    note: str,
    member_id: int | None,
    moment: str,
) -> None:
    """Add a line to the history of outcomes."""
    db.execute(
        """insert into project_decisions (project_id, status, happened_on, source, note, member_id, recorded_at)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [project_id, status, happened_on, source, note, member_id, moment],
    )


def decisions(db: Database, *, project_id: int) -> list[Decision]:
    """The history of outcomes, oldest first: the last hundred lines."""
    found = rows(
        db,
        """select * from (select d.id, d.status, d.happened_on, d.source, d.note, m.name as who,
            o.name as organisation, d.recorded_at
          from project_decisions d left join members m on m.id = d.member_id
          left join organisations o on o.id = m.organisation_id
          where d.project_id = ? order by d.id desc limit 100) order by id""",
        [project_id],
    )
    return [
        Decision(**{name: item[name] for name in item if name not in {"id", "status"}}, status=Status(item["status"]))
        for item in found
    ]


_EMPTY: dict[str, Any] = {"features": "", "cost_year_cents": None, "supplier": "", "how_to_join": ""}


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in FIELDS}


def _set_partners(db: Database, *, project_id: int, partners: Sequence[tuple[str, int | None]]) -> None:
    for position, (name, organisation_id) in enumerate(partners):
        db.execute(
            "insert into project_partners (project_id, position, name, organisation_id) values (?, ?, ?, ?)",
            [project_id, position, name, organisation_id],
        )
