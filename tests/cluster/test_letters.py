"""Letters: written once, sent as one message that nobody can bend, kept when sending fails."""

import json
import random
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from bs4 import BeautifulSoup
from sqlite_utils import Database

import cluster.contacts
import cluster.letters as letters
import cluster.mail as mail
import cluster.passwords
import data.ideas
import data.letters
import data.store
import data.throttles
from data.store import change, rows, transaction, value
from models.contacts import EndorsementRole, Introduction, IntroductionState
from models.errors import NotFound, NotSignedIn
from models.ideas import IdeaForm
from models.letters import Letter, LetterState
from models.people import Guest, Member

Who = Callable[[str], Member]
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language"),
    *("Content-Type", "MIME-Version"),
}


def introduction(title: str = "Digitale balie", message: str = "Graag!") -> Introduction:
    return Introduction(
        id=5,
        endorsement_id=6,
        idea_id=7,
        idea_title=title,
        idea_lang="nl",
        poster_organisation_id=1,
        poster_organisation="Aalter",
        poster_member_id=1,
        poster_has_account=True,
        endorser_organisation_id=2,
        endorser_organisation="Genk",
        endorser_member_id=2,
        role=EndorsementRole.LEAD,
        message=message,
        state=IntroductionState.ASKED,
        asked_at="2026-01-01T00:00:00+00:00",
        answered_at=None,
    )


def write(
    db: Database, to: Member, *, key: str = "k", title: str = "Digitale balie", message: str = "Graag!"
) -> Letter:
    """A request letter in the outbox."""
    with transaction(db):
        letters.queue(
            db, to=to, template="request", dedupe_key=key, introduction=introduction(title=title, message=message)
        )
    return data.letters.recent(db, at_most=1)[0]


def sign(member_id: int, what: str) -> str:
    return f"{member_id}-{what}-signed"


def deliver(db: Database, letter: Letter, send: mail.Send | None, *, last_try: bool = False) -> Letter:
    where = {"sender": "noreply@test.example", "home": "https://m.example/"}
    letters.deliver(db, letter_id=letter.id, send=send, sign=sign, last_try=last_try, **where)
    found = data.letters.get(db, letter_id=letter.id)
    assert found is not None
    return found


def raising(fault: Exception) -> mail.Send:
    def send(message: EmailMessage) -> None:
        raise fault

    return send


def parsed(message: EmailMessage) -> EmailMessage:
    """What the receiver's program makes of the bytes on the wire."""
    return cast(EmailMessage, message_from_bytes(message.as_bytes(), policy=default))


def test_the_same_letter_is_queued_once(db: Database, who: Who) -> None:
    assert write(db, who("aalter")) == write(db, who("aalter"))
    assert value(db, "select count(*) from letters") == value(db, "select count(*) from jobs") == 1


def test_a_letter_says_where_it_comes_from_and_how_to_change_preferences(db: Database, who: Who) -> None:
    sent: list[EmailMessage] = []
    letter = deliver(db, write(db, who("aalter")), sent.append)
    assert (letter.state, letter.attempts, letter.error) == (LetterState.SENT, 1, None)
    message = parsed(sent[0])
    assert set(message.keys()) == HEADERS
    assert message["From"] == "Medestanders <noreply@test.example>"
    assert message["To"] == "aalter@test.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"
    assert message["Message-ID"] == letter.message_id
    assert message.get_content_type() == "multipart/alternative"
    text, html = (part.get_content() for part in message.iter_parts())
    assert "https://m.example/introductions/5" in text
    assert "https://m.example/account" in text
    assert "worden niet gelezen" in text
    assert "medestanders:/" not in text
    assert '<a href="https://m.example/introductions/5">https://m.example/introductions/5</a>' in html
    assert words_of(html) == " ".join(re.sub("^> ", "", text, flags=re.M).split())


def words_of(html: str) -> str:
    """All the words of the HTML part, in order."""
    soup = BeautifulSoup(html, "html.parser")
    assert soup.body is not None
    return " ".join(soup.body.get_text(" ").split())


