"""A coordinator's ordinary day: everything within reach, questions answered, lists out and in, a cluster submitted."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlite_utils import Database

import data.clusters
from data.store import value
from models.clusters import Cluster, ClusterState
from tests.browser.conftest import sign_in

Visit = Callable[..., Page]


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How the travellers' browsers are set up."""
    return {"java_script_enabled": request.param, "viewport": {"width": 1280, "height": 900}}


def addresses(page: Page, within: str) -> list[str]:
    return [str(link.get_attribute("href")) for link in page.locator(within).all()]


def test_all_that_a_coordinator_manages_is_one_step_from_the_overview(visit: Visit, options: dict[str, Any]) -> None:
    page = visit("coordinator", **options)
    page.goto("/calls")
    menu = page.get_by_role("navigation", name="Hoofdmenu")
    menu.get_by_role("link", name="Overzicht").click()
    manages = addresses(page, "main .queues a, main section[aria-labelledby=manage] a")
    assert {"/reports", "/projects/requests", "/access-requests", "/members", "/organisations"} < set(manages)
    for address in manages:
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok, address
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto("/reports")
    queues = page.get_by_role("navigation", name="Meldingen en vragen")
    queues.get_by_role("link", name="Vragen om contact").click()
    queues.get_by_role("link", name="Geschiedenis").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Geschiedenis")


