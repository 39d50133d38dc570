"""When the store cannot be written, nothing is half, what was typed stays on the page, and it works again by itself."""

import io
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3
from werkzeug.test import TestResponse

from cluster.engine.encoder import LazyEncoder
from cluster.web.settings import Settings
from data.store import close, connect, rows, value
from tests.cluster.test_following import DRAWN
from tests.conftest import Visitor
from tests.web.test_access import ROLES, TABLE, furnished  # noqa: F401 - a fixture

Page = Callable[..., Visitor]
TYPED = {"title": "Zwembad reserveren", "description": "Dit <b>mag</b> niet weg: élke zin telt. " * 400}


@contextmanager
def full_disk(db: Database) -> Iterator[None]:
    """No page of the database may be added any more."""
    db.execute(f"pragma max_page_count = {value(db, 'pragma page_count')}")
    yield
    db.execute("pragma max_page_count = 1000000000")


@contextmanager
def read_only(db: Database) -> Iterator[None]:
    """As when the disk was remounted read-only after a fault."""
    db.execute("pragma query_only = on")
    yield
    db.execute("pragma query_only = off")


@contextmanager
def busy(db: Database) -> Iterator[None]:
    """Another process was stopped in the middle of writing."""
    other = connect(value(db, "select file from pragma_database_list where name = 'main'"))
    other.conn.execute("begin immediate")
    db.execute("pragma busy_timeout = 50")
    yield
    db.execute("pragma busy_timeout = 5000")
    other.conn.rollback()
    close(other)


@pytest.fixture(autouse=True)
def quick(app: Flask) -> None:
    """Vectors are written with every idea, but what they are does not matter here."""
    app.extensions["medestanders"].encoder = LazyEncoder(lambda: DRAWN)


FAULTS = [full_disk, read_only, busy]


def everything(db: Database) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    tables = rows(db, "select name from pragma_table_list where schema = 'main' and type = 'table'")
    return {item["name"]: rows(db, f"select * from {item['name']}") for item in tables}


def send(visitor: Visitor, address: str, at: str, fields: dict[str, str]) -> TestResponse:
    """Submit a form as found, and give the answer as it came."""
    form = visitor.get(at).select_one(f"form[action='{address}']")
    assert form is not None
    hidden = {str(tag["name"]): str(tag["value"]) for tag in form.select("input[type=hidden]")}
    return visitor.client.post(address, data={**hidden, **fields})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_post_that_cannot_be_written_keeps_what_was_typed_and_works_again_afterwards(
    page: Page, app_db: Database, fault: Callable[[Database], "contextmanager[None]"]
) -> None:
    visitor, before = page("genk"), everything(app_db)
    with fault(app_db):
        answer = send(visitor, "/ideas/new", "/ideas/new", TYPED)
    assert answer.status_code == 503
    shown = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
    assert [heading.get_text() for heading in shown.find_all("h1")] == ["Niet gelukt"]
    assert "Er kan nu niets bewaard worden, lezen kan wel." in shown.get_text()
    assert answer.headers["Retry-After"] == "60"
    kept = [tag.get_text() for tag in shown.select(".kept")]
    assert kept == [TYPED["title"], TYPED["description"]]
    assert [tag.get_text() for tag in shown.select("dt")] == ["Titel", "Beschrijving"]
    assert "Traceback" not in shown.get_text()
    assert not app_db.conn.in_transaction
    assert everything(app_db) == before
    assert value(app_db, "pragma integrity_check") == "ok"
    visitor.submit("/ideas/new", **TYPED)
    assert value(app_db, "select count(*) from ideas") == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_pages_are_read_on_while_nothing_can_be_written(
    page: Page, app_db: Database, fault: Callable[[Database], "contextmanager[None]"]
) -> None:
    page("genk").submit("/ideas/new", **TYPED)
    visitor = page("aalter")
    with fault(app_db):
        for address in ("/", "/ideas", "/ideas/1", "/search?q=zwembad", "/projects", "/calls"):
            visitor.get(address)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_edit_or_a_withdrawal_that_fails_leaves_the_idea_as_it_was(
    page: Page, app_db: Database, fault: Callable[[Database], "contextmanager[None]"]
) -> None:
    visitor = page("genk")
    visitor.submit("/ideas/new", title="Zwembad", description="Baan boeken.")
    before = everything(app_db)
    with fault(app_db):
        assert send(visitor, "/ideas/1/edit", "/ideas/1/edit", TYPED).status_code == 503
        if fault is not full_disk:  # a change in place needs no new page
            assert send(visitor, "/ideas/1/withdraw", "/ideas/1", {}).status_code == 503
    assert everything(app_db) == before
    send(visitor, "/ideas/1/withdraw", "/ideas/1", {})
    assert value(app_db, "select state from ideas") == "withdrawn"


