"""Full-text search over everything that anyone may see, facets, and the searches that members keep.

Raw search text never reaches FTS syntax: questions come as words, and every word is quoted here.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from data.matches import quoted
from data.store import change, insert, now, row, rows, value
from models.searches import Chosen, Key, Often, Question, SavedSearch, Shown, Subject, Traits

# Titles count four times.
_RANK = "bm25(4.0, 1.0)"

# What facets know, of what is public alone: whoever else searches must not see more than the public does.
_IDEAS = """
select 'idea' as kind, i.id, i.topic as theme, i.call_id as call, c.name as call_name, null as status, i.intent,
  o.province, i.lang
from ideas i indexed by ideas_facets left join organisations o on o.id = i.organisation_id
left join calls c on c.id = i.call_id
where i.state = 'open'
"""
_PROJECTS = """
select 'project' as kind, p.id, p.theme, p.call_id as call, c.name as call_name, p.status, null as intent, o.province,
  p.lang from projects p left join organisations o on o.id = p.lead_id left join calls c on c.id = p.call_id
where p.hidden = 0
"""
_CLUSTERS = """
select 'cluster' as kind, c.id, null as theme, null as call, null as call_name, null as status, null as intent,
  null as province, null as lang from clusters c where c.state = 'accepted' and 1 < (
    select count(*) from cluster_members m
    left join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
    left join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
    where m.cluster_id = c.id and (i.id is not null or p.id is not null))
"""
_MUNICIPALITIES = """
select 'municipality' as kind, o.id, null as theme, null as call, null as call_name, null as status, null as intent,
  o.province, null as lang from organisations o where o.kind = 'municipality' and o.valid_until is null
