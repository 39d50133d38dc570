"""Who may come where: every route, every role. A new route without a row fails."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import cluster.contacts
import cluster.ideas
import data.people
from data.store import insert, transaction
from models.ideas import IdeaForm

Page = Callable[..., Any]

# The answer to: a visitor, the owner's colleague (genk), another municipality (aalter), a coordinator.
# SIGN_IN is a redirect to the sign-in page. Addresses: idea 1 is Genk's, open; idea 2 is Genk's, withdrawn;
# introduction 1 is between Genk (poster) and Kortrijk (endorser); cluster 1 is a proposal, cluster 2 accepted.
SIGN_IN = 302
TABLE: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("GET", "/"): (200, 200, 200, 200),
    ("POST", "/language"): (303, 303, 303, 303),
    ("GET", "/healthz"): (200, 200, 200, 200),
    ("GET", "/readyz"): (200, 200, 200, 200),
    ("GET", "/metrics"): (200, 200, 200, 200),
    ("GET", "/sign-in"): (200, 303, 303, 303),
    ("POST", "/sign-in"): (422, 303, 303, 303),
    ("POST", "/sign-out"): (401, 303, 303, 303),
    ("GET", "/account"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account"): (401, 422, 422, 422),
    ("GET", "/ideas"): (200, 200, 200, 200),
    ("GET", "/ideas/1"): (200, 200, 200, 200),
    ("GET", "/ideas/2"): (404, 200, 404, 200),
    ("GET", "/ideas/export.csv"): (200, 200, 200, 200),
    ("GET", "/ideas/export.pdf"): (404, 404, 404, 404),
    ("GET", "/ideas/99"): (404, 404, 404, 404),
    ("GET", "/ideas/99999999999999999999"): (404, 404, 404, 404),
    ("GET", "/ideas/new"): (SIGN_IN, 200, 200, 403),
    ("POST", "/ideas/new"): (401, 422, 422, 403),
    ("POST", "/ideas/similar"): (200, 200, 200, 200),
    ("GET", "/ideas/1/edit"): (SIGN_IN, 200, 403, 403),
    ("POST", "/ideas/1/edit"): (401, 422, 403, 403),
    ("GET", "/ideas/2/edit"): (SIGN_IN, 200, 404, 403),
    ("POST", "/ideas/1/withdraw"): (401, 303, 403, 403),
    ("POST", "/ideas/2/withdraw"): (401, 303, 404, 403),
    ("POST", "/ideas/1/restore"): (401, 303, 403, 403),
    ("POST", "/ideas/2/restore"): (401, 303, 404, 403),
    ("GET", "/ideas/1/endorse"): (SIGN_IN, 403, 200, 403),
    ("POST", "/ideas/1/endorse"): (401, 403, 422, 403),
    ("GET", "/ideas/2/endorse"): (SIGN_IN, 404, 404, 403),
    ("POST", "/ideas/1/endorsement/withdraw"): (401, 404, 404, 403),
    ("GET", "/search"): (200, 200, 200, 200),
    ("POST", "/api/v1/similar"): (422, 422, 422, 422),
    ("GET", "/projects"): (200, 200, 200, 200),
    ("GET", "/projects/1"): (200, 200, 200, 200),
    ("GET", "/projects/export.jsonl"): (200, 200, 200, 200),
    ("GET", "/projects/99"): (404, 404, 404, 404),
    ("POST", "/projects/1/contact"): (401, 303, 303, 403),
    ("POST", "/projects/99/contact"): (401, 404, 404, 403),
    ("GET", "/calls"): (200, 200, 200, 200),
    ("GET", "/calls/1"): (200, 200, 200, 200),
    ("GET", "/calls/99"): (404, 404, 404, 404),
    ("GET", "/municipalities"): (200, 200, 200, 200),
    ("GET", "/municipalities/2"): (200, 200, 200, 200),
    ("GET", "/municipalities/99"): (404, 404, 404, 404),
    ("GET", "/municipalities/export.csv"): (200, 200, 200, 200),
    ("GET", "/introductions"): (SIGN_IN, 200, 200, 403),
    ("GET", "/introductions/1"): (SIGN_IN, 200, 404, 403),
    ("GET", "/introductions/99"): (SIGN_IN, 404, 404, 403),
    ("POST", "/introductions/1/agree"): (401, 303, 404, 403),
    ("POST", "/introductions/1/decline"): (401, 303, 404, 403),
    ("GET", "/clusters"): (SIGN_IN, 403, 403, 200),
    ("GET", "/clusters/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/clusters/1"): (404, 404, 404, 200),
    ("GET", "/clusters/2"): (200, 200, 200, 200),
    ("GET", "/clusters/99"): (404, 404, 404, 404),
    ("POST", "/clusters/propose"): (401, 403, 403, 303),
    ("POST", "/clusters/1/accept"): (401, 403, 403, 409),
    ("POST", "/clusters/1/reject"): (401, 403, 403, 422),
    ("POST", "/clusters/1/rename"): (401, 403, 403, 422),
    ("GET", "/mailbox"): (200, 200, 200, 200),
    ("GET", "/mailbox/1"): (200, 200, 200, 200),
    ("GET", "/mailbox/99"): (404, 404, 404, 404),
    ("GET", "/static/style.css"): (200, 200, 200, 200),
}
ROLES = (None, "genk", "aalter", "coordinator")


@pytest.fixture
def furnished(app: Flask) -> Database:
    db: Database = app.extensions["medestanders"].db()
    genk, kortrijk = (data.people.by_email(db, email=f"{name}@test.example") for name in ("genk", "kortrijk"))
    for title in ("Open", "Ingetrokken"):
        cluster.ideas.post(db, encoder=None, member=genk, form=IdeaForm(title=title, description="Tekst"))
    cluster.contacts.endorse(db, member=kortrijk, idea_id=1, role="learn", message="")
    cluster.ideas.withdraw(db, member=genk, idea_id=2)
    with transaction(db):
        moment = data.store.now()
        db.execute(
            "insert into projects (title, summary, status, lead, created_at, updated_at) values (?, ?, ?, ?, ?, ?)",
            ["Project", "Samenvatting", "unknown", "Genk", moment, moment],
        )
        for state in ("proposed", "accepted"):
            cluster_id = insert(
                db,
                "insert into clusters (state, name, created_at, updated_at) values (?, 'Naam', ?, ?)",
                [state, moment, moment],
            )
            db.execute(
                "insert into cluster_members (cluster_id, kind, item_id, position) values (?, 'idea', 1, 1)",
                [cluster_id],
            )
    return db


@pytest.mark.parametrize("role", range(len(ROLES)), ids=[str(role) for role in ROLES])
def test_the_table_holds(furnished: Database, page: Page, role: int) -> None:
    before = sqlite3.connect(":memory:")
    furnished.conn.backup(before)
    wrong = []
    for (method, address), answers in TABLE.items():
        visitor = page(ROLES[role])
        if method == "GET":
            answer = visitor.client.get(address)
        elif address.startswith("/api/"):
            answer = visitor.client.post(address)
        else:
            token = visitor.get("/calls").select_one("input[name=csrf_token]")["value"]
            answer = visitor.client.post(address, data={"csrf_token": token, "revision": "99"})
            before.backup(furnished.conn)
        answer.close()
        if answer.status_code != answers[role]:
            wrong.append(f"{method} {address}: {answer.status_code}, not {answers[role]}")
        elif answer.status_code == SIGN_IN and "/sign-in" not in answer.headers["Location"]:
            wrong.append(f"{method} {address}: sent to {answer.headers['Location']}")
    before.close()
    assert not wrong, "\n".join(wrong)


UNSAFE = [address for method, address in TABLE if method == "POST" and not address.startswith("/api/")]


def test_no_unsafe_address_works_without_a_token(furnished: Database, page: Page) -> None:
    for role in ROLES:
        for address in UNSAFE:
            assert page(role).client.post(address, data={"revision": "1"}).status_code == 400, address


def test_every_route_has_a_row(app: Flask) -> None:
    bound = app.url_map.bind("localhost")
    known = [(method, address) for method, address in TABLE if "9999" not in address]
    covered = {(method, bound.match(address, method=method)[0]) for method, address in known}
    routes = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == covered


def test_a_read_changes_nothing(furnished: Database, page: Page) -> None:
    tables = ("ideas", "endorsements", "introductions", "clusters", "judgements", "letters", "jobs", "members")

    def everything() -> list[Any]:
        return [list(furnished[table].rows) for table in tables]

    before = everything()
    for role in ROLES:
        for method, address in TABLE:
            if method == "GET":
                page(role).client.get(address).close()
    assert everything() == before


def test_figures_are_for_this_machine_alone(app: Flask) -> None:
    assert app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 404
    assert app.test_client().get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 404
