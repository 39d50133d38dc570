"""Another e-mail address: nothing changes before the new one confirms, and the old one hears of it at once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

import cluster.addresses as addresses
import cluster.passwords
import cluster.privacy
import cluster.sessions
import data.store
from cluster.organisations import leave
from data.store import rows, transaction, value
from data.throttles import open_throttles
from models.errors import Invalid, NotFound, TooMany
from models.people import Member
from models.sessions import Means, Session
from tests.conftest import PASSWORD, dumped

Who = Callable[[str], Member]
NEW = "nieuw@genk.example"
MOMENT = 1e6


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    """An empty throttle database."""
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    data.store.close(found)


def here(db: Database, member: Member, means: Means = Means.PASSWORD) -> Session:
    found = cluster.sessions.present(db, token=cluster.sessions.begin(db, member=member, means=means, agent=""))
    assert found is not None
    return found.session


def ask(db: Database, throttles: Database, member: Member, email: str = NEW) -> str:
    """Ask for another address, and return the secret of the letter to it."""
    addresses.ask(db, throttles, member=member, session=here(db, member), email=email, password=PASSWORD, moment=MOMENT)
    body = value(db, "select body from letters where recipient = ? order by id desc", [email])
    found = re.search(r"/new-address/([\w-]{40,})", body)
    assert found is not None
    return found[1]


def letters(db: Database) -> list[tuple[str, str]]:
    return [
        (one["recipient"], one["subject"]) for one in rows(db, "select recipient, subject from letters order by id")
    ]


def test_it_counts_once_confirmed_and_everything_follows(db: Database, throttles: Database, who: Who) -> None:
    genk = who("genk")
    cluster.passwords.forget(db, throttles, email=genk.email, address="", moment=MOMENT, demo=True)
    with transaction(db):
        db.execute("update members set bounced_at = ?, bounce = 'full' where id = ?", [data.store.now(), genk.id])
    token = ask(db, throttles, genk)
    assert letters(db)[-2:] == [
        (NEW, "Bevestig je nieuwe e-mailadres"),
        (genk.email, "Iemand vroeg een ander e-mailadres voor je account"),
    ]
    assert addresses.asked(db, member=genk) == NEW
    assert who("genk").email == genk.email
    assert len(cluster.sessions.listed(db, member=genk)) == 1

    addresses.confirm(db, token=token)
    assert value(db, "select email from members where id = ?", [genk.id]) == NEW
    assert value(db, "select bounced_at from members where id = ?", [genk.id]) is None
    assert cluster.sessions.listed(db, member=genk) == []
    assert addresses.asked(db, member=genk) is None
    # What waited for the old address goes to the new one; news of the change stays where it was sent.
    assert letters(db) == [
        (NEW, "Kies een nieuw wachtwoord"),
        (NEW, "Bevestig je nieuwe e-mailadres"),
        (genk.email, "Iemand vroeg een ander e-mailadres voor je account"),
        (genk.email, "Je e-mailadres is gewijzigd"),
    ]
    assert value(db, "select count(*) from password_resets where used_at is null and member_id = ?", [genk.id]) == 0
    entry = rows(db, "select act, member_id, about, what from ledger order by id desc limit 1")[0]
    assert entry == {"act": "email_changed", "member_id": genk.id, "about": f"member:{genk.id}", "what": ""}
    with pytest.raises(NotFound):
        addresses.confirm(db, token=token)


def test_only_who_proves_to_be_the_member_asks(db: Database, throttles: Database, who: Who) -> None:
    genk = who("genk")
    session = here(db, genk)
    for email, password, field in (
        ("niets", PASSWORD, "email"),
        (genk.email.upper(), PASSWORD, "email"),
        (NEW, "mis", "current"),
    ):
        with pytest.raises(Invalid) as refused:
            addresses.ask(db, throttles, member=genk, session=session, email=email, password=password, moment=MOMENT)
        assert refused.value.field == field
    assert value(db, "select count(*) from letters") == value(db, "select count(*) from address_changes") == 0
    # The login of the government knows no password here: having just come in with it is proof.
    elsewhere = here(db, genk, Means.PROVIDER)
    addresses.ask(db, throttles, member=genk, session=elsewhere, email=NEW, password="", moment=MOMENT)
    old = replace(elsewhere, started_at="2020-01-01T00:00:00+00:00")
    with pytest.raises(Invalid):
        addresses.ask(db, throttles, member=genk, session=old, email=NEW, password="", moment=MOMENT)


def test_nobody_learns_who_has_an_account(db: Database, throttles: Database, who: Who) -> None:
    genk, aalter = who("genk"), who("aalter")
    session = here(db, genk)
    for email in (NEW, aalter.email):
        addresses.ask(db, throttles, member=genk, session=session, email=email, password=PASSWORD, moment=MOMENT)
        assert addresses.asked(db, member=genk) == email
    assert letters(db)[2:] == [
        (aalter.email, "Dit adres hoort al bij een account"),
        (genk.email, "Iemand vroeg een ander e-mailadres voor je account"),
    ]
    (body,) = [one["body"] for one in rows(db, "select body from letters where recipient = ?", [aalter.email])]
    assert "/new-address/" not in body
    assert genk.name not in body


def test_a_link_ends_with_a_day_the_account_another_question_or_a_password(
    db: Database, throttles: Database, who: Who
) -> None:
    genk = who("genk")
    first = ask(db, throttles, genk)
    second = ask(db, throttles, genk, "anders@genk.example")
    with pytest.raises(NotFound):
        addresses.confirmable(db, token=first)
    with transaction(db):
        db.execute("update address_changes set expires_at = '2020-01-01T00:00:00+00:00'")
    with pytest.raises(NotFound):
        addresses.confirm(db, token=second)
    assert addresses.asked(db, member=genk) is None
    third = ask(db, throttles, genk)
    cluster.passwords.change(
        db, throttles, member=genk, current=PASSWORD, password="vier bomen in de wind", moment=MOMENT
    )
    with pytest.raises(NotFound):
        addresses.confirm(db, token=third)


def test_who_was_faster_keeps_the_address(db: Database, throttles: Database, who: Who) -> None:
    genk, aalter = who("genk"), who("aalter")
    slow, fast = ask(db, throttles, genk), ask(db, throttles, aalter)
    addresses.confirm(db, token=fast)
    with pytest.raises(NotFound):
        addresses.confirm(db, token=slow)
    assert who("genk").email == genk.email


def test_nobody_asks_without_end_and_wanting_none_is_said_twice(db: Database, throttles: Database, who: Who) -> None:
    genk = who("genk")
    for number in range(5):
        token = ask(db, throttles, genk, f"adres{number}@genk.example")
    with pytest.raises(TooMany):
        ask(db, throttles, genk)
    addresses.forget(db, member=genk)
    addresses.forget(db, member=genk)
    with pytest.raises(NotFound):
        addresses.confirm(db, token=token)


def test_erasing_reaches_an_address_that_never_confirmed(db: Database, throttles: Database, who: Who) -> None:
    genk = who("genk")
    ask(db, throttles, genk)
    leave(db, member=genk, member_id=genk.id, successor_id=None)
    cluster.privacy.erase(db, throttles, member=who("coordinator"), member_id=genk.id)
    assert NEW not in dumped(db)
    assert genk.email not in dumped(db)
