"""Bringing a file in by the pages: looked at, confirmed or thrown away, and refused at its field."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import data.store
from cluster.web import requests

HEAD = "id;title;description;municipality;status;lang\n"


def send(visitor: Any, content: bytes, name: str = "projecten.csv") -> Any:
    token = visitor.get("/projects/import").select_one("main input[name=csrf_token]")["value"]
    # Put together by hand: the client would leave a large one in a temporary file of its own.
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token.encode(),
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content,
        b"--x--\r\n",
    )
    return visitor.client.post(
        "/projects/import", data=b"\r\n".join(parts), content_type="multipart/form-data; boundary=x"
    )


def test_a_file_is_looked_at_and_then_imported(page: Callable[..., Any], app_db: Database, tmp_path: Path) -> None:
    coordinator = page("coordinator")
    answer = send(coordinator, f"{HEAD}P-1;<b>Loket</b>;Tekst;Genk;approved;nl\nP-2;Twee;Tekst;Aalter;;nl\n".encode())
    assert answer.status_code == 303
    address = answer.headers["Location"]

    found = coordinator.get(address)

    rows = [cell.get_text("|", strip=True) for cell in found.select("tbody td:nth-child(2)")]
    assert rows == ["<b>Loket</b>|P-1", "Twee|P-2"]
    assert {tag.get_text() for tag in found.select("tbody .tag")} == {"Nieuw"}
    assert data.store.value(app_db, "select count(*) from projects") == 0
    done = coordinator.submit(address)
    assert "Alles is ingelezen" in done.main.get_text()
    assert data.store.value(app_db, "select count(*) from projects") == 2
    assert list((tmp_path / "uploads").iterdir()) == []
    assert coordinator.get("/projects/1").select_one(".tag.approved")


def test_a_refused_row_is_named_with_field_and_reason_and_cannot_be_confirmed(page: Callable[..., Any]) -> None:
    coordinator = page("coordinator")
    address = send(coordinator, f"{HEAD}P-1;;Tekst;Atlantis;ooit;nl\n".encode()).headers["Location"]

    found = coordinator.get(f"{address}?fate=refused")

    assert {code.get_text() for code in found.select("tbody li code")} == {"title", "municipality", "status"}
    assert "2" in found.select_one("tbody td").get_text()
    assert not found.select(f"form[action='{address}']")
    coordinator.submit(f"{address}/discard", at=address)
    assert "weggegooid" in coordinator.get(address).main.get_text()


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "leeg.csv"), (b"x", "programma.exe"), (b"x", ""), (b"x" * (10 * 2**20 + 1), "groot.csv")],
)
def test_what_cannot_be_brought_in_is_refused_at_its_field(page: Callable[..., Any], content: bytes, name: str) -> None:
    answer = send(page("coordinator"), content, name)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.get_data(as_text=True)


def test_a_request_that_is_far_too_large_is_not_even_read(page: Callable[..., Any]) -> None:
    assert send(page("coordinator"), b"x" * (requests.FILE_AT_MOST + 1)).status_code == 413
    visitor = page("genk")
    token = visitor.get("/calls").select_one("input[name=csrf_token]")["value"]
    answer = visitor.client.post("/language", data={"csrf_token": token, "next": "x" * 600_000})
    assert answer.status_code == 413
