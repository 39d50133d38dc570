"""Drafts at the door: kept while typing and by button, listed, resumed, deleted."""

from collections.abc import Callable
from typing import Any

from sqlite_utils import Database

from data.store import row, value

Page = Callable[..., Any]
FIELDS = {"title": "Zwembad online reserveren", "description": "Banen boeken zonder te bellen."}


def hidden(form: Any) -> dict[str, str]:
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]")}


def test_without_javascript_a_button_keeps_a_draft_that_is_resumed_and_posted(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    shown = visitor.submit("/ideas/new", **{**form, **FIELDS, "action": "draft", "stage": "plan"})
    assert "bewaard als concept" in shown.select_one("[role=status]").text
    assert shown.select_one("#title")["value"] == FIELDS["title"]
    elsewhere = page("genk")
    link = elsewhere.get("/ideas/new").find("a", string=lambda text: text and text.startswith("Ga verder met “"))
    assert FIELDS["title"] in link.text
    resumed = elsewhere.get(link["href"])
    assert resumed.select_one("#description").text.strip() == FIELDS["description"]
    assert resumed.select_one("input[name=stage][value=plan]").has_attr("checked")
    form = hidden(resumed.select_one("#idea-form"))
    posted = elsewhere.submit("/ideas/new", **{**form, **FIELDS})
    assert posted.h1.text == FIELDS["title"]
    assert value(app_db, "select count(*) from idea_drafts") == 0
    assert value(app_db, "select count(*) from ideas") == 1


def test_while_typing_a_fragment_says_when_and_brings_the_form_up_to_date(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    answer = visitor.client.post("/ideas/draft", data={**form, **FIELDS})
    assert answer.status_code == 200
    assert answer.headers["HX-Replace-Url"] == "/ideas/new?draft=1"
    text = answer.get_data(as_text=True)
    assert "Bewaard om " in text
    assert 'value="1"' in text
    assert "terwijl je typt" in text
    again = visitor.client.post("/ideas/draft", data={**form, **FIELDS, "title": "Beter", "draft_revision": "1"})
    # The live region speaks once, not at every save.
    assert "draft-said" not in again.get_data(as_text=True)
    assert "HX-Replace-Url" not in again.headers
    assert row(app_db, "select revision from idea_drafts") == {"revision": 2}


def test_of_two_devices_both_texts_are_kept_and_shown(page: Page, app_db: Database) -> None:
    laptop, phone = page("genk"), page("genk")
    form = hidden(laptop.get("/ideas/new").select_one("#idea-form"))
    laptop.client.post("/ideas/draft", data={**form, **FIELDS})
    open_on_phone = hidden(phone.get("/ideas/new?draft=1").select_one("#idea-form"))
    laptop.client.post("/ideas/draft", data={**form, **FIELDS, "draft_revision": "1", "description": "Van de laptop"})
    answer = phone.client.post("/ideas/draft", data={**open_on_phone, **FIELDS, "description": "Van de telefoon"})
    text = answer.get_data(as_text=True)
    assert "Van de laptop" in text
    assert "twee concepten" in text
    assert value(app_db, "select count(*) from idea_drafts") == 2
    typed = {**open_on_phone, **FIELDS, "description": "Zonder script", "action": "draft"}
    shown = phone.submit("/ideas/new", **typed)
    assert "Van de laptop" in shown.select_one("#draft-other").text
    assert shown.select_one("#description").text.strip() == "Zonder script"


def test_what_is_typed_after_posting_is_not_a_new_draft(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    visitor.submit("/ideas/new", **{**form, **FIELDS})
    answer = visitor.client.post("/ideas/draft", data={**form, **FIELDS, "title": "Nog iets"})
    assert "Je plaatste dit idee al" in answer.get_data(as_text=True)
    assert value(app_db, "select count(*) from idea_drafts") == 0


def test_a_draft_of_what_was_posted_is_gone_once_its_text_stands_there(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    visitor.client.post("/ideas/draft", data={**form, **FIELDS})
    phone = hidden(visitor.get("/ideas/new?draft=1").select_one("#idea-form"))
    visitor.client.post("/ideas/draft", data={**phone, **FIELDS, "description": "Later, van de telefoon"})
    visitor.submit("/ideas/new", **{**form, "draft_revision": "1", **FIELDS})
    assert value(app_db, "select count(*) from idea_drafts") == 1
    better = {**FIELDS, "description": "Later, van de telefoon"}
    resumed = hidden(visitor.get("/ideas/new?draft=1").select_one("#idea-form"))
    conflict = visitor.submit("/ideas/new", status=409, **{**resumed, **better})
    edit = conflict.select_one("#idea-form")
    shown = visitor.submit(edit["action"], **{**hidden(edit), **better})
    assert "Later, van de telefoon" in shown.text
    assert value(app_db, "select count(*) from idea_drafts") == 0


def test_drafts_are_listed_and_deleted_at_the_account(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    visitor.client.post("/ideas/draft", data={**form, **FIELDS, "title": "<b>Mijn concept</b>"})
    shown = visitor.get("/account")
    assert shown.find("a", string="<b>Mijn concept</b>")["href"] == "/ideas/new?draft=1"
    assert "Mijn concept" not in page("aalter").get("/account").text
    page("aalter").get("/ideas/new?draft=1", status=404)
    shown = visitor.submit("/drafts/1/delete", at="/account")
    assert "Mijn concept" not in shown.text
    assert value(app_db, "select count(*) from idea_drafts") == 0


def test_a_draft_too_long_says_so_and_loses_nothing(page: Page) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    long = {**FIELDS, "title": "x" * 3_000}
    assert "3000 tekens" in visitor.client.post("/ideas/draft", data={**form, **long}).get_data(as_text=True)
    shown = visitor.submit("/ideas/new", status=422, **{**form, **long, "action": "draft"})
    assert shown.select_one("#title")["value"] == long["title"]
    assert shown.select_one("#title-error")


def test_an_empty_form_is_no_draft(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    form = hidden(visitor.get("/ideas/new").select_one("#idea-form"))
    assert "niets om te bewaren" in visitor.submit("/ideas/new", **{**form, "action": "draft"}).text
    assert visitor.client.post("/ideas/draft", data=form).get_data(as_text=True).strip() == ""
    assert value(app_db, "select count(*) from idea_drafts") == 0


def test_a_change_to_what_stands_is_kept_resumed_elsewhere_and_sent(page: Page, app_db: Database) -> None:
    laptop, phone = page("genk"), page("genk")
    laptop.submit("/ideas/new", **{**hidden(laptop.get("/ideas/new").select_one("#idea-form")), **FIELDS})
    form = hidden(laptop.get("/ideas/1/edit").select_one("#idea-form"))
    better = {**FIELDS, "description": "Banen en kleedhokjes boeken."}
    answer = laptop.client.post("/ideas/draft", data={**form, **better})
    assert answer.headers["HX-Replace-Url"] == "/ideas/1/edit?draft=1"
    assert "Online staat nog de vorige tekst" in answer.get_data(as_text=True)
    assert better["description"] not in page().get("/ideas/1").text
    assert "/ideas/1/edit?draft=1" in {link["href"] for link in phone.get("/").select("main a")}

    resumed = phone.get("/ideas/1/edit")
    assert resumed.select_one("#description").text.strip() == better["description"]
    form = hidden(resumed.select_one("#idea-form"))
    kept = phone.submit("/ideas/1/edit", **{**form, **better, "title": "Beter", "action": "draft"})
    assert "bewaard als concept" in kept.select_one("[role=status]").text
    form = hidden(kept.select_one("#idea-form"))
    shown = phone.submit("/ideas/1/edit", **{**form, **better, "title": "Beter"})
    assert shown.h1.text == "Beter"
    assert value(app_db, "select count(*) from idea_drafts") == 0


def test_a_change_drafted_before_a_colleagues_says_so_and_meets_it(page: Page, app_db: Database) -> None:
    laptop, phone = page("genk"), page("genk")
    laptop.submit("/ideas/new", **{**hidden(laptop.get("/ideas/new").select_one("#idea-form")), **FIELDS})
    form = hidden(laptop.get("/ideas/1/edit").select_one("#idea-form"))
    laptop.client.post("/ideas/draft", data={**form, **FIELDS, "title": "Van mij"})
    colleague = hidden(phone.get("/ideas/1/edit?draft=99").select_one("#idea-form"))
    phone.submit("/ideas/1/edit", **{**colleague, **FIELDS, "title": "Van een collega", "submission_key": "ander"})
    resumed = laptop.get("/ideas/1/edit")
    assert "Een collega wijzigde dit idee intussen" in resumed.text
    form = hidden(resumed.select_one("#idea-form"))
    conflict = laptop.submit("/ideas/1/edit", status=409, **{**form, **FIELDS, "title": "Van mij"})
    assert "Van een collega" in conflict.text
    assert conflict.select_one("#title")["value"] == "Van mij"
    assert value(app_db, "select count(*) from idea_drafts") == 1
    assert laptop.submit("/drafts/1/delete", at="/ideas/1/edit").h1.text == "Van een collega"
    assert laptop.get("/ideas/1/edit").select_one("#title")["value"] == "Van een collega"
