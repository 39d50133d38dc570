"""Whatever is put into a form: a clear message at the field, nothing typed is lost, nothing comes alive."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from cluster.access import MESSAGE_AT_MOST as ACCESS_AT_MOST
from cluster.people import NAME_AT_MOST as NAME_OF_PERSON_AT_MOST
from models.clusters import NAME_AT_MOST, REASON_AT_MOST
from models.contacts import MESSAGE_AT_MOST
from models.ideas import DESCRIPTION_AT_MOST, TARGET_GROUP_AT_MOST, TITLE_AT_MOST
from models.moderation import TEXT_AT_MOST
from models.projects import JOIN_AT_MOST
from tests.browser.conftest import address_of
from tests.browser.rooms import demo_idea

Visit = Callable[..., Page]

HTML = "</textarea></title><script>window.alive = 1</script><img src=x onerror='window.alive = 1'>\"' {{ 7 * 7 }}"
EMOJI = "Loket 👩🏽‍💻 voor iedereen 🇧🇪 – Ωmega, 中文, עברית"
CONTROL = "Loket\x00 met\x1b tekens\x7f die\u2028 niemand\x08 ziet"
READ = "Loket met tekens die niemand ziet"


@dataclass(frozen=True)
class Form:
    """A form somebody fills in: where it is, how to send it, and what else it needs to be accepted."""

    at: str
    who: str
    send: str
    others: dict[str, str] = field(default_factory=dict)


POST = Form("/ideas/new", "heist", "#idea-form button[type=submit]:not([name])")
EDIT = Form("/ideas/{own}/edit", "heist", POST.send)
ENDORSE = Form("/ideas/{other}/endorse", "heist", "form[action$='/endorse'] button[type=submit]")
RENAME = Form("/clusters/{cluster}", "coordinator", "form[action$='/rename'] button")
REJECT = Form("/clusters/{cluster}", "coordinator", "form[action$='/reject'] button")
REPORT = Form("/report/idea/{other}", "heist", "form[action^='/report/'] button[type=submit]")

PROJECT = Form("/projects/new", "heist", "form[action='/projects/new'] button[type=submit]")
CALL = Form("/calls/new", "coordinator", "form[action='/calls/new'] button[type=submit]")
ASK = Form("/ask-access", "", "form[action='/ask-access'] button")
INVITE = Form("/invitations/new", "coordinator", "form[action='/invitations/new'] button")
ACCOUNT = Form("/account", "heist", "form[action='/account'] button")
CONTACT = Form("/projects/{project}", "heist", "form[action$='/contact'] button")

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
]
REQUIRED = [(POST, "title"), (POST, "description"), (EDIT, "title"), (EDIT, "description"), (RENAME, "name")]
REQUIRED += [(REJECT, "reason"), (ENDORSE, "role"), (REPORT, "ground")]
REQUIRED += [(PROJECT, "title"), (PROJECT, "summary"), (ACCOUNT, "name")]
REQUIRED += [(CALL, name) for name in ("name", "kind_name", "opens_on", "closes_on", "ceiling", "funding_percent")]
REQUIRED += [(ASK, name) for name in ("organisation", "name", "function", "email")] + [(INVITE, "email")]


@pytest.fixture
def ids(place: Database) -> dict[str, int]:
    found = place.execute("select id from clusters where state = 'proposed' order by id").fetchone()
    project = place.execute("select id from projects where programme = 1 order by id").fetchone()
    ids = {"own": demo_idea(place, "DEMO-016"), "other": demo_idea(place, "DEMO-026")}
    return {**ids, "cluster": found[0], "project": project[0]}


def named(value: object) -> str:
    return value.at if isinstance(value, Form) else str(value)


def put(page: Page, name: str, text: str) -> None:
    """Put a text into a control as no keyboard could: past its length, with characters nobody can type."""
    page.locator(f"#{name}").evaluate("(control, text) => { control.value = text }", text)


def send(page: Page, form: Form) -> int:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    with page.expect_navigation() as navigation:
        page.locator(form.send).first.click()
    answer = navigation.value
    assert answer is not None
    return answer.status


def is_refused_at(page: Page, name: str) -> None:
    expect(page.locator(f"#{name}-error")).to_be_visible()
    expect(page.locator(f"#errors a[href='#{name}']")).to_be_visible()
    assert page.title().startswith("Fout:")
    assert page.evaluate("document.activeElement.id") == "errors"


@pytest.mark.parametrize(("form", "name"), REQUIRED, ids=named)
def test_an_empty_field_is_named(visit: Visit, ids: dict[str, int], form: Form, name: str) -> None:
    page = visit(form.who or None)
    page.goto(form.at.format_map(ids))
    if name not in {"role", "ground"}:
        put(page, name, "")
    assert send(page, form) == 422
    is_refused_at(page, name)


@pytest.mark.parametrize(("form", "name", "at_most"), TOO_MUCH, ids=named)
def test_one_character_too_many_is_refused_and_kept(
    visit: Visit, ids: dict[str, int], form: Form, name: str, at_most: int
) -> None:
    page = visit(form.who or None)
    page.goto(form.at.format_map(ids))
    put(page, name, "é" * (at_most + 1))
    assert send(page, form) == 422
    is_refused_at(page, name)
    expect(page.locator(f"#{name}-error")).to_contain_text(str(at_most + 1))
    assert page.locator(f"#{name}").input_value() == "é" * (at_most + 1)


@pytest.mark.parametrize(
    ("text", "read"),
    [(HTML, HTML), (EMOJI, EMOJI), (CONTROL, READ), ("é" * TITLE_AT_MOST, "é" * TITLE_AT_MOST)],
    ids=["html", "emoji", "control", "just-fits"],
)
def test_an_idea_reads_as_it_was_typed(visit: Visit, text: str, read: str) -> None:
    page = visit(POST.who)
    page.goto(POST.at)
    # The longest title comes with the longest description.
    described, read_there = (text, read) if len(text) < TITLE_AT_MOST else ("é" * DESCRIPTION_AT_MOST,) * 2
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
def test_a_message_reads_as_it_was_typed(visit: Visit, ids: dict[str, int], text: str) -> None:
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


def test_a_price_in_days_is_a_number(visit: Visit, ids: dict[str, int]) -> None:
    page = visit(ENDORSE.who)
    page.goto(ENDORSE.at.format_map(ids))
    for days in ("veel", "-1", "0", "1e3", "99999999"):
        put(page, "days", days)
        assert send(page, ENDORSE) == 422
        is_refused_at(page, "days")
        assert page.locator("#days").input_value() == days
