"""A visitor, a member and a coordinator find municipalities, what is new for them, and take lists home as files."""

import csv
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from data.store import value

Visit = Callable[..., Page]


def options(scripts: bool) -> dict[str, Any]:
    return {"java_script_enabled": scripts, "viewport": {"width": 1280, "height": 900}}


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_visitor_finds_a_municipality_and_those_like_it(visit: Visit, place: Database, scripts: bool) -> None:
    page = visit(**options(scripts))
    page.goto("/")
    expect(page.locator(".steps li")).to_have_count(3)
    page.get_by_role("navigation", name="Hoofdmenu").get_by_role("link", name="Gemeenten").click()
    page.get_by_label("Naam").fill("melle")
    page.get_by_role("main").get_by_role("button", name="Zoek").click()
    page.get_by_role("link", name="Merelbeke-Melle").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merelbeke-Melle")
    expect(page.locator("main")).to_contain_text("Gemeenten die hierin opgingen: Melle, Merelbeke.")

    page.get_by_role("link", name="Melle", exact=True).click()
    expect(page.locator("main")).to_contain_text("sinds 1 januari 2025 hoort deze gemeente bij Merelbeke-Melle")
    page.get_by_role("link", name="Naar Merelbeke-Melle").click()

    alike = page.locator("section", has=page.get_by_role("heading", name="Gemeenten zoals deze"))
    expect(alike.locator("li").first).to_contain_text("inwoners), ")
    expect(alike.locator("li").first).to_contain_text("km verder")
    name = alike.locator("li a").first.inner_text()
    alike.locator("li a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_member_sees_what_is_new_and_takes_a_list_home(visit: Visit, place: Database, scripts: bool) -> None:
    page = visit("gent", **options(scripts))
    page.goto("/")
    near = page.locator("section", has=page.get_by_role("heading", name="Nieuw bij buren"))
    expect(near.locator(".card .hint").first).to_contain_text("km verder")
    expect(page.get_by_role("heading", name="Wat beweegt in jullie thema’s")).to_be_visible()
    near.locator(".card a").first.click()
    poster = page.locator("main .meta a").first
    name = poster.inner_text()
    poster.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)

    page.goto("/ideas?intent=offer")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file, delimiter=";"))
    offers = value(place, "select count(*) from ideas where state = 'open' and intent = 'offer'")
    assert len(table) == offers > 0
    assert {row["intent"] for row in table} == {"offer"}
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    with download.value.path().open("rb") as file:
        assert len(list(load_workbook(file).active.rows)) == offers + 1


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_a_coordinator_sees_the_queues_and_takes_the_clusters_home(visit: Visit, scripts: bool) -> None:
    page = visit("coordinator", **options(scripts))
    page.goto("/")
    page.locator(".queues").get_by_role("link", name="Voorgestelde clusters om na te kijken").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clusters nakijken")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file, delimiter=";"))[:3] == ["cluster", "state", "name"]
