"""Pages of governments: what they do, who merged into whom, who is near and like them, said in words."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.clusters
import cluster.contacts
import cluster.ideas
import cluster.places
import cluster.plans
import cluster.projects
import data.clusters
import data.people
import data.proposals
import data.steps
from cluster.imports import Row
from cluster.web.places import why
from data.store import change, transaction, value
from models.circles import About
from models.clusters import Action, ClusterState, Draft
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member, Role
from models.places import Companion, Size
from models.plans import PlanForm
from tests.conftest import add_member

Page = Callable[..., Any]
Who = Callable[[str], Member]


def post(db: Database, member: Member, title: str, **fields: Any) -> int:
    return cluster.ideas.post(
        db, encoder=None, member=member, form=IdeaForm(title=title, description="Tekst", **fields)
    )


def merge(db: Database, name: str, into: str) -> None:
    """Let one municipality live on in another since 2025."""
    ids = [value(db, "select id from organisations where name = ?", [one]) for one in (name, into)]
    with transaction(db):
        data.people.add_merger(
            db, original_id=ids[0], resulting_id=ids[1], happened_on="2025-01-01", identity="new_uri"
        )
        change(db, "update organisations set valid_until = '2024-12-31' where id = ?", [ids[0]])


@pytest.fixture
def located(app_db: Database) -> dict[str, int]:
    """The three municipalities on the map, in two provinces; ids by name."""
    for name, lat, lon, province in (
        ("Aalter", 51.09, 3.45, "Oost-Vlaanderen"),
        ("Genk", 50.96, 5.50, "Limburg"),
        ("Kortrijk", 50.83, 3.26, "West-Vlaanderen"),
    ):
        change(
            app_db, "update organisations set lat = ?, lon = ?, province = ? where name = ?", [lat, lon, province, name]
        )
    return {item["name"]: item["id"] for item in data.store.rows(app_db, "select id, name from organisations")}


def titles(found: Any, section: str) -> list[str]:
    heading = found.find("h2", id=section)
    return [link.get_text() for link in heading.parent.select(".card a")] if heading else []


def test_a_page_shows_what_a_municipality_does(page: Page, app_db: Database, located: dict[str, int], who: Who) -> None:
    own = post(app_db, who("genk"), "Van Genk")
    other = post(app_db, who("aalter"), "Van Aalter")
    hidden = post(app_db, who("genk"), "Weer weg")
    cluster.ideas.withdraw(app_db, member=who("genk"), idea_id=hidden)
    cluster.contacts.endorse(app_db, member=who("genk"), idea_id=other, role="lead", message="geheim")
    row = {"id": "P", "title": "Project van Genk", "description": "x", "municipality": "Genk"}
    cluster.projects.import_rows(app_db, rows=[Row(1, row)])
    keys = ((Kind.IDEA, own), (Kind.IDEA, other))
    with transaction(app_db):
        for state in (ClusterState.ACCEPTED, ClusterState.PROPOSED):
            draft = Draft(f"Cluster {state}", (), 0.5, keys, tuple((key, 0.5) for key in keys))
            found = data.clusters.get(app_db, cluster_id=data.proposals.add(app_db, draft=draft))
            assert found is not None
            data.steps.take(app_db, cluster_id=found.id, action=Action(state), state=state)

    shown = page().get(f"/municipalities/{located['Genk']}")

    assert shown.h1.get_text() == "Genk"
    assert titles(shown, "ideas") == ["Van Genk"]
    assert titles(shown, "endorsed") == ["Van Aalter"]
    assert titles(shown, "projects") == ["Project van Genk"]
    assert titles(shown, "clusters") == ["Cluster accepted"]
    assert "We willen trekken" in shown.text
    assert "geheim" not in shown.text
    # Who says ook wij or is a partner stands behind it too, as the page of the cluster tells.
    kortrijk = f"/municipalities/{located['Kortrijk']}"
    assert titles(page().get(kortrijk), "clusters") == []
    cluster.contacts.endorse(app_db, member=who("kortrijk"), idea_id=own, role="buy", message="")
    assert titles(page().get(kortrijk), "clusters") == ["Cluster accepted"]
    assert "@test.example" not in shown.text


def test_a_merged_municipality_says_where_it_went_and_its_ideas_go_along(
    page: Page, app_db: Database, located: dict[str, int], who: Who
) -> None:
    idea_id = post(app_db, who("aalter"), "Oud idee")
    post(app_db, who("kortrijk"), "Van Kortrijk")
    merge(app_db, "Kortrijk", "Aalter")
    merge(app_db, "Aalter", "Genk")

    for name in ("Aalter", "Kortrijk"):
        former = page().get(f"/municipalities/{located[name]}")
        assert f"{name} bestaat niet meer: sinds 1 januari 2025 hoort deze gemeente bij Genk." in former.text
        assert former.select_one(".notice a")["href"] == f"/municipalities/{located['Genk']}"
    assert titles(page().get(f"/municipalities/{located['Aalter']}"), "ideas") == ["Van Kortrijk", "Oud idee"]

    now = page().get(f"/municipalities/{located['Genk']}")
    assert titles(now, "ideas") == ["Van Kortrijk", "Oud idee"]
    assert "geplaatst als Aalter" in now.text
    assert "Gemeenten die hierin opgingen: Aalter, Kortrijk." in now.text
    assert [item.h2.get_text() for item in page().get(f"/ideas?municipality={located['Genk']}").select(".card")] == [
        "Van Kortrijk",
        "Oud idee",
    ]
    assert page().get(f"/ideas/{idea_id}").select_one(".meta a")["href"] == f"/municipalities/{located['Aalter']}"


def test_neighbours_and_companions_say_why(page: Page, app_db: Database, located: dict[str, int], who: Who) -> None:
    post(app_db, who("genk"), "A", theme="dienstverlening")
    post(app_db, who("kortrijk"), "B", theme="dienstverlening")

    shown = page().get(f"/municipalities/{located['Genk']}")

    first, *_ = [item.get_text() for item in shown.find("h2", id="alike").parent.select("li")]
    words = "ongeveer even groot (77.000 inwoners), 158 km verder, ook bezig met innovatieve dienstverlening"
    assert first == f"Kortrijk: {words}"
    near = [item.a.get_text() for item in shown.find("h2", id="near").parent.select("li")]
    assert near == ["Aalter", "Kortrijk"]


def test_what_is_not_known_is_not_said(app: Flask) -> None:
    with app.test_request_context():
        unknown = Companion(1, "X", None, None, None, None, False, ())
        assert why(unknown) == ""
        known = Companion(1, "X", 900, Size.SMALLER, 0.2, "Limburg", True, ("dienstverlening", "democratie"))
        assert why(known) == (
            "kleiner (900 inwoners), 1 km verder, ook in Limburg, "
            "ook bezig met innovatieve dienstverlening en digitale democratie"
        )


def test_a_body_says_for_whom_it_speaks_and_they_say_who_speaks_for_them(page: Page, located: dict[str, int]) -> None:
    body = page().get(f"/municipalities/{located['Streekverband']}")
    assert "2 gemeenten, 105.000 inwoners: Aalter, Kortrijk." in " ".join(
        body.find("h2", id="members").parent.text.split()
    )
    assert body.find("h2", id="alike") is None

    member = page().get(f"/municipalities/{located['Aalter']}")
    assert [link.text for link in member.find("h2", id="bodies").parent.select("a")] == ["Streekverband"]
    assert page().get(f"/municipalities/{located['Genk']}").find("h2", id="bodies") is None


def test_a_province_shows_its_municipalities(page: Page, app_db: Database, located: dict[str, int]) -> None:
    change(app_db, "update organisations set kind = 'province', province = 'Limburg' where name = 'Streekverband'")
    shown = page().get(f"/municipalities/{located['Streekverband']}")
    assert "1 gemeente, 66.000 inwoners: Genk." in " ".join(shown.find("h2", id="members").parent.text.split())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Aalter", "Genk", "Kortrijk"]),
        ("?text=GEN", ["Genk"]),
        ("?text=rt", ["Kortrijk"]),
        ("?text=streek", ["Streekverband"]),
        ("?kind=intermunicipal", ["Streekverband"]),
        ("?kind=", ["Aalter", "Genk", "Kortrijk", "Streekverband"]),
        ("?province=Limburg", ["Genk"]),
        ("?text=%25", []),
        ("?text=%00&kind=x&page=x&province=", ["Aalter", "Genk", "Kortrijk", "Streekverband"]),
        ("?page=2", []),
    ],
)
def test_the_list_is_searched_and_narrowed(page: Page, located: dict[str, int], query: str, names: list[str]) -> None:
    found = page().get(f"/municipalities{query}")

    assert [link.get_text() for link in found.select("tbody th a")] == names
    assert names or found.select_one(".empty a")["href"] == "/municipalities"


def test_a_former_name_finds_the_municipality_of_today(page: Page, app_db: Database, located: dict[str, int]) -> None:
    merge(app_db, "Aalter", "Genk")
    found = page().get("/municipalities?text=aalt")

    assert [link.get_text() for link in found.select("tbody th a")] == ["Genk"]
    assert "vroeger Aalter" in found.text


def test_counts_stop_where_nobody_counts_any_more(
    page: Page, app_db: Database, located: dict[str, int], who: Who
) -> None:
    post(app_db, who("genk"), "Een")
    with transaction(app_db):
        app_db.execute(
            """with recursive n (x) as (select 1 union all select x + 1 from n where x < 1100)
            insert into ideas (organisation_id, title, description, created_at, updated_at)
            select ?, 'T', 'T', '2026-01-01', '2026-01-01' from n""",
            [located["Aalter"]],
        )
    counted = {
        row.th.a.get_text(): row.find_all("td")[-1].get_text()
        for row in page().get("/municipalities").select("tbody tr")
    }
    assert counted == {"Aalter": "1.000+", "Genk": "1", "Kortrijk": "0"}


def test_long_lists_lead_on(page: Page, app_db: Database, located: dict[str, int], who: Who) -> None:
    for number in range(7):
        idea_id = post(app_db, who("genk"), f"Idee {number}")
        cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="learn", message="")

    shown = page().get(f"/municipalities/{located['Genk']}")
    assert len(titles(shown, "ideas")) == 6
    whole = page().get(shown.find("a", string="Alle ideeën van Genk")["href"])
    assert len(whole.select(".card")) == 7

    endorser = page().get(f"/municipalities/{located['Aalter']}")
    assert len(titles(endorser, "endorsed")) == 6
    whole = page().get(endorser.find("a", string="Alles waar Aalter ‘ook wij’ bij zegt")["href"])
    assert len(whole.select(".card")) == 7
    assert "Waar Aalter ‘ook wij’ bij zegt." in whole.text


def test_codes_leave_with_their_zeros(page: Page, app_db: Database) -> None:
    change(app_db, "update organisations set nis = '01234', kbo = '0207437468' where name = 'Genk'")
    text = page().client.get("/municipalities/export.csv").get_data(as_text=True)
    assert "Genk;municipality;;01234;0207437468;;66000;0;urn:Genk" in text
    assert "Streekverband" not in text


def test_supporters_are_counted_as_they_come_and_go(app_db: Database, who: Who) -> None:
    idea_id = post(app_db, who("genk"), "Idee")

    def counted() -> int:
        return cluster.ideas.get(app_db, idea_id=idea_id, member=None).supporters

    for name in ("aalter", "kortrijk"):
        cluster.contacts.endorse(app_db, member=who(name), idea_id=idea_id, role="learn", message="")
    assert counted() == 2
    cluster.contacts.withdraw(app_db, member=who("aalter"), idea_id=idea_id)
    assert counted() == 1
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="learn", message="")
    assert counted() == 2
    data.store.change(app_db, "delete from introductions")
    data.store.change(app_db, "delete from endorsements")
    assert counted() == 0


def test_home_shows_what_is_near_and_why(page: Page, app_db: Database, located: dict[str, int], who: Who) -> None:
    post(app_db, who("genk"), "Eigen idee", theme="democratie")
    near = post(app_db, who("aalter"), "Van de buren", theme="dienstverlening")
    post(app_db, who("kortrijk"), "Zelfde thema", theme="democratie")
    cluster.contacts.endorse(app_db, member=who("genk"), idea_id=near, role="learn", message="geheim")
    cluster.contacts.endorse(app_db, member=who("kortrijk"), idea_id=near, role="buy", message="geheim")

    shown = page("genk").get("/")

    assert titles(shown, "near") == ["Zelfde thema", "Van de buren"]
    cards = shown.find("h2", id="near").parent.select(".card")
    assert cards[0].select_one(".hint").get_text().startswith("ongeveer even groot (77.000 inwoners)")
    themes = shown.find("h2", id="themes").parent
    assert [tag.get_text() for tag in themes.select("a.tag")] == ["Innovatieve dienstverlening", "Digitale democratie"]
    assert "Kortrijk zegt ‘ook wij’ bij Van de buren" in " ".join(themes.text.split())
    assert "geheim" not in shown.text
    assert all("Eigen idee" not in shown.find("h2", id=name).parent.text for name in ("near", "themes"))


def test_home_of_a_body_shows_the_municipalities_it_speaks_for(
    page: Page, app_db: Database, located: dict[str, int], who: Who
) -> None:
    post(app_db, who("aalter"), "Van een lid")
    post(app_db, who("kortrijk"), "Van nog een lid")
    change(app_db, "update members set organisation_id = ? where email like 'genk%'", [located["Streekverband"]])

    assert titles(page("genk").get("/"), "near") == ["Van nog een lid", "Van een lid"]


def test_home_counts_the_queues_of_coordinators(page: Page, app_db: Database, who: Who) -> None:
    assert page("coordinator").get("/").select_one(".queues .amount").get_text() == "0"
    keys = tuple((Kind.IDEA, post(app_db, who(name), name)) for name in ("genk", "aalter"))
    with transaction(app_db):
        data.proposals.add(app_db, draft=Draft("N", (), 0.5, (keys[0], keys[1]), tuple((key, 0.5) for key in keys)))

    shown = page("coordinator").get("/")
    assert shown.select_one(".queues .amount").get_text() == "1"
    assert shown.select_one(".queues a")["href"] == "/clusters"
    assert page("genk").get("/").select_one(".queues") is None


def test_home_tells_a_member_what_waits_for_the_organisation(page: Page, app_db: Database, who: Who) -> None:
    idea_id = post(app_db, who("genk"), "Idee")
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="learn", message="")
    cluster.contacts.agree(app_db, member=who("genk"), introduction_id=1)
    both = [who(name).organisation_id or 0 for name in ("genk", "aalter")]
    form = PlanForm(
        title="Samen",
        lead=str(both[0]),
        items=({"what": "Loket", "year": "2027", "amount": "1000", "each": ""},),
        partners={one: {"in": "1"} for one in both},
    )
    cluster.plans.start(app_db, member=who("genk"), about=About.IDEA, item_id=idea_id, form=form)
    add_member(app_db, email="an@test.example", organisation_id=who("aalter").organisation_id, role=Role.MEMBER)
    change(app_db, "update members set active = 0 where email like 'aalter@%'")

    home = page("an").get("/")

    assert [(one.a["href"], one.select_one(".amount").get_text()) for one in home.select(".queues li")] == [
        ("/introductions", "1")
    ]
    assert home.find("a", string="Aanvaarden jullie het kostenplan “Samen”?")["href"] == "/plans/1"
    an = page("an")
    an.submit("/introductions/take-over", at="/introductions")
    cluster.plans.answer(app_db, member=who("an"), plan_id=1, number=1, accepted=True)
    done = an.get("/")
    assert not done.select(".queues li")
    assert not done.find("a", string="Aanvaarden jullie het kostenplan “Samen”?")
    assert not page("kortrijk").get("/").select(".queues li")


def test_a_visitor_sees_in_one_sentence_and_three_steps_what_this_is(
    page: Page, app_db: Database, located: dict[str, int], who: Who
) -> None:
    post(app_db, who("genk"), "Idee")
    shown = page().get("/")

    assert len(shown.select(".hero .lead")) == 1
    assert [link.get_text() for link in shown.select(".hero .actions a")] == ["Plaats je idee", "Bekijk alle ideeën"]
    assert len(shown.select(".steps li")) == 3
    assert [item.get_text(" ", strip=True) for item in shown.select(".figures li")] == [
        "1 idee",
        "1 bestuur doet mee",
        "0 projecten om van te leren",
        "0 keer in contact gebracht",
    ]
    assert [path["d"].count("M") for path in shown.select(".dots")] == [2, 1]


def test_what_merged_is_ones_own_and_that_of_others(
    page: Page, app_db: Database, who: Who, located: dict[str, int]
) -> None:
    post(app_db, who("kortrijk"), "Idee van Kortrijk", theme="democratie")
    merge(app_db, "Kortrijk", "Aalter")
    post(app_db, who("genk"), "Idee van Genk", theme="democratie")
    mine = cluster.places.news(app_db, member=who("aalter"), at_most=5)
    assert mine.themes == ("democratie",)
    assert {idea.title for idea in (*mine.ideas, *(one for one, _ in mine.near))} == {"Idee van Genk"}
    near = cluster.places.news(app_db, member=who("genk"), at_most=5).near
    assert [(idea.title, companion.name if companion else "") for idea, companion in near] == [
        ("Idee van Kortrijk", "Aalter")
    ]


def test_who_endorses_what_is_hidden_is_not_on_the_map(app_db: Database, who: Who, located: dict[str, int]) -> None:
    idea = post(app_db, who("genk"), "Van Genk")
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea, role="learn", message="")
    assert len(cluster.places.taking_part(app_db)[0]) == 2
    with transaction(app_db):
        change(app_db, "update ideas set state = 'hidden'", [])
    assert cluster.places.taking_part(app_db)[0] == []
