"""Reminders: who was asked what, who wants no more of it, and what came of introductions."""

from sqlite_utils import Database

from data.store import change, now, row, value
from models.reminders import Outcome, Reminder, Told


def note(
    db: Database, *, introduction_id: int, organisation_id: int, member_id: int, what: Reminder, moment: str
) -> bool:
    """Note that a side was asked; false when it was asked before, stopped it, or told the outcome already."""
    return bool(
        change(
            db,
            """insert into reminders (introduction_id, organisation_id, what, member_id, asked_at)
            select :introduction_id, :organisation_id, :what, :member_id, :moment
            where not exists (select 1 from reminder_stops where introduction_id = :introduction_id
                and organisation_id = :organisation_id)
              and not exists (select 1 from members_without_reminders where member_id = :member_id)
              and not exists (select 1 from outcomes where introduction_id = :introduction_id
                and organisation_id = :organisation_id)
            on conflict do nothing""",
            {
                "introduction_id": introduction_id,
                "organisation_id": organisation_id,
                "what": what,
                "member_id": member_id,
                "moment": moment,
            },
        )
    )


def stopped(db: Database, *, introduction_id: int, organisation_id: int) -> bool:
    """Whether a side wants no reminders about an introduction."""
    sql = "select exists (select 1 from reminder_stops where introduction_id = ? and organisation_id = ?)"
    return bool(value(db, sql, [introduction_id, organisation_id]))


def stop(db: Database, *, introduction_id: int, organisation_id: int, stopped: bool) -> None:
    """Stop the reminders of a side about an introduction, or allow them again."""
    if stopped:
        sql = "insert into reminder_stops (introduction_id, organisation_id) values (?, ?) on conflict do nothing"
    else:
        sql = "delete from reminder_stops where introduction_id = ? and organisation_id = ?"
    db.execute(sql, [introduction_id, organisation_id])


def wants(db: Database, *, member_id: int) -> bool:
    """Whether a member wants reminders at all."""
    return not value(db, "select exists (select 1 from members_without_reminders where member_id = ?)", [member_id])


def want(db: Database, *, member_id: int, wanted: bool) -> None:
    """Let a member have reminders, or none about anything."""
    if wanted:
        db.execute("delete from members_without_reminders where member_id = ?", [member_id])
    else:
        db.execute("insert into members_without_reminders (member_id) values (?) on conflict do nothing", [member_id])


def told(db: Database, *, introduction_id: int, organisation_id: int) -> Told | None:
    """What a side told about an introduction."""
    found = row(
        db,
        "select outcome, reason, told_at from outcomes where introduction_id = ? and organisation_id = ?",
        [introduction_id, organisation_id],
    )
    return Told(**{**found, "outcome": Outcome(found["outcome"])}) if found else None


def tell(
    db: Database, *, introduction_id: int, organisation_id: int, member_id: int, outcome: Outcome, reason: str
) -> None:
    """Note what a side tells; the last word counts, and the same word twice changes nothing."""
    db.execute(
        """insert into outcomes (introduction_id, organisation_id, outcome, reason, member_id, told_at)
        values (?, ?, ?, ?, ?, ?)
        on conflict (introduction_id, organisation_id) do update set outcome = excluded.outcome,
          reason = excluded.reason, member_id = excluded.member_id, told_at = excluded.told_at
        where outcome <> excluded.outcome or reason <> excluded.reason""",
        [introduction_id, organisation_id, outcome, reason, member_id, now()],
    )
