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
from data.store import transaction, value
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
    begins = visitor.get(at.replace("/conversations/idea", "/ideas")).find("a", string="Schrijf een bericht")
    assert begins["href"] == f"{at}#text"
    assert "Nog geen berichten." in visitor.get(at).text
    shown = visitor.submit(f"{at}/messages", at=at, text="Dag *allemaal*\n\n- een\n- twee", submission_key="a")
    message = shown.select_one(".message")
    assert message.select_one("em").text == "allemaal"
    assert [item.text for item in message.select("li")] == ["een", "twee"]
    shown = page("aalter").submit(f"{at}/messages", at=at, text="Dag!")
    assert [one.select_one(".meta b").text for one in shown.select(".message")] == ["Genk", "Aalter"], "oldest first"
    assert shown.select_one(".message").find_next("form", action=f"{at}/messages"), "one writes below what stands"
    assert shown.find("a", string="Contact met Genk")["href"] == "/introductions/1"
    page("kortrijk").get(at, status=404)


def test_an_empty_message_is_refused_at_its_field(page: Page, at: str) -> None:
    shown = page("genk").submit(f"{at}/messages", at=at, text=" ", status=422)
    assert shown.select_one("#errors a")["href"] == "#text"


def test_who_sends_a_message_lands_at_it_and_sending_it_twice_too(page: Page, at: str) -> None:
    visitor = page("genk")
    token = visitor.get(at).select_one("input[name=csrf_token]")["value"]
    typed = {"csrf_token": token, "text": "Dag!", "submission_key": "zelfde"}
    went = [visitor.client.post(f"{at}/messages", data=typed).headers["Location"] for _ in range(2)]
    assert went == [f"{at}#message-1"] * 2
    shown = visitor.get(at)
    assert shown.select_one("#message-1")["tabindex"] == "-1"
    # That it was sent is said there, once, and not at the head of the page, which is out of sight.
    assert [one.find_parent("li")["id"] for one in shown.select(".notice[role=status]")] == ["message-1"] * 2
    assert "Je bericht is verstuurd." in shown.select_one("#message-1 .notice").text
    assert not visitor.get(at).select(".notice")


def test_of_a_long_conversation_the_newest_messages_come_first_to_read(page: Page, at: str, app_db: Database) -> None:
    page("genk").submit(f"{at}/messages", at=at, text="Bericht 0")
    with transaction(app_db):
        for number in range(1, 40):
            app_db.execute(
                "insert into messages (thread_id, member_id, organisation_id, text, lang, written_at) "
                "select thread_id, member_id, organisation_id, ?, lang, written_at from messages where id = 1",
                [f"Bericht {number}"],
            )
    shown = page("aalter").get(at)
    texts = [one.select_one(".prose").text.strip() for one in shown.select(".message")]
    assert texts == [f"Bericht {number}" for number in range(10, 40)]
    older = page("aalter").get(shown.find("a", string="Oudere berichten")["href"])
    assert older.select_one(".message .prose").text.strip() == "Bericht 0"
    assert older.select_one("form[action$='/messages']") is None
    assert len(page("aalter").get(older.find("a", string="Nieuwere berichten")["href"]).select(".message")) == 30


def test_an_unread_message_stands_at_the_start_page_the_menu_the_contacts_and_itself(page: Page, at: str) -> None:
    page("aalter").get("/introductions/1")
    page("genk").submit(f"{at}/messages", at=at, text="Dag!")
    reader = page("aalter")
    home = reader.get("/")
    told = home.find("a", string="Genk schreef in het gesprek over “Zwembad”")
    assert told["href"] == f"{at}#new"
    assert home.select_one("nav .count").text.split()[0] == "1"
    inbox = reader.get("/introductions")
    assert inbox.select_one(".card").find(string="Nieuw bericht")
    assert inbox.select_one("[aria-labelledby=conversations]").find("a", string="Zwembad")["href"] == f"{at}#new"
    assert reader.get("/introductions/1").find("a", string="Lees het nieuwe bericht")["href"] == f"{at}#new"
    opened = reader.get(at)
    assert opened.select_one(".message #new").text.strip() == "Nieuw"
    assert opened.select_one("nav .count") is None
    assert reader.get(at).select_one("#new") is None
    assert "Niets: je bent helemaal bij." in reader.get("/").text
    assert not reader.get("/introductions").find(string="Nieuw bericht")


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