"""
_SOURCES = {
    Subject.IDEA: (_IDEAS, "i.id"),
    Subject.PROJECT: (_PROJECTS, "p.id"),
    Subject.CLUSTER: (_CLUSTERS, "c.id"),
    Subject.MUNICIPALITY: (_MUNICIPALITIES, "o.id"),
}

# A chosen facet as a condition on an idea (i), a project (p) and the organisation behind it (o).
_CONDITIONS = {
    "theme": "coalesce(i.topic, p.theme) = :theme",
    "call": "coalesce(i.call_id, p.call_id) = :call",
    "status": "p.status = :status",
    "intent": "i.intent = :intent",
    "province": "o.province = :province",
    "lang": "coalesce(i.lang, p.lang) = :lang",
}


def _any(options: Sequence[str]) -> str:
    return f"({' OR '.join(options)})"


def _part(forms: Sequence[str]) -> str:
    """A part of a compound in FTS5 syntax; a long one may also begin another compound."""
    star = "*" if len(forms[0]) >= 5 else ""
    return _any([quoted([forms[0]]) + star, *(quoted([form]) for form in forms[1:])])


def expression(question: Question, *, mode: str) -> str | None:
    """A question in FTS5 syntax; none when nothing is left to look for.

    Modes: `exact` every word as typed, `all` every word in some form, `any` one of them in some form. Phrases and
    exclusions hold in each.
    """
    groups = []
    for group in question.groups:
        options = [quoted([group.exact])]
        if mode != "exact":
            options += [quoted([word]) for word in group.also]
            options += [quoted([prefix]) + "*" for prefix in group.prefixes]
            if group.together:
                options.append("(" + " AND ".join(_part(part) for part in group.together) + ")")
        if mode == "any":
            options += [quoted([word]) for word in group.loosely]
        groups.append(_any(options))
    must = [quoted(phrase) for phrase in question.phrases]
    if groups:
        must.append("(" + (" OR " if mode == "any" else " AND ").join(groups) + ")")
    if not must:
        return None
    found = " AND ".join(must)
    if question.without:
        found = f"({found}) NOT {_any([quoted(phrase) for phrase in question.without])}"
    return found


def ranked(
    db: Database,
    *,
    question: Question,
    mode: str,
    chosen: Chosen,
    at_most: int,
    published: tuple[int, int] | None = None,
) -> dict[Key, bool]:
    """Public ideas and projects that fit a question and facets, best BM25 first, and whether the title alone does.

    With `published` only what became public for the first time after one number, up to another.
    """
    asked = expression(question, mode=mode)
    if asked is None or chosen.kind not in (None, Subject.IDEA, Subject.PROJECT):
        return {}
    parts = [_CONDITIONS[name] for name in chosen.by_name if name != "kind"]
    if chosen.kind:
        parts.append("t.rowid % 2 = " + str(int(chosen.kind == Subject.PROJECT)))
    if published:
        parts.append(
            """exists (select 1 from published n where n.kind = iif(t.rowid % 2, 'project', 'idea')
              and n.item_id = t.rowid / 2 and n.seq > :seen and n.seq <= :until)"""
        )
    # In the order of rank, so that the joins are made for as many rows as are asked for and not for all that fit.
    found = rows(
        db,
        f"""select t.rowid, t.rowid in (select rowid from texts where texts match :titled) as titled from texts t
        left join ideas i on t.rowid % 2 = 0 and i.id = t.rowid / 2 and i.state = 'open'
        left join projects p on t.rowid % 2 = 1 and p.id = t.rowid / 2 and p.hidden = 0
        left join organisations o on o.id = coalesce(i.organisation_id, p.lead_id)
        where texts match :asked and t.rank match '{_RANK}' and (i.id is not null or p.id is not null)
          {"".join(f" and {part}" for part in parts)}
        order by t.rank limit :at_most""",
        {
            **{name: value for name, value in chosen.by_name.items() if name != "kind"},
            **dict(zip(("seen", "until"), published or (), strict=False)),
            "asked": asked,
            "titled": f"title : ({asked})",
            "at_most": at_most,
        },
    )
    return {
        (Subject.PROJECT if item["rowid"] % 2 else Subject.IDEA, item["rowid"] // 2): bool(item["titled"])
        for item in found
    }


def newest(
    db: Database, *, kind: Subject, chosen: Chosen, at_most: int, published: tuple[int, int] | None = None
) -> list[Key]:
    """What is public, of one kind and has the chosen facets, newest first; `published` as in `ranked`."""
    parts = [f"{name} = :{name}" for name in chosen.by_name]
    if published:
        parts.append(
            """exists (select 1 from published n where n.kind = found.kind and n.item_id = found.id
              and n.seq > :seen and n.seq <= :until)"""
        )
    source, _ = _SOURCES[kind]
    found = rows(
        db,
        f"""select id from ({source}) as found where {" and ".join(parts) or "1"} order by id desc limit :at_most""",
        {**chosen.by_name, **dict(zip(("seen", "until"), published or (), strict=False)), "at_most": at_most},
    )
    return [(kind, item["id"]) for item in found]


def fitting(db: Database, *, question: Question, keys: Sequence[Key]) -> set[Key]:
    """Those of these ideas and projects that have the phrases of a question and none that it excludes."""
    numbers = {id_ * 2 + (kind is Subject.PROJECT): (kind, id_) for kind, id_ in keys}
    if question.without:
        bad = _any([quoted(phrase) for phrase in question.without])
        for item in _among(db, bad, list(numbers)):
            numbers.pop(item, None)
    if question.phrases:
        good = " AND ".join(quoted(phrase) for phrase in question.phrases)
        return {numbers[item] for item in _among(db, good, list(numbers))}
    return set(numbers.values())


def _among(db: Database, asked: str, numbers: Sequence[int]) -> list[int]:
    sql = "select rowid from texts where texts match ? and rowid in (select value from json_each(?))"
    return [item["rowid"] for item in rows(db, sql, [asked, json.dumps(list(numbers))])]


def named(db: Database, *, question: Question, mode: str, chosen: Chosen, at_most: int) -> list[tuple[Key, float]]:
    """Accepted clusters and municipalities of today whose name fits, best first.

    Each comes with the share of the words asked that are its name, of today or of before a merger: 1 is that very name.
    """
    asked = expression(question, mode=mode)
    if asked is None or set(chosen.by_name) - {"kind", "province"} or chosen.kind in (Subject.IDEA, Subject.PROJECT):
        return []
    found = rows(
        db,
        f"""select t.rowid, t.title, t.body from names t
        left join organisations o on t.rowid % 2 = 1 and o.id = t.rowid / 2 and o.kind = 'municipality'
          and o.valid_until is null
        left join clusters c on t.rowid % 2 = 0 and c.id = t.rowid / 2 and c.state = 'accepted'
        where names match :asked and t.rank match '{_RANK}' and (o.id is not null or c.id is not null)
          and (:province is null or o.province = :province)
          and (:kind is null or (:kind = 'cluster') = (c.id is not null))
        order by t.rank limit :at_most""",
        {"asked": asked, "at_most": at_most, "province": chosen.province, "kind": chosen.kind},
    )
    typed = f" {' '.join(group.put_right or group.exact for group in question.groups)} "
    keys = []
    for item in found:
        key = (Subject.MUNICIPALITY if item["rowid"] % 2 else Subject.CLUSTER, item["rowid"] // 2)
        names = {name.lower().replace("-", " ") for name in (item["title"], *item["body"].split(", ")) if name}
        longest = max((len(name.split()) for name in names if f" {name} " in typed), default=0)
        keys.append((key, longest / max(len(typed.split()), 1)))
    return keys


def of_organisations(db: Database, *, ids: Sequence[int], at_most: int) -> list[Key]:
    """What these organisations posted or lead, those of bodies that stand for them included, newest first."""
    found = rows(
        db,
        """with behind as (select value as id from json_each(:ids)
          union select body_id from stands_for where municipality_id in (select value from json_each(:ids)))
        select * from (select 'idea' as kind, i.id, i.created_at from ideas i
            where i.organisation_id in (select id from behind) and i.state = 'open'
            order by i.id desc limit :at_most)
        union all select * from (select 'project', p.id, p.created_at from projects p
            where p.hidden = 0 and (p.lead_id in (select value from json_each(:ids)) or p.id in (
              select project_id from project_partners where organisation_id in (select value from json_each(:ids))))
            order by p.id desc limit :at_most)
        order by 3 desc, 2 desc limit :at_most""",
        {"ids": json.dumps(list(ids)), "at_most": at_most},
    )
    return [(Subject(item["kind"]), item["id"]) for item in found]


def clusters_of(db: Database, *, keys: Sequence[Key]) -> list[tuple[int, Key]]:
    """The accepted clusters that these ideas and projects are in, as (cluster, member) pairs."""
    found = rows(
        db,
        """select m.cluster_id, m.kind, m.item_id from json_each(?) k
        join cluster_members m on m.kind = k.value ->> 0 and m.item_id = k.value ->> 1
        join clusters c on c.id = m.cluster_id and c.state = 'accepted'""",
        [json.dumps(list(keys))],
    )
    return [(item["cluster_id"], (Subject(item["kind"]), item["item_id"])) for item in found]


def traits(db: Database, *, keys: Sequence[Key]) -> dict[Key, Traits]:
    """What facets know of these; what is not public has none."""
    parts, values = [], []
    for kind, (source, column) in _SOURCES.items():
        if ids := [id_ for one, id_ in keys if one is kind]:
            parts.append(f"select * from ({source} and {column} in (select value from json_each(?)))")
            values.append(json.dumps(ids))
    if not parts:
        return {}
    found = rows(db, " union all ".join(parts), values)
    return {(Subject(item["kind"]), item.pop("id")): Traits(**item) for item in found}


def shown(db: Database, *, keys: Sequence[Key]) -> dict[Key, Shown]:
    """What cards tell of these; at most one query for each kind."""
    found: dict[Key, Shown] = {}
    for kind in Subject:
        if ids := [id_ for one, id_ in keys if one is kind]:
            for item in rows(db, _CARDS[kind], [json.dumps(ids)]):
                item["demo"] = bool(item.get("demo"))
                found[kind, item["id"]] = Shown(kind=kind, **item)
    return found


_CARDS = {
    Subject.IDEA: """
