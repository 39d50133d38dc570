"""What waits for a member and their organisation, asked in one query: every start page asks it."""

from typing import Any

from sqlite_utils import Database

from data.adoptions import OPEN, STILL
from data.contacts import LEFT
from data.people import family
from data.store import rows, value
from data.threads import UNREAD
from models.circles import About
from models.waiting import Chores, Wait, What

# A start page is no list: the longest waiting come first, and the others follow as these are done.
_SHOWN_AT_MOST = 10

_ASKED = """ideas i join endorsements e on e.idea_id = i.id join introductions n on n.endorsement_id = e.id
  where i.organisation_id = :organisation_id and n.former_id is null and n.state = 'asked'"""

# Contacts of which this member is the contact person and at which they did not look since both agreed: the idea is
# theirs, or they said *ook wij*.
_MET = "introductions n where n.state = 'agreed' and n.poster_member_id = :member_id and n.poster_seen = 0"
_AGREED = "introductions n where n.state = 'agreed' and n.endorser_member_id = :member_id and n.endorser_seen = 0"

_AT_CONTACTS = f"""
  (select count(*) from (select 1 from {_ASKED} limit :at_most))
  + (select count(*) from (select 1 from {_MET} union all select 1 from {_AGREED} limit :at_most))
  + (select count(*) from ({UNREAD} limit :at_most))"""


def _oldest(which: str, *, by: str) -> str:
    return f"select * from ({which} order by {by} limit {_SHOWN_AT_MOST})"


_WAITING = " union all ".join(
    (
        _oldest(
            f"""select 'asked' as what, w.id as item_id, i.title, i.lang, o.name as organisation, w.asked_at as at,
              'idea' as about
            from (select n.id, n.asked_at, e.idea_id, e.organisation_id from {_ASKED}) w
            join ideas i on i.id = w.idea_id join organisations o on o.id = w.organisation_id""",
            by="w.id",
        ),
        _oldest(
            f"""select 'agreed', w.id, iif(i.state = 'hidden', '', i.title), i.lang, coalesce(p.name, ''),
              w.answered_at, 'idea'
            from (select n.* from {_AGREED}) w join endorsements e on e.id = w.endorsement_id
            join ideas i on i.id = e.idea_id
            left join organisations p on p.id = coalesce(w.former_id, i.organisation_id)""",
            by="w.id",
        ),
        _oldest(
            f"""select 'met', w.id, i.title, i.lang, o.name, w.answered_at, 'idea'
            from (select n.* from {_MET}) w join endorsements e on e.id = w.endorsement_id
            join ideas i on i.id = e.idea_id join organisations o on o.id = e.organisation_id""",
            by="w.id",
        ),
        _oldest(f"select 'wrote', item_id, title, lang, organisation, at, about from ({UNREAD})", by="at"),
        f"""select 'offered', i.id, i.title, i.lang, o.name, a.offered_at, 'idea'
        from endorsements e join adoptions a on a.idea_id = e.idea_id and {OPEN}
        join ideas i on i.id = a.idea_id and i.state = 'open' join organisations o on o.id = a.from_id
        where e.organisation_id = :organisation_id and e.active = 1""",
        """select 'invited', n.id, v.content ->> 'title', 'nl', coalesce(o.name, ''), n.invited_at, 'idea'
        from plan_invitations n join plans p on p.id = n.plan_id
        join plan_versions v on v.plan_id = p.id and v.number = p.number
        left join organisations o on o.id = n.by_id left join ideas i on i.id = p.idea_id
        where n.organisation_id = :organisation_id and n.state = 'asked' and i.state is not 'hidden'""",
        _oldest(
            f"""select 'plan', p.id, v.content ->> 'title', 'nl', '', v.written_at, 'idea'
            from (select distinct plan_id from plan_partners
              where organisation_id in ({family(":organisation_id")}) and active = 1) m
            join plans p on p.id = m.plan_id join plan_versions v on v.plan_id = p.id and v.number = p.number
            left join ideas i on i.id = p.idea_id
            where i.state is not 'hidden' and not exists (select 1 from plan_answers a
              where a.plan_id = p.id and a.number = p.number and a.organisation_id = :organisation_id)""",
            by="v.written_at, p.id",
        ),
        _oldest(
            f"select 'still', idea_id, title, lang, '', since, 'idea' from ({STILL}) where since <= :before",
            by="since, idea_id",
        ),
        """select 'access', count(*), '', '', '', '', 'idea' from (
          select 1 from access_requests where state = 'asked' and organisation_id = :organisation_id limit :at_most)""",
        f"""select 'contacts', count(*), '', '', '', '', 'idea' from (
          select n.id from ideas i join endorsements e on e.idea_id = i.id join introductions n
            on n.endorsement_id = e.id and n.former_id is null and n.state = 'agreed'
              and {LEFT.format("n.poster_member_id")}
          where i.organisation_id = :organisation_id
          union select n.id from introductions n
          where n.former_id = :organisation_id and n.state = 'agreed' and {LEFT.format("n.poster_member_id")}
          union select n.id from endorsements e join introductions n on n.endorsement_id = e.id
            and (n.state = 'agreed' or n.state = 'asked' and n.former_id is null)
            and {LEFT.format("n.endorser_member_id")}
          where e.organisation_id = :organisation_id limit :at_most)""",
        f"select 'at_contacts', {_AT_CONTACTS}, '', '', '', '', 'idea'",
    )
)


def of_member(
    db: Database, *, member_id: int, organisation_id: int | None, coordinates: bool, before: str, at_most: int
) -> tuple[list[Wait], Chores]:
    """What waits, each kind the oldest first, and what is only counted, no further than `at_most`.

    Ideas count as still since before an instant.
    """
    values: dict[str, Any] = {
        **{"member_id": member_id, "organisation_id": organisation_id, "coordinates": coordinates},
        **{"before": before, "at_most": at_most},
    }
    found = rows(db, f"select * from ({_WAITING}) order by at, item_id", values)
    counts = {item["what"]: item["item_id"] for item in found if item["what"] not in set(What)}
    waits = [
        Wait(**{**item, "what": What(item["what"]), "about": About(item["about"])})
        for item in found
        if item["what"] in set(What)
    ]
    return sorted(waits, key=lambda one: tuple(What).index(one.what)), Chores(**counts)


def at_contacts(db: Database, *, member_id: int, organisation_id: int, coordinates: bool, at_most: int) -> int:
    """How much waits at the contacts: introductions to answer, contacts that are new, and conversations to read.

    Of each it counts no further than `at_most`.
    """
    values = {"member_id": member_id, "organisation_id": organisation_id, "coordinates": coordinates}
    return int(value(db, f"select {_AT_CONTACTS}", {**values, "at_most": at_most}))
