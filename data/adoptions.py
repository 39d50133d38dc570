"""Adoptions: which ideas stand still, which are offered, and who had them before."""

from typing import Any

from sqlite_utils import Database

from data.store import change, now, row, rows, value
from models.adoptions import Adoption, Offer, Still

# What moves an idea: its owner writes, somebody answers it, or those in contact go on with it.
_MOVED = """max(i.updated_at, coalesce(q.kept_at, ''),
  coalesce((select max(e.updated_at) from endorsements e where e.idea_id = i.id), ''),
  coalesce((select max(max(n.asked_at, coalesce(n.answered_at, ''))) from endorsements e
    join introductions n on n.endorsement_id = e.id where e.idea_id = i.id), ''),
  coalesce((select max(o.told_at) from endorsements e join introductions n on n.endorsement_id = e.id
    join outcomes o on o.introduction_id = n.id where e.idea_id = i.id), ''),
  coalesce((select max(m.written_at) from threads t join messages m on m.thread_id = t.id where t.idea_id = i.id), ''),
  coalesce((select max(f.updated_at) from threads t join facts f on f.thread_id = t.id where t.idea_id = i.id), ''),
  coalesce((select max(v.written_at) from plans p join plan_versions v on v.plan_id = p.id where p.idea_id = i.id), ''),
  coalesce((select max(a.taken_back_at) from adoptions a where a.idea_id = i.id), ''))"""

# Ideas that became something, or are on offer, wait for nobody.
STILL = f"""
select i.id as idea_id, i.title, i.lang, i.supporters, {_MOVED} as since, i.author_id, i.organisation_id,
  q.since as asked
from ideas i left join idea_questions q on q.idea_id = i.id
where i.state = 'open' and i.organisation_id = :organisation_id and i.updated_at <= :before
  and not exists (select 1 from projects p where p.idea_id = i.id)
  and not exists (select 1 from cluster_members m join clusters c on c.id = m.cluster_id and c.state = 'accepted'
    where m.kind = 'idea' and m.item_id = i.id)
  and not exists (select 1 from adoptions a where a.idea_id = i.id and a.adopted_at is null and a.taken_back_at is null)
"""


def still_since(db: Database, *, idea_id: int, organisation_id: int, before: str) -> str | None:
    """Since when nothing moved around one idea of an organisation; none when something did after an instant."""
    found: str | None = value(
        db,
        f"select since from ({STILL} and i.id = :idea_id) where since <= :before",
        {"idea_id": idea_id, "organisation_id": organisation_id, "before": before},
    )
    return found


def unasked(db: Database, *, member_id: int, organisation_id: int, before: str, at_most: int) -> list[Still]:
    """Of the ideas that stand still, those of which this member is to be asked: who wrote, else the first colleague."""
    found = rows(
        db,
        f"""select idea_id, title, lang, supporters, since from ({STILL}) s
        where since <= :before and asked is not since and :member_id = (
          select m.id from members m where m.organisation_id = s.organisation_id and m.active = 1
          order by m.id = s.author_id desc, m.id limit 1)
        order by since, idea_id limit :at_most""",
        {"member_id": member_id, "organisation_id": organisation_id, "before": before, "at_most": at_most},
    )
    return [Still(**item) for item in found]


def ask(db: Database, *, idea_id: int, member_id: int, since: str) -> bool:
    """Note that a member was asked about an idea; false when somebody was before, about the same stillness."""
    return bool(
        change(
            db,
            """insert into idea_questions (idea_id, member_id, since, asked_at) values (?, ?, ?, ?)
            on conflict (idea_id) do update set member_id = excluded.member_id, since = excluded.since,
              asked_at = excluded.asked_at where since <> excluded.since""",
            [idea_id, member_id, since, now()],
        )
    )


