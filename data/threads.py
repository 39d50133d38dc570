"""Conversations: messages as they were written, who follows them, and facts about what each uses."""

from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from data.circles import parties_of
from data.people import heirs
from data.store import change, insert, now, row, rows, value
from models.circles import About
from models.threads import Again, Conversation, Fact, Known, Message, Reader, Sight

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


def write(db: Database, *, values: dict[str, Any]) -> int:
    """Add a message and return its id."""
    return insert(
        db,
        """insert into messages (thread_id, member_id, organisation_id, text, lang, submission_key, written_at)
        values (:thread_id, :member_id, :organisation_id, :text, :lang, :submission_key, :now)""",
        {**values, "now": now()},
    )


def by_key(db: Database, *, submission_key: str | None) -> int | None:
    """The message that was sent with a submission key."""
    found: int | None = value(db, "select id from messages where submission_key = ?", [submission_key])
    return found


_MESSAGE = """
select g.id, g.member_id, m.name as who, o.name as organisation, g.text, g.lang, g.written_at, g.hidden,
  g.organisation_id
from messages g join members m on m.id = g.member_id left join organisations o on o.id = g.organisation_id
"""


def messages(db: Database, *, thread_id: int, at_most: int, after: int = 0) -> list[Message]:
    """The messages of a conversation, newest first, skipping `after`."""
    sql = _MESSAGE + "where g.thread_id = ? order by g.id desc limit ? offset ?"
    return [_message(found) for found in rows(db, sql, [thread_id, at_most, after])]


def _message(found: dict[str, Any]) -> Message:
    return Message(**{**found, "hidden": bool(found["hidden"])})


# What a member was not told of yet: nothing that a coordinator hid, nor a message that mentioned them, as they had
# that one in a letter of its own.
_UNTOLD = """g.hidden = 0 and not exists (
  select 1 from mentions x where x.message_id = g.id and x.member_id = :member_id)"""


def news(db: Database, *, thread_id: int, since: int, member_id: int, at_most: int) -> list[Message]:
    """The first messages of others after one that a member was not told of, oldest first."""
    sql = f"""{_MESSAGE} where g.thread_id = :thread_id and g.id > :since and g.member_id <> :member_id and {_UNTOLD}
      order by g.id limit :at_most"""
    given = {"thread_id": thread_id, "since": since, "member_id": member_id, "at_most": at_most}
    return [_message(found) for found in rows(db, sql, given)]


def last(db: Database, *, thread_id: int) -> int:
    """The id of the last message of a conversation."""
    return int(value(db, "select coalesce(max(id), 0) from messages where thread_id = ?", [thread_id]))


def mention(db: Database, *, message_id: int, member_id: int) -> None:
    """Note that a message mentions a member, and that they were told of it."""
    db.execute("insert into mentions (message_id, member_id) values (?, ?)", [message_id, member_id])


def mentionable(db: Database, *, thread_id: int, idea_id: int | None, organisation_id: int | None) -> list[Known]:
    """Whose names somebody of an organisation knows here: who wrote, and who they were introduced to about the idea."""
    found = rows(
        db,
        """select m.id, m.name, m.organisation_id from members m where m.active = 1 and (
          m.id in (select member_id from messages where thread_id = :thread_id)
          or m.id in (
            select n.poster_member_id from introductions n join endorsements e on e.id = n.endorsement_id
              where n.state = 'agreed' and e.idea_id = :idea_id and e.organisation_id = :organisation_id
            union select n.endorser_member_id from introductions n join endorsements e on e.id = n.endorsement_id
              join ideas i on i.id = e.idea_id where n.state = 'agreed' and e.idea_id = :idea_id
                and coalesce(n.former_id, i.organisation_id) = :organisation_id))
        order by m.name collate nocase, m.id""",
        {"thread_id": thread_id, "idea_id": idea_id, "organisation_id": organisation_id},
    )
    return [Known(**item) for item in found]


def readers(db: Database, *, thread_id: int) -> list[Reader]:
    """Everybody who wrote in a conversation, was told of it, or said how to follow it."""
    sql = """select member_id, read_id, told_id, told_at, muted, gone as "left"
      from thread_readers where thread_id = ?"""
    return [
        Reader(**{**found, "muted": bool(found["muted"]), "left": bool(found["left"])})
        for found in rows(db, sql, [thread_id])
    ]


def reader(db: Database, *, thread_id: int, member_id: int) -> Reader:
    """How a member follows a conversation."""
    found = [one for one in readers(db, thread_id=thread_id) if one.member_id == member_id]
    return found[0] if found else Reader(member_id=member_id, follows=False)


def follow(db: Database, *, thread_id: int, member_id: int, muted: bool, left: bool) -> None:
    """Set how a member follows a conversation."""
    db.execute(
        """insert into thread_readers (thread_id, member_id, muted, gone) values (?, ?, ?, ?)
        on conflict (thread_id, member_id) do update set muted = excluded.muted, gone = excluded.gone""",
        [thread_id, member_id, int(muted), int(left)],
    )


def mute(db: Database, *, thread_id: int, member_id: int) -> None:
    """Let a member have no letters about a conversation; whether they left it, stays as it is."""
    change(db, "update thread_readers set muted = 1 where thread_id = ? and member_id = ?", [thread_id, member_id])


