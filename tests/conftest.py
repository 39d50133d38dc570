"""What tests stand on: real databases, the real encoder, and `page()`, which checks every page it fetches."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlite_utils import Database
from werkzeug.test import TestResponse

import cluster.contacts
import cluster.digests
import cluster.passwords
import cluster.people
import cluster.sessions
import data.migrations
import data.people
import data.store
from cluster.engine.encoder import Encoder, LazyEncoder, load
from cluster.engine.index import Index
from cluster.web import create_app
from cluster.web.settings import Settings
from models.contacts import Introduction
from models.people import Member, Role

PASSWORD = "een lang wachtwoord"


@pytest.fixture
def db() -> Iterator[Database]:
    """A private database with the schema, three municipalities, a body, a theme and a call."""
    db = data.store.connect(":memory:")
    with data.store.transaction(db):
        data.migrations.migrate(db)
    furnish(db)
    yield db
    data.store.close(db)


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The encoder that ships, loaded once."""
    return load(None)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every application starts from, made once: a furnished database, and compiled templates."""
    folder = tmp_path_factory.mktemp("kept")
    db = data.store.connect(folder / "medestanders.sqlite")
    with data.store.transaction(db):
        data.migrations.migrate(db)
    furnish(db)
    db.execute("pragma wal_checkpoint(truncate)")
    data.store.close(db)
    return folder


@pytest.fixture
def app(tmp_path: Path, kept: Path, encoder: Encoder) -> Iterator[Flask]:
    """The application over a database of its own, furnished, in demo mode without a mail server."""
    shutil.copy(kept / "medestanders.sqlite", tmp_path)
    app = create_app(Settings(data=tmp_path, secret_key="s" * 40))
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(kept))
    services = app.extensions["medestanders"]
    services.encoder = LazyEncoder(lambda: encoder)
    yield app
    services.close()


@pytest.fixture
def app_db(app: Flask) -> Database:
    """The application's database, for arranging and looking."""
    found: Database = app.extensions["medestanders"].db()
    return found


def furnish(db: Database) -> None:
    """Three municipalities, an intermunicipal body for two of them, two themes, a call, and four members."""
    with data.store.transaction(db):
        ids = {}
        for name, kind, inhabitants in (
            ("Aalter", "municipality", 28_000),
            ("Genk", "municipality", 66_000),
            ("Kortrijk", "municipality", 77_000),
            ("Streekverband", "intermunicipal", None),
        ):
            values = dict.fromkeys(("province", "nis", "kbo", "ovo", "lat", "lon", "valid_from", "valid_until"))
            ids[name] = data.people.add_organisation(
                db, values={**values, "uri": f"urn:{name}", "kind": kind, "name": name, "inhabitants": inhabitants}
            )
        data.people.set_stands_for(db, body_id=ids["Streekverband"], municipality_ids=[ids["Aalter"], ids["Kortrijk"]])
        db.execute(
            "insert into themes values ('dienstverlening', 1, null, '{\"nl\": \"Innovatieve dienstverlening\"}')"
        )
        db.execute("insert into themes values ('democratie', 2, null, '{\"nl\": \"Digitale democratie\"}')")
        db.execute(
            """insert into calls (number, name, kind, kind_name, opens_at, closes_at, ceiling_eur, funding_percent,
              realisation, uri) values (1, 'Oproep 1', 'concept', 'Innovatief concept', '2021-09-19T22:00:00+00:00',
              '2021-11-12T22:59:59+00:00', 150000, 80, 'max. 1 jaar', 'urn:oproep-1')"""
        )
    for email, organisation, role in (
        ("aalter@test.example", "Aalter", Role.MEMBER),
        ("genk@test.example", "Genk", Role.MEMBER),
        ("kortrijk@test.example", "Kortrijk", Role.MEMBER),
        ("coordinator@test.example", None, Role.COORDINATOR),
    ):
        add_member(db, email=email, organisation_id=ids[organisation] if organisation else None, role=role)


def add_member(db: Database, *, email: str, organisation_id: int | None, role: Role) -> None:
    """Add a member named after the address, with a hash made once: hashing is slow on purpose."""
    with data.store.transaction(db):
        data.people.add_member(
            db,
            values={
                "organisation_id": organisation_id,
                "email": email,
                "name": email.split("@")[0].capitalize(),
                "function": None,
                "role": role.value,
                "locale": "nl",
                "password_hash": _HASH,
                "standing_consent": 0,
                "demo": 0,
                "created_at": data.store.now(),
            },
        )


