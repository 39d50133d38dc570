"""The desk under work: fifty proposals one after another, by keyboard and without JavaScript."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date, timedelta
from itertools import islice

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlite_utils import Database

import data.ideas
import data.proposals
import data.store
from data.store import rows, transaction, value
from models.clusters import ClusterState, Draft
from models.ideas import IdeaForm
from models.matches import Kind
from tests.benchmarks.texts import texts
from tests.browser.conftest import ROOT, Served, serving, sign_in

REVIEWED = 50
_KNOWN = 200
# More stops than any page has: who finds a button only after so many would have given up.
_STOPS_AT_MOST = 250


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Database]]:
    """A place of its own with fifty proposals more than the demo has, of three ideas each."""
    folder = tmp_path_factory.mktemp("desk") / "instance"
    with serving(folder, str(ROOT / "wsgi.py")) as home:
        db = data.store.connect(folder / "medestanders.sqlite")
        _propose(db)
        yield Served(home, folder), db
        data.store.close(db)


def _propose(db: Database) -> None:
    organisations = [one["id"] for one in rows(db, "select id from organisations where kind = 'municipality'")]
    source = islice(texts(None), _KNOWN, None)
    with transaction(db):
        for number in range(REVIEWED):
            items = [
                data.ideas.add(
                    db,
                    form=IdeaForm(title=title, description=body),
                    lang="nl",
                    organisation_id=organisations[(3 * number + at) % len(organisations)],
                    author_id=None,
                )
                for at, (title, body) in enumerate(islice(source, 3))
            ]
            keys = [(Kind.IDEA, item) for item in items]
            draft = Draft(
                name=f"Voorstel {number + 1}",
                terms=("loket",),
                cohesion=0.5,
                weakest=(keys[0], keys[2]),
                members=tuple((key, 0.5) for key in keys),
            )
            data.proposals.add(db, draft=draft)


@pytest.mark.matrix
def test_fifty_proposals_are_reviewed_by_keyboard_and_without_javascript(
    desk: tuple[Served, Database], chromium: Browser
) -> None:
    served, db = desk
    context = chromium.new_context(base_url=served.home, java_script_enabled=False, locale="nl-BE")
    page = context.new_page()
    page.set_default_timeout(60_000)
    failed: list[str] = []
    page.on("response", lambda answer: failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    sign_in(page, "coordinator")
    page.goto("/clusters")
    waiting = _count(db, ClusterState.PROPOSED)
    assert waiting >= REVIEWED
    _press(page, page.get_by_role("link", name="Begin bovenaan"))
    seen = set()
    for number in range(REVIEWED):
        name = page.get_by_role("heading", level=1).inner_text()
        seen.add(page.url.partition("?")[0])
        _STEPS[number % len(_STEPS)](page)
        expect(page.locator("main .notice").first).to_contain_text(name)
    assert failed == []
    assert len(seen) == REVIEWED
    found = {state: _count(db, state) for state in ClusterState}
    snoozed = value(db, "select count(*) from clusters where snoozed_until is not null")
    assert snoozed == REVIEWED // len(_STEPS)
    assert found[ClusterState.PROPOSED] == waiting - REVIEWED + snoozed
    page.goto("/clusters")
    expect(page.locator("#reviewed")).to_be_visible()
    context.close()


def _accept(page: Page) -> None:
    _press(page, page.get_by_role("button", name="Aanvaard dit cluster"))


def _reject(page: Page) -> None:
    _press(page, page.get_by_text("Verwerp dit cluster"))
    # Of a group of radio buttons the one that is chosen takes the focus, and the arrows choose another.
    _reach(page, page.locator("input[name=chosen_reason]:checked"))
    page.keyboard.press("ArrowDown")
    _press(page, page.get_by_role("button", name="Verwerp", exact=True))


def _snooze(page: Page) -> None:
    _press(page, page.locator("summary", has_text="Stel uit"))
    _reach(page, page.get_by_label("Tot welke dag?"))
    # Whether Chromium asks for the day or for the month first, it is the same.
    ahead = (date.today() + timedelta(days=one) for one in range(1, 366))
    page.keyboard.type(next(one for one in ahead if one.day == one.month).strftime("%d%m%Y"))
    _press(page, page.get_by_role("button", name="Stel uit"))


_STEPS = (_accept, _reject, _accept, _snooze, _accept)


def _press(page: Page, control: Locator) -> None:
    """Tab to something and press Enter."""
    _reach(page, control)
    with page.expect_navigation() if control.evaluate("one => one.localName != 'summary'") else nullcontext():
        page.keyboard.press("Enter")


def _reach(page: Page, control: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(_STOPS_AT_MOST):
        page.keyboard.press("Tab")
        if control.evaluate("one => one === document.activeElement"):
            return
    pytest.fail(f"Tab does not lead to {control}")


def _count(db: Database, state: ClusterState) -> int:
    return int(value(db, "select count(*) from clusters where state = ?", [state]))
