"""Governments as readers meet them: found by name, with whom they merged, what they said, and who speaks for them."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from data.people import family
from data.store import placeholders, row, rows
from models.contacts import EndorsementRole
from models.people import Organisation, OrganisationKind
from models.places import Card, Said

# Counting stops here: "1.000+".
COUNTED_AT_MOST = 1_001

_CARD = f"""
select o.id, o.kind, o.name, o.province, o.inhabitants, o.nis, o.kbo, o.ovo, o.uri,
  (select count(*) from (select 1 from ideas i where i.state = 'open' and i.organisation_id in (
    select o.id union all select f.id from organisations f where f.successor_id = o.id
  ) limit {COUNTED_AT_MOST})) as ideas,
"""


def _organisations(found: list[dict[str, Any]]) -> list[Organisation]:
    return [Organisation(**{**item, "kind": OrganisationKind(item["kind"])}) for item in found]


def search(db: Database, *, text: str, kind: str | None, province: str | None, at_most: int, after: int) -> list[Card]:
    """The governments of today with this text in their name, or in one they had before, by name, skipping `after`.

    Of what was sought, municipalities come first, and those whose own name begins with the text.
    """
    where, values = ["o.valid_until is null"], {"kind": kind, "province": province, "text": text.casefold()}
    if kind:
        where.append("o.kind = :kind")
    if province:
        where.append("o.province = :province")
    found = rows(
        db,
        f"""select * from ({_CARD}
          (select n.name from (
            select name from organisation_names where organisation_id = o.id
            union all select name from organisations where successor_id = o.id
          ) n where :text != '' and instr(lower(n.name), :text) and not instr(lower(o.name), :text) limit 1) as formerly
        from organisations o where {" and ".join(where)}
          and (:text = '' or instr(lower(o.name), :text) or exists (
            select 1 from organisation_names n where n.organisation_id = o.id and instr(lower(n.name), :text))
          or exists (select 1 from organisations f where f.successor_id = o.id and instr(lower(f.name), :text)))
        order by :text != '' and o.kind != 'municipality', :text != '' and instr(lower(o.name), :text) != 1,
          o.name collate nocase, o.id
        limit :at_most offset :after)""",
        {**values, "at_most": at_most, "after": after},
    )
    return [Card(**item) for item in found]


def merger(db: Database, *, organisation_id: int) -> tuple[Organisation, str | None] | None:
    """The government of today that this one lives on in, and since when; none for one of today."""
    found = row(
        db,
        """with recursive later (id, depth) as (
          select successor_id, 1 from organisations where id = :id and successor_id is not null
          union all select o.successor_id, depth + 1 from later l join organisations o on o.id = l.id
            where o.successor_id is not null and depth < 20
        ) select o.*, (select happened_on from mergers where original_id = :id and resulting_id != :id
            order by happened_on limit 1) as happened_on
        from later l join organisations o on o.id = l.id order by depth desc limit 1""",
        {"id": organisation_id},
    )
    if found is None:
        return None
    happened_on: str | None = found.pop("happened_on")
    return _organisations([found])[0], happened_on


def circle(
    db: Database, *, organisation_id: int, bodies_at_most: int
) -> tuple[Organisation | None, list[Organisation], list[Organisation]]:
    """A government, those that merged into it (at once or by steps), and the bodies of today that speak for it.

    The others by name; all in one query.
    """
    found = rows(
        db,
        f"""select o.id = :id as relation, o.* from organisations o where o.id in ({family(":id")})
        union all select * from (select 2, o.* from stands_for s join organisations o on o.id = s.body_id
          where s.municipality_id = :id and o.valid_until is null order by o.name collate nocase limit :at_most)
        order by name collate nocase""",
        {"id": organisation_id, "at_most": bodies_at_most},
    )
    kinds: dict[int, list[Organisation]] = {0: [], 1: [], 2: []}
    for item in found:
        kinds[item.pop("relation")] += _organisations([item])
    return (kinds[1][0] if kinds[1] else None), kinds[0], kinds[2]


def in_province(db: Database, *, province: str) -> list[Organisation]:
    """The municipalities of today in a province, by name."""
    return _organisations(
        rows(
            db,
            """select * from organisations where kind = 'municipality' and valid_until is null and province = ?
            order by name collate nocase""",
            [province],
        )
    )


# "cross join" holds SQLite to this order: from the few endorsements to their ideas (at 100,000 ideas 1 ms, not 150).
_SAID = """
select e.idea_id, i.title, i.lang, coalesce(p.name, '') as poster, e.organisation_id, o.name as organisation, e.role,
  e.created_at as said_at
