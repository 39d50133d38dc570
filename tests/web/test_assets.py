"""Static files are small, compressed, kept for ever under the name of their content; pages travel compressed."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask

from cluster.web import assets

STATIC = Path(__file__).resolve().parents[2] / "static"
UNPACKS = {"Accept-Encoding": "gzip, deflate, br"}
STYLE_AT_MOST, SCRIPT_AT_MOST = 25_000, 30_000
# As https://github.com/bigskysoftware/htmx published version 2.0.11: nobody changes it here.
HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"


def named(app: Flask, name: str) -> str:
    with app.test_request_context("/"):
        return assets.address(name)


def test_the_stylesheet_and_all_scripts_together_are_small() -> None:
    assert len((STATIC / "style.css").read_bytes()) <= STYLE_AT_MOST
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.glob("*.js")) <= SCRIPT_AT_MOST


def test_htmx_is_the_one_that_was_published() -> None:
    assert hashlib.sha256((STATIC / "htmx.min.js").read_bytes()).hexdigest() == HTMX


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.iterdir()))
def test_a_file_travels_compressed_and_is_kept_for_ever(app: Flask, name: str) -> None:
    client, whole = app.test_client(), (STATIC / name).read_bytes()
    answer = client.get(named(app, name), headers=UNPACKS)
    assert hashlib.sha256(whole).hexdigest()[:12] in named(app, name)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(answer.data) == whole
    assert len(answer.data) < len(whole)
    assert client.get(named(app, name)).data == whole


def test_another_name_of_a_file_is_asked_again(app: Flask) -> None:
    client = app.test_client()
    for name in ("style.css", "style.0123456789ab.css"):
        answer = client.get(f"/static/{name}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache"), name
    for name in ("nope.css", "..", "%00", "../wsgi.py", "style.0123456789ab"):
        assert client.get(f"/static/{name}").status_code == 404, name


def test_every_page_names_its_files_by_their_content(app: Flask) -> None:
    found = re.findall(r"/static/([^\"]+)", app.test_client().get("/").get_data(as_text=True))
    assert found
    assert all(re.fullmatch(r"\w+\.[0-9a-f]{12}\.\w+", name) for name in found)


def test_a_page_travels_compressed_to_who_can_unpack_it(app: Flask) -> None:
    client = app.test_client()
    whole = client.get("/projects")
    packed = client.get("/projects", headers=UNPACKS)
    assert "Content-Encoding" not in whole.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert {"Accept-Encoding", "Cookie"} <= set(packed.headers["Vary"].split(", "))
    assert b"</html>" in gzip.decompress(packed.data)
    assert len(packed.data) < len(whole.data) / 2
    assert "Content-Encoding" not in client.get("/projects", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_the_length_of_a_compressed_page_tells_nothing(app: Flask) -> None:
    client = app.test_client()
    assert len({len(client.get("/calls", headers=UNPACKS).data) for _ in range(12)}) > 3
