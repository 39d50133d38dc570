"""The journey of a newcomer, from the calls to a contact person and an accepted cluster, as a person would make it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from tests.browser.conftest import ARTEFACTS, address_of, sign_in
from tests.browser.rooms import demo_idea

Visit = Callable[..., Page]

MESSAGE = "Onze clubs vragen hier al jaren om. <b>Bel ons</b> gerust 🙂"


@dataclass(frozen=True)
class Journey:
    """Who travels, with or without script, and what they type."""

    name: str
    who: str
    scripts: bool
    title: str
    description: str


JOURNEYS = [
    Journey(
        *("with-script", "gent", True, "Zalen van de stad online reserveren"),
        "Verenigingen bellen nu naar drie diensten. We zoeken één plek waar ze zien wat vrij is en meteen vastleggen.",
    ),
    Journey(
        *("without-script", "genk", False, "Eén reservatiesysteem voor zalen en lokalen"),
        "Een club wil zelf zien welke zaal vrij is, reserveren en de deur openen, zonder naar het loket te komen.",
    ),
]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.name)
def test_a_newcomer_finds_companions(visit: Visit, place: Database, journey: Journey) -> None:
    options: dict[str, Any] = {"java_script_enabled": journey.scripts, "viewport": {"width": 1280, "height": 900}}
    shown = Album(journey.name)
    traveller, poster, coordinator, reader = (visit(**options) for _ in range(4))

    reads_calls_and_projects(traveller, shown)
    sign_in(traveller, journey.who)
    posts_an_idea(traveller, journey, shown)
    says_me_too(traveller, demo_idea(place, "DEMO-023"), shown)
    theirs, ours = address_of("pajottegem"), address_of(journey.who)
    nobody_sees(theirs, traveller, reader, idea_id=demo_idea(place, "DEMO-023"))

    sign_in(poster, "pajottegem")
    consents(poster, asker=journey.who, ours=ours, shown=shown)
    traveller.goto("/introductions")
    traveller.locator("main").get_by_role("link", name="Pajottegem").click()
    expect(traveller.locator("main")).to_contain_text(theirs)
    shown.keep(traveller, "contact")
    both_get_a_letter(reader, (theirs, ours), shown)

    is_introduced_at_once(traveller, place)
    name = f"Samen aanvragen, {journey.who} neemt het voortouw"
    address = reviews_a_cluster(coordinator, name, shown)
    reader.goto(address)
    expect(reader.get_by_role("heading", level=1)).to_have_text(name)
    shown.keep(reader, "cluster-for-all")


class Album:
    """Pictures of a journey, in order, for people to look at."""

    def __init__(self, name: str) -> None:
        self._folder = ARTEFACTS / "journey" / name
        self._folder.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def keep(self, page: Page, name: str) -> None:
        self._count += 1
        # To hide the caret Playwright leaves inline styles behind, which htmx may carry over and the policy refuses.
        page.screenshot(path=self._folder / f"{self._count:02}-{name}.png", full_page=True, caret="initial")


def reads_calls_and_projects(page: Page, shown: Album) -> None:
    page.goto("/")
    shown.keep(page, "home")
    menu = page.get_by_role("navigation", name="Hoofdmenu")
    menu.get_by_role("link", name="Oproepen").click()
    shown.keep(page, "calls")
    page.get_by_role("link", name="Oproep 1", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Oproep 1")
    shown.keep(page, "call")
    menu.get_by_role("link", name="Projecten").click()
    shown.keep(page, "projects")
    page.locator("main .card h2 a").first.click()
    expect(page.get_by_role("heading", name="Wat kost het?")).to_be_visible()
    shown.keep(page, "project")


def posts_an_idea(page: Page, journey: Journey, shown: Album) -> None:
    page.locator("main a[href='/ideas/new']").first.click()
    similar = page.locator("#similar")
    known = similar.get_by_role("link", name=re.compile("^(Zalen en sportvelden|Eén reservatiesysteem)"))
    if journey.scripts:
        # Only typing: the suggestions come by themselves, and follow what is typed next.
        page.get_by_label("Titel").press_sequentially(journey.title, delay=60)
        expect(known.first).to_be_visible()
        shown.keep(page, "suggestions-while-typing")
        page.get_by_label("Beschrijving").press_sequentially(journey.description, delay=5)
    else:
        page.get_by_label("Titel").fill(journey.title)
        page.get_by_label("Beschrijving").fill(journey.description)
        page.get_by_role("button", name="Toon wat erop lijkt").click()
        expect(known.first).to_be_visible()
        shown.keep(page, "suggestions-by-button")
    expect(page.get_by_label("Titel")).to_have_value(journey.title)
    expect(page.get_by_label("Beschrijving")).to_have_value(journey.description)
    page.locator("#idea-form button[type=submit]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(journey.title)
    expect(page.get_by_role("status").first).to_be_visible()
    shown.keep(page, "posted")


def says_me_too(page: Page, idea_id: int, shown: Album) -> None:
    page.locator(f".similar a[href='/ideas/{idea_id}']").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Eén reservatiesysteem")
    shown.keep(page, "idea-of-another")
    page.get_by_role("link", name="Ook wij", exact=True).click()
    page.get_by_label("We ontwikkelen mee").check()
    page.locator("#message").fill(MESSAGE)
    shown.keep(page, "me-too")
    page.get_by_role("button", name="Ook wij", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Eén reservatiesysteem")
    expect(page.get_by_role("status").first).to_contain_text("ook wij")
    shown.keep(page, "me-too-said")


def nobody_sees(address: str, *pages: Page, idea_id: int) -> None:
    for page in pages:
        page.goto(f"/ideas/{idea_id}")
        assert address not in page.content()
    asker = pages[0]
    asker.goto("/introductions")
    assert address not in asker.content()
    with asker.expect_navigation():
        asker.locator("main").get_by_role("link", name="Pajottegem").click()
    assert address not in asker.content()


def consents(page: Page, *, asker: str, ours: str, shown: Album) -> None:
    shown.keep(page, "what-waits")
    assert ours not in page.content()
    asked = page.locator("main a[href^='/introductions/']")
    with page.expect_navigation():
        asked.filter(has_text=re.compile(f"^{asker}.*Eén reservatiesysteem", re.IGNORECASE)).click()
    expect(page.locator("main")).to_contain_text(MESSAGE)
    assert ours not in page.content()
    shown.keep(page, "asked")
    page.get_by_role("button", name="Ja, breng ons in contact").click()
    expect(page.locator("main")).to_contain_text(ours)
    shown.keep(page, "agreed")


def both_get_a_letter(page: Page, addresses: tuple[str, str], shown: Album) -> None:
    for to, other in (addresses, addresses[::-1]):
        page.goto("/mailbox")
        letter = page.locator("main li.card").filter(has_text=to).filter(has_text="Eén reservatiesysteem")
        letter.get_by_role("link").first.click()
        expect(page.locator("main")).to_contain_text(other)
    shown.keep(page, "letter")


def is_introduced_at_once(page: Page, place: Database) -> None:
    """Bree said beforehand that whoever says me too may be introduced."""
    page.goto(f"/ideas/{demo_idea(place, 'DEMO-010')}/endorse")
    page.get_by_label("We willen eerst praten en leren").check()
    page.get_by_role("button", name="Ook wij", exact=True).click()
    page.goto("/introductions")
    page.locator("main li.card").filter(has_text="Zalen en sportvelden").get_by_role("link").click()
    expect(page.locator("main")).to_contain_text(address_of("bree"))


def reviews_a_cluster(page: Page, name: str, shown: Album) -> str:
    """Ask for a run, wait for it, give one proposal a name and accept it; returns its address."""
    sign_in(page, "coordinator")
    page.goto("/clusters")
    page.get_by_role("button", name="Zoek nieuwe clusters").click()
    # Only once the run has ended is the way on the first button; while the page reloads itself it has no progress bar.
    page.locator("main a.button:not(.quiet)", has_text="Naar de voorstellen").click(timeout=60_000)
    shown.keep(page, "desk")
    # One that another coordinator locked cannot be renamed.
    page.locator("main ol.list li.card").filter(has_not_text="op slot").get_by_role("link").first.click()
    shown.keep(page, "proposal")
    page.get_by_text("Geef een andere naam").click()
    page.locator("#name").fill(name)
    page.locator("form[action$='/rename'] button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.locator("form[action$='/accept'] button").click()
    page.locator("main .notice").get_by_role("link", name=name, exact=True).click()
    expect(page.locator("main .tag.accepted")).to_be_visible()
    shown.keep(page, "accepted")
    return page.url


def focused(page: Page) -> str:
    """What has the keyboard: its id, or else its words."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def shows_focus(page: Page) -> bool:
    return bool(
        page.evaluate(
            """() => { const style = getComputedStyle(document.activeElement);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 }"""
        )
    )