def test_a_letter_makes_the_same_message_however_often_it_is_tried(db: Database, who: Who) -> None:
    letter = write(db, who("aalter"))
    one, other = (mail.compose(letter, sender="n@test.example", home="https://m.example", sign=sign) for _ in "12")
    assert one.as_bytes() == other.as_bytes()


def test_what_people_typed_is_no_html_and_only_addresses_become_links() -> None:
    text = (
        'Dag,\n\n> <img src=x onerror=a()> & "b"\n> javascript:a() http://x.be/?a=1&b= <2\n\nZie https://m.example/1\n'
    )
    html = mail.as_html(text, lang="nl")
    soup = BeautifulSoup(html, "html.parser")
    names = {tag.name for tag in soup.find_all(True)}
    assert names == {"html", "head", "meta", "title", "body", "p", "blockquote", "br", "a"}
    assert [link["href"] for link in soup.find_all("a")] == ["http://x.be/?a=1&b=", "https://m.example/1"]
    assert words_of(html) == " ".join(re.sub("^> ", "", text, flags=re.M).split())


def test_a_letter_that_one_click_ends_says_so_in_its_headers(db: Database, who: Who) -> None:
    to, sent = who("aalter"), list[EmailMessage]()
    with transaction(db):
        about = {"introduction": introduction(), "other": "Genk"}
        letters.queue(db, to=to, template="reminder_silent", dedupe_key="r", stops="reminders", **about)
    deliver(db, data.letters.recent(db, at_most=1)[0], sent.append)
    message = parsed(sent[0])
    assert set(message.keys()) == HEADERS | {"List-Unsubscribe", "List-Unsubscribe-Post"}
    link = f"https://m.example/unsubscribe/{to.id}-reminders-signed"
    assert message["List-Unsubscribe"] == f"<{link}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in message.iter_parts():
        assert link in part.get_content()


def test_a_sent_letter_is_not_sent_again(db: Database, who: Who) -> None:
    sent: list[EmailMessage] = []
    letter = write(db, who("aalter"))
    for _ in range(2):
        deliver(db, letter, sent.append)
    assert len(sent) == 1


def test_without_a_mail_server_the_letter_goes_to_the_local_mailbox(db: Database, who: Who) -> None:
    assert deliver(db, write(db, who("aalter")), None).state is LetterState.SENT


def test_a_letter_that_is_gone_is_no_fault(db: Database) -> None:
    letters.deliver(db, letter_id=99, send=None, sender="a@b", home="http://x", sign=sign)
    assert db["letters"].count == 0


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefusedError("no"),
        TimeoutError("slow"),
        smtplib.SMTPServerDisconnected("dropped"),
        smtplib.SMTPRecipientsRefused({"x": (451, b"later")}),
        smtplib.SMTPDataError(554, b"not today"),
        smtplib.SMTPSenderRefused(550, b"who?", "x"),
        ssl.SSLCertVerificationError("certificate has expired"),
        ValueError("Port out of range 0-65535"),
    ],
)
def test_a_fault_that_may_pass_keeps_the_letter_queued(db: Database, who: Who, fault: Exception) -> None:
    letter, send = write(db, who("aalter")), raising(fault)
    with pytest.raises(type(fault)):
        deliver(db, letter, send)
    kept = data.letters.get(db, letter_id=letter.id)
    assert kept is not None
    assert (kept.state, kept.attempts, kept.message_id) == (LetterState.QUEUED, 1, letter.message_id)
    assert kept.error is not None
    assert type(fault).__name__ in kept.error
    assert deliver(db, letter, send, last_try=True).state is LetterState.FAILED


def refusing(code: int, said: bytes | str) -> mail.Send:
    return raising(smtplib.SMTPRecipientsRefused({"x": (code, said)}))  # type: ignore[dict-item]


