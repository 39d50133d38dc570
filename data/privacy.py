"""Data about people: where they stand, why, and for how long; taken along by whose they are, and erased.

`INVENTORY` names every table that points at a member or holds an address; a test holds it against the schema.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlite_utils import Database

from data.store import change, now, rows, value

LETTERS_DAYS = 180
SIGN_INS_DAYS = 90


class Kept(NamedTuple):
    """What a table holds of people: why, how long, and by which columns it is theirs."""

    why: str
    until: str
    columns: tuple[str, ...]


_ACCOUNT, _ERASED = "as long as the account is there", "until the account is erased"
_WORK = "as long as the work of the organisation is there; after erasure without the person"

INVENTORY: Mapping[str, Kept] = {
    "members": Kept("who may act for whom", _ACCOUNT, ("id",)),
    "identities": Kept("signing in with the login of the Flemish government", _ERASED, ("member_id",)),
    "arrivals": Kept("opening an account", "a day", ("email",)),
    "sessions": Kept("being signed in", "12 hours", ("member_id",)),
    "sign_ins": Kept("seeing who tries to get in", f"{SIGN_INS_DAYS} days", ("member_id",)),
    "address_changes": Kept("another e-mail address", "a day", ("member_id",)),
    "mailboxes": Kept("the address that others see", _ERASED, ("member_id",)),
    "second_steps": Kept("signing in in two steps", _ERASED, ("member_id",)),
    "recovery_codes": Kept("signing in in two steps", _ERASED, ("member_id",)),
    "password_resets": Kept("a forgotten password", "an hour, or until the next is forgotten", ("member_id",)),
    "invitations": Kept("inviting colleagues", _ERASED, ("email", "member_id")),
    "access_requests": Kept("letting people in", _ERASED, ("email",)),
    "letters": Kept("telling people what concerns them", f"{LETTERS_DAYS} days", ("member_id", "recipient")),
    "saved_searches": Kept("telling what is new", _ERASED, ("member_id",)),
    "idea_drafts": Kept("going on with a text", "until it is posted or thrown away", ("member_id",)),
    "members_without_reminders": Kept("who wants no reminders", _ERASED, ("member_id",)),
    "ideas": Kept("finding companions", _WORK, ("author_id",)),
    "idea_versions": Kept("what changed in an idea", _WORK, ("member_id",)),
    "endorsements": Kept("saying ‘ook wij’", _WORK, ("member_id",)),
    "introductions": Kept("bringing people into contact", _WORK, ("poster_member_id", "endorser_member_id")),
    "adoptions": Kept("who had an idea before", _WORK, ("offered_by", "adopted_by")),
    "idea_questions": Kept("asking once what becomes of an idea", _WORK, ("member_id",)),
    "reminders": Kept("reminding once", _WORK, ("member_id",)),
    "outcomes": Kept("what came of a contact", _WORK, ("member_id",)),
    "projects": Kept("learning from projects elsewhere", _WORK, ("author_id",)),
    "project_versions": Kept("what changed in a project", _WORK, ("member_id",)),
    "project_decisions": Kept("how a project fared", _WORK, ("member_id",)),
    "project_uploads": Kept("bringing in projects", _WORK, ("member_id",)),
    "contact_requests": Kept("asking for contact", _WORK, ("member_id",)),
    "call_history": Kept("what changed in a call", _WORK, ("member_id",)),
    "judgements": Kept("which ideas belong together", _WORK, ("member_id",)),
    "clusters": Kept("reviewing clusters", _WORK, ("decided_by",)),
    "cluster_history": Kept("reviewing clusters", _WORK, ("member_id",)),
    "plan_versions": Kept("sharing costs", _WORK, ("member_id",)),
    "plan_answers": Kept("sharing costs", _WORK, ("member_id",)),
    "plan_invitations": Kept("inviting partners", _WORK, ("invited_by", "answered_by")),
    "messages": Kept("talking with partners", _WORK, ("member_id",)),
    "mentions": Kept("telling who is named in a message", _ERASED, ("member_id",)),
    "attachments": Kept("sharing files", _WORK, ("member_id",)),
    "thread_readers": Kept("telling of new messages", _WORK, ("member_id",)),
    "facts": Kept("telling what one uses", _WORK, ("member_id",)),
    "reports": Kept("reporting what is wrong", _WORK, ("member_id",)),
    "history": Kept("accounting for moderation", _WORK, ("member_id",)),
    "stands_for_changes": Kept("for whom a body speaks", _WORK, ("member_id",)),
    "plain_words": Kept("explaining suggestions", _WORK, ("member_id",)),
    "relation_fits": Kept("explaining suggestions", _WORK, ("used_by",)),
    "ledger": Kept("accounting for access and decisions; ids alone", "always", ("member_id",)),
}  # fmt: skip
# What opens something, or says nothing to the person; it does not leave.
_SECRET = {"password_hash", "token_hash", "confirm_hash", "code_hash", "secret", "candidate", "hint", "hash", "plan"}
_BY_ADDRESS = {"email", "recipient"}
_FORGOTTEN = (
    *("sessions", "sign_ins", "second_steps", "recovery_codes", "identities", "password_resets", "mailboxes"),
    *("mentions", "address_changes"),
    *("saved_searches", "idea_drafts", "members_without_reminders"),
)


def of_member(db: Database, *, member_id: int, email: str) -> dict[str, list[dict[str, Any]]]:
    """All that is kept of a member, by table, without what opens something."""
    found = {}
    for table, kept in INVENTORY.items():
        test = " or ".join(f"{column} = :{'email' if column in _BY_ADDRESS else 'id'}" for column in kept.columns)
        theirs = rows(db, f"select * from {table} where {test}", {"id": member_id, "email": email})
        if theirs:
            found[table] = [{name: one[name] for name in one if name not in _SECRET} for one in theirs]
    return found


def erase(db: Database, *, member_id: int, email: str, name: str, called: str) -> None:
    """Erase who a member is: what they wrote for their organisation is from then on of `called`."""
    nobody = f"erased-{member_id}@invalid"
    change(
        db,
        """update letters set recipient = ?, subject = '', body = '', error = null
        where recipient in (select email from address_changes where member_id = ?) and member_id is null""",
        [nobody, member_id],
    )
    for table in _FORGOTTEN:
        change(db, f"delete from {table} where member_id = ?", [member_id])
    change(db, "delete from arrivals where email = ?", [email])
    by_address = {"nobody": nobody, "email": email, "id": member_id}
    change(db, "update invitations set email = :nobody, name = '', function = '' where email = :email", by_address)
    change(
        db,
        "update access_requests set email = :nobody, name = '', function = '', message = '' where email = :email",
        by_address,
    )
    change(
        db,
        """update letters set recipient = :nobody, subject = '', body = '', error = null,
          state = case state when 'queued' then 'failed' else state end
        where member_id = :id or recipient = :email collate nocase""",
        by_address,
    )
    for given, instead in ((email, "…"), (name, called)):
        _take_out(db, given, instead)
    change(
        db, "update judgements set given_by = null where member_id = ? or given_by in (?, ?)", [member_id, email, name]
    )
    change(
        db,
        """update members set email = ?, name = ?, function = null, password_hash = null, standing_consent = 0,
          bounced_at = null, bounce = null, active = 0 where id = ?""",
        [nobody, called, member_id],
    )


def _take_out(db: Database, given: str, instead: str) -> None:
    """Take a name or address out of the letters to others; only as words of its own: An is no part of Antwerpen."""
    alone = re.compile(rf"(?<!\w){re.escape(given)}(?!\w)")
    test = "instr(body, :given) or instr(subject, :given)"
    for one in rows(db, f"select id, subject, body from letters where {test}", {"given": given}):
        texts = [alone.sub(lambda _: instead, one[part]) for part in ("subject", "body")]
        change(db, "update letters set subject = ?, body = ? where id = ?", [*texts, one["id"]])


def is_erased(email: str) -> bool:
    """Whether this stands where the address of an erased account stood."""
    return re.fullmatch(r"erased-\d+@invalid", email) is not None


def tidy(db: Database, *, letters_before: str, sign_ins_before: str) -> None:
    """Forget what is past its time. Of a letter it stays known that it was sent, so that it is never sent again."""
    change(
        db,
        """update letters set recipient = '', subject = '', body = '', error = null
        where state <> 'queued' and created_at < ? and recipient <> ''""",
        [letters_before],
    )
    change(db, "delete from sign_ins where happened_at < ?", [sign_ins_before])
    for table, column in (
        *(("sessions", "ends_at"), ("arrivals", "ends_at")),
        *(("password_resets", "expires_at"), ("address_changes", "expires_at")),
    ):
        change(db, f"delete from {table} where {column} < ?", [now()])


def settle(db: Database) -> bool:
    """Bring what was written into the one file and empty the log beside it; false while somebody still reads there."""
    return int(value(db, "pragma wal_checkpoint(truncate)")) == 0
