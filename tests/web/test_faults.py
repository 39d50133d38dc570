"""When the store cannot be written, nothing is half, what was typed stays on the page, and it works again by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from cluster.engine.encoder import LazyEncoder
from data.store import close, connect, rows, value
from tests.cluster.test_following import DRAWN
from tests.conftest import Visitor

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
    assert answer.status_code in {500, 503}
    shown = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
    assert [heading.get_text() for heading in shown.find_all("h1")] == ["Niet gelukt"]
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
        assert send(visitor, "/ideas/1/edit", "/ideas/1/edit", TYPED).status_code in {500, 503}
        if fault is not full_disk:  # a change in place needs no new page
            assert send(visitor, "/ideas/1/withdraw", "/ideas/1", {}).status_code in {500, 503}
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
