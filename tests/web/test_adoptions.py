"""The page of an idea that stands still: keep it, offer it, archive it; and taking one over with one click."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
from data.store import change, transaction
from models.ideas import IdeaForm
from models.people import Member

Page = Callable[..., Any]
Who = Callable[[str], Member]


@pytest.fixture
def idea(app_db: Database, who: Who) -> str:
    """Genk's idea, to which Aalter and Kortrijk said *ook wij* long ago."""
    form = IdeaForm(title="Zwembad", description="Boeken.")
    idea_id = cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    for name in ("aalter", "kortrijk"):
        cluster.contacts.endorse(app_db, member=who(name), idea_id=idea_id, role="buy", message="Voor Genk.")
    with transaction(app_db):
        for table, column in (("ideas", "updated_at"), ("endorsements", "updated_at"), ("introductions", "asked_at")):
            change(app_db, f"update {table} set {column} = '2020-01-01T09:00:00+00:00'")
    return f"/ideas/{idea_id}"


def test_an_idea_is_kept_with_one_click(page: Page, idea: str) -> None:
    assert "Wat wordt er van “Zwembad”?" in page("genk").get("/").text
    assert page("aalter").get(idea).select_one("#adoption") is None
    shown = page("genk").submit(f"{idea}/keep", at=idea)
    assert "Jullie houden dit idee" in shown.text
    assert shown.select_one("#adoption") is None
    assert "Wat wordt er van" not in page("genk").get("/").text


def test_an_idea_is_archived_with_its_own_word_and_comes_back(page: Page, idea: str) -> None:
    shown = page("genk").submit(f"{idea}/withdraw", at=idea, do="archive")
    assert "gearchiveerd" in shown.text
    page(None).get(idea, status=404)
    page("genk").submit(f"{idea}/restore", at=idea)
    page(None).get(idea)


def test_an_offered_idea_is_taken_over_and_endorsers_decide_for_themselves(page: Page, idea: str) -> None:
    assert "kunnen het overnemen" in page("genk").get(idea).select_one("section[aria-labelledby=adoption]").text
    page("genk").submit(f"{idea}/offer", at=idea)
    assert "zoekt een nieuw bestuur" in page(None).get(idea).text
    assert page(None).get(idea).select_one(f"form[action='{idea}/adopt']") is None
    assert "Genk geeft “Zwembad” door" in page("kortrijk").get("/").text
    taken = page("kortrijk").submit(f"{idea}/adopt", at=idea)
    assert "Dit idee is nu van jullie" in taken.text
    assert "nam Kortrijk het over van Genk" in " ".join(page(None).get(idea).text.split())
    assert "Voor Genk." not in page("kortrijk").get(idea).text
    assert page("kortrijk").get(idea).select_one(f"a[href='{idea}/edit']") is not None
    [met] = [one["href"] for one in page("genk").get("/introductions").select("main li.card a")]
    assert "van een ander bestuur" in page("genk").get(met).text
    page("aalter").submit(f"{idea}/endorsement/confirm", at=idea)
    assert "Voor Genk." in page("kortrijk").get(idea).text
    assert page("aalter").get(idea).select_one(f"form[action='{idea}/endorsement/confirm']") is None
    late = page("aalter").submit(f"{idea}/adopt", at=idea, status=409)
    assert "niet meer aangeboden" in late.text
