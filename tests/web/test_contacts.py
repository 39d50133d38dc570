"""Me too in the browser: the form, the inbox, consent, and nobody's address before it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import cluster.adoptions
import cluster.contacts
import cluster.ideas
import cluster.matches
import data.contacts
import data.ideas
import data.letters
import data.people
from data.store import change, transaction, value
from models.clusters import Judgement
from models.errors import Refusal
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member
from tests.conftest import asked_of

Page = Callable[..., Any]
Who = Callable[[str], Member]


@pytest.fixture
def idea(app_db: Database, who: Who, app: Flask) -> int:
    """An open idea of Aalter."""
    with transaction(app_db):
        return data.ideas.add(
            app_db,
            form=IdeaForm(title="Digitale balie", description="Eén balie voor alle diensten."),
            lang="nl",
            organisation_id=who("aalter").organisation_id,
            author_id=who("aalter").id,
        )


def endorse(page: Page, idea: int, who: str = "genk", **fields: str) -> Any:
    return page(who).submit(f"/ideas/{idea}/endorse", **{"role": "lead", "message": "Graag samen.", **fields})


def test_who_wants_to_talk_first_finds_words_for_it(page: Page, idea: int) -> None:
    asked = page("genk").get(f"/ideas/{idea}/endorse").select_one("fieldset:has([name=role])")
    assert "later wijzigen" in asked.select_one(f"#{asked['aria-describedby']}").text
    lightest = asked.select_one("[value=learn]").find_parent("label").text.strip()
    assert lightest == "We willen eerst praten en leren"
    endorse(page, idea, role="learn")
    assert lightest in page().get(f"/ideas/{idea}").main.text


def test_who_will_be_in_contact_at_once_reads_that_first(page: Page, idea: int, app_db: Database, who: Who) -> None:
    with_consent = "zei vooraf al ja"
    assert with_consent not in page("genk").get(f"/ideas/{idea}/endorse").main.text
    with transaction(app_db):
        change(app_db, "update members set standing_consent = 1 where id = ?", [who("aalter").id])
    form = page("genk").get(f"/ideas/{idea}/endorse").main.text
    assert f"Aalter {with_consent}" in form
    assert "pas als dat ook ja zegt" not in form
    met = endorse(page, idea)
    assert "aalter@test.example" in met.main.text
    assert "Aalter zei vooraf al ja." in met.select_one("main .notice").text
    assert with_consent not in page("genk").get(f"/ideas/{idea}/endorse").main.text


def test_from_me_too_to_contact(page: Page, idea: int) -> None:
    shown = endorse(page, idea, amount="25k-75k", days="10")
    assert "Jullie zeiden ‘ook wij’" in shown.main.text
    assert "kandidaat-trekker" in shown.main.text
    assert "om in te brengen" not in shown.main.text  # it is Genk's own amount
    assert "Graag samen." not in page("kortrijk").get(f"/ideas/{idea}").main.text
    asked = page("aalter").get("/introductions")
    assert "Genk" in asked.main.text
    assert "1" in asked.select_one("nav .count").text
    address = asked.select_one(".card a")["href"]
    before = page("aalter").get(address)
    assert "Graag samen." in before.main.text
    assert "genk@test.example" not in before.text
    after = page("aalter").submit(f"{address}/agree", at=address)
    assert "genk@test.example" in after.main.text
    assert "aalter@test.example" in page("genk").get(address).main.text
    assert page("aalter").get("/introductions").select_one("nav .count") is None


def test_the_poster_and_the_writer_read_the_message_at_the_idea_and_nobody_else(page: Page, idea: int) -> None:
    endorse(page, idea, message="<b>Graag</b> samen.")
    for reader, reads in (("aalter", True), ("genk", True), ("kortrijk", False), ("coordinator", False), (None, False)):
        shown = page(reader).get(f"/ideas/{idea}").main.text
        assert ("<b>Graag</b> samen." in shown) == reads, reader


def test_a_wrong_form_comes_back_with_what_was_typed(page: Page, idea: int) -> None:
    text = "<b>Zo & zo</b> " + "é" * 2001
    shown = endorse(page, idea, role="", message=text, days="veel", status=422)
    assert shown.title.text.startswith("Fout:")
    assert [link["href"] for link in shown.select(".errors a")] == ["#role", "#message", "#days"]
    assert shown.select_one("textarea").text.strip() == text
    assert shown.select_one("#days")["value"] == "veel"
    assert shown.select_one("main details").has_attr("open")


@pytest.mark.parametrize("message", ["", "😀", "a\x00b\x1bc", "x" * 2000, "<script>alert(1)</script>", "\r\n" * 900])
def test_any_message_within_bounds_is_taken_and_shown_as_text(page: Page, idea: int, message: str) -> None:
    endorse(page, idea, message=message)
    shown = page("aalter").get("/introductions/1")
    assert shown.select_one("main script") is None
    assert "\x00" not in shown.text
    page().get("/mailbox/1")


def test_the_form_can_be_sent_twice_and_changed(page: Page, app_db: Database, idea: int) -> None:
    endorse(page, idea)
    assert "Er is niets veranderd" in endorse(page, idea).main.text
    form = page("genk").get(f"/ideas/{idea}/endorse")
    assert form.select_one("input[name=role][checked]")["value"] == "lead"
    assert form.select_one("input[name=do]")["value"] == "change"
    shown = endorse(page, idea, role="learn", do="change")
    assert "Je wijziging is bewaard" in shown.main.text
    assert value(app_db, "select role from endorsements") == "learn"
    assert value(app_db, "select count(*) from letters") == 1


def test_what_was_typed_comes_back_when_a_colleague_was_first(page: Page, app_db: Database, idea: int) -> None:
    endorse(page, idea, message="Van een collega.")
    shown = endorse(page, idea, role="learn", message="Van mij.", days="3", status=409)
    assert "Er is niets veranderd" in shown.main.text
    assert "Van een collega." in shown.select_one(".errors").text
    assert shown.select_one("textarea").text.strip() == "Van mij."
    assert shown.select_one("#days")["value"] == "3"
    assert shown.select_one("input[name=role][checked]")["value"] == "learn"
    assert value(app_db, "select message from endorsements") == "Van een collega."
    assert shown.select_one("input[name=do]")["value"] == "change"
    endorse(page, idea, role="learn", message="Van mij.", do="change")
    assert value(app_db, "select message from endorsements") == "Van mij."


def test_withdrawing_and_saying_it_again(page: Page, idea: int) -> None:
    endorse(page, idea)
    shown = page("genk").submit(f"/ideas/{idea}/endorsement/withdraw", at=f"/ideas/{idea}/endorse")
    assert "ingetrokken" in shown.main.text
    assert "trok ‘ook wij’ in" in page("aalter").get("/introductions/1").main.text
    endorse(page, idea)
    assert "Willen jullie kennismaken?" in page("aalter").get("/introductions/1").main.text


def test_consent_can_be_taken_back_after_the_poster_withdrew_the_idea(page: Page, app_db: Database, idea: int) -> None:
    endorse(page, idea)
    assert page("genk").get("/introductions/1").select_one(f"main a[href='/ideas/{idea}']")
    page("aalter").submit(f"/ideas/{idea}/withdraw", at=f"/ideas/{idea}")
    asked = page("genk").get("/introductions/1")
    assert "Digitale balie" in asked.main.text
    assert asked.select_one(f"main a[href='/ideas/{idea}']") is None
    assert page("aalter").get("/introductions/1").select_one(f"main a[href='/ideas/{idea}']")
    address = asked.select_one("main form.actions")["action"]
    shown = page("genk").submit(address, at="/introductions/1")
    assert shown.select_one("h1").text == "Contacten"
    assert "is ingetrokken" in shown.main.text
    assert page("genk").get("/introductions/1").select_one("main form") is None
    page("aalter").submit("/introductions/1/agree", at="/introductions/1", status=409)


def test_who_already_met_has_nothing_to_take_back(page: Page, idea: int) -> None:
    endorse(page, idea)
    page("aalter").submit("/introductions/1/agree", at="/introductions/1")
    for reader in ("aalter", "genk"):
        forms = page(reader).get("/introductions/1").select("main form")
        assert [form["action"] for form in forms] == ["/introductions/1/reminders"]


def test_declining(page: Page, idea: int) -> None:
    endorse(page, idea)
    shown = page("aalter").submit("/introductions/1/decline", at="/introductions/1")
    assert "Niemand zag je gegevens" in shown.main.text
    assert "wil nu geen contact" in page("genk").get("/introductions/1").main.text


def test_ones_own_idea_is_refused_in_words(page: Page, idea: int) -> None:
    assert "je eigen bestuur" in page("aalter").get(f"/ideas/{idea}/endorse", status=403).main.text


def test_visitors_are_asked_to_sign_in_and_come_back(page: Page, idea: int) -> None:
    answer = page().client.get(f"/ideas/{idea}/endorse")
    assert answer.status_code == 302
    assert f"next=/ideas/{idea}/endorse" in unquote(answer.headers["Location"])


def test_others_cannot_tell_an_introduction_from_a_missing_one(page: Page, idea: int) -> None:
    endorse(page, idea)
    theirs, missing = (page("kortrijk").get(f"/introductions/{number}", status=404) for number in (1, 99))
    assert theirs.main == missing.main
    page("coordinator").get("/introductions/1", status=403)


def test_without_an_account_the_page_says_so(page: Page, app_db: Database, idea: int) -> None:
    with transaction(app_db):
        change(app_db, "update members set active = 0 where email = 'aalter@test.example'")
    endorse(page, idea)
    assert "nog niemand een account" in page("genk").get("/introductions/1").main.text


def test_an_empty_inbox_says_what_to_do(page: Page, app: Flask) -> None:
    assert len(page("genk").get("/introductions").select(".empty")) == 2


def test_the_start_page_shows_those_that_wait_longest_and_counts_them_all(
    page: Page, app_db: Database, who: Who, idea: int
) -> None:
    endorse(page, idea)
    assert page("aalter").get("/").select_one("main a[href='/introductions']") is None
    with transaction(app_db):
        for number in range(24):
            app_db.execute(
                "insert into organisations (uri, kind, name) values (?, 'municipality', ?)",
                [f"urn:{number}", f"Gemeente {number}"],
            )
            organisation_id = value(app_db, "select max(id) from organisations")
            values = {"role": "learn", "message": "", "amount": None, "days": None, "member_id": who("genk").id}
            data.contacts.endorse(app_db, values={**values, "idea_id": idea, "organisation_id": organisation_id})
            endorsement_id = value(app_db, "select max(id) from endorsements")
            people = {"poster_member_id": who("aalter").id, "endorser_member_id": who("genk").id}
            data.contacts.ask(app_db, endorsement_id=endorsement_id, **people)
    shown = page("aalter").get("/")
    assert shown.select_one("nav .count").text.startswith("25")
    assert shown.select_one("main .count").text == "25", "the start page tells the same number as the menu"
    assert len(shown.select("main .list .card")) == 10
    assert shown.select_one("main a[href='/introductions']").text == "Alle contacten"
    assert page("genk").get("/").select_one("nav .count") is None


def test_who_is_asked_sees_what_the_asker_posted_about_the_same(
    page: Page, idea: int, app_db: Database, who: Who
) -> None:
    def post(by: str, title: str, description: str) -> int:
        form = IdeaForm(title=title, description=description)
        return cluster.ideas.post(app_db, encoder=None, member=who(by), form=form)

    own = post("genk", "Een digitale balie", "Alle diensten van de stad aan één digitale balie.")
    post("genk", "Zwembad", "Banen in het zwembad online boeken.")
    post("kortrijk", "Digitale balie", "Eén digitale balie voor alle diensten.")
    endorse(page, idea)

    def shown(reader: str) -> list[str]:
        found = page(reader).get("/introductions/1").find("dt", string="Genk plaatste zelf")
        return [link["href"] for link in found.find_next("dd").select("a")] if found else []

    assert shown("aalter") == [f"/ideas/{own}"]
    assert shown("genk") == [], "who asks knows what they posted"
    cluster.matches.judge(
        app_db, member=who("aalter"), idea_id=idea, other=(Kind.IDEA, own), judgement=Judgement.DIFFERENT
    )
    assert shown("aalter") == []
    cluster.matches.judge(app_db, member=who("aalter"), idea_id=idea, other=(Kind.IDEA, own), judgement=Judgement.SAME)
    cluster.ideas.withdraw(app_db, member=who("genk"), idea_id=own)
    assert shown("aalter") == []


def test_the_start_page_shows_own_ideas_and_how_many_join_them(page: Page, app_db: Database, who: Who) -> None:
    assert "Jullie plaatsten nog geen idee." in page("kortrijk").get("/").select_one("[aria-labelledby=own]").text
    for number in range(5):
        form = IdeaForm(title=f"Idee {number}", description="Tekst.")
        cluster.ideas.post(app_db, encoder=None, member=who("kortrijk"), form=form)
    endorse(page, 5)
    own = page("kortrijk").get("/").select_one("[aria-labelledby=own]")
    assert [one.a.text for one in own.select("li")] == ["Idee 4", "Idee 3", "Idee 2"]
    assert ["1 bestuur zegt ‘ook wij’" in one.text for one in own.select("li")] == [True, False, False]
    listed = page("kortrijk").get(own.find("a", string="Alle ideeën van jullie bestuur")["href"])
    assert len(listed.select("main .card")) == 5
    assert page("coordinator").get("/").select_one("[aria-labelledby=own]") is None


def test_an_answer_stands_before_all_else_and_names_lead_to_the_municipality(page: Page, idea: int) -> None:
    endorse(page, idea)
    shown = page("aalter").get("/introductions/1")
    assert shown.select_one("main h2").text == "Willen jullie kennismaken?"
    assert shown.find("a", string="Genk")["href"] == "/municipalities/2"
    page("aalter").submit("/introductions/1/agree", at="/introductions/1")
    home = page("genk").get("/")
    assert home.find("a", string="Aalter zei ja: bekijk de gegevens")["href"] == "/introductions/1"
    assert home.select_one("nav .count").text.split()[0] == "1"
    assert page("genk").get("/introductions").select_one(".card").find(string="Nieuw")
    assert page("genk").get("/introductions/1").select_one("nav .count") is None
    assert "Niets: je bent helemaal bij." in page("genk").get("/").text


NAMES = ("aalter", "genk", "kortrijk")
DOINGS = ("endorse", "endorse", "withdraw", "agree", "agree", "decline", "always", "never")
STEPS = st.lists(
    st.tuples(st.sampled_from((*DOINGS, "let_go", "adopt", "confirm")), st.sampled_from(NAMES)), max_size=12
)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
@example(steps=[("endorse", "genk"), ("agree", "aalter"), ("endorse", "kortrijk"), ("let_go", "aalter")])
@example(
    steps=[
        *[("endorse", "genk"), ("agree", "aalter"), ("endorse", "kortrijk"), ("let_go", "aalter")],
        *[("adopt", "kortrijk"), ("always", "kortrijk"), ("confirm", "genk")],
    ]
)
def test_no_address_before_consent_anywhere(
    steps: list[tuple[str, str]], page: Page, app_db: Database, who: Who, idea: int
) -> None:
    no_address_before_consent(steps, page, app_db, who, idea)


class Consents:
    """Who consented to whom, told by the rules alone: one asks by *ook wij*, the other answers or lets go."""

    def __init__(self) -> None:
        self.owner, self.offered = "aalter", False
        self.said: set[str] = set()
        self.asked: dict[str, str] = {}
        self.always: set[str] = set()
        self.met: set[frozenset[str]] = set()

    def ask(self, name: str) -> None:
        """One asks to meet the owner; a *no* outlives saying it again, and a standing yes answers at once."""
        if self.asked.get(name) in (None, "withdrawn"):
            self.asked[name] = "asked"
            if self.owner in self.always:
                self.meet(name)
        elif self.asked[name] == "refused":
            self.asked[name] = "declined"

    def meet(self, name: str) -> None:
        self.asked[name] = "agreed"
        self.met.add(frozenset({name, self.owner}))

    def step(self, what: str, name: str, answered: str | None) -> None:
        """What this step, which was not refused, consents to."""
        if what in {"always", "never"}:
            (self.always.add if what == "always" else self.always.discard)(name)
        elif what == "endorse" and name not in self.said:
            self.said.add(name)
            self.ask(name)
        elif what == "withdraw":
            self.said.discard(name)
            if name in self.asked:
                before = self.asked[name]
                self.asked[name] = {"asked": "withdrawn", "declined": "refused"}.get(before, before)
        elif what == "confirm" and name not in self.asked:
            self.ask(name)
        elif what == "agree" and answered:
            self.meet(answered)
        elif what == "decline" and answered:
            self.asked[answered] = "declined"
        elif what == "let_go":
            self.offered = True
        elif what == "adopt" and name != self.owner:
            self.met.add(frozenset({name, self.owner}))
            self.owner, self.offered, self.asked = name, False, {}
            self.said.discard(name)


def no_address_before_consent(steps: list[tuple[str, str]], page: Page, app_db: Database, who: Who, idea: int) -> None:
    """Whatever happens in whatever order, an address reaches another government only once both agreed to meet."""
    _afresh(app_db, who, idea)
    consents = Consents()
    for what, name in steps:
        _take(consents, app_db, who, idea, what, name)
    for reader in NAMES:
        texts = [_text(page(reader), address) for address in _everywhere(app_db, idea)]
        texts.append(page(reader).client.post("/api/v1/similar", json={"title": "Balie", "description": "x"}).text)
        texts += [
            letter.subject + letter.body
            for letter in data.letters.recent(app_db, at_most=99)
            if letter.recipient.startswith(reader)
        ]
        for other in set(NAMES) - {reader}:
            seen = any(f"{other}@test.example" in text for text in texts)
            assert seen == (frozenset({reader, other}) in consents.met), (reader, other)
    assert not any("@test.example" in _text(page(), address) for address in _everywhere(app_db, idea))


def _afresh(db: Database, who: Who, idea: int) -> None:
    """The idea is Aalter's, and nobody has said anything yet."""
    with transaction(db):
        for table in ("reminders", "adoptions", "idea_questions", "introductions", "idea_seen", "endorsements"):
            change(db, f"delete from {table}")
        for table in ("letters", "jobs"):
            change(db, f"delete from {table}")
        change(db, "update members set standing_consent = 0")
        aalter = who("aalter")
        owned = "update ideas set organisation_id = ?, author_id = ? where id = ?"
        change(db, owned, [aalter.organisation_id, aalter.id, idea])


