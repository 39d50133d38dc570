"""Asking for access, inviting, leaving and coming back, as people do it, with and without script."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import data.people
from models.ideas import IdeaForm
from models.people import Member
from tests.browser.conftest import sign_in
from tests.conftest import asked_of

Visit = Callable[..., Page]

PASSWORD = "een fiets zonder zadel"
ANOTHER = "een zadel zonder fiets"


@dataclass(frozen=True)
class Journey:
    """Who travels, with or without script, and for which municipality."""

    name: str
    scripts: bool
    municipality: str
    added: str


JOURNEYS = [
    Journey("with-script", True, "Aalst", "Aalst"),
    Journey("without-script", False, "Alken", "Alken"),
]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.name)
def test_people_come_in_work_together_and_leave(
    visit: Visit, place: Database, account: Callable[[str], Member], journey: Journey
) -> None:
    asker, colleague, coordinator, reader = (visit(java_script_enabled=journey.scripts) for _ in range(4))
    town = journey.municipality.lower()
    first, second = f"vera@{town}.example", f"karel@{town}.example"

    state = asks_for_access(asker, reader, journey.municipality, first)
    lets_in(coordinator, journey.municipality)
    asker.goto(state)
    expect(asker.locator("main")).to_contain_text("Toegelaten")
    opens_account(asker, letter_to(reader, first, "/welcome/"), "Vera Vraag")

    asker.goto("/account")
    asker.locator("main").get_by_role("link", name=journey.municipality, exact=True).click()
    asker.get_by_role("link", name="Nodig een collega uit").click()
    asker.locator("#email").fill(second)
    asker.get_by_role("button", name="Verstuur de uitnodiging").click()
    expect(asker.locator("main")).to_contain_text(second)
    opens_account(colleague, letter_to(reader, second, "/welcome/"), "Karel Collega")
    colleague.goto("/account")
    colleague.locator("main").get_by_role("link", name=journey.municipality, exact=True).click()
    expect(colleague.locator("main table")).to_contain_text(first)

    meets(place, first, account("genk"))
    leaves(asker, successor="Karel Collega")
    letter_to(reader, second, "Vera Vraag")
    takes_over(colleague)
    chooses_another_password(colleague, reader, second)
    is_let_in_again(coordinator, first, successor="Karel Collega")
    is_invited(coordinator, asker, reader, journey.municipality, f"an@{town}.example")


def letter_to(reader: Page, address: str, about: str) -> str:
    """Read the newest letter to this address in which this stands; the address of the page that its link opens."""
    for _ in range(20):
        reader.goto("/mailbox")
        letters = reader.locator("main li.card").filter(has_text=address)
        for at in range(letters.count()):
            letters.nth(at).get_by_role("link").click()
            text = reader.locator("main .panel").inner_text()
            if about in text:
                found = re.search(r"https?://[^/\s]+(/\S+)", text)
                assert found is not None
                return found[1]
            reader.goto("/mailbox")
        reader.wait_for_timeout(300)
    pytest.fail(f"no letter to {address} about {about}")


def asks_for_access(page: Page, reader: Page, municipality: str, email: str) -> str:
    page.goto("/sign-in")
    page.get_by_role("link", name="Vraag toegang").click()
    page.get_by_role("button", name="Vraag toegang").click()
    expect(page.locator("#organisation-error")).to_be_visible()
    page.locator("#organisation").select_option(label=municipality)
    page.locator("#name").fill("Vera Vraag")
    page.locator("#function").fill("Diensthoofd")
    page.locator("#email").fill(email)
    page.get_by_role("button", name="Vraag toegang").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kijk je e-mail na")
    state = letter_to(reader, email, "/ask-access/")
    page.goto(state)
    expect(page.locator("main")).to_contain_text("Wacht op antwoord")
    return state


def lets_in(page: Page, municipality: str) -> None:
    sign_in(page, "coordinator")
    page.get_by_role("navigation", name="Hoofdmenu").get_by_role("link", name="Besturen").click()
    page.get_by_role("link", name="Vragen om toegang").click()
    page.locator("main li.card").filter(has_text=municipality).get_by_role("link").click()
    page.get_by_role("button", name="Laat toe").click()
    expect(page.get_by_role("status").first).to_contain_text("Vera Vraag kan nu een account openen.")


def opens_account(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.locator("#name").fill(name)
    page.locator("#password").fill("aaaaaaaaaaaa")
    page.get_by_role("button", name="Open je account").click()
    expect(page.locator("#password-error")).to_be_visible()
    assert page.locator("#name").input_value() == name
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Open je account").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Welkom, {name}.")


def meets(place: Database, email: str, other: Member) -> None:
    """Bring a member in contact with another government."""
    member = data.people.by_email(place, email=email)
    form = IdeaForm(title=f"Een idee van {email}", description="Om samen te doen.")
    idea_id = cluster.ideas.post(place, encoder=None, member=member, form=form)
    cluster.contacts.endorse(place, member=other, idea_id=idea_id, role="learn", message="")
    assert member is not None
    for asked in asked_of(place, member):
        cluster.contacts.agree(place, member=member, introduction_id=asked.id)


def takes_over(page: Page) -> None:
    page.goto("/")
    page.locator(".queues").get_by_role("link", name="Contacten van een collega die vertrok").click()
    page.get_by_role("button", name="Ik neem het over").click()
    expect(page.get_by_role("status").first).to_contain_text("Je bent nu de contactpersoon in 1 contact.")
    page.goto("/")
    expect(page.locator(".queues")).to_have_count(0)


def leaves(page: Page, *, successor: str) -> None:
    page.goto("/account")
    page.get_by_role("link", name="Draag je contacten over").click()
    page.locator("#successor").select_option(label=successor)
    page.get_by_role("button", name="Sluit mijn account").click()
    expect(page.get_by_role("status").first).to_contain_text("Je account is gesloten.")
    page.goto("/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Aanmelden")


def chooses_another_password(page: Page, reader: Page, email: str) -> None:
    page.locator("footer").get_by_role("button", name="Afmelden").click()
    page.goto("/sign-in")
    page.get_by_role("link", name="Wachtwoord vergeten?").click()
    page.locator("#email").fill(email)
    page.get_by_role("button", name="Stuur de e-mail").click()
    page.goto(letter_to(reader, email, "/reset-password/"))
    page.locator("#password").fill(ANOTHER)
    page.get_by_role("button", name="Bewaar het wachtwoord").click()
    page.locator("#email").fill(email)
    page.locator("#password").fill(ANOTHER)
    page.locator("main").get_by_role("button", name="Aanmelden").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dag")
    page.goto("/account/password")
    page.locator("#current").fill(ANOTHER)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Wijzig je wachtwoord").click()
    expect(page.get_by_role("status").first).to_contain_text("Je wachtwoord is gewijzigd.")


def is_let_in_again(page: Page, email: str, *, successor: str) -> None:
    page.goto("/members")
    page.locator("#q").fill(email)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Vera Vraag").click()
    page.get_by_role("button", name="Open dit account weer").click()
    expect(page.locator("main")).to_contain_text("Account open")
    page.locator("#successor").select_option(label=successor)
    page.get_by_role("button", name="Sluit dit account").click()
    expect(page.locator("main")).to_contain_text("Account gesloten")
    page.goto("/members")
    with page.expect_download() as download:
        page.locator("main").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("leden-")
    assert email in download.value.path().read_text(encoding="utf-8-sig")


def is_invited(page: Page, guest: Page, reader: Page, municipality: str, email: str) -> None:
    """A coordinator's letter opens an account, once."""
    page.goto("/")
    page.get_by_role("link", name="Nodig iemand uit").click()
    page.locator("#organisation").select_option(label=municipality)
    page.locator("#email").fill(email)
    page.get_by_role("button", name="Verstuur de uitnodiging").click()
    address = letter_to(reader, email, "/welcome/")
    opens_account(guest, address, "An Nieuw")
    guest.goto(address)
    expect(guest.locator("main")).to_contain_text("Deze uitnodiging werkt niet meer")


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.name)
def test_a_body_names_its_municipalities(visit: Visit, journey: Journey) -> None:
    page = visit("leiedal", java_script_enabled=journey.scripts)
    page.goto("/account")
    page.locator("main").get_by_role("link", name="Intercommunale Leiedal").click()
    page.get_by_role("link", name="Wijzig de gemeenten").click()
    page.get_by_label(journey.added, exact=True).check()
    page.get_by_role("button", name="Bewaar de gemeenten").click()
    expect(page.locator("main .tags").first).to_contain_text(journey.added)
    expect(page.locator("main")).to_contain_text(f"Erbij: {journey.added}")
