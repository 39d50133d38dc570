"""The pages about what came of an introduction, and the switches of reminders; the worker asks."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

from cluster import contacts, ideas
from cluster.web import worker
from data.store import change, rows, transaction, value
from models.ideas import IdeaForm
from models.people import Member

Page = Callable[..., Any]


@pytest.fixture
def met(app_db: Database, who: Callable[[str], Member]) -> int:
    form = IdeaForm(title="Zwembad", description="Boeken.")
    idea_id = ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    [found] = contacts.inbox(app_db, member=who("genk")).received
    contacts.agree(app_db, member=who("genk"), introduction_id=found.id)
    return found.id


def test_what_came_of_it_is_told_and_mended(page: Page, met: int) -> None:
    at = f"/introductions/{met}"
    link = page("aalter").get(at).find("a", string="Vertel wat ervan kwam")
    refused = page("aalter").submit(f"{at}/outcome", at=link["href"], outcome="no", status=422)
    assert refused.select_one("#errors a")["href"] == "#reason"
    shown = page("aalter").submit(f"{at}/outcome", outcome="no", reason="Te duur.")
    assert "Nee, het kwam er niet van" in shown.text
    assert "Te duur." in shown.text
    assert "Te duur." not in page("genk").get(at).text


def test_reminders_are_stopped_about_one_contact_or_all(page: Page, app_db: Database, met: int) -> None:
    at = f"/introductions/{met}"
    shown = page("genk").submit(f"{at}/reminders", at=at, do="stop")
    assert "Jullie krijgen hierover geen herinneringen." in shown.text
    shown = page("genk").submit(f"{at}/reminders", at=at, do="resume")
    assert "Stuur ons hierover geen herinnering" in shown.text
    assert "Je krijgt geen herinneringen." in page("genk").submit("/reminders", at="/introductions", do="stop").text
    assert "Stuur mij geen herinneringen" in page("genk").submit("/reminders", at="/introductions", do="resume").text
    assert value(app_db, "select count(*) from reminder_stops") == 0


def test_the_worker_asks_when_it_is_time_and_only_then(app: Flask, app_db: Database, met: int) -> None:
    services = app.extensions["medestanders"]
    worker.work(services, once=True)
    assert not rows(app_db, "select 1 from letters where dedupe_key like 'reminder:%'")
    with transaction(app_db):
        change(app_db, "update introductions set answered_at = datetime('now', '-31 days') || '+00:00'")
        change(app_db, "update jobs set not_before = '2000-01-01T00:00:00+00:00' where done_at is null")
    worker.work(services, once=True)
    found = rows(app_db, "select subject from letters where dedupe_key like 'reminder:%' order by id")
    assert [letter["subject"] for letter in found] == [
        "Hebben jullie Aalter gesproken?",
        "Hebben jullie Genk gesproken?",
    ]
