"""Letters: written inside the verb that causes them, delivered later by the worker."""

import re
import secrets
import smtplib
from functools import cache
from pathlib import Path

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlite_utils import Database

import data.letters
import data.people
import data.work
from cluster.engine.texts import one_line
from cluster.mail import HOME, Send, Sign, compose, header
from data.store import transaction
from models.errors import NotFound, NotSignedIn
from models.letters import Letter, LetterState
from models.people import Guest, Member

_ROOT = Path(__file__).resolve().parents[1]
# Links that open something for whoever has them: once a letter left, only the hash of such a secret is kept.
_OPENING = "welcome|reset-password|ask-access|shared-mailbox|new-address|sign-in/government/confirm"
_SECRET = re.compile(rf"({HOME}(?:{_OPENING})/)[A-Za-z0-9_-]+")
# What a mail server says of a receiver whom its rules refuse, such as those of a relay: no fault of the address.
_POLICY = re.compile(rb"5\.7\.")


def queue(
    db: Database, *, to: Member | Guest, template: str, dedupe_key: str, stops: str | None = None, **values: object
) -> None:
    """Write a letter in the receiver's language; the caller holds the transaction.

    A second letter with the same `dedupe_key` changes nothing, nor does one to a member whose account is closed. The
    first line of templates/letters/TEMPLATE.txt is the subject. `stops` names the letters that one click in this one
    ends (`stop` in this module); none for what somebody has to know.
    """
    if not to.active:
        return
    subject, _, body = (
        _environment(to.locale).get_template(f"{template}.txt").render(to=to, stops=stops, **values).partition("\n")
    )
    letter_id = data.letters.add(
        db,
        values={
            "dedupe_key": dedupe_key,
            "message_id": f"<{secrets.token_hex(16)}@medestanders>",
            "member_id": to.id,
            "recipient": to.email,
            "subject": header(subject),
            "body": body.strip() + "\n",
            "lang": to.locale,
            "stops": stops,
        },
    )
    if letter_id is not None:
        data.work.queue(db, kind="letter", key=str(letter_id), payload={"letter_id": letter_id})


def queue_stranded(db: Database) -> None:
    """Give every queued letter a job again if its job was given up, as when a fault lasted for days."""
    with transaction(db):
        data.letters.queue_stranded(db)


def deliver(
    db: Database,
    *,
    letter_id: int,
    send: Send | None,
    sender: str,
    home: str,
    sign: Sign,
    last_try: bool = False,
) -> None:
    """Deliver a queued letter, or mark it sent when there is no mail server (`send` is none) but a local mailbox.

    A letter that is not queued is left alone; one for a member whose account was closed fails unsent. An address that
    is none makes it failed, as does any fault at the last try; other faults are noted and raised, so that the job is
    tried again. A member whom the mail server refuses for good keeps their letters: these wait until somebody says
    that the address works (`resume`).
    """
    letter = data.letters.get(db, letter_id=letter_id)
    if letter is None or letter.state is not LetterState.QUEUED:
        return
    to = data.people.get(db, member_id=letter.member_id) if letter.member_id else None
    if to is not None and to.active and to.bounced_at:
        return
    fault: Exception | None = None
    if to is not None and not to.active:
        fault, final = ValueError("the account is closed"), True
    else:
        fault, final = _fault(letter, send=send, sender=sender, home=home, sign=sign) if send else (None, False)
    waits = final and to is not None and isinstance(fault, smtplib.SMTPRecipientsRefused)
    kept = fault is not None and not (final or last_try)
    state = LetterState.QUEUED if kept or waits else LetterState.FAILED if fault else LetterState.SENT
    error = f"{type(fault).__name__}: {fault}"[:500] if fault else None
    # In the local mailbox of a demo the links stay: that is where people read their letters.
    body = _SECRET.sub(r"\1…", letter.body) if send and not (kept or waits) else None
    with transaction(db):
        data.letters.mark(db, letter_id=letter_id, state=state, error=error, body=body)
        if waits and to is not None:
            data.letters.pause(db, member_id=to.id, email=letter.recipient, why=_said(fault))
    if fault and kept:
        raise fault


def resume(db: Database, *, member: Member | None, member_id: int) -> Member:
    """Try an address again to which nothing arrived, one's own or as a coordinator; the letters that wait, leave."""
    if member is None:
        raise NotSignedIn
    with transaction(db):
        found = data.people.get(db, member_id=member_id)
        if found is None or not (member.is_coordinator or member.id == member_id):
            raise NotFound
        take_up(db, member_id=member_id)
    return found


def take_up(db: Database, *, member_id: int) -> None:
    """Inside the caller's transaction: believe an address again, and give the letters that wait for it their jobs."""
    data.letters.resume(db, member_id=member_id)
    data.letters.queue_stranded(db)


def _fault(letter: Letter, *, send: Send, sender: str, home: str, sign: Sign) -> tuple[Exception | None, bool]:
    """Send a letter; what went wrong, and whether trying again is useless: no address, or no such receiver.

    Everything else may pass: an expired certificate, for one, is a ValueError too.
    """
    try:
        message = compose(letter, sender=sender, home=home, sign=sign)
    except ValueError as no_address:
        return no_address, True
    try:
        send(message)
    except smtplib.SMTPRecipientsRefused as refused:
        return refused, all(
            code >= 500 and not _POLICY.match(_bytes(said)) for code, said in refused.recipients.values()
        )
    except (OSError, ValueError, smtplib.SMTPException) as raised:
        return raised, False
    return None, False


def _said(fault: Exception | None) -> str:
    """What the mail server said of an address."""
    assert isinstance(fault, smtplib.SMTPRecipientsRefused)
    return "; ".join(f"{code} {_bytes(said).decode(errors='replace')}" for code, said in fault.recipients.values())[
        :300
    ]


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


@cache
def _environment(lang: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_ROOT / "templates" / "letters"),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translations = Translations.load(str(_ROOT / "translations"), [lang])
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["link"] = lambda path: HOME + str(path).lstrip("/")
    environment.filters["line"] = one_line
    return environment
