"""Searching as a person does: a slip of the pen, a facet, a kept search, its letter, and the link that ends it."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

import cluster.ideas
from models.ideas import IdeaForm
from models.people import Member
from tests.browser.conftest import address_of, sign_in
from tests.conftest import hear

Visit = Callable[..., Page]


@pytest.mark.parametrize(("who", "poster", "scripts"), [("genk", "gent", True), ("aarschot", "genk", False)])
def test_a_member_searches_keeps_the_search_and_hears_what_is_new(
    visit: Visit, place: Database, account: Callable[[str], Member], who: str, poster: str, scripts: bool
) -> None:
    page = visit(java_script_enabled=scripts, viewport={"width": 1280, "height": 900})
    sign_in(page, who)
    box = page.get_by_role("searchbox")
    box.fill("reservatiesysteeem")
    page.get_by_role("search").get_by_role("button").click()
    expect(page.locator("main")).to_contain_text("We zochten ook naar “reservatiesysteem”.")
    expect(page.locator("main .card mark").first).to_have_text("reservatiesysteem")

    box.fill("chatbot")
    page.get_by_role("search").get_by_role("button").click()
    narrow = page.get_by_role("navigation", name="Verfijn")
    narrow.get_by_role("link", name=re.compile("^Project ")).click()
    expect(page.get_by_role("heading", level=2).first).to_have_text(re.compile("Chatbot Roeselare"))
    page.get_by_role("list", name="Gekozen filters").get_by_role("link").click()
    expect(page.get_by_role("list", name="Gekozen filters")).to_have_count(0)

    name = f"Chatbots voor {who}"
    keep = page.get_by_role("region", name="Bewaar deze zoekopdracht")
    keep.get_by_label("Naam").fill(name)
    keep.get_by_label("In mijn nieuwsmail").check()
    keep.get_by_role("button", name="Bewaar").click()
    expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()

    title = f"Onze chatbot ({who}) delen"
    form = IdeaForm(title=title, description="Andere besturen mogen hem overnemen.")
    cluster.ideas.post(place, encoder=None, member=account(poster), form=form)
    reader = visit(java_script_enabled=scripts)
    hear(place, afresh=True)
    letter = reader.locator("main li.card").filter(has_text=address_of(who)).filter(has_text="Nieuws over")
    reader.goto("/mailbox")
    letter.get_by_role("link").first.click()
    expect(reader.locator("main")).to_contain_text(title)
    expect(reader.locator("main")).to_contain_text(f"zoekopdracht “{name}”")
    link = reader.locator("main a[href*='/unsubscribe/']").get_attribute("href") or ""
    reader.goto(urlsplit(link).path)  # the letter names the public address of the service
    reader.get_by_role("button", name="Stuur me deze e-mails niet meer").click()
    expect(reader.locator("main")).to_contain_text("geen e-mails meer over de nieuwsmail")

    page.goto("/account/letters")
    expect(page.get_by_label("Nooit")).to_be_checked()
    page.get_by_label("Elke maandagochtend").check()
    page.get_by_role("main").get_by_role("button", name="Bewaar").click()
    expect(page.get_by_label("Elke maandagochtend")).to_be_checked()
    page.goto("/searches")
    card = page.locator("main li.card").filter(has_text=name)
    card.get_by_text("Wijzig").click()
    card.get_by_role("button", name="Wis deze zoekopdracht").click()
    expect(page.locator("main li.card").filter(has_text=name)).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_visitor_finds_a_municipality_and_takes_home_what_was_found(visit: Visit, scripts: bool) -> None:
    page = visit(java_script_enabled=scripts, viewport={"width": 1280, "height": 900})
    page.goto("/search?q=parkeervergunningsaanvraag")
    expect(page.locator("main .card mark").first).to_have_text(re.compile("^parkeervergunning$", re.IGNORECASE))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert page.locator("main .card h2").first.inner_text() in download.value.path().read_text("utf-8-sig")
    page.goto("/search?q=melle")
    page.locator("main .card h2").get_by_role("link", name="Merelbeke-Melle").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merelbeke-Melle")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_nothing_found_leads_to_an_idea_with_the_title_filled_in(visit: Visit, scripts: bool) -> None:
    page = visit("gent", java_script_enabled=scripts)
    page.goto("/search?q=%22kwispelende+marsmannetjes%22&lang=fr")
    expect(page.locator("main")).to_contain_text("Zo begrepen we je vraag:")
    expect(page.get_by_role("link", name=re.compile("^zonder de filter Taal van de tekst"))).to_be_visible()
    page.get_by_role("link", name="Plaats dit als idee").click()
    expect(page.get_by_label("Titel")).to_have_value('"kwispelende marsmannetjes"')


@pytest.mark.parametrize("who", [None, "gent", "coordinator"])
def test_on_a_small_phone_a_page_begins_in_the_first_third_and_search_unfolds(visit: Visit, who: str | None) -> None:
    page = visit(who, java_script_enabled=False, viewport={"width": 360, "height": 640})
    page.goto("/")
    begins = page.locator("main").bounding_box()
    assert begins is not None
    assert begins["y"] < 640 / 3
    page.locator("header summary").click()
    page.get_by_role("searchbox").fill("afspraken")
    page.get_by_role("search").get_by_role("button").click()
    # Who searches goes on searching.
    expect(page.get_by_role("searchbox")).to_have_value("afspraken")
    page.locator(".demo summary").click()
    expect(page.locator(".demo p")).to_be_visible()
