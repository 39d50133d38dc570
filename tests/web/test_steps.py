"""Steps on clusters by the forms of the pages: each can be undone, and who comes second reads what stands."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.clusters
import cluster.proposals
import cluster.regroupings
import cluster.steps
import data.clusters
import data.ideas
import data.people
import data.proposals
import data.steps
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.figures import Reader
from cluster.web import worker
from data.store import change, rows, transaction, value
from models.clusters import Cluster, ClusterState, Progress
from models.ideas import IdeaForm
from models.people import Member

Page = Callable[..., Any]
Who = Callable[[str], Member]

TEXTS = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register.", "Genk"),
    (
        "Begraafplaats in kaart",
        "Een register van grafconcessies en graven op de begraafplaats, met een kaart.",
        "Aalter",
    ),
    ("Register voor de begraafplaats", "Graven en concessies op de begraafplaats in een register.", "Kortrijk"),
    ("Concessies van graven", "Een register van graven op de begraafplaats met hun concessies.", "Genk"),
    ("Parkeervergunning aanvragen", "Bewoners vragen hun parkeervergunning voor de bewonerszone aan.", "Genk"),
    ("Bewonerszone", "Een parkeervergunning voor bewoners van de bewonerszone.", "Aalter"),
    ("Zwembad reserveren", "Een tijdslot kiezen om baantjes te trekken.", "Kortrijk"),
)
LATER = (date.today() + timedelta(days=20)).isoformat()


def post(db: Database, *texts: tuple[str, str, str]) -> None:
    with transaction(db):
        for title, body, by in texts:
            data.ideas.add(
                db,
                form=IdeaForm(title=title, description=body),
                lang="nl",
                organisation_id=value(db, "select id from organisations where name = ?", [by]),
                author_id=None,
            )


@pytest.fixture
def both(app_db: Database, encoder: Encoder) -> list[Cluster]:
    """A proposal of four ideas about graves, one of two about parking, and an idea about swimming."""
    post(app_db, *TEXTS)
    cluster.proposals.propose(app_db, encoder=encoder)
    found = cluster.clusters.listed(app_db, states=[ClusterState.PROPOSED])
    assert [len(one.members) for one in found] == [4, 2]
    return found


def at(one: Cluster) -> str:
    return f"/clusters/{one.id}"


def now(db: Database, one: Cluster) -> Cluster:
    found = data.clusters.get(db, cluster_id=one.id)
    assert found is not None
    return found


def item(one: Cluster, place: int) -> str:
    return f"{one.members[place].kind}.{one.members[place].id}"


def fields(name: str, graves: Cluster, parking: Cluster) -> dict[str, Any]:
    return {
        "accept": {},
        "reject": {"chosen_reason": "Te ruim: dit zijn verschillende noden"},
        "rename": {"name": "Rust en register"},
        "snooze": {"until": LATER},
        "lock": {"reason": "We overleggen nog"},
        "move": {"item": item(graves, 0), "to": str(parking.seen), "relation": "different"},
        "bring-in": {"item": "idea.7", "answer": "same"},
        "merge": {"other": str(parking.seen)},
        "split": {"leaving": [item(graves, 0), item(graves, 1)], "split_name": "Kaarten"},
    }[name]


NAMES = ("accept", "reject", "rename", "snooze", "lock", "move", "bring-in", "merge", "split")


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_taken_by_its_form_and_undone_by_the_button_that_follows(
    page: Page, app_db: Database, both: list[Cluster], name: str
) -> None:
    graves, parking = both
    visitor = page("coordinator")
    after = visitor.submit(f"{at(graves)}/{name}", at=at(graves), revision=1, **fields(name, graves, parking))
    assert now(app_db, graves).revision == 2
    button = after.select_one(".notice form[action$=undo]")
    undone = visitor.submit(button["action"], at=at(graves))
    assert "Ongedaan gemaakt." in undone.text
    again = now(app_db, graves)
    assert (again.state, again.name, again.members) == (graves.state, graves.name, graves.members)
    assert now(app_db, parking).members == parking.members


@pytest.mark.parametrize("name", ["accept", "reject", "rename"])
def test_who_comes_back_later_takes_a_step_back_beside_the_state(
    page: Page, app_db: Database, both: list[Cluster], name: str
) -> None:
    graves, parking = both
    visitor = page("coordinator")
    assert visitor.get(at(graves)).find("button", string="Maak ongedaan") is None
    after = visitor.submit(f"{at(graves)}/{name}", at=at(graves), revision=1, **fields(name, graves, parking))
    [button] = visitor.get(at(graves)).find_all("button", string="Maak ongedaan")
    assert button.find_parent("div").find("h1"), "it stands at the head"
    if name == "rename":
        assert len(after.find_all("button", string="Maak ongedaan")) == 1, "not beside the notice that says the same"
    assert now(app_db, graves).revision == 2
    form = button.find_parent("form")
    visitor.submit(form["action"], at=at(graves), seen=form.select_one("[name=seen]")["value"])
    assert now(app_db, graves).state == graves.state


@pytest.mark.parametrize("name", NAMES)
def test_who_comes_second_reads_what_stands_and_what_was_done_meanwhile(
    page: Page, app_db: Database, both: list[Cluster], who: Who, name: str
) -> None:
    graves, parking = both
    cluster.steps.rename(app_db, seen=graves.seen, member=who("coordinator"), name="Graven")
    typed = {**fields(name, graves, parking), "reason": "Mijn <b>reden</b>"}
    before = rows(app_db, "select * from cluster_members"), rows(app_db, "select * from judgements")
    found = page("coordinator").submit(f"{at(graves)}/{name}", at=at(graves), status=409, revision=1, **typed)
    alert = found.select_one("[role=alert]").text
    assert found.h1.text == "Graven"
    assert "Naam gewijzigd: Coordinator" in alert
    assert "Mijn <b>reden</b>" in alert
    assert (rows(app_db, "select * from cluster_members"), rows(app_db, "select * from judgements")) == before


@pytest.mark.parametrize("name", ["move", "merge"])
def test_a_change_of_the_other_cluster_is_a_conflict_too(
    page: Page, app_db: Database, both: list[Cluster], who: Who, name: str
) -> None:
    graves, parking = both
    given = fields(name, graves, parking)
    cluster.steps.rename(app_db, seen=parking.seen, member=who("coordinator"), name="Parkeren")
    found = page("coordinator").submit(f"{at(graves)}/{name}", at=at(graves), status=409, revision=1, **given)
    assert found.h1.text == "Parkeren"
    assert "Naam gewijzigd" in found.select_one("[role=alert]").text
    assert now(app_db, graves).members == graves.members


def test_a_step_on_two_clusters_is_undone_where_the_reader_is(page: Page, both: list[Cluster]) -> None:
    graves, parking = both
    visitor = page("coordinator")
    form = {"item": item(graves, 0), "from": str(graves.seen), "answer": "same"}
    after = visitor.submit(f"{at(parking)}/bring-in", at=at(parking), revision=1, **form)
    button = after.select_one(".notice form[action$=undo]")
    seen = button.select_one("[name=seen]")["value"]
    assert seen == f"{parking.id}.2"
    assert visitor.submit(button["action"], at=at(parking), seen=seen).h1.text == parking.name


def test_an_undo_that_comes_too_late_is_refused_with_what_stands(
    page: Page, app_db: Database, both: list[Cluster], who: Who
) -> None:
    graves, _ = both
    step = cluster.steps.accept(app_db, seen=graves.seen, member=who("coordinator"))
    cluster.steps.rename(app_db, seen=now(app_db, graves).seen, member=who("coordinator"), name="Graven")
    found = page("coordinator").submit(f"/clusters/steps/{step}/undo", at=at(graves), status=409, seen=f"{graves.id}.2")
    assert "is na deze stap nog veranderd" in found.select_one("[role=alert]").text
    assert "Naam gewijzigd" in found.select_one("[role=alert]").text
    assert now(app_db, graves).state is ClusterState.ACCEPTED


@pytest.mark.parametrize("name", NAMES)
def test_only_coordinators_take_steps(page: Page, app_db: Database, both: list[Cluster], name: str) -> None:
    given = fields(name, *both)
    page("genk").submit(f"{at(both[0])}/{name}", at="/account", status=403, revision=1, **given)
    assert now(app_db, both[0]).revision == 1


@pytest.mark.parametrize(
    ("name", "field", "given"),
    [
        ("reject", "reason", {}),
        ("reject", "reason", {"reason": "x" * 1_001}),
        ("snooze", "until", {"until": "2020-01-01"}),
        ("move", "item", {"item": "", "to": ""}),
        ("move", "relation", {"item": "idea.1", "to": "", "relation": "niets"}),
        ("merge", "other", {"other": ""}),
        ("split", "leaving", {"leaving": ["idea.1"]}),
        ("split", "split_name", {"leaving": ["idea.1", "idea.2"], "split_name": "y" * 121}),
    ],
)
def test_what_cannot_be_kept_comes_back_with_its_field(
    page: Page, app_db: Database, both: list[Cluster], name: str, field: str, given: dict[str, Any]
) -> None:
    found = page("coordinator").submit(f"{at(both[0])}/{name}", at=at(both[0]), status=422, revision=1, **given)
    assert found.title.text.startswith("Fout:")
    assert found.select_one(f'.errors a[href="#{field}"]')
    assert now(app_db, both[0]).revision == 1


def test_the_suggested_split_shows_both_parts_and_keeps_the_ticks(page: Page, both: list[Cluster]) -> None:
    graves, _ = both
    visitor = page("coordinator")
    found = visitor.get(f"{at(graves)}/split")
    ticks = found.select("input[name=leaving]")
    assert {one["value"] for one in ticks} == {item(graves, place) for place in range(4)}
    assert 2 <= len(found.select("input[name=leaving][checked]")) <= 3
    chosen = [item(graves, place) for place in range(3)]
    again = visitor.submit(f"{at(graves)}/split", at=at(graves), status=422, revision=1, leaving=chosen)
    assert {one["value"] for one in again.select("input[name=leaving][checked]")} == set(chosen)


def test_a_locked_cluster_offers_to_unlock_it_and_nothing_else(
    page: Page, app_db: Database, both: list[Cluster], who: Who
) -> None:
    graves, _ = both
    cluster.steps.lock(app_db, seen=graves.seen, member=who("coordinator"))
    visitor = page("coordinator")
    found = visitor.get(at(graves))
    offered = {form["action"] for form in found.select("main form") if "undo" not in form["action"]}
    assert offered == {f"{at(graves)}/unlock"}
    visitor.submit(f"{at(graves)}/unlock", at=at(graves), revision=2)
    assert not now(app_db, graves).locked


def test_each_decision_leads_to_the_next_proposal_and_the_desk_counts(
    page: Page, app_db: Database, both: list[Cluster]
) -> None:
    visitor = page("coordinator")
    first, second = _queue(app_db)
    found = visitor.submit(f"{at(first)}/accept", at=at(first), revision=1)
    assert found.h1.text == second.name
    assert f"{first.name}: aanvaard." in found.select_one(".notice").text
    desk = visitor.get("/clusters")
    assert "1 van 2 bekeken" in desk.text
    assert desk.select_one("#reviewed")["value"] == "1"
    last = visitor.submit(f"{at(second)}/snooze", at=at(second), revision=1, until=LATER)
    assert last.h1.text == "Clusters nakijken"
    assert "2 van 2 bekeken" in last.text
    assert "Uitgesteld" in last.text


def _queue(db: Database) -> list[Cluster]:
    coordinator = data.people.by_email(db, email="coordinator@test.example")
    return cluster.clusters.desk(db, member=coordinator).proposed


@pytest.mark.parametrize(
    ("what", "more", "state"),
    [
        ("accept", {}, ClusterState.ACCEPTED),
        ("reject", {"chosen_reason": "Te weinig om samen aan te pakken"}, ClusterState.REJECTED),
        ("snooze", {"until": LATER}, ClusterState.PROPOSED),
    ],
)
def test_several_proposals_are_dealt_with_at_once_but_for_those_that_changed(
    page: Page, app_db: Database, both: list[Cluster], who: Who, what: str, more: dict[str, str], state: ClusterState
) -> None:
    graves, parking = both
    visitor = page("coordinator")
    chosen = [str(one.seen) for one in both]
    cluster.steps.rename(app_db, seen=parking.seen, member=who("coordinator"), name="Parkeren")
    desk = visitor.submit("/clusters/decide", at="/clusters", what=what, chosen=chosen, **more)
    assert desk.select_one(f".notice form a[href='{at(graves)}']").text == graves.name
    assert "‘Parkeren’ is intussen veranderd" in desk.text
    assert (now(app_db, graves).state, now(app_db, graves).revision) == (state, 2)
    assert now(app_db, parking).state is ClusterState.PROPOSED


@pytest.mark.parametrize(("what", "words"), [("accept", "aanvaard"), ("reject", "verworpen"), ("snooze", "uitgesteld")])
def test_what_was_decided_with_one_press_is_named_and_taken_back_with_one(
    page: Page, app_db: Database, both: list[Cluster], what: str, words: str
) -> None:
    visitor = page("coordinator")
    form = {"chosen": [str(one.seen) for one in both], "chosen_reason": "Te weinig om samen aan te pakken"}
    desk = visitor.submit("/clusters/decide", at="/clusters", what=what, until=LATER, **form)
    told = desk.select_one(".notice:has(form)")
    assert " ".join(told.p.text.split()) == f"2 clusters {words}: {both[0].name}, {both[1].name}."
    steps = [one["value"] for one in told.select("[name=step]")]
    assert "2 beslissingen ongedaan gemaakt." in visitor.submit(told.form["action"], at="/clusters", step=steps).text
    for one in both:
        again = now(app_db, one)
        assert (again.state, again.snoozed_until, again.members) == (one.state, None, one.members)
        assert data.steps.last(app_db, cluster_id=one.id).action == "undone"


def test_of_what_was_decided_with_one_press_that_which_changed_since_stays(
    page: Page, app_db: Database, both: list[Cluster], who: Who
) -> None:
    steps, missed = cluster.steps.decide_many(
        app_db, member=who("coordinator"), every=[one.seen for one in both], what="accept"
    )
    assert not missed
    cluster.steps.rename(app_db, seen=now(app_db, both[1]).seen, member=who("coordinator"), name="Parkeren")
    visitor = page("coordinator")
    desk = visitor.get(f"/clusters?done={steps[0]}&done={steps[1]}&done=999&done=x")
    assert desk.select_one(".notice form p").text.startswith(both[0].name)
    after = visitor.submit("/clusters/steps/undo", at="/clusters", step=steps)
    assert "1 beslissing ongedaan gemaakt." in after.text
    assert "‘Parkeren’ is na deze stap nog veranderd." in after.text
    assert [now(app_db, one).state for one in both] == [ClusterState.PROPOSED, ClusterState.ACCEPTED]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("chosen", {"what": "accept", "chosen": []}),
        ("chosen", {"what": "accept", "chosen": ["x", "1", "1.2.3"]}),
        ("reason", {"what": "reject"}),
        ("until", {"what": "snooze", "until": "gisteren"}),
        ("what", {"what": "delete"}),
    ],
)
def test_a_choice_that_is_not_complete_comes_back_with_its_ticks(
    page: Page, app_db: Database, both: list[Cluster], field: str, given: dict[str, Any]
) -> None:
    ticked = [str(both[0].seen)]
    desk = page("coordinator").submit("/clusters/decide", at="/clusters", status=422, **{"chosen": ticked, **given})
    assert desk.select_one(f'.errors a[href="#{field}"]')
    if "chosen" not in given:
        assert [one["value"] for one in desk.select("input[name=chosen][checked]")] == ticked
    assert rows(app_db, "select distinct revision from clusters") == [{"revision": 1}]


def test_the_list_of_reasons_is_the_coordinators_and_free_text_stays_possible(
    page: Page, app_db: Database, both: list[Cluster]
) -> None:
    visitor, graves = page("coordinator"), both[0]
    found = visitor.submit("/clusters/reasons", reasons="  Te vroeg \n\nTe duur\nTe vroeg")
    assert found.select_one("#reasons").text.strip() == "Te vroeg\nTe duur"
    offered = [one["value"] for one in visitor.get(at(graves)).select("input[name=chosen_reason]")]
    assert offered == ["Te vroeg", "Te duur", ""]
    form = {"chosen_reason": "Te vroeg", "reason": "Wacht op de oproep."}
    visitor.submit(f"{at(graves)}/reject", at=at(graves), revision=1, **form)
    assert now(app_db, graves).reason == "Te vroeg: Wacht op de oproep."
    for wrong in ("x" * 201, "\n".join(map(str, range(31))), "\ufffd"):
        again = visitor.submit("/clusters/reasons", status=422, reasons=wrong)
        assert again.select_one("#reasons").text.strip() == wrong


def test_the_page_of_a_proposal_shows_why_each_belongs_what_is_near_and_who_is_where(
    page: Page, app_db: Database, both: list[Cluster]
) -> None:
    change(app_db, "update organisations set lat = 51 + id / 10.0, lon = 3 + id where kind = 'municipality'")
    graves, parking = both
    found = page("coordinator").get(at(graves))
    assert len(found.select(".why")) == 4
    quotes = [one.text for one in found.select(".why dd")]
    assert any("register" in one for one in quotes)
    assert found.select(".why mark")
    near = [one.text for one in found.select("#near ~ ul h3")]
    assert "Zwembad reserveren" in near
    assert parking.name in found.select_one("#near ~ ul").text
    assert [one.text for one in found.select(".tiles rect title")] == ["Aalter", "Genk", "Kortrijk"]
    table = found.select("[aria-labelledby=relations] tbody tr")
    assert len(found.select(".graph line")) == len(table) == 6
    assert len(found.select(".graph circle")) == 4


def test_readers_see_none_of_it(page: Page, app_db: Database, both: list[Cluster], who: Who) -> None:
    cluster.steps.accept(app_db, seen=both[0].seen, member=who("coordinator"))
    seen = page("genk").get(at(both[0]))
    assert not seen.select(".why, .graph, #near, #weakest, #history")
    assert not [form for form in seen.select("main form") if form["action"].startswith("/clusters")]


def test_without_an_encoder_the_page_still_stands(
    app: Flask, page: Page, app_db: Database, both: list[Cluster]
) -> None:
    app.extensions["medestanders"].encoder = LazyEncoder(_missing)
    found = page("coordinator").get(at(both[0]))
    assert not found.select(".graph, #near")
    found = page("coordinator").submit(f"{at(both[0])}/move", at=at(both[0]), revision=1, item=item(both[0], 0), to="")
    assert len(now(app_db, both[0]).members) == 3


def _missing() -> Encoder:
    raise OSError("weg")


def test_a_suggestion_is_answered_at_the_desk(
    page: Page, app_db: Database, encoder: Encoder, both: list[Cluster], who: Who
) -> None:
    graves, _ = both
    cluster.steps.accept(app_db, seen=graves.seen, member=who("coordinator"))
    post(
        app_db,
        ("Graven en concessies", "Een register van concessies van graven op de begraafplaats.", "Aalter"),
        ("Graven op de begraafplaats", "De concessies van graven in een register.", "Genk"),
    )
    cluster.proposals.propose(app_db, encoder=encoder)
    visitor = page("coordinator")
    for answer, members in (("same", 5), ("different", 5)):
        desk = visitor.get("/clusters")
        form = desk.select_one("#joining-title ~ ul form")
        given = {one["name"]: one["value"] for one in form.select("input") if one["name"] != "csrf_token"}
        desk = visitor.submit(form["action"], at="/clusters", answer=answer, **given)
        assert desk.h1.text == "Clusters nakijken"
        assert len(now(app_db, graves).members) == members
    assert not desk.select("#joining-title")
    assert desk.select_one(".notice form[action$=undo]")


def test_a_merged_cluster_leads_readers_to_the_one_it_lives_on_in(
    page: Page, app_db: Database, encoder: Encoder, both: list[Cluster], who: Who
) -> None:
    graves, parking = both
    coordinator = who("coordinator")
    for one in both:
        cluster.steps.accept(app_db, seen=one.seen, member=coordinator)
    seen, other = now(app_db, graves).seen, now(app_db, parking).seen
    cluster.regroupings.merge(app_db, reader=Reader(encoder), member=coordinator, seen=seen, other=other)
    answer = page("genk").client.get(at(parking))
    assert (answer.status_code, answer.headers["Location"]) == (302, at(graves))
    kept = page("coordinator").get(at(parking))
    assert "Dit cluster leeft verder in een ander cluster." in kept.text


def test_related_clusters_are_linked_for_every_reader(
    page: Page, app_db: Database, encoder: Encoder, both: list[Cluster], who: Who
) -> None:
    graves, _ = both
    coordinator = who("coordinator")
    cluster.steps.accept(app_db, seen=graves.seen, member=coordinator)
    out = [one.key for one in graves.members[:2]]
    seen = now(app_db, graves).seen
    _, new = cluster.regroupings.split(
        app_db, reader=Reader(encoder), member=coordinator, seen=seen, leaving=out, name="Kaarten"
    )
    assert page().get(at(graves)).find("a", href=f"/clusters/{new}", string="Kaarten")
    assert page().get(f"/clusters/{new}").find("a", href=at(graves))


def test_the_desk_shows_the_proposals_of_one_area_and_stays_there_while_any_waits(
    page: Page, app_db: Database, encoder: Encoder, both: list[Cluster]
) -> None:
    post(app_db, ("Zwembad en tijdslot", "Een tijdslot om baantjes te trekken in het zwembad.", "Genk"))
    cluster.proposals.propose(app_db, encoder=encoder)
    change(app_db, "update clusters set area = 'Graven en groen' where id in (?, ?)", [one.id for one in both])
    visitor, desk_of = page("coordinator"), "/clusters?area=Graven+en+groen"
    assert len(visitor.get("/clusters").select(".ticked .card")) == 3
    desk = visitor.get(desk_of)
    assert desk.select_one("#area option[selected]").text == "Graven en groen (2)"
    assert visitor.get(at(both[0])).find("a", href=desk_of)
    for left in (1, 1):
        chosen = [desk.select_one(".ticked input[type=checkbox]")["value"]]
        desk = visitor.submit("/clusters/decide", at=desk_of, what="accept", chosen=chosen, area="Graven en groen")
        assert len(desk.select(".ticked .card")) == left
    # Nothing waits there any more: what is left waits elsewhere.
    assert not desk.select("#area")


def test_a_run_shows_how_far_it_is_and_asks_again_until_it_is_done(
    app: Flask, page: Page, app_db: Database, both: list[Cluster]
) -> None:
    visitor = page("coordinator")
    visitor.submit("/clusters/propose", at="/clusters")
    assert visitor.client.get("/clusters/run").headers["Refresh"] == "3"
    assert "Refresh" not in visitor.client.get("/clusters/run?stil=1").headers
    change(app_db, "update jobs set leased_until = '2999-01-01T00:00:00+00:00' where kind = 'propose'")
    cluster.proposals.keep_progress(app_db, progress=Progress("comparing"))
    run = visitor.get("/clusters/run")
    assert "Teksten vergelijken en groeperen" in run.text
    assert run.select_one("progress")["value"] == "33"
    assert visitor.get("/clusters").select_one("progress")["value"] == "33"
    change(app_db, "update jobs set leased_until = null where kind = 'propose'")
    worker.work(app.extensions["medestanders"], once=True)
    answer = visitor.client.get("/clusters/run")
    assert "Refresh" not in answer.headers
    run = visitor.get("/clusters/run")
    assert not run.select("progress")
    assert "0 nieuw, 0 gewijzigd, 0 vervallen" in run.text


def test_each_government_behind_an_accepted_cluster_gets_one_letter_once_nobody_undid_it(
    app: Flask, page: Page, app_db: Database, both: list[Cluster], who: Who
) -> None:
    services = app.extensions["medestanders"]
    graves, _ = both
    step = cluster.steps.accept(app_db, seen=graves.seen, member=who("coordinator"))
    worker.work(services, once=True)
    assert _letters(app_db) == []
    cluster.steps.undo(app_db, step=step, member=who("coordinator"))
    _wait(app_db)
    worker.work(services, once=True)
    assert _letters(app_db) == []
    for _ in range(2):
        cluster.steps.accept(app_db, seen=now(app_db, graves).seen, member=who("coordinator"))
        _wait(app_db)
        worker.work(services, once=True)
        assert _letters(app_db) == ["aalter@test.example", "genk@test.example", "kortrijk@test.example"]
        step = data.steps.undoable(app_db, cluster_id=graves.id) or 0
        cluster.steps.undo(app_db, step=step, member=who("coordinator"))
    body = value(app_db, "select body from letters where dedupe_key like 'cluster:%' and recipient like 'genk%'")
    assert graves.name in body
    assert "Kortrijk" in body
    assert f"/clusters/{graves.id}" in body


def _wait(db: Database) -> None:
    change(db, "update jobs set not_before = '2020-01-01T00:00:00+00:00' where done_at is null")


def _letters(db: Database) -> list[str]:
    found = rows(db, "select recipient from letters where dedupe_key like 'cluster:%' order by 1")
    return [one["recipient"] for one in found]


def test_the_pages_of_a_cluster_ask_the_store_no_more_often_for_more_members(
    app: Flask, page: Page, app_db: Database, encoder: Encoder, both: list[Cluster]
) -> None:
    graves, parking = both
    visitor = page("coordinator")
    counts = []
    for one in (parking, graves):
        counted: list[str] = []
        visitor.get(at(one))
        with app_db.tracer(lambda sql, _, counted=counted: counted.append(sql)):
            visitor.get(at(one))
        counts.append(len(counted))
    assert counts[1] <= counts[0] <= 45
