"""Setting up the second step and signing in with it, by keyboard alone, with and without script."""

import re
import time
from collections.abc import Callable, Iterator

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlite_utils import Database

import cluster.people
import data.people
from data.store import transaction
from models.people import Member, Role
from tests.browser.test_accessibility import AXE, VIEWS, look

Visit = Callable[..., Page]

PASSWORD = "een fiets zonder zadel"
_TABS_AT_MOST = 80


@pytest.fixture
def newcomer(place: Database, account: Callable[[str], Member]) -> Iterator[Member]:
    """A member of their own for each test, whose password is known here alone."""
    found = cluster.people.add_member(
        place,
        email=f"stap{time.time_ns()}@voorbeeld.be",
        name="Stien Stap",
        role=Role.MEMBER,
        organisation_id=account("zelzate").organisation_id,
        password=PASSWORD,
        demo=True,
    )
    yield found
    with transaction(place):
        data.people.set_active(place, member_id=found.id, active=False)


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until this has the focus, as somebody without a mouse does."""
    for _ in range(_TABS_AT_MOST):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard does not reach {wanted}")


def type_into(page: Page, field: str, text: str) -> None:
    reach(page, page.locator(field))
    page.keyboard.type(text)


def press(page: Page, name: str) -> None:
    reach(page, page.locator("main").get_by_role("button", name=name, exact=True))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def follow(page: Page, name: str) -> None:
    reach(page, page.locator("main").get_by_role("link", name=name))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def give_password(page: Page, member: Member) -> None:
    page.goto("/sign-in")
    type_into(page, "#email", member.email)
    type_into(page, "#password", PASSWORD)
    press(page, "Aanmelden")


@pytest.mark.parametrize("scripts", [True, False], ids=["with-script", "without-script"])
def test_signing_in_takes_a_code_once_it_was_set_up(
    visit: Visit, place: Database, newcomer: Member, scripts: bool
) -> None:
    page = visit(java_script_enabled=scripts)
    give_password(page, newcomer)
    page.goto("/account")
    follow(page, "Wachtwoord, tweede stap en waar je aangemeld bent")
    follow(page, "Stel de tweede stap in")
    type_into(page, "#current", PASSWORD)
    press(page, "Stel de tweede stap in")
    secret = re.sub(r"\s", "", page.locator("main code").inner_text())
    type_into(page, "#code", "000000")
    press(page, "Bevestig")
    expect(page.locator("#code-error")).to_contain_text("klopt niet")
    type_into(page, "#code", pyotp.TOTP(secret).now())
    press(page, "Bevestig")
    codes = page.locator("main .panel code").all_inner_texts()
    assert len(codes) == 10
    follow(page, "Ik heb de codes bewaard")
    expect(page.locator("main")).to_contain_text("Ingesteld op")

    again = visit(java_script_enabled=scripts)
    give_password(again, newcomer)
    expect(again.get_by_role("heading", level=1)).to_have_text("Nog één stap")
    again.goto("/account")
    expect(again.get_by_role("heading", level=1)).to_have_text("Aanmelden")
    again.goto("/sign-in/code")
    with transaction(place):  # as if half a minute went by
        place.execute("update second_steps set last_step = 0 where member_id = ?", [newcomer.id])
    type_into(again, "#code", pyotp.TOTP(secret).now())
    press(again, "Ga verder")
    expect(again.get_by_role("heading", level=1)).to_contain_text("Dag Stien")

    lost = visit(java_script_enabled=scripts)
    give_password(lost, newcomer)
    reach(lost, lost.locator("main summary"))
    lost.keyboard.press("Enter")
    type_into(lost, "#recovery", codes[0])
    press(lost, "Ga verder")
    expect(lost.get_by_role("heading", level=1)).to_contain_text("Dag Stien")

    lost.goto("/account/security")
    press(lost, "Meld je overal elders af")
    again.goto("/account")
    expect(again.get_by_role("heading", level=1)).to_have_text("Aanmelden")


def test_everybody_can_use_the_pages_of_the_second_step(visit: Visit, newcomer: Member) -> None:
    axe = AXE.read_text(encoding="utf-8")
    page = visit()
    give_password(page, newcomer)
    page.goto("/account/second-step")
    look(page, axe, "second-step-off", VIEWS, pictures=True)
    page.locator("#current").fill("mis")
    press(page, "Stel de tweede stap in")
    look(page, axe, "second-step-wrong-password", VIEWS)
    page.locator("#current").fill(PASSWORD)
    press(page, "Stel de tweede stap in")
    secret = re.sub(r"\s", "", page.locator("main code").inner_text())
    look(page, axe, "second-step-scan", VIEWS, pictures=True)
    page.locator("#code").fill(pyotp.TOTP(secret).now())
    press(page, "Bevestig")
    look(page, axe, "recovery-codes", VIEWS, pictures=True)
    page.goto("/account/second-step")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    look(page, axe, "second-step-on", VIEWS, pictures=True)
    page.goto("/account/security")
    look(page, axe, "security", VIEWS, pictures=True)
    page = visit()
    give_password(page, newcomer)
    look(page, axe, "sign-in-code", VIEWS, pictures=True)
    page.locator("main summary").click()
    page.locator("#recovery").fill("abcd")
    press(page, "Ga verder")
    look(page, axe, "sign-in-code-wrong", VIEWS, pictures=True)
