"""Cost plans: every version as it was written, who takes part, and who said what of which version."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from data.circles import parties_of
from data.clusters import behind
from data.people import family
from data.store import change, insert, now, row, rows, value
from models.circles import About
from models.plans import Answer, Content, Plan, Version, content_of

_VERSION = """
select v.plan_id, v.number, v.content, m.name as who, o.name as organisation, v.note, v.written_at
from plan_versions v left join members m on m.id = v.member_id left join organisations o on o.id = m.organisation_id
"""


def _version(found: dict[str, Any]) -> Version:
    return Version(**{**found, "content": content_of(json.loads(found["content"]))})


@dataclass(frozen=True, slots=True)
class Listed:
    """A plan in a list, and whether its present version still waits for an answer of the organisation."""

    id: int
    about: About
    item_id: int
    title: str
    number: int
    written_at: str
    waits: bool


def start(db: Database, *, about: About, item_id: int) -> int:
    """Add a plan without versions; an idea or cluster has one at most."""
    column = _COLUMN[about]
    return insert(db, f"insert into plans ({column}, number, created_at) values (?, 0, ?)", [item_id, now()])


_COLUMN = {About.IDEA: "idea_id", About.CLUSTER: "cluster_id"}


def get(db: Database, *, plan_id: int) -> Plan | None:
    """A plan with its present version."""
    found = row(db, "select id, idea_id, cluster_id, number from plans where id = ?", [plan_id])
    if found is None:
        return None
    present = version(db, plan_id=plan_id, number=found["number"])
    if present is None:
        return None
    about = About.IDEA if found["idea_id"] is not None else About.CLUSTER
    return Plan(id=plan_id, about=about, item_id=found["idea_id"] or found["cluster_id"], version=present)


def of_item(db: Database, *, about: About, item_id: int) -> int | None:
    """The id of the plan of an idea or cluster."""
    found: int | None = value(db, f"select id from plans where {_COLUMN[about]} = ?", [item_id])
    return found


def version(db: Database, *, plan_id: int, number: int) -> Version | None:
    """One version of a plan."""
    found = row(db, _VERSION + "where v.plan_id = ? and v.number = ?", [plan_id, number])
    return _version(found) if found else None


def versions(db: Database, *, plan_id: int, at_most: int, after: int = 0) -> list[Version]:
    """The versions of a plan, newest first, skipping `after`."""
    sql = _VERSION + "where v.plan_id = ? order by v.number desc limit ? offset ?"
    return [_version(found) for found in rows(db, sql, [plan_id, at_most, after])]


def write(db: Database, *, plan_id: int, number: int, content: Content, member_id: int | None, note: str) -> bool:
    """Add the version after `number` and make it the present one; false when another one was written first."""
    if not change(db, "update plans set number = number + 1 where id = ? and number = ?", [plan_id, number]):
        return False
    db.execute(
        """insert into plan_versions (plan_id, number, member_id, content, note, written_at)
        values (?, ?, ?, ?, ?, ?)""",
        [plan_id, number + 1, member_id, json.dumps(asdict(content), ensure_ascii=False), note, now()],
    )
    _set_partners(db, plan_id=plan_id, organisation_ids=[one.organisation_id for one in content.partners])
    return True


def _set_partners(db: Database, *, plan_id: int, organisation_ids: Sequence[int]) -> None:
    wanted = json.dumps(list(organisation_ids))
    change(
        db,
        """update plan_partners set active = organisation_id in (select value from json_each(?)) where plan_id = ?""",
        [wanted, plan_id],
    )
    db.execute(
        """insert into plan_partners (plan_id, organisation_id) select ?, value from json_each(?) where true
        on conflict (plan_id, organisation_id) do nothing""",
        [plan_id, wanted],
    )


def takes_part(db: Database, *, plan_id: int, organisation_id: int) -> bool:
    """Whether an organisation, or one that merged into it, is a partner in the present version."""
    sql = f"""select exists (select 1 from plan_partners
      where plan_id = ? and organisation_id in ({family("?")}) and active = 1)"""
    return bool(value(db, sql, [plan_id, organisation_id]))


def of_organisation(db: Database, *, organisation_id: int | None, at_most: int, after: int = 0) -> list[Listed]:
    """The plans an organisation takes part in (none: all of them), last written first; one query."""
    found = rows(
        db,
        f"""select p.id, iif(p.idea_id is null, 'cluster', 'idea') as about,
          coalesce(p.idea_id, p.cluster_id) as item_id,
          v.content ->> 'title' as title, p.number, v.written_at,
          :organisation_id is not null and not exists (select 1 from plan_answers a where a.plan_id = p.id
            and a.number = p.number and a.organisation_id = :organisation_id) as waits
        from plans p join plan_versions v on v.plan_id = p.id and v.number = p.number
        left join ideas i on i.id = p.idea_id
        where :organisation_id is null or i.state is not 'hidden' and exists (
          select 1 from plan_partners pp where pp.plan_id = p.id
          and pp.organisation_id in ({family(":organisation_id")}) and pp.active = 1)
        order by v.written_at desc, p.id desc limit :at_most offset :after""",
        {"organisation_id": organisation_id, "at_most": at_most, "after": after},
    )
    return [Listed(**{**item, "about": About(item["about"]), "waits": bool(item["waits"])}) for item in found]


@dataclass(frozen=True, slots=True)
class Startable:
    """An idea or accepted cluster about which a government is in contact and that has no plan."""

    about: About
    item_id: int
    title: str
    lang: str


def startable(db: Database, *, organisation_id: int, at_most: int) -> list[Startable]:
    """Of what a government, or one that merged into it, may make the plan: ideas first, newest first; one query."""
    own = family(":organisation_id")
    found = rows(
        db,
        f"""select 'idea' as about, i.id as item_id, i.title, i.lang from ideas i where i.state = 'open' and i.id in (
            select e.idea_id from endorsements e join introductions n on n.endorsement_id = e.id and n.state = 'agreed'
              where e.organisation_id in ({own})
            union select e.idea_id from ideas j join endorsements e on e.idea_id = j.id
              join introductions n on n.endorsement_id = e.id and n.state = 'agreed' where j.organisation_id in ({own})
            union select e.idea_id from introductions n join endorsements e on e.id = n.endorsement_id
              where n.former_id in ({own}) and n.state = 'agreed')
          and not exists (select 1 from plans p where p.idea_id = i.id)
        union all select 'cluster', c.id, c.name, 'nl' from clusters c
        where c.state = 'accepted' and c.id in ({behind(":organisation_id")})
          and not exists (select 1 from plans p where p.cluster_id = c.id)
          and (select count(*) from ({parties_of(About.CLUSTER, "c.id")})) > 1
        order by about desc, item_id desc limit :at_most""",
        {"organisation_id": organisation_id, "at_most": at_most},
    )
    return [Startable(**{**item, "about": About(item["about"])}) for item in found]


def answer(
    db: Database, *, plan_id: int, number: int, organisation_id: int, member_id: int, accepted: bool, reason: str
) -> None:
    """Note what a partner says of a version; the same once more changes nothing, something else replaces it."""
    db.execute(
        """insert into plan_answers (plan_id, number, organisation_id, member_id, accepted, reason, answered_at)
        values (?, ?, ?, ?, ?, ?, ?)
        on conflict (plan_id, number, organisation_id) do update set member_id = excluded.member_id,
          accepted = excluded.accepted, reason = excluded.reason, answered_at = excluded.answered_at
        where accepted <> excluded.accepted or reason <> excluded.reason""",
        [plan_id, number, organisation_id, member_id, int(accepted), reason, now()],
    )


def answers(db: Database, *, plan_id: int, number: int) -> dict[int, Answer]:
    """What partners said of a version, by organisation."""
    found = rows(
        db,
        """select a.organisation_id, a.number, a.accepted, a.reason, m.name as who, a.answered_at
        from plan_answers a join members m on m.id = a.member_id where a.plan_id = ? and a.number = ?""",
        [plan_id, number],
    )
    return {item["organisation_id"]: Answer(**{**item, "accepted": bool(item["accepted"])}) for item in found}


@dataclass(frozen=True, slots=True)
class Asked:
    """A partner that has not answered the present version, and who of it last took part."""

    organisation_id: int
    member_id: int | None


def unanswered(db: Database, *, plan_id: int) -> list[Asked]:
    """The partners that the present version asks and that were not told of it; nobody is asked about their own."""
    found = rows(
        db,
        """select pp.organisation_id, coalesce(
            (select a.member_id from plan_answers a join members m on m.id = a.member_id and m.active = 1
              and m.organisation_id = a.organisation_id
              where a.plan_id = p.id and a.organisation_id = pp.organisation_id order by a.number desc limit 1),
            (select v.member_id from plan_versions v join members m on m.id = v.member_id and m.active = 1
              where v.plan_id = p.id and m.organisation_id = pp.organisation_id order by v.number desc limit 1)
          ) as member_id
        from plans p join plan_partners pp on pp.plan_id = p.id and pp.active = 1 and pp.told_number < p.number
        join plan_versions v on v.plan_id = p.id and v.number = p.number
        left join members w on w.id = v.member_id
        where p.id = ? and w.organisation_id is not pp.organisation_id and not exists (
          select 1 from plan_answers a where a.plan_id = p.id and a.number = p.number
            and a.organisation_id = pp.organisation_id)
        order by pp.organisation_id""",
        [plan_id],
    )
    return [Asked(**item) for item in found]


def untold(db: Database, *, organisation_id: int) -> list[int]:
    """The plans in which a government takes part and of whose present version it was not told."""
    found = rows(
        db,
        """select p.id from plan_partners pp join plans p on p.id = pp.plan_id and pp.told_number < p.number
        where pp.organisation_id = ? and pp.active = 1 order by p.id""",
        [organisation_id],
    )
    return [item["id"] for item in found]


def told(db: Database, *, plan_id: int, organisation_id: int, number: int) -> bool:
    """Note that a partner was told of a version; false when it was meanwhile, or there is a newer one."""
    return bool(
        change(
            db,
            """update plan_partners set told_number = :number, told_at = :now
            where plan_id = :plan_id and organisation_id = :organisation_id and active = 1 and told_number < :number
              and exists (select 1 from plans where id = :plan_id and number = :number)""",
            {"number": number, "now": now(), "plan_id": plan_id, "organisation_id": organisation_id},
        )
    )
