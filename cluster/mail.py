"""Mail: a letter as it goes over the wire, in words and as HTML, and the one way to hand it to a mail server."""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from itertools import groupby
from urllib.parse import unquote, urlsplit

from cluster.engine.texts import one_line
from models.letters import Letter

Send = Callable[[EmailMessage], None]
# Signs which letters of which member a link ends.
Sign = Callable[[int, str], str]

# Letters wait with links of this form; delivery writes the address of the service in front, as it is by then.
HOME = "medestanders:/"
_UNSUBSCRIBE = re.compile(rf"{HOME}unsubscribe/([a-z]+(?:-[0-9]+)?)")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LINK = re.compile(r"https?://[^\s<>\"“”‘’]+[^\s<>\"“”‘’.,;:!?)]")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PATIENCE_S = 10


def compose(letter: Letter, *, sender: str, home: str, sign: Sign) -> EmailMessage:
    """The message as it goes over the wire, the same words as text and as HTML; a letter always makes the same one.

    Raises ValueError for an address that no mail server would take. Nothing in a name or title can add a header.
    Letters that one click ends say so in their headers (RFC 2369, RFC 8058).
    """
    if not _ADDRESS.fullmatch(letter.recipient):
        raise ValueError("not an e-mail address")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Medestanders", addr_spec=sender)
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = header(letter.subject)
    message["Date"] = datetime.fromisoformat(letter.created_at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    if letter.stops and letter.member_id:
        address = f"{home.rstrip('/')}/unsubscribe/{sign(letter.member_id, letter.stops)}"
        message["List-Unsubscribe"] = f"<{address}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text = readable(letter, home=home, sign=sign)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(as_html(text, lang=letter.lang), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]}")
    message["Content-Language"] = letter.lang  # after the content, which starts by removing such headers
    return message


def readable(letter: Letter, *, home: str, sign: Sign) -> str:
    """The text of a letter with complete links; `home` is the address of the service."""
    member_id = letter.member_id
    body = letter.body
    if member_id:
        body = _UNSUBSCRIBE.sub(lambda found: f"{HOME}unsubscribe/{sign(member_id, found[1])}", body)
    return body.replace(HOME, home.rstrip("/") + "/")


def as_html(text: str, *, lang: str) -> str:
    """The same words as HTML, for programs that show no plain text well: paragraphs, quotes and links, no more.

    Whatever people typed stays text; only addresses become links.
    """
    parts = []
    for quoted, lines in groupby(text.strip().splitlines(), key=lambda line: line.startswith(">")):
        words = "\n".join(line.removeprefix(">").removeprefix(" ") if quoted else line for line in lines)
        paragraphs = [_paragraph(one) for one in re.split(r"\n\s*\n", words.strip("\n")) if one.strip()]
        parts.append(f"<blockquote>{''.join(paragraphs)}</blockquote>" if quoted else "\n".join(paragraphs))
    return (
        f'<!doctype html>\n<html lang="{escape(lang)}">\n<head><meta charset="utf-8"><title>Medestanders</title></head>'
        "\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _paragraph(text: str) -> str:
    lines = (_linked(line.strip()) for line in text.split("\n"))
    return f"<p>{'<br>'.join(lines)}</p>"


def _linked(line: str) -> str:
    found, at = [], 0
    for link in _LINK.finditer(line):
        address = escape(link[0])
        found += [escape(line[at : link.start()]), f'<a href="{address}">{address}</a>']
        at = link.end()
    return "".join([*found, escape(line[at:])])


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


def header(text: str) -> str:
    """Text that stays within its header: one line, and nothing that a reader would decode into more."""
    return one_line(text).replace("=?", "= ?")
