"""The outbox: letters that wait, were sent, or failed."""

from typing import Any

from sqlite_utils import Database

from data.store import change, now, row, rows, value
from models.letters import Letter, LetterState

_LETTER = (
    "select id, message_id, recipient, subject, body, lang, state, attempts, error, created_at, sent_at, member_id, "
    "stops from letters "
)


def _letter(found: dict[str, Any]) -> Letter:
    return Letter(**{**found, "state": LetterState(found["state"])})


def add(db: Database, *, values: dict[str, Any]) -> int | None:
    """Put a letter in the outbox and return its id; none when one with the same `dedupe_key` is there already."""
    added = change(
        db,
        """insert into letters (dedupe_key, message_id, member_id, recipient, subject, body, lang, stops,
          created_at)
        values (:dedupe_key, :message_id, :member_id, :recipient, :subject, :body, :lang, :stops, :now)
        on conflict (dedupe_key) do nothing""",
        {**values, "now": now()},
    )
    if not added:
        return None
    return int(value(db, "select id from letters where dedupe_key = ?", [values["dedupe_key"]]))


def get(db: Database, *, letter_id: int) -> Letter | None:
    """One letter by id."""
    found = row(db, _LETTER + "where id = ?", [letter_id])
    return _letter(found) if found else None


def recent(db: Database, *, at_most: int) -> list[Letter]:
    """The newest letters."""
    return [_letter(item) for item in rows(db, _LETTER + "order by id desc limit ?", [at_most])]


def mark(
    db: Database, *, letter_id: int, state: LetterState, error: str | None = None, body: str | None = None
) -> None:
    """Note how a delivery went, and keep another body if given; a letter that was sent stays sent."""
    change(
        db,
        """update letters set state = :state, error = :error, attempts = attempts + 1, body = coalesce(:body, body),
          sent_at = case :state when 'sent' then :now end
        where id = :id and state <> 'sent'""",
        {"id": letter_id, "state": state.value, "error": error, "body": body, "now": now()},
    )


def pause(db: Database, *, member_id: int, email: str, why: str) -> None:
    """Note that a member's address takes no letters, if it is still the one that was tried."""
    change(
        db,
        "update members set bounced_at = ?, bounce = ? where id = ? and email = ? and bounced_at is null",
        [now(), why, member_id, email],
    )


def resume(db: Database, *, member_id: int) -> None:
    """Forget that an address took no letters."""
    change(db, "update members set bounced_at = null, bounce = null where id = ?", [member_id])


def waiting_for(db: Database, *, member_id: int) -> int:
    """How many letters wait for a member."""
    return int(value(db, "select count(*) from letters where member_id = ? and state = 'queued'", [member_id]))


def queue_stranded(db: Database) -> None:
    """Queue a job for every queued letter that has none and whose receiver's address takes letters."""
    db.execute(
        """insert into jobs (kind, key, payload, not_before)
        select 'letter', cast(l.id as text), json_object('letter_id', l.id), ? from letters l
        left join members m on m.id = l.member_id
        where l.state = 'queued' and m.bounced_at is null and not exists (
          select 1 from jobs j where j.kind = 'letter' and j.key = cast(l.id as text) and j.done_at is null)""",
        [now()],
    )
