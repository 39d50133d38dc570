"""Ideas and their versions."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from data.people import family
from data.store import change, insert, now, row, rows, value
from models.ideas import Budget, Idea, IdeaForm, IdeaState, Intent, Seek, Stage

_IDEA = """
select i.id, i.external_id, i.organisation_id, coalesce(o.name, '') as organisation, o.province, i.author_id,
  i.title, i.description, i.theme, i.call_id, i.stage, i.intent, i.seeks, i.budget, i.target_group, i.links, i.lang,
  i.state, i.source_url, i.demo, i.revision, i.created_at, i.updated_at,
  i.supporters, i.guessed_theme
from ideas i left join organisations o on o.id = i.organisation_id
"""

_FIELDS = (
    *(
        "title",
        "description",
        "theme",
        "call_id",
        "stage",
        "intent",
        "seeks",
        "budget",
        "target_group",
        "links",
        "lang",
    ),
)


def _idea(found: dict[str, Any]) -> Idea:
    return Idea(
        **{
            **found,
            "stage": Stage(found["stage"]),
            "intent": Intent(found["intent"]),
            "seeks": tuple(Seek(seek) for seek in json.loads(found["seeks"])),
            "budget": Budget(found["budget"]) if found["budget"] else None,
            "state": IdeaState(found["state"]),
            "demo": bool(found["demo"]),
        }
    )


def get(db: Database, *, idea_id: int) -> Idea | None:
    """One idea by id, in whatever state."""
    found = row(db, _IDEA + "where i.id = ?", [idea_id])
    return _idea(found) if found else None


def by_external_id(db: Database, *, external_id: str) -> Idea | None:
    """One idea by the id it had where it came from."""
    found = row(db, _IDEA + "where i.external_id = ?", [external_id])
    return _idea(found) if found else None


def by_submission_key(db: Database, *, submission_key: str) -> int | None:
    """The idea that this very form already posted, if it did."""
    found: int | None = value(db, "select id from ideas where submission_key = ?", [submission_key])
    return found


@dataclass(frozen=True, slots=True)
class Filter:
    """Which open ideas to list; none means any."""

    theme: str | None = None
    call_id: int | None = None
    province: str | None = None
    organisation_id: int | None = None
    intent: str | None = None
    stage: str | None = None
    seek: str | None = None
    budget: str | None = None
    target_group: str | None = None
    supporter_id: int | None = None


def _where(wanted: Filter) -> tuple[str, dict[str, Any]]:
    parts = ["i.state = 'open'"]
    if wanted.theme:
        parts.append("i.topic = :theme")
    if wanted.call_id:
        parts.append("i.call_id = :call_id")
    if wanted.province:
        parts.append("o.province = :province")
    parts += [f"i.{name} = :{name}" for name in ("intent", "stage", "budget") if getattr(wanted, name)]
    if wanted.seek:
        parts.append("exists (select 1 from json_each(i.seeks) s where s.value = :seek)")
    if wanted.target_group:
        parts.append("i.target_group is not null and instr(lower(i.target_group), lower(:target_group)) > 0")
    if wanted.organisation_id:
        # An idea of an intermunicipal body is also one of the municipalities it stands for.
        parts.append(
            f"""i.organisation_id in ({family(":organisation_id")}
            union select body_id from stands_for where municipality_id = :organisation_id)"""
        )
    if wanted.supporter_id:
        parts.append(
            f"""i.id in (select idea_id from endorsements
            where active = 1 and organisation_id in ({family(":supporter_id")}))"""
        )
    return " and ".join(parts), asdict(wanted)


_ORDERS = {
    "newest": "i.created_at desc, i.id desc",
    "supported": "i.supporters desc, i.created_at desc, i.id desc",
    "title": "i.title collate nocase, i.id",
}


def browse(db: Database, *, wanted: Filter, order: str, at_most: int, after: int) -> list[Idea]:
    """Open ideas that fit, in `order` (newest, supported or title), skipping `after`."""
    where, values = _where(wanted)
    # The ids first: an index can skip a thousand pages, and whole ideas are fetched for this page alone.
    sql = (
        _IDEA
        + f"""where i.id in (
      select i.id from ideas i left join organisations o on o.id = i.organisation_id
      where {where} order by {_ORDERS[order]} limit :at_most offset :after) order by {_ORDERS[order]}"""
    )
    return [_idea(item) for item in rows(db, sql, {**values, "at_most": at_most, "after": after})]


def count(db: Database, *, wanted: Filter, at_most: int) -> int:
    """How many open ideas fit, counted no further than `at_most`."""
    where, values = _where(wanted)
    sql = f"""select count(*) from (
      select 1 from ideas i left join organisations o on o.id = i.organisation_id where {where} limit :at_most)"""
    return int(value(db, sql, {**values, "at_most": at_most}))


def batch(db: Database, *, wanted: Filter, after_id: int, at_most: int) -> list[Idea]:
    """Open ideas that fit, by id, from the first one after `after_id`: for reading all of them part by part."""
    where, values = _where(wanted)
    sql = _IDEA + f"where {where} and i.id > :after_id order by i.id limit :at_most"
    return [_idea(item) for item in rows(db, sql, {**values, "at_most": at_most, "after_id": after_id})]


def by_ids(db: Database, *, ids: Sequence[int], wanted: Filter = Filter()) -> dict[int, Idea]:
    """Those of these ideas that are open and fit, by id."""
    where, values = _where(wanted)
    sql = _IDEA + f"where {where} and i.id in (select value from json_each(:ids))"
    return {item["id"]: _idea(item) for item in rows(db, sql, {**values, "ids": json.dumps(list(ids))})}


def of_organisation(db: Database, *, organisation_id: int) -> list[Idea]:
    """All ideas of an organisation, withdrawn ones too, newest first; for its own members."""
    return [
        _idea(item) for item in rows(db, _IDEA + "where i.organisation_id = ? order by i.id desc", [organisation_id])
    ]


def newest_of(db: Database, *, organisation_ids: Sequence[int], at_most: int) -> list[Idea]:
    """The newest open ideas of these organisations; as quick however many each has."""
    one = _first("organisation_id = {}", at_most)
    return _newest(db, [one.format(int(found)) for found in organisation_ids], at_most=at_most)


def newest_around(
    db: Database, *, near: Sequence[int], each_at_most: int, own: Sequence[int], themes: Sequence[str], at_most: int
) -> list[Idea]:
    """The newest open ideas of each organisation nearby, and in each of these themes those of others, newest first.

    Asked at once, for the start page; what is nearby may be in a theme as well.
    """
    apart = f"and (organisation_id is null or organisation_id not in ({', '.join(str(int(one)) for one in own)}))"
    parts = [_first(f"organisation_id = {int(one)}", each_at_most) for one in near]
    parts += [_first(f"topic = :theme{at} {apart if own else ''}", at_most) for at in range(len(themes))]
    return _newest(db, parts, at_most=-1, **{f"theme{at}": theme for at, theme in enumerate(themes)})


def _first(which: str, at_most: int) -> str:
    return f"""select id from (select id from ideas where {which} and state = 'open'
      order by created_at desc, id desc limit {int(at_most)})"""


def _newest(db: Database, parts: list[str], *, at_most: int, **values: Any) -> list[Idea]:
    if not parts:
        return []
    sql = (
        _IDEA
        + f"""where i.id in ({" union all ".join(parts)})
      order by i.created_at desc, i.id desc limit :at_most"""
    )
    return [_idea(item) for item in rows(db, sql, {**values, "at_most": at_most})]


def counts(db: Database, *, at_most: int = -1) -> dict[str, int]:
    """How many open ideas, organisations behind ideas or me-toos, projects and agreed introductions there are.

    Counting stops at `at_most` of each, when given.
    """
    found = row(
        db,
        """select (select count(*) from (select 1 from ideas where state = 'open' limit :at_most)) as ideas,
          (select count(*) from (select 1 from projects where hidden = 0 limit :at_most)) as projects,
          (select count(*) from organisations o
            where exists (select 1 from ideas i where i.organisation_id = o.id and i.state = 'open')
              or exists (select 1 from endorsements e join ideas i on i.id = e.idea_id
                where e.organisation_id = o.id and e.active = 1 and i.state = 'open')
          ) as organisations,
          (select count(*) from (select 1 from introductions where state = 'agreed' limit :at_most))
            as introductions""",
        {"at_most": at_most},
    )
    assert found is not None
    return {name: int(found[name]) for name in found}


def _values(form: IdeaForm, lang: str) -> dict[str, Any]:
    fields = {name: getattr(form, name) for name in _FIELDS if name not in {"seeks", "lang"}}
    return {**fields, "seeks": json.dumps(list(form.seeks)), "lang": lang}


def add(
    db: Database,
    *,
    form: IdeaForm,
    lang: str,
    organisation_id: int | None,
    author_id: int | None,
    external_id: str | None = None,
    submission_key: str | None = None,
    source_url: str | None = None,
    demo: bool = False,
    created_at: str | None = None,
) -> int:
    """Add an open idea with its first version and return its id."""
    moment = created_at or now()
    values = _values(form, lang)
    idea_id = insert(
        db,
        f"""insert into ideas ({", ".join(_FIELDS)}, organisation_id, author_id, external_id, submission_key,
          source_url, demo, created_at, updated_at)
        values ({", ".join(f":{name}" for name in _FIELDS)}, :organisation_id, :author_id, :external_id,
          :submission_key, :source_url, :demo, :moment, :moment)""",
        {
            **values,
            "organisation_id": organisation_id,
            "author_id": author_id,
            "external_id": external_id,
            "submission_key": submission_key,
            "source_url": source_url,
            "demo": int(demo),
            "moment": moment,
        },
    )
    _add_version(db, idea_id=idea_id, revision=1, member_id=author_id, values=values, moment=moment)
    return idea_id


def edit(db: Database, *, idea_id: int, revision: int, form: IdeaForm, lang: str, member_id: int | None) -> bool:
    """Write a new version if `revision` is still the present one; false when somebody else was first."""
    values, moment = _values(form, lang), now()
    touched = change(
        db,
        f"""update ideas set {", ".join(f"{name} = :{name}" for name in _FIELDS)}, revision = revision + 1,
          updated_at = :moment where id = :id and revision = :revision""",
        {**values, "id": idea_id, "revision": revision, "moment": moment},
    )
    if touched:
        _add_version(db, idea_id=idea_id, revision=revision + 1, member_id=member_id, values=values, moment=moment)
    return bool(touched)


def _add_version(
    db: Database, *, idea_id: int, revision: int, member_id: int | None, values: dict[str, Any], moment: str
) -> None:
    db.execute(
        "insert into idea_versions (idea_id, revision, member_id, written_at, fields) values (?, ?, ?, ?, ?)",
        [idea_id, revision, member_id, moment, json.dumps(values, ensure_ascii=False)],
    )


def set_origin(db: Database, *, idea_id: int, organisation_id: int | None, source_url: str | None) -> None:
    """Set whose idea it is and where it came from, as an import corrects them; no version is written for that."""
    change(
        db,
        "update ideas set organisation_id = ?, source_url = ?, updated_at = ? where id = ?",
        [organisation_id, source_url, now(), idea_id],
    )


def last_writer(db: Database, *, idea_id: int) -> int | None:
    """Who wrote the present version; none for an import."""
    found: int | None = value(
        db, "select member_id from idea_versions where idea_id = ? order by revision desc limit 1", [idea_id]
    )
    return found


def without_theme(db: Database, *, after_id: int, at_most: int) -> list[int]:
    """Ids of open ideas that have no theme, chosen or guessed, from the first one after `after_id`."""
    sql = """select id from ideas where state = 'open' and theme is null and guessed_theme is null and id > ?
      order by id limit ?"""
    return [item["id"] for item in rows(db, sql, [after_id, at_most])]


def guess_theme(db: Database, *, idea_id: int, theme: str | None) -> None:
    """Keep a guess beside an idea, unless a person chose its theme."""
    change(db, "update ideas set guessed_theme = ? where id = ? and theme is null", [theme, idea_id])


def set_state(db: Database, *, idea_id: int, state: IdeaState) -> None:
    """Open or withdraw an idea; its text and me-toos stay."""
    change(db, "update ideas set state = ?, updated_at = ? where id = ?", [state, now(), idea_id])
