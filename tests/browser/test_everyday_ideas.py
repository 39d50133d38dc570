"""An idea on ordinary days: drafted on two devices, posted, changed, reported, answered and shown again."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from data.store import value
from tests.browser.conftest import address_of, sign_in
from tests.conftest import hear

Visit = Callable[..., Page]

TITLE = {True: "Een kiosk voor wie geen afspraak heeft", False: "Een zuil voor wie geen afspraak heeft"}
OTHER = {True: "Een kiosk in elke deelgemeente", False: "Een zuil in elke deelgemeente"}


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_an_idea_from_draft_to_moderation(visit: Visit, place: Database, scripts: bool) -> None:
    writer, phone, endorser, coordinator, reader = (visit(java_script_enabled=scripts) for _ in range(5))
    author, other = ("aarschot", "genk") if scripts else ("bree", "heist")
    for page, name in ((writer, author), (phone, author), (endorser, other), (coordinator, "coordinator")):
        sign_in(page, name)
    drafts_on_two_devices(writer, phone, scripts)
    address = posts_the_draft(writer, phone, TITLE[scripts])
    sent_again_posts_no_second(writer, address, place, TITLE[scripts])
    is_withdrawn_and_put_back(writer, reader, address)
    says_me_too(endorser, address)
    drafts_a_change(writer, phone, address, scripts)
    changes_it(phone, address)
    hear(place, afresh=True)
    reads_what_changed(reader, endorser, address_of(other), TITLE[scripts])
    puts_the_first_version_back(coordinator, address, TITLE[scripts])
    reports(endorser, address)
    hides(coordinator, TITLE[scripts])
    assert reader.goto(address).status == 404  # type: ignore[union-attr]
    hears_the_outcome(reader, address_of(other), TITLE[scripts])
    answers(writer, address)
    shows_it_again(coordinator, TITLE[scripts])
    reader.goto(address)
    expect(reader.get_by_role("heading", level=1)).to_have_text(TITLE[scripts])
    coordinator.goto("/history")
    expect(coordinator.locator("main li h2").first).to_contain_text("Weer getoond")


def drafts_on_two_devices(writer: Page, phone: Page, scripts: bool) -> None:
    writer.goto("/ideas/new")
    keep(writer, TITLE[scripts], scripts)
    phone.goto("/ideas/new")
    phone.get_by_role("link", name=f"Ga verder met “{TITLE[scripts]}”").click()
    expect(phone.get_by_label("Titel")).to_have_value(TITLE[scripts])
    # Both go on with the same draft: the later text is kept beside the other.
    writer.get_by_label("Beschrijving").fill("Nu staat iedereen aan het loket.")
    keep(writer, TITLE[scripts], scripts)
    keep(phone, OTHER[scripts], scripts)
    expect(phone.locator("#draft-other")).to_contain_text("Nu staat iedereen aan het loket.")
    expect(phone.get_by_label("Titel")).to_have_value(OTHER[scripts])


def keep(page: Page, title: str, scripts: bool) -> None:
    """Type and have it kept: by itself, or by the button."""
    if scripts:
        with page.expect_response("**/ideas/draft") as saved:
            page.get_by_label("Titel").fill("")
            page.get_by_label("Titel").press_sequentially(title, delay=5)
        assert saved.value.ok
        expect(page.locator("#draft-state")).to_contain_text("Bewaard om")
    else:
        page.get_by_label("Titel").fill(title)
        page.get_by_role("button", name="Bewaar als concept").click()
        expect(page.get_by_role("status").first).to_contain_text("bewaard als concept")


def posts_the_draft(writer: Page, phone: Page, title: str) -> str:
    writer.get_by_text("Vertel meer").click()
    writer.locator("#links").fill("https://www.vlaanderen.be/kiosk Onze nota")
    writer.locator("#idea-form button[type=submit]").first.click()
    expect(writer.get_by_role("heading", level=1)).to_have_text(title)
    expect(writer.get_by_role("link", name="Onze nota")).to_have_attribute("rel", "noopener nofollow")
    address = writer.url
    phone.goto("/account")
    expect(phone.locator("main")).to_contain_text("Je concepten")
    phone.get_by_role("button", name="Verwijder dit concept").first.click()
    expect(phone.get_by_role("status").first).to_contain_text("verwijderd")
    return address


def sent_again_posts_no_second(page: Page, address: str, place: Database, title: str) -> None:
    """Back, and the same form once more."""
    page.go_back()
    page.goto(address)
    page.go_back()
    if page.locator("#idea-form").count():
        page.locator("#idea-form button[type=submit]").first.click()
    assert value(place, "select count(*) from ideas where title = ?", [title]) == 1


def is_withdrawn_and_put_back(page: Page, reader: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Trek in").click()
    expect(page.locator("main")).to_contain_text("Dit idee staat niet online.")
    assert reader.goto(address).status == 404  # type: ignore[union-attr]
    page.get_by_role("button", name="Zet weer online").click()
    assert reader.goto(address).ok  # type: ignore[union-attr]


def drafts_a_change(writer: Page, phone: Page, address: str, scripts: bool) -> None:
    """A change is kept while it is typed, and gone on with elsewhere; what stands online stays meanwhile."""
    before = "Nu staat iedereen aan het loket."
    writer.goto(f"{address}/edit")
    if scripts:
        with writer.expect_response("**/ideas/draft") as saved:
            writer.get_by_label("Beschrijving").press_sequentially(" Half getypt.", delay=5)
        assert saved.value.ok
        expect(writer.locator("#draft-state")).to_contain_text("Online staat nog de vorige tekst")
    else:
        writer.get_by_label("Beschrijving").fill(f"{before} Half getypt.")
        writer.get_by_role("button", name="Bewaar als concept").click()
        expect(writer.get_by_role("status").first).to_contain_text("Online staat nog de vorige tekst")
    phone.goto(address)
    expect(phone.locator("main .prose").first).to_have_text(before)
    phone.goto("/")
    phone.locator(f"main a[href*='{address.rpartition('/ideas/')[2]}/edit']").first.click()
    expect(phone.get_by_label("Beschrijving")).to_have_value(re.compile("Half getypt"))


def says_me_too(page: Page, address: str) -> None:
    page.goto(f"{address}/endorse")
    page.locator("#role").check()
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_role("status").first).to_contain_text("in contact met")


def changes_it(page: Page, address: str) -> None:
    page.goto(f"{address}/edit")
    page.get_by_label("Klaar om in te dienen").check()
    page.get_by_label("Beschrijving").fill("Wie geen afspraak heeft, regelt het zelf aan de kiosk.")
    page.locator("#idea-form button[type=submit]").first.click()
    expect(page.locator("main")).to_contain_text("Je wijzigingen zijn bewaard")


def reads_what_changed(reader: Page, endorser: Page, theirs: str, title: str) -> None:
    reader.goto("/mailbox")
    letter = (
        reader.locator("main li.card").filter(has_text=theirs).filter(has_text="Nieuws over").filter(has_text=title)
    )
    letter.get_by_role("link").first.click()
    expect(reader.locator("main")).to_contain_text("Klaar om in te dienen")
    link = reader.locator("main a[href*='/versions/']").first
    # Letters name the public address of the service, which a test does not have.
    endorser.goto("/ideas/" + str(link.get_attribute("href")).partition("/ideas/")[2])
    expect(endorser.locator("main del").first).to_contain_text("Nu staat iedereen aan het loket.")
    expect(endorser.locator("main ins").first).to_contain_text("Wie geen afspraak heeft")


def puts_the_first_version_back(page: Page, address: str, title: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Bekijk wat er veranderde").click()
    page.get_by_role("link", name="Versie 1").click()
    page.get_by_role("button", name="Zet versie 1 terug").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("main")).to_contain_text("Nu staat iedereen aan het loket.")


def reports(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Meld dit idee").click()
    page.get_by_role("button", name="Verstuur de melding").click()
    expect(page.locator("#errors")).to_contain_text("Kies waarom je dit meldt.")
    page.get_by_label("Het is reclame").check()
    page.get_by_role("button", name="Verstuur de melding").click()
    expect(page.get_by_role("status").first).to_contain_text("De coördinatoren kijken ernaar.")


def hides(page: Page, title: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Meldingen").first.click()
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_label("Waarom").fill("Dit noemt een merk.")
    page.get_by_role("button", name="Verberg").click()
    expect(page.get_by_role("status").first).to_contain_text("Het is verborgen")


def hears_the_outcome(page: Page, theirs: str, title: str) -> None:
    """Who reported it reads what became of it."""
    page.goto("/mailbox")
    letter = page.locator("main li.card").filter(has_text=theirs).filter(has_text=f"Je melding over “{title}”")
    letter.get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text("Dit noemt een merk.")


def answers(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("main")).to_contain_text("Dit noemt een merk.")
    page.get_by_label("Jullie antwoord").fill("Het is geen merk maar een soort toestel.")
    page.get_by_role("button", name="Verstuur het antwoord").click()
    expect(page.get_by_role("status").first).to_contain_text("bij de coördinatoren")


def shows_it_again(page: Page, title: str) -> None:
    page.goto("/reports")
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.locator("main")).to_contain_text("Het is geen merk maar een soort toestel.")
    page.get_by_label("Waarom").fill("Dat klopt.")
    page.get_by_role("button", name="Toon weer").click()
    expect(page.get_by_role("status").first).to_contain_text("Iedereen ziet het weer")