def test_a_full_disk_at_any_point_of_a_post_leaves_nothing_half(page: Page, app_db: Database) -> None:
    """Room for one more page each time, until the post gets through."""
    visitor, failed = page("genk"), 0
    visitor.submit("/ideas/new", title="Zwembad", description="Baan boeken.")
    before = everything(app_db)
    for room in range(200):
        app_db.execute(f"pragma max_page_count = {value(app_db, 'pragma page_count') + room}")
        answer = send(visitor, "/ideas/new", "/ideas/new", TYPED)
        app_db.execute("pragma max_page_count = 1000000000")
        if answer.status_code == 303:
            break
        failed += 1
        assert everything(app_db) == before
    assert failed >= 10
    assert value(app_db, "select count(*) from ideas") == 2
    assert value(app_db, "select count(*) from idea_versions") == 2
    assert value(app_db, "pragma integrity_check") == "ok"


def test_who_reads_in_another_language_hears_it_in_that_language(page: Page, app_db: Database) -> None:
    app_db.execute("update members set locale = 'fr' where email = 'genk@test.example'")
    app_db.conn.commit()
    visitor = page("genk")
    with read_only(app_db):
        answer = send(visitor, "/ideas/new", "/ideas/new", TYPED)
    assert "vous pouvez continuer à lire" in answer.get_data(as_text=True)


# Every write of the service, at every page that it writes to the disk.


def filled(visitor: Visitor, address: str, at: str, fields: dict[str, object]) -> dict[str, object]:
    """A form with what stands in it, and what a person fills in."""
    form = visitor.get(at).select_one(f"form[action='{address}']")
    assert form is not None, (address, at)
    found: dict[str, object] = {}
    for tag in form.select("input[name], textarea[name], select[name]"):
        name, kind = str(tag["name"]), str(tag.get("type", "text"))
        if tag.name == "textarea":
            found[name] = tag.get_text().removeprefix("\n")
        elif tag.name == "select":
            found[name] = _chosen(tag)
        elif kind not in {"checkbox", "radio", "file", "submit"} or tag.has_attr("checked"):
            found[name] = str(tag.get("value", ""))
    return {**found, **fields}


def _chosen(select: Tag) -> str:
    options = select.find_all("option")
    chosen = next((one for one in options if one.has_attr("selected")), options[0])
    return str(chosen.get("value", ""))


# Who, where the form goes, where it stands, and what is filled in.
FORMS: list[tuple[str, str, str, dict[str, object]]] = [
    ("genk", "/ideas/new", "/ideas/new", TYPED),
    ("genk", "/ideas/1/edit", "/ideas/1/edit", TYPED),
    ("aalter", "/ideas/1/endorse", "/ideas/1/endorse", {"role": "learn", "message": "Wij ook, graag samen."}),
    ("genk", "/conversations/idea/1/messages", "/conversations/idea/1", {"text": "Wie belt @Kortrijk?"}),
    ("genk", "/conversations/idea/1/facts", "/conversations/idea/1/facts", {"product": "Zaalboeker"}),
    ("genk", "/plans/1/edit", "/plans/1/edit", {"title": "Samen bouwen"}),
    ("genk", "/account", "/account", {"name": "Gerda"}),
    ("genk", "/invitations/new", "/invitations/new", {"email": "collega@test.example", "name": "Collega"}),
    ("genk", "/projects/new", "/projects/new", {"title": "Zalen", "summary": "Zalen boeken.", "lead": "Genk"}),
    ("aalter", "/report/idea/1", "/report/idea/1", {"ground": "wrong", "text": "Dit klopt niet."}),
    ("coordinator", "/reports/1/decide", "/reports/1", {"decision": "show", "reason": "Het klopt toch."}),
    ("coordinator", "/clusters/1/accept", "/clusters/1", {}),
    ("coordinator", "/clusters/2/rename", "/clusters/2", {"name": "Zwemmen"}),
]
# What the access table posts and what is done then: everything that is answered with going on elsewhere.
PRESSES = [
    (str(role), address)
    for (method, address), answers in TABLE.items()
    for role, answer in zip(ROLES, answers, strict=True)
    if method == "POST" and answer == 303 and role and not address.startswith("/sign-in")
]
FRAME, HEADER = 4096 + 24, 32