def keep(db: Database, *, idea_id: int, member_id: int, since: str) -> None:
    """Note that an idea is kept: nobody is asked about it for as long again."""
    db.execute(
        """insert into idea_questions (idea_id, member_id, since, kept_at) values (:idea_id, :member_id, :since, :now)
        on conflict (idea_id) do update set member_id = excluded.member_id, kept_at = excluded.kept_at""",
        {"idea_id": idea_id, "member_id": member_id, "since": since, "now": now()},
    )


_OFFER = """
select a.id, a.idea_id, i.title, i.lang, a.from_id as organisation_id, o.name as organisation, a.offered_by,
  a.offered_at
from adoptions a join ideas i on i.id = a.idea_id and i.state = 'open' join organisations o on o.id = a.from_id
"""
OPEN = "a.adopted_at is null and a.taken_back_at is null"


def offer(db: Database, *, idea_id: int, organisation_id: int, member_id: int) -> None:
    """Offer an idea to who endorses it; one that is offered stays so."""
    db.execute(
        """insert into adoptions (idea_id, from_id, offered_by, offered_at) values (?, ?, ?, ?)
        on conflict (idea_id) where adopted_at is null and taken_back_at is null do nothing""",
        [idea_id, organisation_id, member_id, now()],
    )


def take_back(db: Database, *, idea_id: int) -> None:
    """Offer an idea no more."""
    change(
        db,
        "update adoptions set taken_back_at = ? where idea_id = ? and adopted_at is null and taken_back_at is null",
        [now(), idea_id],
    )


def offered(db: Database, *, idea_id: int) -> Offer | None:
    """The offer of an open idea, if it stands."""
    found = row(db, _OFFER + f"where a.idea_id = ? and {OPEN}", [idea_id])
    return Offer(**found) if found else None


def untold(db: Database, *, member_id: int, organisation_id: int) -> list[Offer]:
    """The offers of which this member is to hear: who endorsed, else the first colleague."""
    found = rows(
        db,
        _OFFER
        + f"""join endorsements e on e.idea_id = a.idea_id and e.organisation_id = :organisation_id and e.active = 1
        join idea_seen s on s.idea_id = e.idea_id and s.organisation_id = e.organisation_id
        where {OPEN} and s.told_of is not a.id and :member_id = (
          select m.id from members m where m.organisation_id = e.organisation_id and m.active = 1
          order by m.id = e.member_id desc, m.id limit 1) order by a.id""",
        {"member_id": member_id, "organisation_id": organisation_id},
    )
    return [Offer(**item) for item in found]


def told(db: Database, *, offer: Offer, organisation_id: int) -> bool:
    """Note that an endorser heard of an offer; false when it did before, or the offer stands no more."""
    return bool(
        change(
            db,
            f"""update idea_seen set told_of = :id where idea_id = :idea_id and organisation_id = :organisation_id
              and told_of is not :id and exists (select 1 from adoptions a where a.id = :id and {OPEN})""",
            {"id": offer.id, "idea_id": offer.idea_id, "organisation_id": organisation_id},
        )
    )


def adopt(db: Database, *, offer: Offer, organisation_id: int, member_id: int) -> None:
    """Give an idea to who takes up its offer; who takes it up speaks for it."""
    values: dict[str, Any] = {"id": offer.id, "to": organisation_id, "who": member_id, "now": now()}
    change(db, "update adoptions set to_id = :to, adopted_by = :who, adopted_at = :now where id = :id", values)
    change(
        db,
        "update ideas set organisation_id = :to, author_id = :who, updated_at = :now where id = :idea_id",
        {"to": organisation_id, "who": member_id, "now": now(), "idea_id": offer.idea_id},
    )


def history(db: Database, *, idea_id: int) -> list[Adoption]:
    """Who passed an idea on to whom, the first first."""
    found = rows(
        db,
        """select a.from_id, p.name as from_name, a.to_id, o.name as to_name, a.adopted_at from adoptions a
        join organisations p on p.id = a.from_id join organisations o on o.id = a.to_id
        where a.idea_id = ? and a.adopted_at is not null order by a.id""",
        [idea_id],
    )
    return [Adoption(**item) for item in found]
