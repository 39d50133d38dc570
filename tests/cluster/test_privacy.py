"""Data about people: the inventory is complete, an export holds no secrets, and what is erased is nowhere any more."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.drafts
import cluster.ideas
import cluster.invitations
import cluster.organisations
import cluster.passwords
import cluster.people
import cluster.searches
import cluster.second_steps
import cluster.sessions
import data.people
import data.store
from cluster import privacy
from cluster.seals import Seals
from data.migrations import migrate
from data.privacy import INVENTORY
from data.store import rows, transaction, value
from data.throttles import open_throttles
from models.errors import Invalid, NotAllowed, NotFound
from models.ideas import DraftMark, IdeaForm
from models.people import Member, Role
from tests.conftest import PASSWORD, dumped, furnish

CANARY = "kanarievogel"
EMAIL, NAME = f"{CANARY}@genk.example", f"Karel {CANARY.capitalize()}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def store(folder: Path) -> Iterator[Database]:
    folder.mkdir()
    db = data.store.connect(folder / "medestanders.sqlite")
    with transaction(db):
        migrate(db)
    furnish(db)
    yield db
    data.store.close(db)


@pytest.fixture
def throttles(folder: Path, store: Database) -> Iterator[Database]:
    found = open_throttles(folder / "throttles.sqlite")
    yield found
    data.store.close(found)


def by_name(db: Database, name: str) -> Member:
    found = data.people.by_email(db, email=f"{name}@test.example")
    assert found is not None
    return found


def live(db: Database, throttles: Database) -> Member:
    """Somebody of Genk who does everything that leaves a trace."""
    genk, aalter = by_name(db, "genk"), by_name(db, "aalter")
    cluster.invitations.invite(
        db, throttles, member=genk, email=EMAIL, name=NAME, locale="nl", organisation_id=None, moment=0
    )
    who = cluster.people.add_member(
        db, email=EMAIL, name=NAME, role=Role.MEMBER, organisation_id=genk.organisation_id, password=PASSWORD
    )
    for password in ("mis", PASSWORD):
        try:
            cluster.people.sign_in(db, throttles, email=EMAIL, password=password, address="x", moment=0, demo=True)
        except Invalid:
            cluster.passwords.forget(db, throttles, email=EMAIL, address="x", moment=0, demo=True)
    cluster.sessions.begin(db, member=who, agent="Firefox, Linux")
    seals = Seals("s" * 40)
    cluster.second_steps.propose(db, throttles, member=who, password=PASSWORD, seals=seals, moment=0)
    form = IdeaForm(title="Zwembad", description="Baan boeken.")
    cluster.drafts.save(
        db, member=who, form=IdeaForm(title=CANARY, description=""), submission_key="d", mark=DraftMark("laptop", 0)
    )
    chosen = cluster.searches.ANY
    cluster.searches.save(db, member=who, name=CANARY, query=CANARY, chosen=chosen, often="digest")
    own = cluster.ideas.post(db, encoder=None, member=who, form=form)
    cluster.contacts.endorse(db, member=aalter, idea_id=own, role="learn", message="Graag!")
    introduction = value(db, "select id from introductions")
    cluster.contacts.agree(db, member=who, introduction_id=introduction)  # the other side gets a letter with the name
    return who


def found_in(folder: Path) -> list[str]:
    """The files that hold the canary, whatever part of them is in use."""
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and CANARY in path.read_bytes().decode("latin1").lower()
    ]


def test_what_is_erased_is_nowhere_any_more_and_what_was_done_for_the_organisation_stays(
    store: Database, throttles: Database, folder: Path
) -> None:
    who = live(store, throttles)
    assert found_in(folder)
    with pytest.raises(NotAllowed):
        privacy.erase(store, throttles, member=who, member_id=who.id)
    successor = by_name(store, "genk")
    cluster.organisations.leave(store, member=who, member_id=who.id, successor_id=successor.id)
    privacy.erase(store, throttles, member=who, member_id=who.id)

    assert CANARY not in dumped(store).lower()
    assert found_in(folder) == []
    assert cluster.ideas.newest(store, at_most=1)[0].title == "Zwembad"
    assert value(store, "select m.name from ideas i join members m on m.id = i.author_id") == "Genk"
    assert value(store, "select count(*) from ledger where act = 'account_erased'") == 1
    assert value(store, "select count(*) from letters where state = 'queued' and recipient like 'erased%'") == 0
    before = store.conn.total_changes
    privacy.erase(store, throttles, member=by_name(store, "coordinator"), member_id=who.id)
    assert store.conn.total_changes == before
    with pytest.raises(NotAllowed):
        cluster.organisations.come_back(store, member=by_name(store, "coordinator"), member_id=who.id)


def test_nobody_erases_somebody_else_but_a_coordinator(store: Database, throttles: Database) -> None:
    who = live(store, throttles)
    cluster.organisations.leave(store, member=who, member_id=who.id, successor_id=by_name(store, "genk").id)
    for name in ("genk", "aalter"):
        with pytest.raises(NotFound):
            privacy.erase(store, throttles, member=by_name(store, name), member_id=who.id)
    privacy.erase(store, throttles, member=by_name(store, "coordinator"), member_id=who.id)


def test_an_export_holds_all_of_oneself_and_nothing_that_opens_anything(store: Database, throttles: Database) -> None:
    who = live(store, throttles)
    secret = value(store, "select candidate from second_steps")
    tables = privacy.export(store, member=who)["tables"]
    assert {
        "members",
        "sessions",
        "sign_ins",
        "letters",
        "saved_searches",
        "idea_drafts",
        "ideas",
        "invitations",
    } <= set(tables)
    text = json.dumps(tables)
    assert NAME in text
    assert "aalter@test.example" not in json.dumps({name: tables[name] for name in tables if name != "letters"})
    for column in ("password_hash", "token_hash"):
        hidden = [one[column] for table in ("members", "sessions") for one in store[table].rows if one.get(column)]
        assert not any(one in text for one in hidden)
    assert secret not in text
    assert CANARY not in json.dumps(privacy.export(store, member=by_name(store, "kortrijk")))


def test_the_inventory_names_every_table_that_holds_data_about_people(store: Database) -> None:
    holding = set()
    for table in store.tables:
        points = {key.other_table for key in table.foreign_keys}
        columns = {column.name for column in table.columns}
        if "members" in points or columns & {"email", "recipient"}:
            holding.add(table.name)
    assert holding == set(INVENTORY)
    for table, kept in INVENTORY.items():
        assert set(kept.columns) <= {column.name for column in store[table].columns}, table


def test_what_is_past_its_days_is_forgotten_and_the_rest_stays(store: Database, throttles: Database) -> None:
    live(store, throttles)
    letters = value(store, "select count(*) from letters")
    with transaction(store):
        store.execute("update letters set state = 'sent' where id = 1")
    privacy.tidy(store, throttles)
    assert value(store, "select count(*) from letters where body = ''") == 0

    def ago(days: int) -> str:
        return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")

    with transaction(store):
        store.execute("update letters set created_at = ?", [ago(181)])
        store.execute("update sign_ins set happened_at = ? where outcome = 'in'", [ago(91)])
        store.execute("update sign_ins set happened_at = ? where outcome = 'password'", [ago(89)])
    privacy.tidy(store, throttles)
    emptied = rows(store, "select id, recipient, subject, body from letters where body = ''")
    assert emptied == [{"id": 1, "recipient": "", "subject": "", "body": ""}]  # those that wait, wait on
    assert value(store, "select count(*) from letters") == letters
    assert [one["outcome"] for one in rows(store, "select outcome from sign_ins")] == ["password"]
    assert value(throttles, "select count(*) from throttles") == 0


def test_a_short_name_is_taken_out_of_letters_and_not_out_of_words(store: Database, throttles: Database) -> None:
    genk, aalter = by_name(store, "genk"), by_name(store, "aalter")
    who = cluster.people.add_member(
        store,
        email="an@genk.example",
        name="An",
        role=Role.MEMBER,
        organisation_id=genk.organisation_id,
        password=PASSWORD,
    )
    idea = IdeaForm(title="Parkeren in Antwerpen", description="Van An.")
    idea_id = cluster.ideas.post(store, encoder=None, member=aalter, form=idea)
    cluster.contacts.endorse(store, member=who, idea_id=idea_id, role="learn", message="Groeten, An (Van hier)")
    cluster.contacts.agree(store, member=aalter, introduction_id=value(store, "select max(id) from introductions"))
    cluster.organisations.leave(store, member=who, member_id=who.id, successor_id=genk.id)
    privacy.erase(store, throttles, member=who, member_id=who.id)
    told = "\n".join(one["body"] for one in store.query("select body from letters"))
    assert "Groeten, Genk (Van hier)" in told
    assert "Parkeren in Antwerpen" in told