def test_whom_the_mail_server_does_not_know_keeps_their_letters_until_the_address_works(db: Database, who: Who) -> None:
    first, second = write(db, who("aalter"), key="1"), write(db, who("aalter"), key="2")
    sent: list[EmailMessage] = []
    refused = deliver(db, first, refusing(550, b"5.1.1 no such user"))
    assert (refused.state, refused.attempts) == (LetterState.QUEUED, 1)
    assert who("aalter").bounced_at
    assert who("aalter").bounce == "550 5.1.1 no such user"
    for letter in (first, second):
        assert deliver(db, letter, sent.append).state is LetterState.QUEUED
    letters.queue_stranded(db)
    assert sent == []
    with pytest.raises(NotFound):
        letters.resume(db, member=who("genk"), member_id=who("aalter").id)
    with transaction(db):
        db.execute("delete from jobs")
    letters.resume(db, member=who("coordinator"), member_id=who("aalter").id)
    assert who("aalter").bounced_at is None
    assert value(db, "select count(*) from jobs where kind = 'letter' and done_at is null") == 2
    for letter in (first, second):
        assert deliver(db, letter, sent.append).state is LetterState.SENT
    assert [message["Message-ID"] for message in sent] == [first.message_id, second.message_id]


def test_who_asks_for_a_new_password_gets_it_also_at_an_address_that_took_no_letters(db: Database, who: Who) -> None:
    deliver(db, write(db, who("aalter")), refusing(552, b"mailbox full"))
    throttles = data.throttles.open_throttles(Path(":memory:"))
    asked = {"email": "aalter@test.example", "address": "1", "moment": 0.0, "demo": True}
    cluster.passwords.forget(db, throttles, **asked)  # type: ignore[arg-type]
    assert who("aalter").bounced_at is None
    data.store.close(throttles)


def test_a_guest_whom_the_mail_server_does_not_know_gets_no_second_try(db: Database, who: Who) -> None:
    letter = write(db, Guest(email="gast@test.example", name="Gast", locale="nl"))  # type: ignore[arg-type]
    assert deliver(db, letter, refusing(550, b"no such user")).state is LetterState.FAILED


def test_the_rules_of_a_mail_server_are_no_fault_of_an_address(db: Database, who: Who) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(db, write(db, who("aalter")), refusing(554, b"5.7.1 relay access denied"))
    assert who("aalter").bounced_at is None


def hostile_strings() -> list[str]:
    """At least 500 strings that try to end a header and start another."""
    ends = [
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "\x0b",
        "\x0c",
        "\x85",
        "\u2028",
        "\u2029",
        "\x00",
        "\x1c",
        "%0d%0a",
        "\\r\\n",
    ]
    payloads = [
        "Bcc: x@evil.example",
        "To: x@evil.example",
        " folded",
        "\tBcc: x@evil.example",
        "Content-Type: text/html",
    ]
    encoded = [
        "=?utf-8?q?a=0D=0ABcc:_x@evil.example?=",
        "=?utf-8?b?YQ0KQmNjOiB4QGV2aWwuZXhhbXBsZQ==?=",
        "=?us-ascii?q?=0ABcc:_x@evil.example?=",
        "=?utf-8*en?q?=0D=0A=0D=0Abody?=",
        "=?utf-8?q?=22?= <x@evil.example>",
        "=?utf-8?q?" + "=0D=0ABcc:x" * 30 + "?=",
        "=?=?utf-8?q?=0D=0ABcc:_x?=",
        "=\x00?utf-8?q?=0D=0ABcc:_x?=",
    ]
    found = [f"{start}{end}{payload}" for start in ("Idee", "é" * 80, "") for end in ends for payload in payloads]
    found += [
        f"{start}{word}{end}" for word in encoded for start in ("", "x ", "é") for end in ("", " y", "\r\nBcc: z")
    ]
    pick = random.Random(7)
    atoms = (
        ends + payloads + encoded + ["=?", "?=", "@", "<", ">", '"', "\\", ",", ";", "(", " " * 80, "é", "😀", "a" * 90]
    )
    while len(found) < 600:
        found.append("".join(pick.choices(atoms, k=pick.randint(2, 7))))
    return found


