"""Conversations: messages as they were written, who follows them, and facts about what each uses."""

from typing import Any

from sqlite_utils import Database

from data.store import change, insert, now, row, rows, value
from models.circles import About
from models.threads import Again, Fact, Message, Reader, Sight

_COLUMN = {About.IDEA: "idea_id", About.CLUSTER: "cluster_id"}

_FACT = """
select f.id, iif(t.idea_id is null, 'cluster', 'idea') as about, coalesce(t.idea_id, t.cluster_id) as item_id,
  f.organisation_id, o.name as organisation, f.product, f.supplier, f.cents_year, f.contract_end, f.again, f.sight,
  f.revision
from facts f join threads t on t.id = f.thread_id join organisations o on o.id = f.organisation_id
"""


def _fact(found: dict[str, Any]) -> Fact:
    again = Again(found["again"]) if found["again"] else None
    return Fact(**{**found, "about": About(found["about"]), "again": again, "sight": Sight(found["sight"])})


def of_item(db: Database, *, about: About, item_id: int) -> int | None:
    """The conversation about an idea or cluster, once somebody began it."""
    found: int | None = value(db, f"select id from threads where {_COLUMN[about]} = ?", [item_id])
    return found


def begin(db: Database, *, about: About, item_id: int) -> int:
    """The conversation about an idea or cluster, begun now if there is none."""
    db.execute(
        f"insert into threads ({_COLUMN[about]}, created_at) values (?, ?) on conflict do nothing", [item_id, now()]
    )
    return int(value(db, f"select id from threads where {_COLUMN[about]} = ?", [item_id]))


def about(db: Database, *, thread_id: int) -> tuple[About, int] | None:
    """What a conversation is about."""
    found = row(db, "select idea_id, cluster_id from threads where id = ?", [thread_id])
    if found is None:
        return None
    if found["idea_id"] is not None:
        return About.IDEA, int(found["idea_id"])
    return About.CLUSTER, int(found["cluster_id"])


def write(db: Database, *, values: dict[str, Any]) -> int | None:
    """Add a message and return its id; none when one with the same submission key is there already."""
    added = change(
        db,
        """insert into messages (thread_id, member_id, organisation_id, text, lang, submission_key, written_at)
        values (:thread_id, :member_id, :organisation_id, :text, :lang, :submission_key, :now)
        on conflict (submission_key) do nothing""",
        {**values, "now": now()},
    )
    return int(value(db, "select last_insert_rowid()")) if added else None


_MESSAGE = """
select g.id, g.member_id, m.name as who, o.name as organisation, g.text, g.lang, g.written_at
from messages g join members m on m.id = g.member_id left join organisations o on o.id = g.organisation_id
"""


def messages(db: Database, *, thread_id: int, at_most: int, after: int = 0) -> list[Message]:
    """The messages of a conversation, newest first, skipping `after`."""
    sql = _MESSAGE + "where g.thread_id = ? order by g.id desc limit ? offset ?"
    return [Message(**found) for found in rows(db, sql, [thread_id, at_most, after])]


def news(db: Database, *, thread_id: int, since: int, not_by: int, at_most: int) -> list[Message]:
    """The first messages of others after one, oldest first."""
    sql = _MESSAGE + "where g.thread_id = ? and g.id > ? and g.member_id <> ? order by g.id limit ?"
    return [Message(**found) for found in rows(db, sql, [thread_id, since, not_by, at_most])]


def count_since(db: Database, *, thread_id: int, since: int, not_by: int) -> tuple[int, int]:
    """How many messages of others came after one, and the id of the last of all."""
    found = row(
        db,
        """select sum(id > ? and member_id <> ?) as fresh, max(id) as last from messages where thread_id = ?""",
        [since, not_by, thread_id],
    )
    return int(found["fresh"] or 0) if found else 0, int(found["last"] or 0) if found else 0


def readers(db: Database, *, thread_id: int) -> list[Reader]:
    """Everybody who wrote in a conversation, was told of it, or said how to follow it."""
    sql = """select member_id, told_id, told_at, muted, gone as "left" from thread_readers where thread_id = ?"""
    return [
        Reader(**{**found, "muted": bool(found["muted"]), "left": bool(found["left"])})
        for found in rows(db, sql, [thread_id])
    ]


def reader(db: Database, *, thread_id: int, member_id: int) -> Reader:
    """How a member follows a conversation."""
    found = [one for one in readers(db, thread_id=thread_id) if one.member_id == member_id]
    return found[0] if found else Reader(member_id=member_id)


def follow(db: Database, *, thread_id: int, member_id: int, muted: bool, left: bool) -> None:
    """Set how a member follows a conversation."""
    db.execute(
        """insert into thread_readers (thread_id, member_id, muted, gone) values (?, ?, ?, ?)
        on conflict (thread_id, member_id) do update set muted = excluded.muted, gone = excluded.gone""",
        [thread_id, member_id, int(muted), int(left)],
    )


def read_up_to(db: Database, *, thread_id: int, member_id: int, message_id: int, told_at: str | None = None) -> None:
    """Note that a member knows a conversation up to a message: by writing, or by a letter at `told_at`."""
    db.execute(
        """insert into thread_readers (thread_id, member_id, told_id, told_at) values (?, ?, ?, ?)
        on conflict (thread_id, member_id) do update set told_id = max(told_id, excluded.told_id),
          told_at = coalesce(excluded.told_at, told_at)""",
        [thread_id, member_id, message_id, told_at],
    )


def facts(db: Database, *, about: About, item_id: int, sights: list[Sight]) -> list[Fact]:
    """The facts of these sights about an idea or cluster, by government and product; one query."""
    marks = ", ".join("?" * len(sights))
    sql = f"""{_FACT} where t.{_COLUMN[about]} = ? and f.sight in ({marks})
      order by o.name collate nocase, f.product collate nocase, f.id"""
    return [_fact(found) for found in rows(db, sql, [item_id, *sights])]


def fact(db: Database, *, fact_id: int) -> Fact | None:
    """One fact."""
    found = row(db, _FACT + "where f.id = ?", [fact_id])
    return _fact(found) if found else None


def add_fact(db: Database, *, values: dict[str, Any]) -> int:
    """Add a fact and return its id."""
    return insert(
        db,
        """insert into facts (thread_id, organisation_id, member_id, product, supplier, cents_year, contract_end, again,
          sight, updated_at)
        values (:thread_id, :organisation_id, :member_id, :product, :supplier, :cents_year, :contract_end, :again,
          :sight, :now)""",
        {**values, "now": now()},
    )


def change_fact(db: Database, *, fact_id: int, revision: int, values: dict[str, Any]) -> bool:
    """Change a fact; false when a colleague changed or removed it since this revision."""
    return bool(
        change(
            db,
            """update facts set member_id = :member_id, product = :product, supplier = :supplier,
              cents_year = :cents_year, contract_end = :contract_end, again = :again, sight = :sight,
              revision = revision + 1, updated_at = :now where id = :id and revision = :revision""",
            {**values, "id": fact_id, "revision": revision, "now": now()},
        )
    )


def remove_fact(db: Database, *, fact_id: int) -> None:
    """Forget a fact."""
    change(db, "delete from facts where id = ?", [fact_id])
