"""Pages about projects: what is known, what is not, and never who to phone."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.ideas
import cluster.projects
import data.store
from cluster.imports import Row
from models.ideas import IdeaForm
from models.people import Member
from models.projects import ProjectForm

FULL = {
    "id": "P-1",
    "title": "Slim loket",
    "description": "Een loket dat ’s avonds open is.\n\nVoor iedereen.",
    "municipality": "Genk",
    "status": "approved",
    "status_note": "Goedgekeurd op 1 maart.",
    "source": ["https://genk.example/loket"],
    "theme": "dienstverlening",
    "theme_derived": True,
    "call": 1,
    "subsidy_eur": 426660.46,
    "year": "2022",
    "remark": "Uit de krant.",
    "partners": ["Aalter", "17 gemeenten van de Westhoek"],
    "lang": "nl",
}
BARE = {
    "id": "P-2",
    "title": "Kaal",
    "description": "Meer weten we niet.",
    "municipality": "Aalter",
    "programme": False,
}


@pytest.fixture
def known(app_db: Database) -> dict[str, int]:
    """Two projects, one with all fields and one with none; ids by external id."""
    cluster.projects.import_rows(app_db, rows=[Row(1, FULL), Row(2, BARE)])
    return {item["external_id"]: item["id"] for item in data.store.rows(app_db, "select id, external_id from projects")}


def answers(found: Any) -> dict[str, str]:
    return {
        term.get_text(strip=True): term.find_next("dd").get_text(" ", strip=True).replace("\xa0", " ")
        for term in found.select("main dt")
    }


def test_the_four_questions_are_answered_with_what_is_known(page: Callable[..., Any], known: dict[str, int]) -> None:
    found = page().get(f"/projects/{known['P-1']}")

    assert [title.get_text() for title in found.select("main h2")][:4] == [
        "Wat kan het?",
        "Wat kost het?",
        "Wie kan het leveren?",
        "Hoe doe ik mee?",
    ]
    said = answers(found)
    assert said["Subsidie"] == "€ 426.660,46"
    assert said["Trekker"] == "Genk"
    assert said["Partners"] == "Aalter , 17 gemeenten van de Westhoek"
    assert said["Thema"].startswith("Innovatieve dienstverlening afgeleid")
    assert said["Oproep"].startswith("Oproep 1")
    assert "Goedgekeurd op 1 maart." in found.main.get_text()


def test_what_is_not_known_is_said_to_be_unknown(page: Callable[..., Any], known: dict[str, int]) -> None:
    found = page().get(f"/projects/{known['P-2']}")

    said = answers(found)
    assert {said[term] for term in ("Thema", "Kost per jaar", "Subsidie", "Partners", "Leverancier")} == {"Niet bekend"}
    assert found.select_one(".tag.unknown").get_text() == "Uitkomst onbekend"
    assert "Bij dit project staat geen bron." in found.main.get_text()
    assert "Verwant initiatief" in found.main.get_text()


def test_sources_get_no_credit_and_learn_nothing(page: Callable[..., Any], known: dict[str, int]) -> None:
    (link,) = page().get(f"/projects/{known['P-1']}").select("[aria-labelledby=sources] a")

    assert (link["href"], set(link["rel"])) == ("https://genk.example/loket", {"noopener", "nofollow"})


def test_known_governments_lead_to_their_page_with_their_other_projects(
    page: Callable[..., Any], known: dict[str, int]
) -> None:
    visitor = page()
    links = visitor.get(f"/projects/{known['P-1']}").find("dt", string="Partners").find_next("dd").find_all("a")

    assert [link.get_text() for link in links] == ["Aalter"]
    found = visitor.get(links[0]["href"])
    assert found.h1.get_text() == "Aalter"
    assert {item.get_text() for item in found.select(".card h2")} == {"Slim loket", "Kaal"}
    again = visitor.get(f"/projects?organisation={links[0]['href'].rsplit('/')[-1]}")
    assert again.h1.get_text() == "Projecten van Aalter"


def test_markup_in_a_project_is_text(page: Callable[..., Any], app_db: Database) -> None:
    hostile = "<script>alert(1)</script>"
    fields = {**FULL, **dict.fromkeys(("title", "description", "status_note", "remark", "year"), hostile[:20])}
    cluster.projects.import_rows(app_db, rows=[Row(1, {**fields, "partners": [hostile]})])
    project_id = data.store.value(app_db, "select id from projects")

    for address in ("/projects", f"/projects/{project_id}", "/calls/1"):
        assert "alert(1)" not in str(page().get(address).find_all("script"))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Slim loket", "Kaal"]),
        ("status=approved", ["Slim loket"]),
        ("status=unknown", ["Kaal"]),
        ("theme=dienstverlening", ["Slim loket"]),
        ("call=1", ["Slim loket"]),
        ("programme=no", ["Kaal"]),
        ("programme=yes&status=unknown", []),
        ("status=%00&theme=x&call=99999999999999999999&programme=%F0&organisation=-1&page=x", ["Slim loket", "Kaal"]),
        ("page=2", []),
    ],
)
def test_filters_narrow_and_nonsense_is_left_out(
    page: Callable[..., Any], known: dict[str, int], query: str, titles: list[str]
) -> None:
    found = page().get(f"/projects?{query}")

    assert [item.get_text() for item in found.select(".card h2")] == titles
    assert titles or found.select_one(".empty a")["href"] == "/projects"


def test_the_chosen_filters_stay_chosen(page: Callable[..., Any], known: dict[str, int]) -> None:
    found = page().get("/projects?status=approved&call=1&programme=yes")

    chosen = {item.parent["name"]: item["value"] for item in found.select("main option[selected]") if item["value"]}
    assert chosen == {"status": "approved", "call": "1", "programme": "yes"}


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(page: Callable[..., Any], app_db: Database) -> None:
    def asked(count: int) -> int:
        cluster.projects.import_rows(
            app_db, rows=[Row(at, {**FULL, "id": f"P-{at}", "title": f"Loket {at}"}) for at in range(count)]
        )
        found: list[str] = []
        app_db.conn.set_trace_callback(found.append)
        page().get("/projects")
        app_db.conn.set_trace_callback(None)
        return len(found)

    assert asked(1) == asked(20)


@pytest.mark.parametrize("address", ["/projects/99", "/projects/0", "/projects/99999999999999999999"])
def test_a_project_that_is_not_there_is_a_plain_404(page: Callable[..., Any], address: str) -> None:
    assert page().get(address, status=404).h1.get_text() == "Niet gevonden"


def test_asking_for_contact_reaches_every_coordinator_once(
    known: dict[str, int], page: Callable[..., Any], app_db: Database
) -> None:
    address = f"/projects/{known['P-1']}"
    shown = page("kortrijk").submit(f"{address}/contact", at=address, message="Werkt het ook ’s avonds?")
    assert "Jullie vroegen contact op" in shown.text
    page("kortrijk").client.post(f"{address}/contact")
    (letter,) = data.store.rows(app_db, "select recipient, subject, body from letters")
    assert letter["recipient"] == "coordinator@test.example"
    assert letter["subject"] == "Kortrijk vraagt contact over “Slim loket”"
    for part in ("Werkt het ook ’s avonds?", "kortrijk@test.example", f"medestanders:{address}"):
        assert part in letter["body"]
    assert "kortrijk@test.example" not in page("aalter").get(address).text
    assert page("aalter").get(address).select_one(f"form[action='{address}/contact']")


def test_a_question_that_is_too_long_stays_typed(known: dict[str, int], page: Callable[..., Any]) -> None:
    address = f"/projects/{known['P-1']}"
    shown = page("kortrijk").submit(f"{address}/contact", at=address, status=422, message="x" * 2_001)
    assert shown.select_one("#message-error")
    assert shown.select_one("#message").text.strip() == "x" * 2_001


def edited(visitor: Any, address: str, **changes: str) -> dict[str, str]:
    """The form at this address as it stands there, with some fields typed over."""
    form = visitor.get(address).select_one("main form[method=post]")
    fields = {tag["name"]: tag.get("value", "") for tag in form.select("input") if tag.get("type") != "radio"}
    fields |= {tag["name"]: tag["value"] for tag in form.select("input[type=radio][checked]")}
    fields |= {tag["name"]: tag.get_text().removeprefix("\n") for tag in form.select("textarea")}
    for tag in form.select("select"):
        chosen = tag.select_one("option[selected]")
        fields[tag["name"]] = chosen["value"] if chosen else ""
    del fields["csrf_token"]
    return {**fields, **changes}


def send(visitor: Any, address: str, fields: dict[str, str], *, at: str | None = None, status: int = 303) -> Any:
    """Post fields, one of which may be called `status`, and follow to the page that comes."""
    token = visitor.get(at or address).select_one("input[name=csrf_token]")["value"]
    answer = visitor.client.post(address, data={"csrf_token": token, **fields})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return visitor.get(answer.headers["Location"]) if status == 303 else visitor._checked(answer, status)


def test_a_member_adds_a_project_and_sees_the_invitation_to_tell_more(page: Callable[..., Any]) -> None:
    visitor = page("genk")
    typed = edited(visitor, "/projects/new", title="Ons loket", summary="Wat we bouwden.", partners="Aalter")
    found = send(visitor, "/projects/new", typed)

    assert found.h1.get_text() == "Ons loket"
    assert answers(found)["Trekker"] == "Genk"
    wanted = {link["href"].partition("#")[2] for link in found.select("main a[href*='/edit#']")}
    assert wanted == {"features", "cost_year", "supplier", "how_to_join"}
    public = page().get("/projects/1")
    assert not public.select("main a[href*='/edit']")
    assert "kan wie het project trekt hier aanvullen." in public.main.get_text()


def test_the_four_answers_of_the_lead_stand_on_the_page(page: Callable[..., Any], known: dict[str, int]) -> None:
    address = f"/projects/{known['P-1']}"
    visitor = page("genk")
    typed = edited(
        visitor,
        f"{address}/edit",
        features="Zelf een afspraak maken.",
        cost_year="12.000",
        supplier="Bouwers <b>nv</b>",
        how_to_join="Mail ons\nvóór juni.",
    )
    send(visitor, f"{address}/edit", typed)

    found = page().get(address)
    assert answers(found)["Kost per jaar"] == "€ 12.000"
    assert answers(found)["Leverancier"] == "Bouwers <b>nv</b>"
    assert "Zelf een afspraak maken." in found.main.get_text()
    assert "Dit weten we nog niet" not in found.main.get_text()


def test_a_form_that_is_refused_keeps_everything_typed(page: Callable[..., Any]) -> None:
    visitor = page("coordinator")
    typed = edited(visitor, "/projects/new", title="", summary="Tekst", lead="Atlantis", subsidy="veel", links="genk")

    found = send(visitor, "/projects/new", typed, status=422)

    assert found.title.get_text().startswith("Fout:")
    assert {tag["href"] for tag in found.select("#errors a")} == {"#title", "#lead", "#subsidy", "#links"}
    assert found.select_one("#lead")["value"] == "Atlantis"
    assert found.select_one("#subsidy")["value"] == "veel"
    assert found.select_one("#links").get_text().strip() == "genk"


def test_who_saves_second_sees_what_stands_and_keeps_what_was_typed(
    page: Callable[..., Any], known: dict[str, int]
) -> None:
    address = f"/projects/{known['P-1']}/edit"
    first, second = page("coordinator"), page("genk")
    mine = edited(second, address, summary="Van Genk")
    send(first, address, edited(first, address, summary="Van de coördinator"))

    found = send(second, address, mine, status=409)

    assert "Van de coördinator" in found.select_one("#errors").get_text()
    assert found.select_one("#summary").get_text().strip() == "Van Genk"
    # Sent again it is saved, now that the writer has seen the other's.
    again = {**mine, "revision": found.select_one("[name=revision]")["value"]}
    assert "Van Genk" in send(second, address, again).main.get_text()


def test_an_idea_becomes_a_submitted_project_and_then_an_approved_one(
    page: Callable[..., Any], app_db: Database, who: Callable[[str], Member]
) -> None:
    form = IdeaForm(title="Samen parkeren", description="Eén vergunning voor iedereen.")
    idea_id = cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    assert not page("aalter").get(f"/ideas/{idea_id}").select("a[href*='/projects/new']")
    genk = page("genk")
    (link,) = genk.get(f"/ideas/{idea_id}").select("a[href*='/projects/new']")
    typed = edited(genk, link["href"])

    found = send(genk, "/projects/new", typed, at=link["href"])

    assert found.select_one(".tag.submitted").get_text() == "Ingediend"
    assert "Vastgelegd door Genk" in found.select_one("[aria-labelledby=history]").get_text(" ")
    assert answers(found)["Begon als idee"] == "Samen parkeren"
    assert not genk.get(f"/ideas/{idea_id}").select("a[href*='/projects/new']")
    assert "Dit idee is ingediend" in page().get(f"/ideas/{idea_id}").main.get_text()
    again = genk.client.get(link["href"])
    assert again.status_code == 409
    late = {**typed, "features": "Rijdt elke dag", "submission_key": "een ander formulier"}
    kept = send(genk, "/projects/new", late, at="/projects/new", status=409)
    assert "Rijdt elke dag" in kept.select_one("[role=alert]").get_text()

    decide = {"status": "approved", "status_on": "2024-02-01", "note": "Met lof", "revision": "1"}
    refused = send(genk, "/projects/1/decisions", {**decide, "status_source": ""}, at="/projects/1", status=422)
    assert refused.select_one("#status_source-error")
    assert refused.select_one("#note")["value"] == "Met lof"
    source = "https://genk.example/besluit"
    shown = send(genk, "/projects/1/decisions", {**decide, "status_source": source}, at="/projects/1")
    assert shown.select_one(".tag.approved")
    history = shown.select_one("[aria-labelledby=history]")
    assert [item.b.get_text() for item in history.select("ol li")] == ["Ingediend", "Goedgekeurd"]
    assert "1 februari 2024" in history.get_text()
    assert history.select_one(f"a[href='{source}']")
    late = send(page("coordinator"), "/projects/1/decisions", {**decide, "note": "Neen"}, at="/projects/1", status=409)
    assert late.select_one("[role=alert] .kept")
    assert late.select_one(".tag.approved")


def test_who_is_behind_an_accepted_cluster_is_offered_to_record_it(
    page: Callable[..., Any], app_db: Database, who: Callable[[str], Member]
) -> None:
    form = IdeaForm(title="Samen parkeren", description="Eén vergunning voor iedereen.")
    idea_id = cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    with data.store.transaction(app_db):
        app_db.execute(
            "insert into clusters (state, name, created_at, updated_at) values ('accepted', 'Samen', '', '')"
        )
        app_db.execute("insert into cluster_members values (1, 'idea', ?, 1, null)", [idea_id])
    for name in (None, "aalter"):
        assert not page(name).get("/clusters/1").select("a[href*='/projects/new']")
    genk = page("genk")
    (link,) = genk.get("/clusters/1").select("a[href*='/projects/new']")

    found = send(genk, "/projects/new", edited(genk, link["href"]), at=link["href"])

    assert (answers(found)["Begon als cluster"], answers(found)["Trekker"]) == ("Samen", "Genk")
    assert "Dit cluster is ingediend" in page().get("/clusters/1").main.get_text()


def test_a_hidden_project_offers_nothing_that_does_not_work(
    page: Callable[..., Any], known: dict[str, int], app_db: Database
) -> None:
    address = f"/projects/{known['P-1']}"
    data.store.change(app_db, "update projects set hidden = 1 where id = ?", [known["P-1"]])
    for name in ("genk", "coordinator"):
        shown = page(name).get(address).main
        assert not shown.select(f"a[href^='{address}'], form[action^='{address}']")


def test_versions_tell_what_was_and_what_became(page: Callable[..., Any], known: dict[str, int]) -> None:
    address = f"/projects/{known['P-1']}"
    genk = page("genk")
    send(genk, f"{address}/edit", edited(genk, f"{address}/edit", title="Slimmer loket", theme=""))

    first, second = genk.get(f"{address}/versions").select("main li.card")

    assert [tag.get_text(strip=True) for tag in first.select("dt")] == ["Titel", "Thema"]
    assert "Slim loket" in first.select_one("del").get_text()
    assert "Slimmer loket" in first.select_one("ins").get_text()
    assert "Zo begon het." in second.get_text()


def test_an_idea_that_is_withdrawn_is_not_named_on_its_project(
    page: Callable[..., Any], app_db: Database, who: Callable[[str], Member]
) -> None:
    genk = who("genk")
    idea_id = cluster.ideas.post(app_db, encoder=None, member=genk, form=IdeaForm(title="Geheim", description="Tekst"))
    form = ProjectForm(title="Openbaar", summary="Tekst")
    cluster.projects.add(app_db, member=genk, form=form, idea_id=idea_id)
    cluster.ideas.withdraw(app_db, member=genk, idea_id=idea_id)
    assert "Geheim" not in page().get("/projects/1").main.get_text()
    assert "Geheim" in page("genk").get("/projects/1").main.get_text()
