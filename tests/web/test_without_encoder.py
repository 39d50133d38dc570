"""Without an encoder everybody posts, reads and searches on; the vectors come later."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlite_utils import Database

import data.ideas
import data.matches
import data.migrations
import data.store
import data.work
from cluster.engine.encoder import Encoder, LazyEncoder, Vectors
from cluster.web import create_app, worker
from cluster.web.settings import Settings
from data.store import change, rows, value
from models.matches import Kind
from tests.conftest import Visitor, furnish

Page = Callable[..., Visitor]
POOL = {"title": "Zwembad online reserveren", "description": "Inwoners boeken zelf een baan in het zwembad."}
WORDS_ONLY = "alleen op woorden"


class Drawn:
    """A model that finds every text the same: what it finds, it finds by meaning."""

    max_seq_length = None

    def get_embedding_dimension(self) -> int:
        return 2

    def encode(self, texts: Sequence[str], **_: object) -> Vectors:
        return np.tile(np.array([1, 0], dtype=np.float32), (len(texts), 1))


@pytest.fixture(params=["missing", "corrupt"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application with an encoder folder that is not there, or holds rubbish."""
    folder = tmp_path / "encoder"
    if request.param == "corrupt":
        folder.mkdir()
        (folder / "modules.json").write_text("[{")
    app = create_app(Settings(data=tmp_path, secret_key="s" * 40, encoder=str(folder)))
    services = app.extensions["medestanders"]
    with data.store.transaction(services.db()):
        data.migrations.migrate(services.db())
    furnish(services.db())
    yield app
    services.close()


def test_an_idea_is_posted_edited_and_found_by_its_words_with_a_notice(page: Page, app_db: Database) -> None:
    shown = page("genk").submit("/ideas/new", **POOL)
    assert shown.h1 is not None
    assert shown.h1.get_text(strip=True) == POOL["title"]
    assert WORDS_ONLY in shown.get_text()
    page("genk").submit("/ideas/1/edit", revision="1", title="Sporthal reserveren", description=POOL["description"])
    assert value(app_db, "select count(*) from embeddings") == 0
    found = page().get("/search?q=sportha")
    assert WORDS_ONLY in found.get_text()
    assert found.find("a", href="/ideas/1") is not None


def test_suggestions_while_typing_go_by_words_with_a_notice(page: Page) -> None:
    page("genk").submit("/ideas/new", **POOL)
    for at in ("/ideas/new",):
        panel = page("aalter").submit(
            "/ideas/similar", at=at, title="Een zwembad", description="reserveren", status=200
        )
        assert WORDS_ONLY in panel.get_text()
        assert panel.find("a", href="/ideas/1") is not None


def test_machines_are_told_that_there_is_no_encoder(app: Flask, page: Page) -> None:
    page("genk").submit("/ideas/new", **POOL)
    answer = app.test_client().post("/api/v1/similar", json={"title": "Zwembad", "description": "reserveren"}).json
    assert answer is not None
    assert answer["encoder"] == ""
    assert [match["id"] for match in answer["matches"]] == [1]
    assert answer["matches"][0]["relation"] is None


def test_the_vectors_come_when_the_encoder_is_back(app: Flask, page: Page, app_db: Database) -> None:
    services = app.extensions["medestanders"]
    page("genk").submit("/ideas/new", **POOL)
    assert worker.work(services, once=True) == 0
    (job,) = rows(app_db, "select key, attempts, error, done_at from jobs where kind <> 'digests'")
    assert (job["key"], job["attempts"], job["done_at"]) == ("idea:1", 1, None)
    assert "no encoder" in job["error"]

    services.encoder = LazyEncoder(lambda: Encoder("drawn", Drawn()))
    change(app_db, "update jobs set not_before = '2000-01-01T00:00:00+00:00' where kind = 'embed'")
    assert worker.work(services, once=True) == 1
    assert data.matches.get(app_db, kind=Kind.IDEA, item_id=1, encoder="drawn") is not None
    found = page().get("/search?q=piscine")
    assert WORDS_ONLY not in found.get_text()
    assert found.find("a", href="/ideas/1") is not None


def test_a_form_that_is_refused_keeps_what_was_typed(page: Page, app_db: Database) -> None:
    fields: dict[str, Any] = {"title": "", "description": "Dit mag niet weg."}
    shown = page("genk").submit("/ideas/new", status=422, **fields)
    assert "Dit mag niet weg." in shown.get_text()
    assert value(app_db, "select count(*) from ideas") == 0


def test_whoever_asks_hears_what_kind_of_fault_it_is_and_no_path(app: Flask, tmp_path: Path) -> None:
    answer = app.test_client().get("/readyz")
    told = answer.get_json()
    assert (answer.status_code, told["status"]) == (200, "degraded")
    assert told["faults"]["encoder"].isidentifier()
    assert str(tmp_path) not in answer.get_data(as_text=True)
