"""The programme in figures: each is counted when it is asked for."""

from sqlite_utils import Database

from data.store import row, rows, value
from models.programme import Month, Pair, Step, Unserved

# Ideas that stand behind projects: their own, and those of a cluster that was submitted.
_SUBMITTED = """select p.idea_id as id from projects p where p.hidden = 0 and p.status {which} and p.idea_id is not null
  union select m.item_id from projects p join cluster_members m on m.cluster_id = p.cluster_id and m.kind = 'idea'
    where p.hidden = 0 and p.status {which}"""


def funnel(db: Database) -> dict[Step, int]:
    """How many of the open ideas came so far, at each step; one query. Ideas may leave out steps."""
    found = row(
        db,
        f"""with met as (
            select e.idea_id, n.state = 'agreed' as agreed,
              n.id in (select introduction_id from outcomes where outcome in ('met', 'submitted')) as met
            from introductions n join endorsements e on e.id = n.endorsement_id)
          select count(*) as ideas,
            sum(id in (select idea_id from endorsements where active = 1)) as endorsed,
            sum(id in (select idea_id from met)) as introduced,
            sum(id in (select idea_id from met where agreed)) as agreed,
            sum(id in (select idea_id from met where met)) as met,
            sum(id in (select m.item_id from cluster_members m join clusters c on c.id = m.cluster_id
              and c.state = 'accepted' where m.kind = 'idea')) as clusters,
            sum(id in ({_SUBMITTED.format(which="<> 'unknown'")})) as submitted,
            sum(id in ({_SUBMITTED.format(which="= 'approved'")})) as approved
          from ideas where state = 'open'""",
    )
    assert found is not None
    return {step: int(found[step] or 0) for step in Step}


def outcomes(db: Database) -> dict[str, int]:
    """How many sides told which outcome of a contact."""
    return {item["outcome"]: item["count"] for item in rows(db, _OUTCOMES)}


_OUTCOMES = "select outcome, count(*) as count from outcomes group by outcome"


def days_to_contact(db: Database) -> float | None:
    """The median of the days between a *me too* and the agreement to meet; none without any."""
    found: float | None = value(
        db,
        """with waits as (
            select julianday(answered_at) - julianday(asked_at) as days,
              row_number() over (order by julianday(answered_at) - julianday(asked_at)) as at, count(*) over () as n
            from introductions where state = 'agreed' and answered_at is not null)
          select avg(days) from waits where at in ((n + 1) / 2, (n + 2) / 2)""",
    )
    return found


def months(db: Database, *, last: str, count: int) -> list[Month]:
    """What happened in each of so many months, up to and with the last one, oldest first; quiet ones too."""
    found = rows(
        db,
        """with recursive past(month, at) as (select ?, 1 union all
            select strftime('%Y-%m', month || '-01', '-1 month'), at + 1 from past where at < ?),
          happened as (select substr(created_at, 1, 7) as month, 1 as idea, 0 as said, 0 as met from ideas
            where state = 'open'
            union all select substr(created_at, 1, 7), 0, 1, 0 from endorsements where active = 1
            union all select substr(answered_at, 1, 7), 0, 0, 1 from introductions where state = 'agreed')
        select p.month, coalesce(sum(idea), 0) as ideas, coalesce(sum(said), 0) as endorsements,
          coalesce(sum(met), 0) as contacts
        from past p left join happened h on h.month = p.month group by p.month order by p.month""",
        [last, count],
    )
    return [Month(**item) for item in found]


def unserved(db: Database, *, at_most: int) -> list[Unserved]:
    """Open ideas with three governments or more behind them and no lead, most first."""
    found = rows(
        db,
        """select i.id, i.title, i.lang, coalesce(o.name, '') as organisation,
          1 + count(distinct e.organisation_id) as governments
        from ideas i join endorsements e on e.idea_id = i.id and e.active = 1
        left join organisations o on o.id = i.organisation_id
        where i.state = 'open' group by i.id having governments >= 3 and sum(e.role = 'lead') = 0
        order by governments desc, i.id limit ?""",
        [at_most],
    )
    return [Unserved(**item) for item in found]


def pairs(db: Database, *, at_most: int) -> list[Pair]:
    """Who is in contact with whom, most ideas first."""
    found = rows(
        db,
        """select min(p.name, e.name) as one, max(p.name, e.name) as other, count(distinct i.id) as ideas
        from introductions n join endorsements d on d.id = n.endorsement_id join ideas i on i.id = d.idea_id
        join organisations p on p.id = coalesce(n.former_id, i.organisation_id)
        join organisations e on e.id = d.organisation_id
        where n.state = 'agreed' group by 1, 2 order by ideas desc, one, other limit ?""",
        [at_most],
    )
    return [Pair(**item) for item in found]
