"""Whatever is put into a form: a clear message at the field, nothing typed is lost, nothing comes alive."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cluster.access import MESSAGE_AT_MOST as ACCESS_AT_MOST
from cluster.people import NAME_AT_MOST as NAME_OF_PERSON_AT_MOST
from models.clusters import NAME_AT_MOST, REASON_AT_MOST
from models.contacts import MESSAGE_AT_MOST
from models.ideas import DESCRIPTION_AT_MOST, TARGET_GROUP_AT_MOST, TITLE_AT_MOST
from models.moderation import TEXT_AT_MOST
from models.plans import NOTE_AT_MOST as PLAN_NOTE_AT_MOST
from models.plans import SUMMARY_AT_MOST
from models.plans import TITLE_AT_MOST as PLAN_TITLE_AT_MOST
from models.projects import ANSWER_AT_MOST, JOIN_AT_MOST
from models.reminders import REASON_AT_MOST as OUTCOME_AT_MOST
from models.threads import LINE_AT_MOST
from models.threads import TEXT_AT_MOST as THREAD_AT_MOST
from tests.browser.conftest import address_of

Visit = Callable[..., Page]

HTML = "</textarea></title><script>window.alive = 1</script><img src=x onerror='window.alive = 1'>\"' {{ 7 * 7 }}"
EMOJI = "Loket 👩🏽‍💻 voor iedereen 🇧🇪 – Ωmega, 中文, עברית"
CONTROL = "Loket\x00 met\x1b tekens\x7f die\u2028 niemand\x08 ziet"
READ = "Loket met tekens die niemand ziet"


@dataclass(frozen=True)
class Form:
    """A form somebody fills in: where it is, for whom, and the button if it has several."""

    at: str
    who: str
    send: str = ""


POST = Form("/ideas/new", "heist", "#idea-form button[type=submit]:not([name])")
EDIT = Form("/ideas/{own}/edit", "gent", POST.send)
ENDORSE = Form("/ideas/{holiday}/endorse", "heist", "form[action$='/endorse'] button[type=submit]")
RENAME = Form("/clusters/{proposed}", "coordinator", "form[action$='/rename'] button")
REJECT = Form("/clusters/{proposed}", "coordinator", "form[action$='/reject'] button")
REPORT = Form("/report/idea/{others}", "heist", "form[action^='/report/'] button[type=submit]")

PROJECT = Form("/projects/new", "heist", "form[action='/projects/new'] button[type=submit]")
CALL = Form("/calls/new", "coordinator", "form[action='/calls/new'] button[type=submit]")
ASK = Form("/ask-access", "", "form[action='/ask-access'] button")
INVITE = Form("/invitations/new", "coordinator", "form[action='/invitations/new'] button")
ACCOUNT = Form("/account", "heist", "form[action='/account'] button")
CONTACT = Form("/projects/{project}", "heist", "form[action$='/contact'] button")

MOVE = Form("/calls/{open_call}", "coordinator")
ANSWER = Form("/projects/requests/{question}", "coordinator")
CASE = Form("/reports/{case_reported}", "coordinator", "main button[value=hide]")
REPLY = Form("/ideas/{hidden}", "gent")
DECLINE = Form("/access-requests/{question}", "coordinator")
KEEP = Form("/search?q=parkeren", "heist")
MAILBOX = Form("/account/mailbox", "heist")
ADDRESS = Form("/account/email", "heist")
PASSWORD = Form("/account/password", "heist")
FORGOT = Form("/reset-password", "")
WELCOME = Form("/welcome/{token}", "")
THREAD = Form("/conversations/idea/{shared}", "gent")
FACT = Form("/conversations/idea/{shared}/facts", "gent")
OUTCOME = Form("/introductions/{agreed}/outcome", "gent")
PLAN = Form("/plans/{plan}/edit", "gent")

# Everything else in the form stays as it is found; what is required and empty there makes one more message.
TOO_MUCH = [
    (POST, "title", TITLE_AT_MOST),
    (POST, "description", DESCRIPTION_AT_MOST),
    (POST, "target_group", TARGET_GROUP_AT_MOST),
    (EDIT, "title", TITLE_AT_MOST),
    (EDIT, "description", DESCRIPTION_AT_MOST),
    (EDIT, "target_group", TARGET_GROUP_AT_MOST),
    (ENDORSE, "message", MESSAGE_AT_MOST),
    (REPORT, "text", TEXT_AT_MOST),
    (RENAME, "name", NAME_AT_MOST),
    (REJECT, "reason", REASON_AT_MOST),
    (PROJECT, "title", TITLE_AT_MOST),
    (PROJECT, "summary", DESCRIPTION_AT_MOST),
    (PROJECT, "how_to_join", JOIN_AT_MOST),
    (CONTACT, "message", MESSAGE_AT_MOST),
    (ASK, "message", ACCESS_AT_MOST),
    (ASK, "name", NAME_OF_PERSON_AT_MOST),
    (ACCOUNT, "name", NAME_OF_PERSON_AT_MOST),
    (CASE, "reason", TEXT_AT_MOST),
    (REPLY, "answer", TEXT_AT_MOST),
    (ANSWER, "answer", ANSWER_AT_MOST),
    (THREAD, "text", THREAD_AT_MOST),
    (FACT, "product", LINE_AT_MOST),
    (FACT, "supplier", LINE_AT_MOST),
    (OUTCOME, "reason", OUTCOME_AT_MOST),
    (PLAN, "title", PLAN_TITLE_AT_MOST),
    (PLAN, "summary", SUMMARY_AT_MOST),
    (PLAN, "note", PLAN_NOTE_AT_MOST),
]
REQUIRED = [(POST, "title"), (POST, "description"), (EDIT, "title"), (EDIT, "description"), (RENAME, "name")]
REQUIRED += [(REJECT, "reason"), (ENDORSE, "role"), (REPORT, "ground")]
REQUIRED += [(PROJECT, "title"), (PROJECT, "summary"), (ACCOUNT, "name")]
REQUIRED += [(CALL, name) for name in ("name", "kind_name", "opens_on", "closes_on", "ceiling", "funding_percent")]
REQUIRED += [(ASK, name) for name in ("organisation", "name", "function", "email")] + [(INVITE, "email")]
REQUIRED += [(MOVE, "closes_on"), (MOVE, "reason"), (ANSWER, "answer"), (CASE, "reason"), (REPLY, "answer")]
REQUIRED += [
    (DECLINE, "reason"),
    (KEEP, "name"),
    (MAILBOX, "email"),
    (ADDRESS, "email"),
    (FORGOT, "email"),
    (THREAD, "text"),
]
REQUIRED += [(PASSWORD, "current"), (PASSWORD, "password"), (WELCOME, "name"), (WELCOME, "password")]
REQUIRED += [(FACT, "product"), (PLAN, "title")]
# One field of each form, for who has no script.
EACH = list({form: (form, name) for form, name in REQUIRED}.values())


def first_of_each(cases: list[tuple[Form, Any, Any]] | list[tuple[Form, Any]]) -> list[Any]:
    """All cases, of which the gate does the first of each form; `make browser` does all."""
    first = list({case[0]: case for case in reversed(cases)}.values())
    return [case if case in first else pytest.param(*case, marks=pytest.mark.matrix) for case in cases]


# What is no number or address at all; a browser lets nobody type what is no day.
WRONG = [
    (MAILBOX, "email", "digitaal@"),
    (ADDRESS, "email", "gemeente.be"),
    (FORGOT, "email", "niemand"),
    (INVITE, "email", "a b@c.be"),
    (CALL, "ceiling", "veel"),
    (CALL, "funding_percent", "180"),
    (PROJECT, "subsidy", "een half miljoen"),
    (FACT, "cost_year", "duur"),
    (PLAN, "day_rate", "-5"),
]


def named(value: object) -> str:
    return value.at if isinstance(value, Form) else str(value)


def put(page: Page, name: str, text: str) -> None:
    """Put a text into a control as no keyboard could: past its length, with characters nobody can type."""
    page.locator(f"[id='{name}']").evaluate("(control, text) => { control.value = text }", text)


def send(page: Page, form: Form, name: str = "") -> int:
    of_field = f"main form:has([id='{name}']) button[type=submit]:not([name]):not(.unseen)"
    button = page.locator(form.send or of_field).first
    for closed in button.locator("xpath=ancestor::details[not(@open)]/summary").all():
        closed.click()
    with page.expect_navigation() as navigation:
        button.click()
    answer = navigation.value
    assert answer is not None
    return answer.status


def is_refused_at(page: Page, name: str) -> None:
    expect(page.locator(f"[id='{name}-error']")).to_be_visible()
    expect(page.locator(f"#errors a[href='#{name}']")).to_be_visible()
    assert page.title().startswith("Fout:")
    assert page.evaluate("document.activeElement.id") == "errors"


def leaves_empty(page: Page, form: Form, name: str, ids: dict[str, int | str]) -> None:
    page.goto(form.at.format_map(ids))
    if name not in {"role", "ground"}:
        put(page, name, "")
    assert send(page, form, name) == 422
    is_refused_at(page, name)


@pytest.mark.parametrize(("form", "name"), first_of_each(REQUIRED), ids=named)
def test_an_empty_field_is_named(visit: Visit, ids: dict[str, int | str], form: Form, name: str) -> None:
    leaves_empty(visit(form.who or None), form, name, ids)


@pytest.mark.parametrize(("form", "name"), EACH, ids=named)
def test_an_empty_field_is_named_without_script(visit: Visit, ids: dict[str, int | str], form: Form, name: str) -> None:
    leaves_empty(visit(form.who or None, java_script_enabled=False), form, name, ids)


@pytest.mark.parametrize(("form", "name", "at_most"), first_of_each(TOO_MUCH), ids=named)
def test_one_character_too_many_is_refused_and_kept(
    visit: Visit, ids: dict[str, int | str], form: Form, name: str, at_most: int
) -> None:
    page = visit(form.who or None)
    page.goto(form.at.format_map(ids))
    put(page, name, "é" * (at_most + 1))
    assert send(page, form, name) == 422
    is_refused_at(page, name)
    expect(page.locator(f"[id='{name}-error']")).to_contain_text(f"{at_most + 1}")
    assert page.locator(f"[id='{name}']").input_value() == "é" * (at_most + 1)


@pytest.mark.parametrize(("form", "name", "typed"), WRONG, ids=named)
def test_what_cannot_be_read_is_refused_and_kept(
    visit: Visit, ids: dict[str, int | str], form: Form, name: str, typed: str
) -> None:
    page = visit(form.who or None)
    page.goto(form.at.format_map(ids))
    page.locator(f"[id='{name}']").evaluate(
        "(control, typed) => { control.type = 'text'; control.value = typed }", typed
    )
    assert send(page, form, name) == 422
    is_refused_at(page, name)
    assert page.locator(f"[id='{name}']").get_attribute("value") == typed


@pytest.mark.parametrize(
    ("text", "read"),
    [(HTML, HTML), (EMOJI, EMOJI), (CONTROL, READ), ("é" * TITLE_AT_MOST, "é" * TITLE_AT_MOST)],
    ids=["html", "emoji", "control", "just-fits"],
)
def test_an_idea_reads_as_it_was_typed(visit: Visit, text: str, read: str) -> None:
    page = visit(POST.who)
    page.goto(POST.at)
    # The longest title comes with the longest description.
    longest = ("loketten " * (DESCRIPTION_AT_MOST // 9)).ljust(DESCRIPTION_AT_MOST, "é")
    described, read_there = (text, read) if len(text) < TITLE_AT_MOST else (longest, longest)
    put(page, "title", text)
    put(page, "description", described)
    put(page, "target_group", text)
    assert send(page, POST) == 200
    expect(page.get_by_role("heading", level=1)).to_have_text(read)
    assert page.locator(".prose").first.inner_text() == read_there
    for address in (page.url, f"{page.url}/edit", "/ideas", "/"):
        page.goto(address)
        assert page.evaluate("window.alive") is None


@pytest.mark.parametrize("text", [HTML, EMOJI, CONTROL], ids=["html", "emoji", "control"])
def test_a_message_reads_as_it_was_typed(visit: Visit, ids: dict[str, int | str], text: str) -> None:
    page = visit(ENDORSE.who)
    page.goto(ENDORSE.at.format_map(ids))
    page.locator("#role").check()
    put(page, "message", text)
    assert send(page, ENDORSE) == 200
    page.goto(ENDORSE.at.format_map(ids))
    assert page.locator("#message").input_value() == (READ if text == CONTROL else text)
    page.goto("/introductions")
    page.locator("main li.card").filter(has_text="Inschrijven voor vakantieopvang").get_by_role("link").click()
    expect(page.locator("main .kept")).to_have_text(READ if text == CONTROL else text)
    assert page.evaluate("window.alive") is None


@pytest.mark.parametrize("text", [HTML, EMOJI, CONTROL, "é" * 500, "' OR 1=1 -- \" * ( NEAR"], ids=str)
def test_any_question_gets_an_answer(visit: Visit, text: str) -> None:
    page = visit()
    page.goto("/calls")
    put(page, "find", text)
    with page.expect_navigation() as navigation:
        page.get_by_role("search").get_by_role("button").click()
    assert navigation.value is not None
    assert navigation.value.status == 200
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("window.alive") is None


def test_who_mistypes_a_password_keeps_the_address(visit: Visit) -> None:
    page = visit()
    page.goto("/sign-in")
    for password in ("", HTML, "é" * 300):
        put(page, "email", address_of("zelzate"))
        put(page, "password", password)
        with page.expect_navigation() as navigation:
            page.locator("form[action$='/sign-in'] button").click()
        assert navigation.value is not None
        assert navigation.value.status == 422
        assert page.title().startswith("Fout:")
        assert page.evaluate("document.activeElement.id") == "errors"
        assert page.locator("#email").input_value() == address_of("zelzate")
        assert page.locator("#password").input_value() == ""


def test_a_price_in_days_is_a_number(visit: Visit, ids: dict[str, int | str]) -> None:
    page = visit(ENDORSE.who)
    page.goto(ENDORSE.at.format_map(ids))
    for days in ("veel", "-1", "0", "1e3", "99999999"):
        put(page, "days", days)
        assert send(page, ENDORSE) == 422
        is_refused_at(page, "days")
        assert page.locator("#days").input_value() == days