from endorsements e cross join ideas i on i.id = e.idea_id and i.state = 'open'
join organisations o on o.id = e.organisation_id left join organisations p on p.id = i.organisation_id
where e.active = 1
"""


def _said(found: list[dict[str, Any]]) -> list[Said]:
    return [Said(**{**item, "role": EndorsementRole(item["role"])}) for item in found]


def said_by(db: Database, *, organisation_id: int, at_most: int) -> list[Said]:
    """The newest *ook wij* of a government, and of those that merged into it, to open ideas."""
    sql = _SAID + f"and e.organisation_id in ({family(':id')}) order by e.id desc limit :at_most"
    return _said(rows(db, sql, {"id": organisation_id, "at_most": at_most}))


def said_in(db: Database, *, themes: Sequence[str], not_by: Sequence[int], at_most: int) -> list[Said]:
    """The newest *ook wij* of others to open ideas with one of these themes."""
    which = f"""and i.theme in ({placeholders(len(themes))})
      and e.organisation_id not in ({placeholders(len(not_by))})"""
    return _said(rows(db, _SAID + which + " order by e.id desc limit ?", [*themes, *not_by, at_most]))


def themes_of(db: Database, *, organisation_id: int) -> list[str]:
    """The themes of a government's open ideas, of those it says *ook wij* to, and of its projects, in their order."""
    own = family(":id")
    found = rows(
        db,
        f"""select t.slug from themes t
        where exists (select 1 from ideas i where i.organisation_id in ({own}) and i.state = 'open'
            and i.theme = t.slug)
          or exists (select 1 from endorsements e join ideas i on i.id = e.idea_id
            where e.organisation_id in ({own}) and e.active = 1 and i.state = 'open' and i.theme = t.slug)
          or exists (select 1 from projects p where p.lead_id in ({own}) and p.hidden = 0 and p.theme = t.slug)
        order by t.position""",
        {"id": organisation_id},
    )
    return [item["slug"] for item in found]


def themes_by_municipality(db: Database) -> dict[int, frozenset[str]]:
    """The themes of the open ideas and projects of every municipality of today; asks once for each and each theme."""
    found = rows(
        db,
        """with behind (id, now_id) as (
          select id, id from organisations where kind = 'municipality' and valid_until is null
          union select o.id, b.now_id from behind b join organisations o on o.successor_id = b.id)
        select distinct b.now_id as id, t.slug from behind b cross join themes t
        where exists (select 1 from ideas i where i.organisation_id = b.id and i.state = 'open' and i.theme = t.slug)
          or exists (select 1 from projects p where p.lead_id = b.id and p.hidden = 0 and p.theme = t.slug)""",
    )
    known: dict[int, frozenset[str]] = {}
    for item in found:
        known[item["id"]] = known.get(item["id"], frozenset()) | {item["slug"]}
    return known


def points(db: Database) -> list[tuple[float, float, bool]]:
    """Where the municipalities of today lie, and whether each has an open idea or says *ook wij*."""
    found = rows(
        db,
        """select o.lat, o.lon,
          exists (select 1 from ideas i where i.organisation_id = o.id and i.state = 'open')
            or exists (select 1 from endorsements e join ideas i on i.id = e.idea_id and i.state = 'open'
              where e.organisation_id = o.id and e.active = 1) as active
        from organisations o
        where o.kind = 'municipality' and o.valid_until is null and o.lat is not null and o.lon is not null""",
    )
    return [(item["lat"], item["lon"], bool(item["active"])) for item in found]
