"""Endorsements, and the introductions that follow from them."""

from collections.abc import Collection
from typing import Any

from sqlite_utils import Database

from data.store import change, now, placeholders, row, rows, value
from models.contacts import Endorsement, EndorsementRole, Introduction, IntroductionState

_ENDORSEMENT = """
select e.id, e.idea_id, e.organisation_id, o.name as organisation, e.member_id, e.role, e.amount, e.days,
  e.message, e.hidden, e.active, e.created_at,
  exists (select 1 from introductions n where n.endorsement_id = e.id and n.former_id is null) as introduced
from endorsements e join organisations o on o.id = e.organisation_id
"""

_INTRODUCTION = """
select n.id, n.endorsement_id, e.idea_id, i.title as idea_title, i.lang as idea_lang,
  i.state = 'hidden' as idea_hidden,
  p.id as poster_organisation_id, coalesce(p.name, '') as poster_organisation, n.poster_member_id,
  exists (select 1 from members m where m.organisation_id = p.id and m.active = 1) as poster_has_account,
  e.organisation_id as endorser_organisation_id, o.name as endorser_organisation,
  n.endorser_member_id, e.role, e.message, e.hidden as message_hidden, n.state, n.asked_at, n.answered_at,
  n.former_id is not null as former, n.poster_seen, n.endorser_seen
from introductions n
join endorsements e on e.id = n.endorsement_id
join ideas i on i.id = e.idea_id
join organisations o on o.id = e.organisation_id
left join organisations p on p.id = coalesce(n.former_id, i.organisation_id)
"""

# With a former owner of an idea there is nothing more to answer: what is left of it is who met.
_COUNTS = "(n.former_id is null or n.state = 'agreed')"
# The poster's side; two ways in, so that either has its index.
_POSTED = f"""n.id in (
  select x.id from ideas y join endorsements d on d.idea_id = y.id join introductions x on x.endorsement_id = d.id
    where y.organisation_id = :organisation_id and x.former_id is null
  union all select id from introductions where former_id = :organisation_id) and {_COUNTS}"""

_WAITING_FIRST = " order by n.state = 'asked' desc, coalesce(n.answered_at, n.asked_at) desc, n.id desc limit :at_most"


def _endorsement(found: dict[str, Any]) -> Endorsement:
    return Endorsement(
        **{
            **found,
            "role": EndorsementRole(found["role"]),
            "active": bool(found["active"]),
            "hidden": bool(found["hidden"]),
            "introduced": bool(found["introduced"]),
        }
    )


def _introduction(found: dict[str, Any]) -> Introduction:
    return Introduction(
        **{
            **found,
            "role": EndorsementRole(found["role"]),
            "state": IntroductionState(found["state"]),
            "poster_has_account": bool(found["poster_has_account"]),
            "idea_hidden": bool(found["idea_hidden"]),
            "message_hidden": bool(found["message_hidden"]),
            "former": bool(found["former"]),
            "poster_seen": bool(found["poster_seen"]),
            "endorser_seen": bool(found["endorser_seen"]),
        }
    )


def endorse(db: Database, *, values: dict[str, Any]) -> bool:
    """Add an endorsement, or make a withdrawn one active again; false when an active one stands, which stays as it is.

    The member of an agreed introduction stays: that is the person whose address the other side already has.
    """
    return bool(
        change(
            db,
            """insert into endorsements (idea_id, organisation_id, member_id, role, amount, days, message,
              created_at, updated_at)
            values (:idea_id, :organisation_id, :member_id, :role, :amount, :days, :message, :now, :now)
            on conflict (idea_id, organisation_id) do update set role = excluded.role, amount = excluded.amount,
              days = excluded.days, message = excluded.message, active = 1, updated_at = excluded.updated_at,
              member_id = case when exists (
                select 1 from introductions n where n.endorsement_id = endorsements.id and n.state = 'agreed'
              ) then member_id else excluded.member_id end
            where active = 0""",
            {**values, "now": now()},
        )
    )


def rewrite(db: Database, *, values: dict[str, Any]) -> bool:
    """Change what an active endorsement says; false when there is none."""
    return bool(
        change(
            db,
            """update endorsements set role = :role, amount = :amount, days = :days, message = :message,
              updated_at = :now
            where idea_id = :idea_id and organisation_id = :organisation_id and active = 1""",
            {**values, "now": now()},
        )
    )


