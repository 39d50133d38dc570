"""The pages of conversations, and markdown that cannot do harm."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from cluster import contacts, ideas
from cluster.web.markup import markdown
from data.store import value
from models.ideas import IdeaForm
from models.people import Member

Page = Callable[..., Any]


@pytest.fixture
def at(app_db: Database, who: Callable[[str], Member]) -> str:
    """The conversation of Genk and Aalter about an idea."""
    idea_id = ideas.post(
        app_db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken.")
    )
    contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    [found] = contacts.inbox(app_db, member=who("genk")).received
    contacts.agree(app_db, member=who("genk"), introduction_id=found.id)
    return f"/conversations/idea/{idea_id}"


def test_a_message_is_written_read_and_answered(page: Page, at: str) -> None:
    visitor = page("genk")
    assert visitor.get(at.replace("/conversations/idea", "/ideas")).find("a", string="Gesprek")["href"] == at
    assert "Nog geen berichten." in visitor.get(at).text
    shown = visitor.submit(f"{at}/messages", at=at, text="Dag *allemaal*\n\n- een\n- twee", submission_key="a")
    message = shown.select_one(".message")
    assert message.select_one("em").text == "allemaal"
    assert [item.text for item in message.select("li")] == ["een", "twee"]
    assert "Aalter" in page("aalter").submit(f"{at}/messages", at=at, text="Dag!").select(".message")[0].text
    page("kortrijk").get(at, status=404)


def test_an_empty_message_is_refused_at_its_field(page: Page, at: str) -> None:
    shown = page("genk").submit(f"{at}/messages", at=at, text=" ", status=422)
    assert shown.select_one("#errors a")["href"] == "#text"


def test_muting_leaving_and_coming_back(page: Page, at: str) -> None:
    visitor = page("aalter")
    page("genk").submit(f"{at}/messages", at=at, text="Dag!")
    assert "Je krijgt geen e-mails." in visitor.submit(f"{at}/follow", at=at, do="mute").text
    left = visitor.submit(f"{at}/follow", at=at, do="leave")
    assert "Je verliet dit gesprek." in left.text
    assert not left.select(".message")
    assert visitor.submit(f"{at}/follow", at=at, do="follow").select(".message")


def test_what_each_uses_lines_up_into_a_moment_to_buy(page: Page, at: str, app_db: Database) -> None:
    for name, end in (("genk", "2090-06-30"), ("aalter", "2091-01-31")):
        form = page(name).get(f"{at}/facts").select_one("main form")
        assert form.select_one("input[name=sight][checked]")["value"] == "circle"
        typed = {"product": f"<b>Boeker</b> van {name}", "cost_year": "1250,50", "contract_end": end}
        shown = page(name).submit(f"{at}/facts", sight="public", again="yes", **typed)
    text = " ".join(shown.text.split())
    assert "Van 30 juni 2090 tot 31 januari 2091 eindigen contracten van Genk, Aalter." in text
    assert "€ 1.250,50 per jaar" in text.replace("\xa0", " ")
    assert len(shown.select(".bars rect.money")) == 2
    public = page().get(at.replace("/conversations/idea", "/ideas"))
    assert "<b>Boeker</b> van genk" in public.text
    changed = page("genk").submit("/facts/1", product="Anders", sight="circle", revision="1")
    assert "Anders" in changed.text
    shown = page("genk").submit("/facts/1", product="Mijn versie", sight="circle", revision="1", status=409)
    assert shown.select_one("#product")["value"] == "Mijn versie"
    assert shown.select_one("input[name=revision]")["value"] == "2"
    page("genk").submit("/facts/1/remove", at="/facts/1")
    assert value(app_db, "select count(*) from facts") == 1


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[klik](javascript:alert(1))",
    "[klik](JaVaScRiPt:alert(1))",
    "[klik](java\tscript:alert(1))",
    "[klik](&#106;avascript:alert(1))",
    "[klik](data:text/html,<script>alert(1)</script>)",
    "[klik](vbscript:x)",
    "[klik](//elders.example)",
    "[klik](/sign-out)",
    "<javascript:alert(1)>",
    '[klik](https://a.be "\\" onmouseover=alert(1) x=\\"")',
    "![foto](https://a.be/volg.png)",
    "[a]: javascript:alert(1)\n\n[a]",
    "`<b onclick=x>`",
    "&lt;script&gt;",
    "# Kop\n\n| a | b |\n|---|---|",
]
TAGS = {"p", "br", "ul", "ol", "li", "em", "strong", "blockquote", "code", "a"}


def must_be_safe(html: str) -> None:
    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        assert tag.name in TAGS, html
        allowed = {"href", "rel", "title"} if tag.name == "a" else {"start"} if tag.name == "ol" else set()
        assert set(tag.attrs) <= allowed, html
        if tag.name == "a":
            assert str(tag["href"]).lower().startswith(("https://", "http://", "mailto:")), html
            assert "nofollow" in tag["rel"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_stays_text(text: str) -> None:
    must_be_safe(str(markdown(text)))


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from([*HOSTILE, "[", "](", ")", "<", ">", "*", "`", "\n\n", "- "]), st.text())))
def test_whatever_is_typed_makes_no_other_tags(pieces: list[str]) -> None:
    must_be_safe(str(markdown("".join(pieces))))


def test_markdown_says_what_people_mean() -> None:
    assert str(markdown("Een\nregel")) == "<p>Een<br>\nregel</p>\n"
    assert str(markdown("**1 < 2**")) == "<p><strong>1 &lt; 2</strong></p>\n"
    link = '<p><a href="https://a.be" rel="nofollow noopener ugc">hier</a></p>\n'
    assert str(markdown("[hier](https://a.be)")) == link
    assert str(markdown("1. een\n2. twee")).startswith("<ol>")
