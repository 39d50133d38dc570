"""The desk and the pages of clusters, and the commands."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.clusters
import cluster.proposals
import cluster.steps
import data.clusters
import data.ideas
import data.projects
import data.proposals
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import worker
from cluster.web.cluster_commands import clusters as commands
from data.store import change, transaction, value
from models.clusters import Cluster, ClusterState, Draft, Seen
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member

Page = Callable[..., Any]

TEXTS = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register.", "Genk"),
    ("Begraafplaats in kaart", "Een register van grafconcessies en graven op de begraafplaats.", "Aalter"),
    ("Zwembad reserveren", "Een tijdslot kiezen om baantjes te trekken.", "Kortrijk"),
    ("Fietsen delen", "Deelfietsen aan het station.", "Kortrijk"),
)


@pytest.fixture
def proposal(app_db: Database, encoder: Encoder) -> Cluster:
    """A proposal of two ideas about graves."""
    with transaction(app_db):
        for number, (title, body, by) in enumerate(TEXTS):
            data.ideas.add(
                app_db,
                form=IdeaForm(title=title, description=body),
                lang="nl",
                organisation_id=value(app_db, "select id from organisations where name = ?", [by]),
                author_id=None,
                external_id=f"X{number}" if number else None,
            )
    cluster.proposals.propose(app_db, encoder=encoder)
    [found] = cluster.clusters.listed(app_db, states=[ClusterState.PROPOSED])
    return found


def test_an_empty_desk_says_what_to_do(page: Page) -> None:
    desk = page("coordinator").get("/clusters")
    assert "Er werd nog niet naar clusters gezocht." in desk.text
    assert "Zoek nieuwe clusters" in desk.text


def test_the_button_queues_a_run_and_the_page_tells(page: Page, app_db: Database) -> None:
    visitor = page("coordinator")
    for _ in range(2):
        run = visitor.submit("/clusters/propose", at="/clusters")
    assert "De zoektocht wacht op haar beurt" in run.text
    assert value(app_db, "select count(*) from jobs where kind = 'propose'") == 1


def test_the_desk_says_that_a_run_failed_and_offers_the_button_again(
    app: Flask, page: Page, app_db: Database, encoder: Encoder
) -> None:
    services, visitor = app.extensions["medestanders"], page("coordinator")
    services.encoder = LazyEncoder(missing)
    visitor.submit("/clusters/propose", at="/clusters")
    worker.work(services, once=True)
    desk = visitor.get("/clusters")
    assert "De zoektocht wacht op haar beurt" not in desk.text
    assert "Het zoeken naar clusters is mislukt." in desk.text
    assert "De encoder is niet geladen." in desk.text
    services.encoder = LazyEncoder(lambda: encoder)
    assert worker.work(services, once=True) == 0
    assert "De zoektocht wacht op haar beurt" in visitor.submit("/clusters/propose", at="/clusters").text
    assert worker.work(services, once=True) == 1
    desk = visitor.get("/clusters")
    assert "mislukt" not in desk.text
    assert "Laatst gezocht op" in desk.text
    assert value(app_db, "select count(*) from jobs where kind = 'propose'") == 1


def test_a_municipality_finds_an_accepted_cluster_and_joins_it(page: Page, proposal: Cluster, app_db: Database) -> None:
    with transaction(app_db):
        change(app_db, "update clusters set state = 'accepted' where id = ?", [proposal.id])
    address = f"/clusters/{proposal.id}"
    listed = page("kortrijk").get(page("kortrijk").get("/ideas").select_one("a[href*='kind=cluster']")["href"])
    assert listed.find("a", string=proposal.name)["href"] == address
    button = page("kortrijk").get(address).select_one("#join ~ p a")
    central = next(one for one in proposal.members if one.kind is Kind.IDEA)
    assert button["href"] == page().get(address).select_one("#join ~ p a")["href"] == f"/ideas/{central.id}/endorse"
    for name in ("genk", "aalter", "coordinator"):
        assert page(name).get(address).select_one("#join") is None
    page("kortrijk").submit(button["href"], role="learn", message="")
    joined = page("kortrijk").get(address)
    assert joined.select_one("#join") is None
    assert joined.select_one("#together")


def missing() -> Encoder:
    raise OSError("weg")


def test_a_run_that_was_given_up_is_told_until_one_goes_well(page: Page, app_db: Database, encoder: Encoder) -> None:
    with transaction(app_db):
        app_db.execute(
            """insert into jobs (kind, key, not_before, done_at, error)
            values ('propose', 'clusters', '2026-01-01T00:00:00+00:00', '2026-01-02T00:00:00+00:00', 'Weg: <b>')"""
        )
    desk = page("coordinator").get("/clusters")
    assert desk.select_one("code").text == "Weg: <b>"
    assert desk.find("button", string="Zoek nieuwe clusters")
    cluster.proposals.propose(app_db, encoder=encoder)
    assert "mislukt" not in page("coordinator").get("/clusters").text


def test_the_desk_shows_proposals_and_the_last_run(page: Page, proposal: Cluster) -> None:
    desk = page("coordinator").get("/clusters")
    assert desk.select_one(f'.card a[href="/clusters/{proposal.id}"]').text == proposal.name
    assert "Laatst gezocht op" in desk.text
    assert "2 gemeenten" in desk.text


def test_long_lists_of_the_desk_show_the_first_and_say_how_many_there_are(page: Page, app_db: Database) -> None:
    for state in ("proposed", "accepted", "rejected"):
        with transaction(app_db):
            [a, b] = [
                data.ideas.add(
                    app_db, form=IdeaForm(title="T", description="D"), lang="nl", organisation_id=None, author_id=None
                )
                for _ in range(2)
            ]
            for number in range(cluster.clusters.ON_DESK_AT_MOST + 1):
                pair = ((Kind.IDEA, a), (Kind.IDEA, b))
                name = f"{state} {number}"
                draft = Draft(name=name, terms=(), cohesion=0.5, weakest=pair, members=((pair[0], 0.5), (pair[1], 0.5)))
                data.proposals.add(app_db, draft=draft)
            app_db.execute("update clusters set state = ? where name like ?", [state, f"{state}%"])
    desk = page("coordinator").get("/clusters")
    assert len(desk.select(".card")) == 3 * 50
    assert [" ".join(title.text.split()) for title in desk.select("h2")][1:] == [
        "Voorstellen (51)", "Aanvaard (51)", "Verworpen (51)",
    ]  # fmt: skip
    assert "Dit zijn de eerste 50 van de 51." in desk.text
    assert desk.text.count("Dit zijn de 50 laatste van de 51.") == 2
    assert not desk.find("a", string="rejected 0")
    assert desk.find("a", string="rejected 50")


def test_only_coordinators_see_the_desk_and_proposals(page: Page, proposal: Cluster) -> None:
    page("genk").get("/clusters", status=403)
    for visitor in (page(), page("genk")):
        visitor.get(f"/clusters/{proposal.id}", status=404)
    assert page().client.get("/clusters").status_code == 302


def test_a_proposal_shows_members_with_links_municipalities_and_the_weakest_pair(page: Page, proposal: Cluster) -> None:
    found = page("coordinator").get(f"/clusters/{proposal.id}")
    for one in proposal.members:
        assert found.select_one(f'main a[href="/ideas/{one.id}"]').text == one.title
    table = found.select_one("details [aria-labelledby=municipalities] table")
    assert [cell.text for cell in table.select("tbody th")] == ["Aalter", "Genk"]
    assert [one.text for one in found.select("#weakest ~ .cards h3")] == [one.title for one in proposal.members]
    assert [one.text[:2] for one in found.select("#members ~ ol h3")] == ["1.", "2."]
    assert found.select_one("#members ~ ol .tag").text == "meest typisch"
    # Who reads by keyboard or on a phone comes to the decision before the texts.
    assert [one.text for one in found.select("h2")][:2] == ["Beslis", "Wie dezelfde nood heeft"]
    assert "94.000" in found.text


def test_a_body_that_stands_for_municipalities_is_told_apart_from_them(
    page: Page, app_db: Database, proposal: Cluster
) -> None:
    body = value(app_db, "select id from organisations where name = 'Streekverband'")
    change(app_db, "update ideas set organisation_id = ? where id = ?", [body, proposal.members[1].id])
    visitor = page("coordinator")
    found, desk = visitor.get(f"/clusters/{proposal.id}"), visitor.get("/clusters")
    figures = [" ".join(one.text.split()) for one in found.select(".figures li")]
    governments, inhabitants = figures[1:]
    said = "2 besturen, samen goed voor 3 gemeenten"
    assert governments == f"{said} 1 gemeente, en Streekverband (voor 2 gemeenten)"
    count = len(found.select("[aria-labelledby=municipalities] tbody tr"))
    assert inhabitants.endswith(f"inwoners in die {count} gemeenten samen")
    assert said in desk.select_one("#chosen .meta").text


def test_the_picture_of_who_resembles_whom_is_the_same_before_and_after_a_decision(
    page: Page, app_db: Database, proposal: Cluster
) -> None:
    visitor = page("coordinator")
    before = visitor.get(f"/clusters/{proposal.id}")
    visitor.submit(f"/clusters/{proposal.id}/accept", at=f"/clusters/{proposal.id}", revision=1)
    after = visitor.get(f"/clusters/{proposal.id}")
    assert after.select_one("#decide").text == "Wijzig dit cluster"
    assert before.select(".graph line")
    for part in (".graph line", "#relations ~ details td:last-child", "#weakest + p"):
        assert [str(one) for one in before.select(part)] == [str(one) for one in after.select(part)]


def test_accepting_makes_the_cluster_public_without_the_desk(page: Page, proposal: Cluster) -> None:
    address = f"/clusters/{proposal.id}"
    page("coordinator").submit(f"{address}/accept", at=address, revision=1)
    seen = page().get(address)
    assert seen.h1.text == proposal.name
    assert "Geschiedenis" not in seen.text
    assert "Coordinator" not in seen.text
    assert not seen.select(f'form[action^="{address}"]')


def test_renaming_and_rejecting_from_the_page(page: Page, proposal: Cluster, app_db: Database) -> None:
    visitor, address = page("coordinator"), f"/clusters/{proposal.id}"
    assert (
        visitor.submit(f"{address}/rename", at=address, revision=1, name="  Rust\n register ").h1.text
        == "Rust register"
    )
    desk = visitor.submit(f"{address}/reject", at=address, revision=2, reason="Te verschillend")
    assert "Reden: Te verschillend" in desk.text
    assert data.clusters.totals(app_db)[ClusterState.REJECTED] == 1
    assert "Te verschillend" in visitor.get(address).text


@pytest.mark.parametrize(
    ("what", "field", "typed"),
    [("rename", "name", "x" * 121), ("rename", "name", ""), ("reject", "reason", "y" * 1_001)],
)
def test_what_cannot_be_kept_comes_back_with_what_was_typed(
    page: Page, proposal: Cluster, what: str, field: str, typed: str
) -> None:
    address = f"/clusters/{proposal.id}"
    found = page("coordinator").submit(f"{address}/{what}", at=address, status=422, revision=1, **{field: typed})
    assert found.title.text.startswith("Fout:")
    assert found.select_one(f'.errors a[href="#{field}"]')
    control = found.select_one(f"#{field}")
    assert (control.get("value") if control.name == "input" else control.text.strip()) == typed


def test_the_second_of_two_coordinators_sees_what_stands_now(
    page: Page, proposal: Cluster, app_db: Database, who: Callable[[str], Member]
) -> None:
    address = f"/clusters/{proposal.id}"
    cluster.steps.rename(app_db, seen=Seen(proposal.id, 1), member=who("coordinator"), name="Graven")
    for what in ("accept", "reject"):
        found = page("coordinator").submit(
            f"{address}/{what}", at=address, status=409, revision=1, reason="Mijn <b>reden</b>"
        )
        assert found.h1.text == "Graven"
        alert = found.select_one("[role=alert]").text
        assert "Naam gewijzigd: Coordinator" in alert
        assert "Mijn <b>reden</b>" in alert
    assert data.clusters.totals(app_db)[ClusterState.PROPOSED] == 1


@pytest.mark.parametrize("revision", ["", "abc", "-1", "9" * 40, "²"])
def test_a_revision_that_cannot_be_read_is_a_conflict_and_no_fault(
    page: Page, proposal: Cluster, revision: str
) -> None:
    address = f"/clusters/{proposal.id}"
    page("coordinator").submit(f"{address}/accept", at=address, status=409, revision=revision)


def test_members_cannot_decide(page: Page, proposal: Cluster, app_db: Database) -> None:
    for what in ("accept", "rename", "reject"):
        page("genk").submit(
            f"/clusters/{proposal.id}/{what}", at="/account", status=403, revision=1, name="x", reason="x"
        )
    page("genk").submit("/clusters/propose", at="/account", status=403)
    assert data.clusters.totals(app_db)[ClusterState.PROPOSED] == 1


def test_the_list_command_tells_members_by_their_external_ids(app: Flask, proposal: Cluster) -> None:
    told = app.test_cli_runner().invoke(commands, ["list", "--json"])
    assert told.exit_code == 0
    [found] = json.loads(told.stdout)
    assert set(found) == {"id", "state", "name", "terms", "members"}
    assert found["state"] == "proposed"
    assert sorted(found["members"]) == ["idea:1", "idea:X1"]
    assert json.loads(app.test_cli_runner().invoke(commands, ["list", "--json", "--state", "accepted"]).stdout) == []
    assert app.test_cli_runner().invoke(commands, ["list", "--state", "gone"]).exit_code != 0


def test_the_propose_command_works_at_once_and_repeating_changes_nothing(app: Flask, proposal: Cluster) -> None:
    told = app.test_cli_runner().invoke(commands, ["propose", "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert (found["items"], found["added"], found["changed"], found["dissolved"]) == (4, 0, 0, 0)
    assert "0 nieuw" in app.test_cli_runner().invoke(commands, ["propose"]).stdout