def withdraw(db: Database, *, idea_id: int, organisation_id: int) -> bool:
    """Make an endorsement inactive, and its introduction withdrawn unless agreed; false when nothing was active."""
    changed = change(
        db,
        """update endorsements set active = 0, updated_at = ?
        where idea_id = ? and organisation_id = ? and active = 1""",
        [now(), idea_id, organisation_id],
    )
    if changed:
        change(
            db,
            """update introductions set state = 'withdrawn' where state in ('asked', 'declined') and former_id is null
            and endorsement_id = (select id from endorsements where idea_id = ? and organisation_id = ?)""",
            [idea_id, organisation_id],
        )
    return bool(changed)


def of_organisation(db: Database, *, idea_id: int, organisation_id: int) -> Endorsement | None:
    """An organisation's endorsement of an idea, active or withdrawn."""
    found = row(db, _ENDORSEMENT + "where e.idea_id = ? and e.organisation_id = ?", [idea_id, organisation_id])
    return _endorsement(found) if found else None


def endorsements(db: Database, *, idea_id: int) -> list[Endorsement]:
    """The active endorsements of an idea, oldest first."""
    found = rows(db, _ENDORSEMENT + "where e.idea_id = ? and e.active = 1 order by e.created_at, e.id", [idea_id])
    return [_endorsement(item) for item in found]


def poster(db: Database, *, idea_id: int) -> int | None:
    """Who speaks for an idea: its author while active, else the first active member of its organisation."""
    found: int | None = value(
        db,
        """select m.id from ideas i join members m on m.organisation_id = i.organisation_id and m.active = 1
        where i.id = ? order by m.id = i.author_id desc, m.id limit 1""",
        [idea_id],
    )
    return found


def ask(db: Database, *, endorsement_id: int, poster_member_id: int | None, endorser_member_id: int) -> None:
    """Add the introduction of an endorsement, or revive a withdrawn one: asked, or declined if it once was."""
    db.execute(
        """insert into introductions (endorsement_id, poster_member_id, endorser_member_id, state, asked_at)
        values (?, ?, ?, 'asked', ?)
        on conflict (endorsement_id) where former_id is null do update set
          poster_member_id = excluded.poster_member_id, endorser_member_id = excluded.endorser_member_id,
          asked_at = excluded.asked_at, state = case when answered_at is null then 'asked' else 'declined' end
        where state = 'withdrawn'""",
        [endorsement_id, poster_member_id, endorser_member_id, now()],
    )


def answer(db: Database, *, introduction_id: int, state: IntroductionState, poster_member_id: int) -> None:
    """Note the poster's answer and who gave it."""
    change(
        db,
        "update introductions set state = ?, poster_member_id = ?, answered_at = ? where id = ?",
        [state.value, poster_member_id, now(), introduction_id],
    )


def look(db: Database, *, introduction_id: int, member_id: int) -> None:
    """Note that the contact person of a side looked at an agreed introduction."""
    for side in ("poster", "endorser"):
        change(
            db,
            f"""update introductions set {side}_seen = 1
            where id = ? and state = 'agreed' and {side}_member_id = ? and {side}_seen = 0""",
            [introduction_id, member_id],
        )


def introduction(db: Database, *, introduction_id: int) -> Introduction | None:
    """One introduction by id."""
    found = row(db, _INTRODUCTION + f"where n.id = ? and {_COUNTS}", [introduction_id])
    return _introduction(found) if found else None


def introduction_of(db: Database, *, endorsement_id: int) -> Introduction | None:
    """The introduction that an endorsement made to who has the idea now."""
    found = row(db, _INTRODUCTION + "where n.endorsement_id = ? and n.former_id is null", [endorsement_id])
    return _introduction(found) if found else None


def asked_of(db: Database, *, organisation_id: int, at_most: int) -> list[Introduction]:
    """The introductions that wait for an answer of this organisation, newest first."""
    sql = (
        _INTRODUCTION
        + "where i.organisation_id = ? and n.former_id is null and n.state = 'asked' order by n.id desc limit ?"
    )
    return [_introduction(item) for item in rows(db, sql, [organisation_id, at_most])]


def received_by(db: Database, *, organisation_id: int, at_most: int) -> list[Introduction]:
    """The introductions to an organisation's ideas, former ones too, waiting ones first, then by last change."""
    sql = _INTRODUCTION + "where " + _POSTED + _WAITING_FIRST
    return [_introduction(item) for item in rows(db, sql, {"organisation_id": organisation_id, "at_most": at_most})]