def tab_to(page: Page, target: str) -> None:
    """Press Tab until this has the keyboard; every stop must be visible."""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert shows_focus(page), focused(page)
        if focused(page) == target:
            return
    pytest.fail(f"Tab never came to {target}")


def test_an_idea_is_posted_and_a_partner_asked_by_keyboard_alone(visit: Visit, place: Database) -> None:
    page = visit("aarschot")
    page.goto("/ideas/new")
    page.keyboard.press("Tab")
    assert focused(page) == "Naar de inhoud"
    assert page.locator(".skip").evaluate("skip => skip.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    tab_to(page, "title")
    tab_to(page, "description")
    tab_to(page, "Plaats je idee")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    # Nothing was typed: the summary takes the keyboard, and leads to the field.
    assert page.title().startswith("Fout:")
    assert focused(page) == "errors"
    tab_to(page, page.locator("#errors a").first.inner_text())
    page.keyboard.press("Enter")
    assert focused(page) == "title"
    page.keyboard.type("Een afspraak maken met het toetsenbord alleen")
    tab_to(page, "description")
    page.keyboard.type("Wie geen muis gebruikt, moet ook een afspraak kunnen maken.")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.type !== 'submit'"):
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Een afspraak maken met het toetsenbord alleen")

    page.goto(f"/ideas/{demo_idea(place, 'DEMO-010')}")
    tab_to(page, "Ook wij")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "role")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    while page.evaluate("document.activeElement.type !== 'submit'"):
        page.keyboard.press("Tab")
        assert shows_focus(page), focused(page)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("in contact met Bree")