_HASH = cluster.passwords.hasher.hash(PASSWORD)


def hear(db: Database, moment: datetime | None = None, *, afresh: bool = False) -> list[str]:
    """Write every member the digest that is due, and tell who got one, by the name before the @.

    `afresh` writes them on a day on which there were some already.
    """
    if afresh:
        with data.store.transaction(db):
            db.execute("update members set digested_on = null")
    members = [item["id"] for item in data.store.rows(db, "select id from members order by id")]
    for member_id in members:
        cluster.digests.write(db, index=Index(), member_id=member_id, moment=moment)
    sql = "select recipient from letters where dedupe_key like 'digest:%' order by id"
    return [item["recipient"].split("@")[0] for item in data.store.rows(db, sql)]


def asked_of(db: Database, member: Member) -> list[Introduction]:
    """The introductions that wait for an answer of a member's organisation."""
    return [one for one in cluster.contacts.inbox(db, member=member).received if one.state == "asked"]


@pytest.fixture
def who(request: pytest.FixtureRequest) -> Callable[[str], Member]:
    """A furnished member by the name before the @, in whichever database the test uses."""
    name = "app_db" if "app" in request.fixturenames else "db"

    def find(name_before_at: str) -> Member:
        found = data.people.by_email(request.getfixturevalue(name), email=f"{name_before_at}@test.example")
        assert found is not None
        return found

    return find


def dumped(db: Database) -> str:
    """Everything that a database holds, as one text."""
    return "\n".join(str(row) for table in db.tables for row in table.rows)


class Visitor:
    """A browser without a screen: remembers who is signed in, checks every page, and submits forms as found."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def sign_in(self, who: str) -> "Visitor":
        """Sign in as a furnished member, by the name before the @, without the cost of hashing."""
        db = self.client.application.extensions["medestanders"].db()
        member = data.people.by_email(db, email=f"{who}@test.example")
        assert member is not None
        token = cluster.sessions.begin(db, member=member, agent="Firefox, Linux")
        with self.client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
            session.permanent = True
        return self

    def get(self, address: str, *, status: int = 200) -> BeautifulSoup:
        """Fetch a page that must have this status and the marks of a good page."""
        return self._checked(self.client.get(address), status)

    def submit(self, address: str, *, at: str | None = None, status: int | None = None, **fields: Any) -> BeautifulSoup:
        """Fetch the page at `at` (or `address`), take its CSRF token, post the fields, and follow to a page."""
        token = self.get(at or address).select_one("input[name=csrf_token]")
        assert token is not None
        answer = self.client.post(address, data={"csrf_token": token["value"], **fields})
        if answer.status_code == 303 and status is None:
            return self.get(answer.headers["Location"])
        return self._checked(answer, status or 200)

    def _checked(self, answer: TestResponse, status: int) -> BeautifulSoup:
        text = answer.get_data(as_text=True)
        assert answer.status_code == status, f"{answer.status_code}, not {status}:\n{text[:3000]}"
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        soup = BeautifulSoup(text, "html.parser")
        if soup.html is None:  # a fragment for htmx
            return soup
        assert soup.html["lang"] in cluster.people.LOCALES
        assert len(soup.find_all("h1")) == 1
        assert soup.title is not None
        assert str(soup.title.string).endswith("– Medestanders")
        for landmark in ("header", "main", "footer", "nav"):
            assert soup.find(landmark) is not None, landmark
        for form in soup.find_all("form"):
            assert form.get("action"), form
            if str(form.get("method", "get")).lower() == "post":
                assert form.find("input", attrs={"name": "csrf_token"}), form
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), "double ids"
        for label in soup.find_all("label", attrs={"for": True}):
            assert label["for"] in ids, label
        assert not re.search(r"\{\{|\{%|None</", text), "a template showed through"
        return soup


@pytest.fixture
def page(app: Flask) -> Callable[..., Visitor]:
    """A new visitor, signed in as `who` if given: `page("genk").get("/ideas")`."""

    def visitor(who: str | None = None) -> Visitor:
        found = Visitor(app.test_client())
        return found.sign_in(who) if who else found

    return visitor