def test_no_name_title_or_message_can_add_a_header(db: Database, who: Who) -> None:
    hostile = hostile_strings()
    assert len(hostile) >= 500
    template = write(db, who("aalter"))
    plain = mail.compose(template, sender="noreply@test.example", home="https://m.example", sign=sign)
    expected = plain.as_bytes().partition(b"\r\n\r\n")[2]
    for text in hostile:
        subject = (
            letters._environment("nl")
            .get_template("request.txt")
            .render(to=who("aalter"), stops=None, introduction=introduction(title=text, message=text))
        )
        for candidate in (subject.partition("\n")[0], text):
            letter = replace(template, subject=candidate)
            message = mail.compose(letter, sender="noreply@test.example", home="https://m.example", sign=sign)
            head, _, body = message.as_bytes().partition(b"\r\n\r\n")
            received = parsed(message)
            assert set(received.keys()) == HEADERS, text
            assert len(received.keys()) == len(HEADERS), text
            assert received["To"] == "aalter@test.example"
            assert not any(line.lower().startswith((b"bcc", b"cc")) for line in head.splitlines()), text
            assert len(str(received["Subject"]).splitlines()) <= 1, text
            assert body == expected, text


@pytest.mark.parametrize(
    "address",
    ["a@b\r\nBcc: c@d", "a b@c", "a@b, c@d", "<a@b>", "a@", "@b", "", "a@b\n", '"x"@y', "=?utf-8?q?a?=@b c", "é@b"],
)
def test_an_address_that_is_none_fails_without_being_tried(db: Database, who: Who, address: str) -> None:
    letter = write(db, who("aalter"))
    with transaction(db):
        change(db, "update letters set recipient = ? where id = ?", [address, letter.id])
    sent: list[EmailMessage] = []
    assert deliver(db, letter, sent.append).state is LetterState.FAILED
    assert sent == []


def test_markup_in_a_title_stays_as_it_was_typed(db: Database, who: Who) -> None:
    letter = write(db, who("aalter"), title="<b>Balie & co</b> {{ 7*7 }} %(x)s", message="{% raw %} 100 %")
    assert "<b>Balie & co</b> {{ 7*7 }} %(x)s" in letter.subject
    assert "> {% raw %} 100 %" in letter.body


def test_an_endorsement_and_its_letter_are_written_together_or_not_at_all(db: Database, who: Who) -> None:
    with transaction(db):
        idea = data.ideas.add(
            db,
            form=IdeaForm(title="Balie", description="Eén balie."),
            lang="nl",
            organisation_id=who("aalter").organisation_id,
            author_id=who("aalter").id,
        )
        db.execute("create trigger no_more before insert on jobs begin select raise(abort, 'disk full'); end")
    with pytest.raises(Exception, match="disk full"):
        cluster.contacts.endorse(db, member=who("genk"), idea_id=idea, role="lead", message="")
    assert [value(db, f"select count(*) from {t}") for t in ("endorsements", "introductions", "letters")] == [0, 0, 0]


def test_nobody_without_an_account_tries_an_address_again(db: Database, who: Who) -> None:
    with pytest.raises(NotSignedIn):
        letters.resume(db, member=None, member_id=who("genk").id)
    with pytest.raises(NotFound):
        letters.resume(db, member=who("aalter"), member_id=who("genk").id)


def test_a_letter_is_plain_text_with_one_job(db: Database, who: Who) -> None:
    other, letter = write(db, who("genk"), key="1"), write(db, who("aalter"), key="2")
    with transaction(db):
        letters.queue(db, to=replace(who("kortrijk"), active=False), template="request", dedupe_key="3")
    jobs = [(job["kind"], job["key"], json.loads(job["payload"])) for job in rows(db, "select * from jobs")]
    assert jobs == [("letter", str(one.id), {"letter_id": one.id}) for one in (other, letter)]
    assert (letter.recipient, letter.lang, letter.stops) == ("aalter@test.example", "nl", None)
    assert letter.subject == "Genk zegt ‘ook wij’ bij je idee “Digitale balie”"
    text, _, footer = letter.body.partition("\n-- \n")
    assert (
        text
        == """Dag Aalter,

Genk zegt ‘ook wij’ bij dit idee van jullie:
  Digitale balie
  medestanders:/ideas/7

Wat ze willen doen: We willen trekken

Hun bericht:
> Graag!

Wil je met hen in contact komen? Antwoord hier:
medestanders:/introductions/5

Als je ja zegt, zien jullie elkaars naam, functie en e-mailadres. Tot dan ziet niemand die.
"""
    )
    assert (
        footer
        == """Medestanders: besturen vinden besturen met hetzelfde idee.
Antwoorden op deze e-mail worden niet gelezen.
Kies hier welke e-mails je krijgt: medestanders:/account/letters
"""
    )
    with transaction(db):
        db.execute("delete from jobs")
    letters.queue_stranded(db)
    assert value(db, "select count(*) from jobs") == 2