@contextmanager
def room_for(db: Database, pages: int) -> Iterator[None]:
    """Let this process write so many pages of the database before the disk refuses: a fault at a commit's heart."""
    db.execute("pragma wal_checkpoint(truncate)")
    unbounded = resource.getrlimit(resource.RLIMIT_FSIZE)
    with redirect_stdout(io.StringIO()):  # where the tests keep what is logged is a file too
        resource.setrlimit(resource.RLIMIT_FSIZE, (HEADER + pages * FRAME, unbounded[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unbounded)


def written(db: Database) -> int:
    """How many pages were written since the log of the database was emptied."""
    wal = Path(str(value(db, "select file from pragma_database_list where name = 'main'")) + "-wal")
    return max(0, wal.stat().st_size - HEADER) // FRAME


def points(most: int, every: bool) -> list[int]:
    """After how many pages the disk refuses: each, or one in the middle and the last."""
    return list(range(most)) if every else sorted({most // 2, most - 1} & set(range(most)))


@pytest.fixture
def writes(page: Page, furnished: Database) -> list[tuple[str, str, dict[str, object]]]:  # noqa: F811
    """Who posts what to where, in a store where all of it can be done."""
    furnished.execute("insert into cluster_members (cluster_id, kind, item_id, position) values (1, 'project', 1, 2)")
    furnished.conn.commit()
    forms = [(who, address, filled(page(who), address, at, fields)) for who, address, at, fields in FORMS]
    return [*forms, *((who, address, {"revision": "99"}) for who, address in PRESSES)]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["some", "every"])
def test_a_disk_that_refuses_at_any_page_leaves_nothing_half_of_any_write(
    app: Flask,
    page: Page,
    app_db: Database,
    writes: list[tuple[str, str, dict[str, object]]],
    every: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app.jinja_env.bytecode_cache = None  # which would be written to the disk that is full
    start, tried, wrong = copied(app_db), 0, []
    for who, address, fields in writes:
        start.backup(app_db.conn)
        visitor = page(who)
        token = filled(visitor, "/sign-out", "/calls", {})
        cookie = visitor.client.get_cookie("session")
        press = partial(pressed, visitor, address, {**fields, **token}, cookie.value if cookie else "")
        signed_in, before = copied(app_db), everything(app_db)
        app_db.execute("pragma wal_checkpoint(truncate)")
        if (status := press()) != 303:
            wrong.append(f"{address} as {who}: {status} with all the room there is")
        most = written(app_db)
        for pages in points(most, every):
            signed_in.backup(app_db.conn)
            with room_for(app_db, pages):
                status = press()
            tried += 1
            if status != 503 or app_db.conn.in_transaction or everything(app_db) != before:
                wrong.append(f"{address} as {who} after {pages} of {most} pages: {status}, or half")
        assert value(app_db, "pragma integrity_check") == "ok"
        if most and press() != 303:
            wrong.append(f"{address} as {who}: not again by itself")
        signed_in.close()
    start.close()
    with capsys.disabled():
        print(f"\n{len(writes)} writes, refused by the disk at {tried} points, {len(wrong)} of them wrong")
    assert not wrong, "\n".join(wrong)
    assert tried >= 50


def copied(db: Database) -> sqlite3.Connection:
    """The store as it is now, to be put back."""
    copy = sqlite3.connect(":memory:")
    db.conn.backup(copy)
    return copy


def pressed(visitor: Visitor, address: str, fields: dict[str, object], cookie: str) -> int:
    """The status of a post by who has this cookie, whatever came before."""
    visitor.client.set_cookie("session", cookie)
    return visitor.client.post(address, data=fields).status_code


def test_the_key_that_signs_sessions_is_whole_or_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    settings, unbounded = Settings(data=folder), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, unbounded[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            settings.session_secret()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unbounded)
    assert list(folder.iterdir()) == []
    key = settings.session_secret()
    assert len(key) == 64
    assert Settings(data=folder).session_secret() == key
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