def sent_by(db: Database, *, organisation_id: int, at_most: int) -> list[Introduction]:
    """The introductions an organisation asked for, waiting ones first, then by last change."""
    sql = _INTRODUCTION + f"where e.organisation_id = :organisation_id and {_COUNTS}" + _WAITING_FIRST
    return [_introduction(item) for item in rows(db, sql, {"organisation_id": organisation_id, "at_most": at_most})]


def said(
    db: Database, *, organisation_id: int, idea_ids: Collection[int]
) -> dict[int, tuple[int, IntroductionState] | None]:
    """To which of these ideas an organisation says *ook wij*, with the introduction that came of it, if any."""
    found = rows(
        db,
        f"""select e.idea_id, n.id, n.state from endorsements e
        left join introductions n on n.endorsement_id = e.id and n.former_id is null
        where e.organisation_id = ? and e.active = 1 and e.idea_id in ({placeholders(len(idea_ids))})""",
        [organisation_id, *idea_ids],
    )
    return {one["idea_id"]: (one["id"], IntroductionState(one["state"])) if one["id"] else None for one in found}


def agreed_about(db: Database, *, idea_id: int, organisation_id: int) -> list[Introduction]:
    """The agreed introductions about an idea to or from an organisation, oldest first."""
    sql = (
        _INTRODUCTION
        + """where e.idea_id = :idea_id and n.state = 'agreed'
      and :organisation_id in (e.organisation_id, coalesce(n.former_id, i.organisation_id)) order by n.id"""
    )
    return [_introduction(item) for item in rows(db, sql, {"idea_id": idea_id, "organisation_id": organisation_id})]


# A person who left, by the column that names them.
LEFT = "exists (select 1 from members m where m.id = {} and m.active = 0)"


def without_contact(db: Database, *, organisation_id: int, at_most: int) -> list[Introduction]:
    """The introductions in which an organisation's contact person left; nobody's data is shown in their place."""
    found = rows(
        db,
        f"""{_INTRODUCTION} where
          (p.id = :organisation_id and n.state = 'agreed' and {LEFT.format("n.poster_member_id")})
          or (e.organisation_id = :organisation_id and n.state in ('asked', 'agreed') and {_COUNTS}
            and {LEFT.format("n.endorser_member_id")})
        order by n.id limit :at_most""",
        {"organisation_id": organisation_id, "at_most": at_most},
    )
    return [_introduction(item) for item in found]


def count_of_member(db: Database, *, member_id: int) -> int:
    """How many introductions have this member as contact person and still need one."""
    return int(
        value(
            db,
            f"""select count(*) from introductions n where n.state in ('asked', 'agreed') and {_COUNTS}
              and (n.poster_member_id = :member_id or n.endorser_member_id = :member_id)""",
            {"member_id": member_id},
        )
    )


def hand_over_asked(db: Database, *, member_id: int, to_id: int) -> list[Introduction]:
    """Let a colleague answer what was asked of a member, and tell what that is; it shows nobody's data."""
    asked = rows(
        db,
        _INTRODUCTION + f"where n.poster_member_id = ? and n.state = 'asked' and {_COUNTS} order by n.id",
        [member_id],
    )
    change(
        db,
        "update introductions set poster_member_id = ? where poster_member_id = ? and state = 'asked'",
        [to_id, member_id],
    )
    return [_introduction(item) for item in asked]


def take_over(db: Database, *, introduction: Introduction, organisation_id: int, member_id: int) -> None:
    """Make a member the contact person of this organisation's side of an introduction."""
    if introduction.poster_organisation_id == organisation_id:
        change(db, "update introductions set poster_member_id = ? where id = ?", [member_id, introduction.id])
    else:
        change(db, "update endorsements set member_id = ? where id = ?", [member_id, introduction.endorsement_id])
        change(db, "update introductions set endorser_member_id = ? where id = ?", [member_id, introduction.id])


def pass_on(db: Database, *, idea_id: int, former_id: int, organisation_id: int) -> None:
    """Keep what was between endorsers and the former owner of an idea as theirs; who has it now endorses no more."""
    change(
        db,
        """update introductions set former_id = :former_id where former_id is null
        and endorsement_id in (select id from endorsements where idea_id = :idea_id)""",
        {"former_id": former_id, "idea_id": idea_id},
    )
    change(
        db,
        "update endorsements set active = 0, updated_at = ? where idea_id = ? and organisation_id = ?",
        [now(), idea_id, organisation_id],
    )