def _everywhere(db: Database, idea: int) -> list[str]:
    """The pages and files that tell of ideas and contacts."""
    return [
        *("/", "/ideas", f"/ideas/{idea}", "/ideas/export.csv", "/introductions", "/introductions/export.csv"),
        *(f"/conversations/idea/{idea}", f"/ideas/{idea}/versions", "/plans", "/plan-invitations", "/search?q=balie"),
        *(f"/introductions/{item[0]}" for item in db.execute("select id from introductions")),
    ]


def _text(visitor: Any, address: str) -> str:
    """What an address answers, if it does; one's own address stands on one's own pages."""
    answer = visitor.client.get(address)
    return unquote(answer.get_data(as_text=True)) if answer.status_code == 200 else ""


def _take(consents: Consents, db: Database, who: Who, idea: int, what: str, name: str) -> None:
    """One step of the history, and what it means for who may see whom."""
    member, answered = who(name), None
    try:
        if what in {"always", "never"}:
            with transaction(db):
                change(db, "update members set standing_consent = ? where id = ?", [int(what == "always"), member.id])
        elif what in {"agree", "decline"}:
            for introduction in asked_of(db, member)[:1]:
                getattr(cluster.contacts, what)(db, member=member, introduction_id=introduction.id)
                answered = introduction.endorser_organisation.lower()
        elif what == "endorse":
            cluster.contacts.endorse(db, member=member, idea_id=idea, role="lead", message="")
        elif what in {"let_go", "adopt"}:
            getattr(cluster.adoptions, what)(db, member=member, idea_id=idea)
        else:
            getattr(cluster.contacts, what)(db, member=member, idea_id=idea)
    except Refusal:
        return
    consents.step(what, name, answered)