LINKS = "Dag,\nmedestanders:/welcome/s3cret_-x en medestanders:/reset-password/abc, of medestanders:/introductions/5\n"
SPENT = "Dag,\nmedestanders:/welcome/… en medestanders:/reset-password/…, of medestanders:/introductions/5\n"


@pytest.mark.parametrize(
    ("send", "last_try", "state", "body", "error"),
    [
        (lambda message: None, False, "sent", SPENT, None),
        (None, False, "sent", LINKS, None),
        (None, True, "sent", LINKS, None),
        (raising(OSError("x" * 600)), False, "queued", LINKS, f"OSError: {'x' * 491}"),
        (raising(OSError("away")), True, "failed", SPENT, "OSError: away"),
        (refusing(550, b"who?"), True, "queued", LINKS, None),
    ],
)
def test_the_secret_in_a_link_is_forgotten_once_the_letter_left_or_is_given_up(
    db: Database, who: Who, send: mail.Send | None, last_try: bool, state: str, body: str, error: str | None
) -> None:
    letter, other = write(db, who("aalter"), key="1"), write(db, who("aalter"), key="2")
    with transaction(db):
        change(db, "update letters set body = ?", [LINKS])
    how: dict[str, Any] = {"sender": "n@test.example", "home": "https://m.example", "sign": sign}
    if last_try:
        how["last_try"] = True
    with pytest.raises(OSError) if error and not last_try else nullcontext():
        letters.deliver(db, letter_id=letter.id, send=send, **how)
    found = data.letters.get(db, letter_id=letter.id)
    assert found is not None
    assert (found.state, found.body, found.attempts) == (state, body, 1)
    assert error is None or found.error == error
    assert data.letters.get(db, letter_id=other.id) == replace(other, body=LINKS)


def test_a_letter_to_who_left_fails_unsent_also_where_no_letters_arrived(db: Database, who: Who) -> None:
    letter, sent = write(db, who("aalter")), list[EmailMessage]()
    with transaction(db):
        change(db, "update members set active = 0, bounced_at = '2026-01-01' where id = ?", [who("aalter").id])
    found = deliver(db, letter, sent.append)
    assert (found.state, found.error, sent) == (LetterState.FAILED, "ValueError: the account is closed", [])


@pytest.mark.parametrize(
    ("code", "said", "why"),
    [
        (500, b"no", "500 no"),
        (499, b"later", None),
        (550, "onbekend é", "550 onbekend é"),
        (550, "5.7.1 no relaying", None),
        (550, b"5x7. no", "550 5x7. no"),
        (550, b"caf\xe9 " + b"x" * 400, f"550 caf� {'x' * 291}"),
    ],
)
def test_only_what_a_mail_server_says_of_the_address_itself_pauses_it(
    db: Database, who: Who, code: int, said: bytes | str, why: str | None
) -> None:
    letter = write(db, who("aalter"))
    with nullcontext() if why else pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(db, letter, refusing(code, said))
    assert who("aalter").bounce == why
    assert (who("genk").bounce, who("genk").bounced_at) == (None, None)


def test_one_tries_ones_own_address_again(db: Database, who: Who) -> None:
    for name in ("aalter", "genk"):
        deliver(db, write(db, who(name), key=name), refusing(550, b"no"))
    assert letters.resume(db, member=who("aalter"), member_id=who("aalter").id).id == who("aalter").id
    assert who("aalter").bounced_at is None
    assert who("genk").bounced_at
    with pytest.raises(NotFound):
        letters.resume(db, member=who("coordinator"), member_id=99)