select i.id, i.title, i.description as body, coalesce(o.name, '') as organisation, i.lang, i.theme, i.intent,
  o.province, i.created_at, i.demo,
  i.supporters as detail
from ideas i left join organisations o on o.id = i.organisation_id
where +i.state = 'open' and i.id in (select value from json_each(?))""",
    Subject.PROJECT: """
select id, title, summary as body, lead as organisation, lang, theme, status, demo
from projects where hidden = 0 and id in (select value from json_each(?))""",
    Subject.CLUSTER: """
select c.id, c.name as title, coalesce(group_concat(coalesce(i.title, p.title), '. '), '') as body,
  count(coalesce(i.id, p.id)) as detail
from clusters c join cluster_members m on m.cluster_id = c.id
left join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
left join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
where c.state = 'accepted' and c.id in (select value from json_each(?)) group by c.id""",
    Subject.MUNICIPALITY: """
select o.id, o.name as title, coalesce((select group_concat(name, ', ') from (
    select n.name from organisation_names n where n.organisation_id = o.id
    union select f.name from organisations f where f.successor_id = o.id) where name <> o.name), '') as body,
  o.province,
  (select count(*) from (
    select 1 from ideas i where i.organisation_id = o.id and i.state = 'open' limit 1000)) as detail
from organisations o where o.id in (select value from json_each(?))""",
}


def vocabulary(db: Database) -> dict[str, int]:
    """In how many names of clusters and organisations each word occurs."""
    return {item["term"]: item["doc"] for item in rows(db, "select term, doc from name_terms")}


def known(db: Database, *, word: str) -> bool:
    """Whether a word stands in any text or name by now."""
    sql = "select exists (select 1 from terms where term = ?) or exists (select 1 from name_terms where term = ?)"
    return bool(value(db, sql, [word, word]))


def last_published(db: Database) -> int:
    """The number of what became public last; 0 when nothing did."""
    return int(value(db, "select coalesce(max(seq), 0) from published"))


def published_since(db: Database, *, seen: int, until: int) -> set[Key]:
    """What became public for the first time after `seen`, up to `until`."""
    found = rows(db, "select kind, item_id from published where seq > ? and seq <= ?", [seen, until])
    return {(Subject(item["kind"]), item["item_id"]) for item in found}


_SAVED = "select id, member_id, name, query, chosen, often, seen, created_at, told_at from saved_searches "


def _saved(found: dict[str, Any]) -> SavedSearch:
    chosen = Chosen(**json.loads(found["chosen"]))
    return SavedSearch(**{**found, "chosen": chosen, "often": Often(found["often"])})


def kept(chosen: Chosen) -> str:
    """Chosen facets as they are kept, always in the same order."""
    return json.dumps({name: value for name, value in asdict(chosen).items() if value is not None}, ensure_ascii=False)


def get(db: Database, *, search_id: int) -> SavedSearch | None:
    """One kept search."""
    found = row(db, _SAVED + "where id = ?", [search_id])
    return _saved(found) if found else None


def of_member(db: Database, *, member_id: int) -> list[SavedSearch]:
    """The searches of a member, latest first."""
    return [_saved(item) for item in rows(db, _SAVED + "where member_id = ? order by id desc", [member_id])]


def of_query(db: Database, *, member_id: int, query: str, chosen: Chosen) -> SavedSearch | None:
    """The kept search of a member for exactly this."""
    sql = _SAVED + "where member_id = ? and query = ? and chosen = ?"
    found = row(db, sql, [member_id, query, kept(chosen)])
    return _saved(found) if found else None


def add(db: Database, *, member_id: int, name: str, query: str, chosen: Chosen, often: Often) -> int:
    """Keep a search that has seen all that is public now, and return its id."""
    return insert(
        db,
        """insert into saved_searches (member_id, name, query, chosen, often, seen, created_at)
        values (?, ?, ?, ?, ?, (select coalesce(max(seq), 0) from published), ?)""",
        [member_id, name, query, kept(chosen), often, now()],
    )


def update(db: Database, *, search_id: int, name: str, often: Often) -> None:
    """Rename a kept search or set how often it warns. One that was off has seen all that became public meanwhile."""
    change(
        db,
        """update saved_searches set name = :name, often = :often,
          seen = iif(often = 'off' and :often <> 'off', (select coalesce(max(seq), 0) from published), seen)
        where id = :id""",
        {"name": name, "often": often, "id": search_id},
    )


def remove(db: Database, *, search_id: int) -> None:
    """Forget a kept search."""
    change(db, "delete from saved_searches where id = ?", [search_id])


def look(db: Database, *, search_id: int, seen: int, until: int, told: bool) -> bool:
    """Note up to where a kept search has looked; false when another worker did so meanwhile."""
    return bool(
        change(
            db,
            """update saved_searches set seen = ?, told_at = iif(?, ?, told_at)
            where id = ? and seen = ? and often <> 'off'""",
            [until, int(told), now(), search_id, seen],
        )
    )
