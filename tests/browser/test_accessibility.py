"""Everybody can use every page: axe finds nothing, nothing scrolls sideways, nothing comes from elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from cluster.web.languages import NAMES
from tests import translations
from tests.browser.conftest import ARTEFACTS, ROOT
from tests.browser.rooms import ROOMS, Room

Visit = Callable[..., Page]
View = tuple[str, dict[str, int], str]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
DESKTOP, SMALL = {"width": 1280, "height": 900}, {"width": 320, "height": 700}
BYTES_AT_MOST = 100_000
# On slow 3G (400 kbit/s) this takes a second, beside what the distance takes.
TRAVELS_AT_MOST = 50_000


@pytest.fixture(scope="package")
def axe() -> str:
    """The checker itself; without it these tests fail."""
    assert AXE.exists(), "axe-core is missing. Install it with: npm ci"
    return AXE.read_text(encoding="utf-8")


def enter(page: Page, room: Room, ids: dict[str, int | str]) -> None:
    answer = page.goto(room.at.format_map(ids))
    assert answer is not None
    assert answer.status == room.status, f"{page.url}: {answer.status}"
    if room.does:
        room.does(page)


def wrong_on(page: Page, axe: str, name: str) -> list[str]:
    """What is wrong for this width and these colours, as lines to read."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", TAGS
    )
    wrong = [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]
    wide = sideways(page)
    return [f"{name}: {line}" for line in [*wrong, *([f"scrolls {wide} px sideways"] if wide > 0 else [])]]


def sideways(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def look(page: Page, axe: str, name: str, views: list[View], *, pictures: bool = False) -> None:
    """Nothing may be wrong in any of these views; pictures are kept for people to look at."""
    wrong = []
    for view, size, colours in views:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        if pictures:
            page.screenshot(path=ARTEFACTS / "rooms" / f"{name}-{view}.png", full_page=True, caret="initial")
        wrong += wrong_on(page, axe, f"{name}-{view}")
    assert not wrong, "\n".join(wrong)


VIEWS: list[View] = [("desktop", DESKTOP, "light"), ("small-dark", SMALL, "dark")]
MORE_VIEWS: list[View] = [("dark", DESKTOP, "dark"), ("small", SMALL, "light")]
READ = [room for room in ROOMS if not room.does]
_KEY = {"home", "account", "idea-own-supported", "idea-french", "contact-agreed", "call", "cluster-proposed", "post"}
SOME = [room for room in READ if room.name in _KEY]
OTHERS = translations.languages()
# Every word of four letters and more gets two fifths of itself after it, in texts, buttons and choices.
LONGER = """() => {
  const longer = text => text.replace(/\\p{L}{4,}/gu, word => word + word.slice(0, Math.ceil(word.length * 0.4)))
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) walker.currentNode.data = longer(walker.currentNode.data)
  document.querySelectorAll('[placeholder]').forEach(one => one.placeholder = longer(one.placeholder))
}"""
WEIGHT = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, entry) => [sum[0] + entry.decodedBodySize, sum[1] + entry.encodedBodySize], [0, 0])"""
# Little may move where a busy machine lets a page come in pieces; from 0.1 on people see it (Web Vitals).
SHIFTS_AT_MOST = 0.05
# How much of the page moved while it came, after two frames in which it could settle.
SHIFT = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => list.getEntries().forEach(one => { sum += one.value })).observe(
    {type: 'layout-shift', buffered: true})
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum))))
})"""


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_everybody_can_use_a_page(visit: Visit, ids: dict[str, int | str], axe: str, room: Room) -> None:
    page = visit(room.who, viewport=DESKTOP)
    enter(page, room, ids)
    if not room.does:
        # A new window has kept nothing, so this is all that a first view fetches.
        whole, travelled = page.evaluate(WEIGHT)
        assert whole <= BYTES_AT_MOST
        assert travelled <= TRAVELS_AT_MOST
        assert page.evaluate(SHIFT) < SHIFTS_AT_MOST
    # One half on a desk, the other where it is hardest, as is what a page becomes after a press: for the gate's time;
    # `make browser` does all. Nothing may ever be wider than a phone.
    look(page, axe, room.name, [VIEWS[1 if room.does else ROOMS.index(room) % 2]])
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    assert sideways(page) <= 0


@pytest.mark.matrix
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_everybody_can_use_a_page_in_all_colours(visit: Visit, ids: dict[str, int | str], axe: str, room: Room) -> None:
    page = visit(room.who, viewport=DESKTOP)
    enter(page, room, ids)
    look(page, axe, room.name, [*VIEWS, *MORE_VIEWS], pictures=True)


@pytest.mark.parametrize("room", SOME, ids=lambda room: room.name)
def test_everybody_can_use_a_page_in_another_language(
    visit: Visit, ids: dict[str, int | str], axe: str, room: Room
) -> None:
    language = OTHERS[SOME.index(room) % len(OTHERS)]
    look(in_language(visit, ids, room, language), axe, f"{room.name}-{language}", VIEWS[1:])


@pytest.mark.matrix
@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("room", READ, ids=lambda room: room.name)
def test_everybody_can_use_every_page_in_every_language(
    visit: Visit, ids: dict[str, int | str], axe: str, room: Room, language: str
) -> None:
    views = [*VIEWS, *MORE_VIEWS]
    look(in_language(visit, ids, room, language), axe, f"{room.name}-{language}", views, pictures=True)


def in_language(visit: Visit, ids: dict[str, int | str], room: Room, language: str) -> Page:
    """The page as somebody sees it who chose this language below."""
    page = visit(room.who, viewport=DESKTOP)
    page.goto("/calls")
    page.get_by_role("button", name=NAMES[language]).click()
    enter(page, room, ids)
    assert page.locator("html").get_attribute("lang") == language
    return page


@pytest.mark.parametrize("room", SOME, ids=lambda room: room.name)
def test_a_small_screen_has_room_for_longer_words(visit: Visit, ids: dict[str, int | str], room: Room) -> None:
    longer_words_fit(visit, ids, room)


@pytest.mark.matrix
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_small_screen_has_room_for_longer_words_everywhere(
    visit: Visit, ids: dict[str, int | str], room: Room
) -> None:
    longer_words_fit(visit, ids, room)


def longer_words_fit(visit: Visit, ids: dict[str, int | str], room: Room) -> None:
    """No language that is still to come breaks a page: each word is two fifths longer here than in Dutch."""
    page = visit(room.who, viewport=SMALL)
    enter(page, room, ids)
    page.evaluate(LONGER)
    assert sideways(page) <= 0