def test_organisations_are_found_by_their_code_and_taken_home(visit: Visit, options: dict[str, Any]) -> None:
    page = visit("coordinator", **options)
    page.goto("/organisations")
    page.locator("#q").fill("44021")
    page.get_by_role("button", name="Filter").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        (found,) = csv.DictReader(file, delimiter=";")
    assert (found["name"], found["nis"]) == ("Gent", "44021")
    # The number of a company begins with a zero, which stays.
    assert found["kbo"].startswith("0")
    page.get_by_role("link", name="Gent", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gent")


@pytest.mark.parametrize("form", ["Excel", "CSV", "JSON Lines"])
def test_projects_leave_as_a_file_and_come_back_the_same(
    visit: Visit, options: dict[str, Any], place: Database, form: str
) -> None:
    page = visit("coordinator", **options)
    page.goto("/projects")
    with page.expect_download() as download:
        page.get_by_role("link", name=form, exact=True).click()
    file = download.value.path()
    name = download.value.suggested_filename
    page.goto("/projects")
    page.get_by_role("link", name="Breng een bestand in").click()
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": file.read_bytes()})
    page.get_by_role("button", name="Bekijk wat er zou gebeuren").click()
    expect(page.locator("main")).to_contain_text("Alles staat er al: er is niets te doen.")
    count = value(place, "select count(*) from projects where hidden = 0")
    expect(page.locator(".figures b").nth(2)).to_have_text(str(count))
    page.get_by_role("button", name="Gooi het bestand weg").click()
    expect(page.get_by_role("status").first).to_contain_text("Er is niets ingelezen")


def test_who_says_ook_wij_where_nobody_has_an_account_hears_from_a_coordinator(
    visit: Visit, options: dict[str, Any], place: Database
) -> None:
    asker, coordinator = (visit(**options) for _ in range(2))
    sign_in(asker, "oostende" if options["java_script_enabled"] else "diksmuide")
    idea_id = value(place, "select id from ideas where organisation_id is null")
    asker.goto(f"/ideas/{idea_id}/endorse")
    expect(asker.locator("main")).to_contain_text("Bij dat bestuur heeft nog niemand een account.")
    asker.locator("#role").check()
    mark = f"Wie trekt dit? {options['java_script_enabled']}"
    asker.locator("#message").fill(mark)
    asker.get_by_role("button", name="Ook wij", exact=True).click()
    asker.goto("/introductions")
    asker.locator("main li.card").filter(has_text="Bestuur onbekend").get_by_role("link").click()
    asker.get_by_role("link", name="Bekijk hoe het ermee staat").click()
    expect(asker.locator("main .tag.asked")).to_have_text("Gevraagd")

    sign_in(coordinator, "coordinator")
    coordinator.locator(".queues").get_by_role("link", name="Vragen om contact").click()
    coordinator.locator("main li.card").filter(has_text=mark).get_by_role("link").click()
    coordinator.get_by_role("button", name="Ik zoek het uit").click()
    coordinator.get_by_role("button", name="Verstuur het antwoord").click()
    expect(coordinator.locator("#answer-error")).to_be_visible()
    coordinator.get_by_label("Neen, niet te bereiken").check()
    coordinator.get_by_label("Antwoord", exact=True).fill("Het bestuur bestaat niet meer.")
    coordinator.get_by_role("button", name="Verstuur het antwoord").click()
    expect(coordinator.get_by_role("status").first).to_be_visible()
    asker.reload()
    expect(asker.locator("main .tag.unreachable")).to_be_visible()
    expect(asker.locator("main")).to_contain_text("Het bestuur bestaat niet meer.")


def test_a_cluster_is_accepted_submitted_and_refused_with_its_source(visit: Visit, options: dict[str, Any]) -> None:
    page, reader = visit("coordinator", **options), visit(**options)
    page.goto("/")
    page.locator(".queues").get_by_role("link", name="Voorgestelde clusters om na te kijken").click()
    with page.expect_navigation():
        page.locator("main ol.list li.card").filter(has_not_text="op slot").locator("a").last.click()
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Aanvaard dit cluster").click()
    page.locator("main .notice").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Leg vast als ingediend").click()
    page.locator("#title").fill(f"Samen: {name}")
    page.locator("#lead").fill("Gent")
    page.get_by_role("button", name="Zet online").click()
    expect(page.locator("main .meta .tag.submitted")).to_be_visible()
    address = page.url
    page.get_by_text("Leg een uitkomst vast").click()
    page.locator("#status").select_option("refused")
    page.locator("#status_source").fill("https://vlaanderen.example/beslissing")
    page.get_by_role("button", name="Leg vast").click()
    reader.goto(address)
    expect(reader.locator("main .meta .tag.refused")).to_be_visible()
    expect(reader.locator("main .events li")).to_have_count(2)
    reader.locator("main .facts").get_by_role("link", name=name, exact=True).click()
    expect(reader.locator("main")).to_contain_text("Dit cluster is ingediend:")


def test_clusters_are_reviewed_one_after_another_by_keyboard_alone(visit: Visit, options: dict[str, Any]) -> None:
    page = visit("coordinator", **options)
    page.goto("/clusters")
    with page.expect_navigation():
        _press(page, page.get_by_role("link", name="Begin bovenaan"))
    first = page.get_by_role("heading", level=1).inner_text()
    _press(page, page.get_by_text("Stel uit").first)
    page.get_by_label("Tot welke dag?").fill((date.today() + timedelta(days=9)).isoformat())
    _press(page, page.get_by_role("button", name="Stel uit"))
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    expect(page.locator("main .notice")).to_contain_text(f"{first}: uitgesteld.")
    _press(page, page.get_by_role("button", name="Maak ongedaan").first)
    expect(page.get_by_role("heading", level=1)).to_have_text(first)
    expect(page.get_by_role("status").first).to_contain_text("Ongedaan gemaakt.")
    _press(page, page.get_by_text("Zet op slot").first)
    _press(page, page.get_by_role("button", name="Zet op slot"))
    expect(page.get_by_role("button", name="Aanvaard dit cluster")).to_have_count(0)
    _press(page, page.get_by_role("button", name="Haal van slot"))
    expect(page.get_by_role("button", name="Aanvaard dit cluster")).to_be_visible()


def _press(page: Page, control: Locator) -> None:
    """Reach something with the keyboard and press Enter; a link or button takes the focus by tabbing alone."""
    control.focus()
    page.keyboard.press("Enter")


def test_clusters_are_regrouped_and_every_step_is_taken_back(
    visit: Visit, options: dict[str, Any], place: Database
) -> None:
    page = visit("coordinator", **options)
    found = next(one for one in _proposals(place) if len(one.members) > 3)
    before = sorted(_stands(place))
    page.goto(f"/clusters/{found.id}")
    # Ticks are taken as they stand, without waiting, so the whole page must have come.
    with page.expect_navigation():
        page.get_by_role("link", name="Splits in twee").click()
    for tick in page.locator("input[name=leaving]").all():
        tick.uncheck()
    for tick in page.locator("input[name=leaving]").all()[:2]:
        tick.check()
    page.get_by_label("Naam van het nieuwe cluster").fill("De eerste twee")
    page.get_by_role("button", name="Splits", exact=True).click()
    expect(page.locator("main h3").filter(has_text=found.members[-1].title).first).to_be_visible()
    page.get_by_text("Voeg samen met een ander cluster").click()
    page.get_by_label("Welk cluster?").select_option(label="De eerste twee")
    page.get_by_role("button", name="Voeg samen", exact=True).click()
    expect(page.locator("main .figures b").first).to_have_text(str(len(found.members)))
    page.get_by_text("Haal er iets uit, of verplaats het").click()
    page.get_by_label("Wat", exact=True).select_option(label=found.members[0].title)
    page.get_by_label("Iets heel anders").check()
    page.get_by_role("button", name="Verplaats", exact=True).click()
    expect(page.locator("main .figures b").first).to_have_text(str(len(found.members) - 1))
    near = page.locator("#near ~ ul li").first
    brought = near.get_by_role("heading").inner_text()
    near.get_by_role("button", name="Breng hierheen").click()
    expect(page.locator("main h3").filter(has_text=brought).first).to_be_visible()
    for _ in range(4):
        with page.expect_navigation():
            page.get_by_role("button", name="Maak ongedaan").first.click()
        expect(page.get_by_role("status").first).to_contain_text("Ongedaan gemaakt.")
    assert sorted(_stands(place)) == before


def _proposals(place: Database) -> list[Cluster]:
    return data.clusters.listed(place, states=[ClusterState.PROPOSED])


def _stands(place: Database) -> list[tuple[Any, ...]]:
    return [(one.id, one.name, tuple(member.key for member in one.members)) for one in _proposals(place)]


def test_several_proposals_are_put_off_at_once_and_a_search_shows_how_far_it_is(
    visit: Visit, options: dict[str, Any]
) -> None:
    page = visit("coordinator", **options)
    page.goto("/clusters")
    ticks = page.locator("input[name=chosen]").all()
    for tick in ticks[:2]:
        tick.check()
    page.get_by_role("button", name="Stel uit").click()
    expect(page.locator("#until-error")).to_be_visible()
    assert page.locator("input[name=chosen]:checked").count() == 2
    page.get_by_label("Tot welke dag?").fill((date.today() + timedelta(days=9)).isoformat())
    page.get_by_role("button", name="Stel uit").click()
    expect(page.get_by_role("status").first).to_contain_text("2 clusters uitgesteld:")
    expect(page.locator("#reviewed")).to_be_visible()
    for _ in range(2):
        page.locator("#snoozed-title ~ ul a").first.click()
        page.get_by_role("button", name="Maak ongedaan").click()
        page.get_by_role("link", name="Terug naar alle clusters").click()
    page.get_by_role("button", name="Zoek nieuwe clusters").click()
    # The page asks again by itself until the run is done; then the way on becomes its first button.
    page.locator("main a.button:not(.quiet)", has_text="Naar de voorstellen").click(timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Clusters nakijken")
