"""Every page and letter is in the reader's language, and tells which language each other text is in."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, NavigableString
from flask import Flask
from flask_babel import force_locale
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.letters
import data.letters
from cluster.web.languages import day, euro, in_sentence, instant, number, percent
from data.store import transaction
from models.ideas import IdeaForm
from models.people import Member
from tests import translations
from tests.web.test_access import ROLES, TABLE, furnished  # noqa: F401 - a fixture

Page = Callable[..., Any]
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
READ_ALOUD = ("aria-label", "placeholder", "alt", "title")


OTHERS = translations.languages()
# Whose pages are read in which language: each language meets somebody who may see much, each role one of them.
READERS = [(who, OTHERS[at % len(OTHERS)]) for at, who in enumerate(ROLES)]
MORE = [(who, language) for who in ROLES for language in OTHERS if (who, language) not in READERS]


@cache
def dutch_of_ours(language: str) -> set[str]:
    """Our own texts that a language says in another way, cut at what is filled in."""
    said = {}
    for message in translations.kept(language):
        keys = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        said.update(dict(zip(keys, texts, strict=True)))
    return {
        part.strip()
        for key, text in said.items()
        if key != text
        for part in re.split(r"%\(\w+\)[sd]", key.replace("%%", "%"))
        if part not in text and re.search(r"\w", part)
    }


def told(soup: BeautifulSoup, language: str) -> Iterator[str]:
    """What a page says in a language, aloud or in silence: its texts and the names of its parts."""
    for text in soup.find_all(string=True):
        ours = type(text) is NavigableString and text.strip() and text.parent.name != "title"
        if ours and text.find_parent(lang=True)["lang"] == language:
            yield " ".join(text.split())
    for tag in soup.find_all(lambda tag: any(name in tag.attrs for name in READ_ALOUD)):
        if (tag if "lang" in tag.attrs else tag.find_parent(lang=True))["lang"] == language:
            yield from (tag[name] for name in READ_ALOUD if name in tag.attrs)


def left_in_dutch(page: str, language: str) -> list[str]:
    dutch = dutch_of_ours(language)
    soup = BeautifulSoup(page, "html.parser")
    if soup.html is None:  # a part of a page, for htmx
        soup = BeautifulSoup(f'<div lang="{language}">{page}</div>', "html.parser")
    title = (
        "" if soup.title is None or "lang" in soup.h1.attrs else str(soup.title.string).removesuffix(" – Medestanders")
    )
    long = {text for text in dutch if len(text.split()) > 3}
    left = [text for text in told(soup, language) if text in dutch or any(part in text for part in long)]
    return left + [title] * (title in dutch)


def reader(page: Page, who: str | None, language: str) -> Any:
    visitor = page(who)
    with visitor.client.session_transaction() as session:
        session["locale"] = language
    visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language  # which is all that the interface for machines asks
    return visitor


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize(("who", "language"), READERS)
def test_a_reader_in_another_language_meets_no_dutch_of_ours(
    page: Page, app_db: Database, who: str | None, language: str
) -> None:
    no_dutch_of_ours_meets(page, app_db, who, language)


@pytest.mark.matrix
@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize(("who", "language"), MORE)
def test_no_reader_in_another_language_meets_dutch_of_ours(
    page: Page, app_db: Database, who: str | None, language: str
) -> None:
    no_dutch_of_ours_meets(page, app_db, who, language)


def no_dutch_of_ours_meets(page: Page, app_db: Database, who: str | None, language: str) -> None:
    wrong = []
    for method, address in TABLE:
        # What one takes along of oneself holds letters in the language in which they were written.
        if address in {"/sign-out", "/language", "/account/data.json"} or address.startswith("/static"):
            continue
        app_db.execute("update members set active = 1")  # some of these addresses close an account
        visitor = reader(page, who, language)
        if method == "GET":
            answer = visitor.client.get(address, follow_redirects=True)
        else:
            token = visitor.get("/calls").select_one("input[name=csrf_token]")["value"]
            answer = visitor.client.post(address, data={"csrf_token": token, "revision": "99"}, follow_redirects=True)
        if answer.mimetype == "text/html":
            found = answer.get_data(as_text=True)
            assert f'<html lang="{language}">' in found or "<html" not in found, address
            wrong += [f"{method} {address}: {text}" for text in left_in_dutch(found, language)]
        elif not answer.mimetype.startswith("application/vnd."):
            said = answer.get_data(as_text=True)
            ours = [text for text in dutch_of_ours(language) if " " in text]  # one word may be the Dutch of a title
            wrong += [f"{method} {address}: {text}" for text in ours if f'"{text}' in said]
        answer.close()
    assert not wrong, "\n".join(sorted(set(wrong)))


@pytest.mark.parametrize("language", OTHERS)
def test_a_reader_who_types_and_searches_meets_no_dutch_of_ours(
    page: Page, app_db: Database, who: Callable[[str], Member], language: str
) -> None:
    for title in ("Grafconcessies opvolgen", "Register van grafconcessies"):
        form = IdeaForm(title=title, description="De graven van de begraafplaats in een register.", budget="<25k")
        cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=1, role="lead", message="Ja", amount=">500k")
    visitor = reader(page, "kortrijk", language)
    typed = {"title": "Grafconcessies beheren", "description": "Een register van graven.", "action": "similar"}
    for found in (
        visitor.submit("/ideas/new", **typed),
        visitor.submit("/ideas/new", **{**typed, "action": ""}),
        visitor.submit("/ideas/new", status=422, title="x" * 300, description="", theme="?", call="99", stage="?"),
        visitor.submit("/ideas/1/endorse", status=422, role="", days="veel", amount="?", message="x" * 2001),
        visitor.submit("/ideas/1/endorse", role="learn", message=""),
        visitor.get("/search?q=grafconcessies"),
        visitor.get("/search?q=zwaluwstaart"),
        visitor.get("/ideas?theme=democratie"),
        visitor.get("/projects?status=refused"),
        reader(page, "genk", language).get("/"),
        reader(page, "genk", language).get("/introductions"),
        reader(page, None, language).submit("/sign-in", status=422, email="a@b.example", password="x"),
    ):
        assert left_in_dutch(str(found), language) == []


def test_a_title_in_dutch_says_so_on_a_page_in_another_language(
    page: Page, app_db: Database, who: Callable[[str], Member]
) -> None:
    form = IdeaForm(title="Grafconcessies opvolgen", description="Graven.", target_group="Nabestaanden")
    cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=1, role="lead", message="")
    for name, address in (
        (None, "/"),
        (None, "/ideas"),
        (None, "/ideas/1"),
        (None, "/search?q=grafconcessies"),
        ("genk", "/"),
        ("genk", "/introductions"),
        ("genk", "/introductions/1"),
        ("aalter", "/introductions"),
        ("kortrijk", "/ideas/1/endorse"),
    ):
        main = reader(page, name, OTHERS[0]).get(address).main
        for text in main.find_all(string=re.compile("Grafconcessies|Nabestaanden")):
            assert text.find_parent(lang=True)["lang"] == "nl", f"{address}: {text}"
        assert main.find(string=re.compile("Grafconcessies")), address


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("en-GB,en;q=0.9", "en"), ("nl-BE,en;q=0.5", "nl"), ("fr-BE", "fr"), ("es", "nl"), ("*", "nl")],
)
def test_a_new_visitor_gets_the_language_of_the_browser(app: Flask, accepted: str, language: str) -> None:
    answer = app.test_client().get("/", headers={"Accept-Language": accepted})
    assert f'<html lang="{language}">' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("language", "greeting"),
    [("nl", "Dag Genk,"), ("fr", "Bonjour Genk,"), ("en", "Hello Genk,"), ("de", "Guten Tag Genk,")],
)
def test_a_letter_is_in_the_language_of_its_receiver_whoever_causes_it(
    page: Page, app_db: Database, who: Callable[[str], Member], language: str, greeting: str
) -> None:
    other = "nl" if language != "nl" else OTHERS[0]
    with transaction(app_db):
        app_db.execute("update members set locale = ? where email like 'genk@%'", [language])
        app_db.execute("update members set locale = ? where email like 'aalter@%'", [other])
    form = IdeaForm(title="Balie", description="Eén balie.")
    cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    page("aalter").submit("/ideas/1/endorse", role="lead", message="Graag")
    page("genk").submit("/introductions/1/agree", at="/introductions/1")
    letters = data.letters.recent(app_db, at_most=9)
    assert len(letters) == 3
    for letter in letters:
        own = letter.recipient.startswith("genk@")
        assert (letter.lang == language) == own
        assert (greeting in letter.body) == own
        ours = dutch_of_ours(other if language == "nl" else language)
        left = [text for text in ours if len(text.split()) > 2 and text in f"{letter.subject}\n{letter.body}"]
        assert bool(left) == (letter.lang == "nl"), left


def test_dates_and_numbers_are_written_as_readers_of_the_language_do(app: Flask) -> None:
    def written(language: str) -> list[str]:
        with app.test_request_context("/"), force_locale(language):
            shown = (day("2026-02-01"), instant("2026-02-03T22:30:00+00:00"), number(184000), euro(150000), euro(0.5))
            shown = (*shown, percent(2.5))
            return [re.sub(r"\s", " ", text) for text in shown]

    assert written("nl") == ["1 februari 2026", "3 februari 2026, 23:30", "184.000", "€ 150.000", "€ 0,50", "2,5 %"]
    assert written("en") == ["1 February 2026", "3 February 2026, 23:30", "184,000", "€150,000", "€0.50", "2.5%"]
    assert written("fr") == ["1er février 2026", "3 février 2026, 23:30", "184 000", "150 000 €", "0,50 €", "2,5 %"]
    assert written("de") == ["1. Februar 2026", "3. Februar 2026, 23:30", "184.000", "150.000 €", "0,50 €", "2,5 %"]


def test_a_label_inside_a_sentence_keeps_the_capitals_of_its_language(app: Flask) -> None:
    with app.test_request_context("/"):
        assert [in_sentence("Werkplek van de toekomst"), in_sentence("AI")] == ["werkplek van de toekomst", "AI"]
        with force_locale("de"):
            assert in_sentence("Arbeitsplatz der Zukunft") == "Arbeitsplatz der Zukunft"


def test_every_word_in_a_template_can_be_translated() -> None:
    wrong = []
    for path in (*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", path.read_text(encoding="utf8"), flags=re.S)
        shown = BeautifulSoup(re.sub(r"<(script|style).*?</\1>", "", text, flags=re.S), "html.parser")
        if path.name == "style.html":  # it is for who builds here: what it tells is Dutch, and marked as such
            for dutch in shown.find_all(lang="nl"):
                dutch.decompose()
        words = re.sub(r'[\w-]+="[^"]*"', " ", shown.get_text(" ")) + " ".join(
            tag[name] for name in READ_ALOUD for tag in shown.find_all(**{name: True})
        )
        wrong += [f"{path.name}: {word}" for word in re.findall(r"[^\W\d_]{2,}", words) if word != "Medestanders"]
    assert wrong == []
