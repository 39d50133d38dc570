"""A shared mailbox as contact address: shown once it agreed, and never before."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.mailboxes as mailboxes
import data.store
from data.store import rows, transaction, value
from data.throttles import open_throttles
from models.errors import Invalid, NotAllowed, NotFound, TooMany
from models.ideas import IdeaForm
from models.people import Mailbox, Member

Who = Callable[[str], Member]
SHARED = "digitaal@genk.example"


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    """An empty throttle database."""
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    data.store.close(found)


def ask(db: Database, throttles: Database, member: Member, email: str = SHARED) -> str:
    """Ask a mailbox, and return the secret of the letter that it gets."""
    mailboxes.ask(db, throttles, member=member, email=email, moment=1e6)
    (letter,) = rows(db, "select recipient, body from letters order by id desc limit 1")
    assert letter["recipient"] == email
    found = re.search(r"/mailbox/([\w-]{40,})", letter["body"])
    assert found is not None
    return found[1]


def met(db: Database, poster: Member, endorser: Member) -> int:
    """An introduction that both agreed to."""
    form = IdeaForm(title="Zwembad", description="Online reserveren")
    idea_id = cluster.ideas.post(db, encoder=None, member=poster, form=form)
    cluster.contacts.endorse(db, member=endorser, idea_id=idea_id, role="learn", message="")
    introduction_id = int(value(db, "select max(id) from introductions"))
    cluster.contacts.agree(db, member=poster, introduction_id=introduction_id)
    return introduction_id


def test_others_see_a_mailbox_once_it_agreed(db: Database, throttles: Database, who: Who) -> None:
    genk, aalter = who("genk"), who("aalter")
    introduction_id = met(db, aalter, genk)

    def seen() -> str:
        contact = cluster.contacts.contacts_of(db, member=aalter, introduction_id=introduction_id)
        assert contact is not None
        return contact.email

    token = ask(db, throttles, genk)
    assert mailboxes.of_member(db, member=genk) == Mailbox(email=None, asked=SHARED)
    assert seen() == genk.email
    mailboxes.confirm(db, token=token)
    assert seen() == SHARED
    with pytest.raises(NotFound):
        mailboxes.confirm(db, token=token)
    # Another mailbox that has yet to agree changes nothing, and least of all back to one's own address.
    second = ask(db, throttles, genk, "balie@genk.example")
    assert seen() == SHARED
    mailboxes.confirm(db, token=second)
    assert seen() == "balie@genk.example"
    mailboxes.remove(db, member=genk)
    mailboxes.remove(db, member=genk)
    assert seen() == genk.email


def test_the_letter_of_an_introduction_names_the_mailbox_alone(db: Database, throttles: Database, who: Who) -> None:
    genk = who("genk")
    mailboxes.confirm(db, token=ask(db, throttles, genk))
    met(db, who("aalter"), genk)
    (body,) = [
        item["body"]
        for item in rows(db, "select body from letters where recipient = ?", [who("aalter").email])
        if SHARED in item["body"]
    ]
    assert genk.email not in body


def test_a_link_works_for_a_week_and_for_who_has_an_account(db: Database, throttles: Database, who: Who) -> None:
    old = ask(db, throttles, who("genk"))
    with transaction(db):
        db.execute("update mailboxes set expires_at = '2020-01-01T00:00:00+00:00'")
    with pytest.raises(NotFound):
        mailboxes.asked(db, token=old)
    new = ask(db, throttles, who("genk"))
    with transaction(db):
        db.execute("update members set active = 0 where id = ?", [who("genk").id])
    with pytest.raises(NotFound):
        mailboxes.confirm(db, token=new)


def test_what_is_no_address_is_refused_and_nobody_asks_without_end(db: Database, throttles: Database, who: Who) -> None:
    for email in ("", "digitaal", "a@b", "x" * 260 + "@genk.example"):
        with pytest.raises(Invalid) as refused:
            mailboxes.ask(db, throttles, member=who("genk"), email=email, moment=1e6)
        assert refused.value.field == "email"
    assert value(db, "select count(*) from letters") == 0
    for _ in range(5):
        ask(db, throttles, who("genk"))
    with pytest.raises(TooMany):
        ask(db, throttles, who("genk"))
    with pytest.raises(NotAllowed):
        ask(db, throttles, who("coordinator"))