def muted(db: Database, *, member_id: int) -> list[tuple[About, int]]:
    """What the conversations are about of which a member wants no letters, or that they left."""
    found = rows(
        db,
        """select iif(t.idea_id is null, 'cluster', 'idea') as about, coalesce(t.idea_id, t.cluster_id) as item_id
        from thread_readers r join threads t on t.id = r.thread_id
        where r.member_id = ? and (r.muted = 1 or r.gone = 1) order by t.id""",
        [member_id],
    )
    return [(About(item["about"]), item["item_id"]) for item in found]


def hear(db: Database, *, thread_id: int, member_id: int) -> None:
    """Let a member hear of a conversation from its beginning; how they follow it, stays as it is."""
    db.execute(
        "insert into thread_readers (thread_id, member_id) values (?, ?) on conflict do nothing", [thread_id, member_id]
    )


def read_up_to(db: Database, *, thread_id: int, member_id: int, message_id: int) -> None:
    """Note that a member who follows a conversation read it up to a message, of which no letter need tell any more."""
    change(
        db,
        """update thread_readers set read_id = max(read_id, :message_id), told_id = max(told_id, :message_id)
        where thread_id = :thread_id and member_id = :member_id""",
        {"thread_id": thread_id, "member_id": member_id, "message_id": message_id},
    )


def _still_within(about: About, column: str) -> str:
    """SQL for whether a circle gathers and has an organisation, which may have merged since; or a coordinator asks."""
    return f"""(select count(*) > 1 and (:coordinates and {int(about is About.CLUSTER)}
        or max(p.id in ({heirs(":organisation_id")}))) from ({parties_of(about, column)}) p)"""


# What a member has not read yet of what another government, or a coordinator, wrote.
_NEWER = """x.id > r.read_id and x.member_id <> r.member_id and x.organisation_id is not :organisation_id"""

# The conversations that a member follows and may still read, with the last of some messages; muted ones too, for that
# is about letters alone.
_FOLLOWED = f"""
thread_readers r join threads t on t.id = r.thread_id
  left join ideas i on i.id = t.idea_id left join clusters c on c.id = t.cluster_id
  join messages g on g.id = (select max(x.id) from messages x where x.thread_id = t.id and x.hidden = 0 and {{}})
  left join organisations o on o.id = g.organisation_id
where r.member_id = :member_id and r.gone = 0 and case when t.idea_id is not null
  then i.state <> 'hidden' and {_still_within(About.IDEA, "t.idea_id")}
  else c.state = 'accepted' and {_still_within(About.CLUSTER, "t.cluster_id")} end"""

_CONVERSATION = """
select iif(t.idea_id is null, 'cluster', 'idea') as about, coalesce(t.idea_id, t.cluster_id) as item_id,
  coalesce(i.title, c.name) as title, coalesce(i.lang, 'nl') as lang, coalesce(o.name, '') as organisation,
  g.written_at as at
"""

UNREAD = f"{_CONVERSATION} from {_FOLLOWED.format(_NEWER)}"


def conversations(
    db: Database, *, member_id: int, organisation_id: int | None, coordinates: bool, at_most: int
) -> list[Conversation]:
    """The conversations that a member follows: those with something to read first, then the newest; one query."""
    found = rows(
        db,
        f"""{_CONVERSATION}, exists (select 1 from messages x where x.thread_id = t.id and x.hidden = 0 and {_NEWER})
          as unread from {_FOLLOWED.format("1")}
        order by unread desc, g.id desc limit :at_most""",
        {
            "member_id": member_id,
            "organisation_id": organisation_id,
            "coordinates": coordinates,
            "at_most": at_most,
        },
    )
    return [Conversation(**{**one, "about": About(one["about"]), "unread": bool(one["unread"])}) for one in found]


def told(db: Database, *, thread_id: int, member_id: int, since: int, message_id: int) -> bool:
    """Note that a member was told up to a message; false when they were meanwhile, or want no letters any more."""
    return bool(
        change(
            db,
            """update thread_readers set told_id = ?, told_at = ?
            where thread_id = ? and member_id = ? and told_id = ? and muted = 0 and gone = 0""",
            [message_id, now(), thread_id, member_id, since],
        )
    )


@dataclass(frozen=True, slots=True)
class Unread:
    """What others wrote in a conversation since a member last heard of it."""

    thread_id: int
    about: About
    item_id: int
    since: int
    count: int
    last: int
    at: str


def unread(db: Database, *, member_id: int) -> list[Unread]:
    """The conversations that a member follows with letters, in which others wrote since."""
    found = rows(
        db,
        f"""select r.thread_id, iif(t.idea_id is null, 'cluster', 'idea') as about,
          coalesce(t.idea_id, t.cluster_id) as item_id, r.told_id as since, count(*) as count, max(g.id) as last,
          max(g.written_at) as at
        from thread_readers r join threads t on t.id = r.thread_id
        join messages g on g.thread_id = r.thread_id and g.id > r.told_id and g.member_id <> r.member_id
        where r.member_id = :member_id and r.muted = 0 and r.gone = 0 and {_UNTOLD}
        group by r.thread_id order by r.thread_id""",
        {"member_id": member_id},
    )
    return [Unread(**{**item, "about": About(item["about"])}) for item in found]


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
