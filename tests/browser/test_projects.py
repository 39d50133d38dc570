"""Projects and calls on an ordinary day: by a member, a coordinator and a reader, with and without script."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from tests.browser.conftest import sign_in

Visit = Callable[..., Page]

HEAD = "id;title;description;municipality;status;year;lang\n"


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How the travellers' browsers are set up."""
    return {"java_script_enabled": request.param, "viewport": {"width": 1280, "height": 900}}


def said(page: Page) -> None:
    expect(page.get_by_role("status").first).to_be_visible()


def test_an_idea_is_submitted_approved_and_asked_about(visit: Visit, options: dict[str, Any]) -> None:
    member, coordinator, asker = (visit(**options) for _ in range(3))
    title = f"Een loket op wielen {options['java_script_enabled']}"
    sign_in(member, "gent")
    member.goto("/ideas/new")
    member.get_by_label("Titel").fill(title)
    member.get_by_label("Beschrijving").fill("Een bus met een loket rijdt langs de dorpen.")
    member.locator("#idea-form button[type=submit]").first.click()
    member.get_by_role("link", name="Leg vast als ingediend").click()
    expect(member.get_by_label("Titel")).to_have_value(title)
    member.get_by_label("Partners").fill("Aalst\nNinove")
    member.get_by_role("button", name="Zet online").click()
    said(member)
    expect(member.locator("main .meta .tag.submitted")).to_be_visible()
    address = member.url

    member.locator("main a[href$='#supplier']").click()
    member.get_by_label("Leverancier").fill("Bussen & Co")
    member.get_by_role("button", name="Bewaar").click()
    expect(member.locator("main")).to_contain_text("Bussen & Co")

    sign_in(coordinator, "coordinator")
    coordinator.goto(address)
    coordinator.get_by_text("Leg een uitkomst vast").click()
    coordinator.locator("#status").select_option("approved")
    coordinator.locator("#status_source").fill("https://gent.example/besluit")
    coordinator.get_by_role("button", name="Leg vast").click()
    expect(coordinator.locator("main .meta .tag.approved")).to_be_visible()
    expect(coordinator.locator("main a[href='https://gent.example/besluit']").first).to_be_visible()

    sign_in(asker, "genk")
    asker.goto(address)
    asker.locator("#message").fill("Mogen we meerijden?")
    asker.get_by_role("button", name="Neem contact op").click()
    expect(asker.locator("main .tag.asked")).to_have_text("Gevraagd")

    coordinator.goto("/projects")
    coordinator.get_by_role("link", name="Vragen om contact").click()
    coordinator.get_by_role("link", name=title).first.click()
    coordinator.get_by_role("button", name="Ik zoek het uit").click()
    asker.reload()
    expect(asker.locator("main .tag.looking")).to_be_visible()
    coordinator.get_by_label("Antwoord", exact=True).fill("An van Gent belt je.")
    coordinator.get_by_role("button", name="Verstuur het antwoord").click()
    said(coordinator)
    asker.get_by_role("link", name="Bekijk hoe het ermee staat").click()
    expect(asker.locator("main")).to_contain_text("An van Gent belt je.")


def test_a_file_of_ones_own_is_recorded_as_submitted_and_refused(visit: Visit, options: dict[str, Any]) -> None:
    page, reader = visit("genk", **options), visit(**options)
    page.goto("/projects")
    page.get_by_role("link", name="Voeg een project toe").click()
    page.get_by_label("Titel").fill(f"Ons eigen dossier {options['java_script_enabled']}")
    page.get_by_label("Beschrijving").fill("Dit dienden we in zonder hier eerst een idee te plaatsen.")
    page.locator("#status").select_option("submitted")
    page.locator("#status_on").fill("2025-02-03")
    page.get_by_role("button", name="Zet online").click()
    expect(page.locator("main .meta .tag.submitted")).to_be_visible()
    page.get_by_text("Leg een uitkomst vast").click()
    page.locator("#status").select_option("refused")
    page.locator("#note").fill("Te duur")
    page.get_by_role("button", name="Leg vast").click()
    expect(page.locator("#status_source-error")).to_be_visible()
    expect(page.locator("#note")).to_have_value("Te duur")
    page.locator("#status_source").fill("https://genk.example/beslissing")
    page.get_by_role("button", name="Leg vast").click()
    reader.goto(page.url.partition("#")[0])
    expect(reader.locator("main .meta .tag.refused")).to_be_visible()
    expect(reader.locator("main .events li").first).to_contain_text("3 februari 2025")
    expect(reader.locator("main .events li").last).to_contain_text("Te duur")


