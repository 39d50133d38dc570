"""The page of the ledger: every entry in words, narrowed, and as a file."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlite_utils import Database

import data.ledger
from data.store import transaction
from models.clusters import Action as Step
from models.ledger import Act
from models.moderation import Action, Subject
from models.people import Role
from models.sessions import Means, Outcome

Page = Callable[..., Any]

WHATS = ["", *Means, "password", "code", *Role, *Action]
WHATS += ["on", "off", "codes", "reset", *(f"{before}>{after}" for before in Role for after in Role if after != before)]
# Runs enter nothing: the ledger is about people.
WHATS += [step for step in Step if step not in {Step.PROPOSED, Step.REDRAWN, Step.DISSOLVED}]
WHATS += [outcome for outcome in Outcome if outcome is not Outcome.IN] + ["member>member"]


def fill(db: Database) -> None:
    """An entry for everything that can be entered."""
    with transaction(db):
        for act in Act:
            data.ledger.add(db, act=act, member_id=4, about="member:2", what="")
        for what in WHATS:
            data.ledger.add(db, act=Act.MODERATED, member_id=None, about="", what=str(what))
        for kind in (*Subject, "cluster"):
            data.ledger.add(db, act=Act.MODERATED, member_id=None, about=f"{kind}:7", what="")


def test_every_entry_is_told_in_words(app: Flask, page: Page, app_db: Database) -> None:
    fill(app_db)
    shown = page("coordinator").get("/ledger").main.text + page("coordinator").get("/ledger?page=2").main.text
    for word in ("Account gesloten", "Lid 2", "Cluster 7", "Idee 7", "van coördinator naar medewerker", "aanvaard"):
        assert word in shown, word
    assert "member:" not in shown


def test_it_is_narrowed_and_taken_along(page: Page, app_db: Database) -> None:
    fill(app_db)
    visitor = page("coordinator")
    rows = visitor.get("/ledger?act=account_closed&about=member:2").select("main tbody tr")
    assert len(rows) == 1
    assert not visitor.get("/ledger?until=2020-01-01").select("main tbody tr")
    assert visitor.get("/ledger?since=geen-dag").select("main tbody tr")
    with visitor.client.get("/ledger/export.csv?act=account_closed") as answer:
        lines = answer.get_data(as_text=True).splitlines()
    assert len(lines) == 2
    assert "account_closed" in lines[1]


def test_taking_the_list_of_members_along_is_entered(page: Page, app_db: Database) -> None:
    with page("coordinator").client.get("/members/export.csv") as answer:
        assert answer.status_code == 200
    last = next(app_db.query("select act, member_id from ledger order by id desc"))
    assert last == {"act": "members_exported", "member_id": 4}
