"""Letters: written inside the verb that causes them, delivered later by the worker."""

import re
import secrets
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlite_utils import Database

import data.letters
import data.work
from cluster.engine.texts import one_line
from data.store import transaction
from models.letters import Letter, LetterState
from models.people import Guest, Member

Send = Callable[[EmailMessage], None]

_ROOT = Path(__file__).resolve().parents[1]
# Letters wait with links of this form; delivery writes the address of the service in front, as it is by then.
_HOME = "medestanders:/"
# Links that open something for whoever has them: once a letter left, only the hash of such a secret is kept.
_OPENING = "welcome|reset-password|ask-access|shared-mailbox|sign-in/government/confirm"
_SECRET = re.compile(rf"({_HOME}(?:{_OPENING})/)[A-Za-z0-9_-]+")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PATIENCE_S = 10


def queue(db: Database, *, to: Member | Guest, template: str, dedupe_key: str, **values: object) -> None:
    """Write a letter in the receiver's language; the caller holds the transaction.

    A second letter with the same `dedupe_key` changes nothing, nor does one to a member whose account is closed. The
    first line of templates/letters/TEMPLATE.txt is the subject.
    """
    if not to.active:
        return
    subject, _, body = _environment(to.locale).get_template(f"{template}.txt").render(to=to, **values).partition("\n")
    letter_id = data.letters.add(
        db,
        values={
            "dedupe_key": dedupe_key,
            "message_id": f"<{secrets.token_hex(16)}@medestanders>",
            "member_id": to.id,
            "recipient": to.email,
            "subject": _header(subject),
            "body": body.strip() + "\n",
            "lang": to.locale,
        },
    )
    if letter_id is not None:
        data.work.queue(db, kind="letter", key=str(letter_id), payload={"letter_id": letter_id})


def queue_stranded(db: Database) -> None:
    """Give every queued letter a job again if its job was given up, as when a fault lasted for days."""
    with transaction(db):
        data.letters.queue_stranded(db)


def deliver(db: Database, *, letter_id: int, send: Send | None, sender: str, home: str, last_try: bool = False) -> None:
    """Deliver a queued letter, or mark it sent when there is no mail server (`send` is none) but a local mailbox.

    A letter that is not queued is left alone; one for a member whose account was closed fails unsent. An address that
    is none and a receiver whom the mail server refuses for good make it failed, as does any fault at the last try;
    other faults are noted and raised, so that the job is tried again.
    """
    letter = data.letters.get(db, letter_id=letter_id)
    if letter is None or letter.state is not LetterState.QUEUED:
        return
    fault: Exception | None = None
    if data.letters.to_one_who_left(db, letter_id=letter_id):
        fault, final = ValueError("the account is closed"), True
    else:
        fault, final = _fault(letter, send=send, sender=sender, home=home) if send else (None, False)
    kept = fault is not None and not (final or last_try)
    state = LetterState.QUEUED if kept else LetterState.FAILED if fault else LetterState.SENT
    error = f"{type(fault).__name__}: {fault}"[:500] if fault else None
    # In the local mailbox of a demo the links stay: that is where people read their letters.
    body = _SECRET.sub(r"\1…", letter.body) if send and not kept else None
    with transaction(db):
        data.letters.mark(db, letter_id=letter_id, state=state, error=error, body=body)
    if fault and kept:
        raise fault


def compose(letter: Letter, *, sender: str, home: str) -> EmailMessage:
    """The message as it goes over the wire; the same letter always makes the same message.

    Raises ValueError for an address that no mail server would take. Nothing in a name or title can add a header.
    """
    if not _ADDRESS.fullmatch(letter.recipient):
        raise ValueError("not an e-mail address")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Medestanders", addr_spec=sender)
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = _header(letter.subject)
    message["Date"] = datetime.fromisoformat(letter.created_at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(readable(letter, home=home), cte="quoted-printable")
    message["Content-Language"] = letter.lang  # after the content, which starts by removing such headers
    return message


def readable(letter: Letter, *, home: str) -> str:
    """The text of a letter with complete links; `home` is the address of the service."""
    return letter.body.replace(_HOME, home.rstrip("/") + "/")


def post(message: EmailMessage, *, smtp_url: str) -> None:
    """Hand one message to the mail server; returns once it was taken.

    TLS is used where offered. A password never travels in the clear to another machine, nor to an unproven server.
    """
    parts = urlsplit(smtp_url)
    host = parts.hostname or ""
    context = ssl.create_default_context()
    if not parts.username:  # nothing to steal: sealed by anybody is better than open
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_PATIENCE_S, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=_PATIENCE_S)
    try:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp" and (server.has_extn("starttls") or (parts.username and host not in _LOOPBACK)):
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
    finally:
        with suppress(OSError, smtplib.SMTPException):  # the message was taken or refused already
            server.quit()
        server.close()


def _fault(letter: Letter, *, send: Send, sender: str, home: str) -> tuple[Exception | None, bool]:
    """Send a letter; what went wrong, and whether trying again is useless: no address, or no such receiver.

    Everything else may pass: an expired certificate, for one, is a ValueError too.
    """
    try:
        message = compose(letter, sender=sender, home=home)
    except ValueError as no_address:
        return no_address, True
    try:
        send(message)
    except smtplib.SMTPRecipientsRefused as refused:
        return refused, all(code >= 500 for code, _ in refused.recipients.values())
    except (OSError, ValueError, smtplib.SMTPException) as raised:
        return raised, False
    return None, False


def _header(text: str) -> str:
    """Text that stays within its header: one line, and nothing that a reader would decode into more."""
    return one_line(text).replace("=?", "= ?")


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
    environment.globals["link"] = lambda path: _HOME + str(path).lstrip("/")
    environment.filters["line"] = one_line
    return environment