def test_a_file_is_looked_at_mended_and_imported(visit: Visit, options: dict[str, Any]) -> None:
    coordinator = visit(**options)
    sign_in(coordinator, "coordinator")
    coordinator.goto("/projects")
    coordinator.get_by_role("link", name="Breng een bestand in").click()
    mark = f"REIS-{options['java_script_enabled']}"

    def choose(row: str) -> None:
        file = {"name": "projecten.csv", "mimeType": "text/csv", "buffer": f"{HEAD}{row}\n".encode()}
        coordinator.locator("#file").set_input_files(file)
        coordinator.get_by_role("button", name="Bekijk wat er zou gebeuren").click()

    choose(f"{mark};Reis;Tekst;Atlantis;;;nl")
    expect(coordinator.locator("tbody .tag.refused")).to_be_visible()
    expect(coordinator.get_by_role("button", name="Bevestig: lees alles in")).to_have_count(0)
    coordinator.get_by_role("link", name="Kies een ander bestand").click()
    choose(f"{mark};Reis {mark};Tekst;Genk;submitted;2024;nl")
    expect(coordinator.locator("tbody .tag.new")).to_be_visible()
    coordinator.get_by_role("button", name="Bevestig: lees alles in").click()
    said(coordinator)
    coordinator.get_by_role("link", name="Breng nog een bestand in").click()
    choose(f"{mark};Reis {mark};Tekst;Genk;approved;2025;nl")
    expect(coordinator.locator("tbody ins").first).to_be_visible()
    coordinator.get_by_role("button", name="Gooi het bestand weg").click()
    said(coordinator)


def posts_for_the_call(page: Page, address: str, name: str) -> None:
    """A member posts an idea from the page of a call, where it then stands."""
    sign_in(page, "zelzate")
    page.goto(address)
    page.get_by_role("link", name="Plaats een idee voor deze oproep").click()
    expect(page.locator("#call option:checked")).to_contain_text(name)
    page.get_by_label("Titel").fill(f"Een idee voor {name}")
    page.get_by_label("Beschrijving").fill("Dit past bij de oproep.")
    page.locator("#idea-form button[type=submit]").first.click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.locator("main")).to_contain_text(f"Een idee voor {name}")


def test_a_call_is_drafted_opened_moved_and_closed(visit: Visit, options: dict[str, Any], place: Database) -> None:
    coordinator, reader = visit(**options), visit(**options)
    sign_in(coordinator, "coordinator")
    coordinator.goto("/calls")
    coordinator.get_by_role("link", name="Maak een oproep").click()
    name = f"Oproep voor de reis {options['java_script_enabled']}"
    for field, text in (
        ("name", name),
        ("kind_name", "Thematisch project"),
        ("opens_on", "2024-01-01"),
        ("closes_on", "2098-06-30"),
        ("closes_time", "12:00"),
        ("ceiling", "500000"),
    ):
        coordinator.locator(f"#{field}").fill(text)
    coordinator.get_by_role("button", name="Bewaar het ontwerp").click()
    address = coordinator.url
    reader.goto("/calls")
    expect(reader.locator("main")).not_to_contain_text(name)
    coordinator.get_by_role("button", name="Maak openbaar").click()
    reader.goto(address)
    expect(reader.locator("main .lead")).to_contain_text("dagen om in te dienen")
    posts_for_the_call(visit(**options), address, name)

    coordinator.get_by_text("Verschuif de deadline").click()
    coordinator.locator("#closes_on").fill("2099-06-30")
    coordinator.locator("#reason").fill("Meer tijd.")
    coordinator.get_by_role("button", name="Verschuif", exact=True).click()
    said(coordinator)
    reader.reload()
    expect(reader.locator("main dd s")).to_contain_text("30 juni 2098")
    expect(reader.locator("main")).to_contain_text("Meer tijd.")
    calendar = reader.request.get(f"{address}/deadline.ics").text()
    assert "SEQUENCE:1\r\n" in calendar
    assert "DTSTART:20990630T100000Z\r\n" in calendar

    coordinator.get_by_role("button", name="Sluit deze oproep nu").click()
    reader.reload()
    expect(reader.locator("main .tag.closed")).to_be_visible()
