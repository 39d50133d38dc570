"""Suggestions as a person meets them: why, what is different, and saying whether it is right."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from data.store import value
from tests.browser.conftest import sign_in

Visit = Callable[..., Page]


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_member_reads_why_and_says_what_is_right(visit: Visit, place: Database, scripts: bool) -> None:
    page = visit(java_script_enabled=scripts, viewport={"width": 1280, "height": 900})
    sign_in(page, "gent")
    own = value(
        place,
        """select i.id from ideas i join organisations o on o.id = i.organisation_id
        where o.name = 'Gent' and i.title like 'Geen enkele lokale%'""",
    )
    page.goto(f"/ideas/{own}")
    first = page.locator(".lane li").first
    title = first.get_by_role("heading").inner_text()
    first.get_by_text(re.compile("^Waarom")).click()
    expect(first.locator(".pair dd").first).to_contain_text("“")

    first.locator("summary", has_text="Klopt deze suggestie?").click()
    first.get_by_role("button", name="Niet verwant").click()
    expect(page.locator(".lane").get_by_role("heading", name=title)).to_have_count(0)
    page.get_by_text("1 voorstel vond je niet verwant").click()
    dismissed = page.get_by_role("group", name=re.compile("Klopt deze suggestie")).last
    dismissed.get_by_role("button", name="Niet verwant").click()

    again = page.locator(".lane li", has=page.get_by_role("heading", name=title))
    again.locator("summary", has_text="Klopt deze suggestie?").click()
    again.get_by_role("button", name="Zelfde nood").click()
    expect(again.locator(".meta")).to_contain_text("volgens jullie")
    expect(again.get_by_role("button", name="Zelfde nood")).to_have_attribute("aria-pressed", "true")
    again.get_by_role("button", name="Zelfde nood").click()
    expect(again.locator(".meta")).not_to_contain_text("volgens jullie")

    page.goto("/ideas/new")
    page.get_by_label("Titel").fill("Tegemoetkomingen automatisch toekennen")
    page.get_by_label("Beschrijving").press_sequentially("Mensen vragen niet aan waar ze recht op hebben.")
    if not scripts:
        page.get_by_role("button", name="Toon wat erop lijkt").click()
    page.locator("#similar .why summary").first.click()
    expect(page.locator("#similar .pair").first).to_contain_text("Jouw tekst")
