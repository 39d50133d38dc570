"""Circles: who is in one and who is not, amid others of the same kind, and who of a government a letter goes to."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import data.circles
from data.store import change, insert, now, transaction, value
from models.circles import About, Party
from models.people import Role
from tests.conftest import add_member


class World:
    """What a circle is read from, with no more said of each thing than a test is about."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def add(self, table: str, **values: Any) -> int:
        marks = ", ".join(f":{name}" for name in values)
        return insert(self.db, f"insert into {table} ({', '.join(values)}) values ({marks})", values)

    def government(self, name: str, **values: Any) -> int:
        """The organisation of this name, made when it is asked for first; its one member has the same name."""
        found = value(self.db, "select id from organisations where name = ?", [name])
        if found is None:
            found = self.add("organisations", uri=f"urn:{name}", kind="municipality", name=name, **values)
            self.member(found, name)
        return int(found)

    def member(self, organisation_id: int, name: str, *, active: bool = True) -> int:
        moment = now()
        return self.add(
            "members",
            **{"organisation_id": organisation_id, "email": f"{name}@test.example", "name": name, "role": "member"},
            **{"active": int(active), "created_at": moment},
        )

    def of(self, name: str) -> int:
        """The member with this name."""
        return int(value(self.db, "select id from members where name = ?", [name]))

    def idea(self, of: str | None, *, author_id: int | None = None, **values: Any) -> int:
        organisation_id = self.government(of) if of else None
        return self.add(
            "ideas",
            **{"organisation_id": organisation_id, "author_id": author_id, "title": f"Idee van {of}"},
            **{"description": "", "created_at": now(), "updated_at": now(), **values},
        )

    def endorsed(self, idea_id: int, by: str, *, member_id: int | None = None, active: bool = True) -> int:
        return self.add(
            "endorsements",
            **{"idea_id": idea_id, "organisation_id": self.government(by), "member_id": member_id or self.of(by)},
            **{"role": "buy", "active": int(active), "created_at": now(), "updated_at": now()},
        )

    def introduced(
        self,
        idea_id: int,
        to: str,
        *,
        state: str = "agreed",
        former: str | None = None,
        endorsement_id: int | None = None,
        poster_id: int | None = None,
    ) -> int:
        """Somebody said *ook wij* and is introduced, to who had the idea before if `former` is named."""
        endorsement_id = endorsement_id or self.endorsed(idea_id, to)
        self.add(
            "introductions",
            **{"endorsement_id": endorsement_id, "poster_member_id": poster_id, "endorser_member_id": self.of(to)},
            **{"state": state, "asked_at": now(), "former_id": self.government(former) if former else None},
        )
        return endorsement_id

    def planned(self, with_: str, *, active: bool = True, **about: int) -> None:
        plan_id = self.add("plans", number=1, created_at=now(), **about)
        self.partner(plan_id, with_, active=active)

    def partner(self, plan_id: int, name: str, *, active: bool) -> None:
        self.add("plan_partners", plan_id=plan_id, organisation_id=self.government(name), active=int(active))

    def project(self, of: str | None, *partners: str | None, **values: Any) -> int:
        project_id = self.add(
            "projects",
            **{"lead_id": self.government(of) if of else None, "lead": of or "Een bedrijf", "title": f"Project {of}"},
            **{"summary": "", "status": "approved", "created_at": now(), "updated_at": now(), **values},
        )
        for position, partner in enumerate(partners):
            organisation_id = self.government(partner) if partner else None
            self.add(
                "project_partners",
                **{"project_id": project_id, "position": position, "name": partner or "Een bedrijf"},
                organisation_id=organisation_id,
            )
        return project_id

    def cluster(self, name: str, *items: tuple[str, int], state: str = "accepted") -> int:
        """A cluster of these ideas and projects, in this order."""
        cluster_id = self.add("clusters", state=state, name=name, created_at=now(), updated_at=now())
        for position, (kind, item_id) in enumerate(items):
            self.add("cluster_members", cluster_id=cluster_id, kind=kind, item_id=item_id, position=position)
        return cluster_id


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def names(db: Database, about: About, item_id: int) -> list[str]:
    circle = data.circles.get(db, about=about, item_id=item_id)
    assert circle is not None
    return [party.name for party in circle.parties]


def test_around_an_idea_are_who_has_it_who_was_introduced_to_whom_and_who_shares_its_costs(
    db: Database, world: World
) -> None:
    other, mine, nobodys = world.idea("Other poster"), world.idea("Poster"), world.idea(None)
    with transaction(db):
        met = world.introduced(mine, "Met")
        world.introduced(mine, "Asked", state="asked")
        world.endorsed(mine, "Silent")
        world.introduced(mine, "Met", former="Former", endorsement_id=met)
        world.introduced(mine, "Met", state="declined", former="Former that declined", endorsement_id=met)
        elsewhere = world.introduced(other, "Met elsewhere")
        world.introduced(other, "Met elsewhere", former="Former elsewhere", endorsement_id=elsewhere)
        plan_id = world.add("plans", idea_id=mine, number=1, created_at=now())
        world.partner(plan_id, "Partner", active=True)
        world.partner(plan_id, "Partner that left", active=False)
        world.planned("Partner elsewhere", idea_id=other)
        world.planned("Partner of a cluster", cluster_id=world.cluster("Same number", ("project", world.project(None))))
        world.introduced(nobodys, "met nobody")
    assert names(db, About.IDEA, mine) == ["Former", "Met", "Partner", "Poster"]
    assert names(db, About.IDEA, other) == ["Former elsewhere", "Met elsewhere", "Other poster", "Partner elsewhere"]
    assert names(db, About.IDEA, nobodys) == ["met nobody"]


def test_behind_a_cluster_are_who_stands_behind_what_is_open_in_it_and_who_shares_its_costs(
    db: Database, world: World
) -> None:
    with transaction(db):
        # An idea and a project of each number: a number alone tells nothing.
        mine, other, closed, namesake = (
            world.idea("Poster"), world.idea("Other poster"), world.idea("Poster of withdrawn", state="withdrawn"),
            world.idea("Poster of namesake"),
        )  # fmt: skip
        projects = [
            world.project("Lead of namesake", "Partner of namesake"),
            world.project("Other lead", "Other partner"),
            world.project("Hidden lead", "Hidden partner", hidden=1),
            world.project("Lead", "Partner", None),
            world.project(None, "Partner of a company"),
        ]
        assert [mine, other, closed, namesake] == projects[:4] == [1, 2, 3, 4]
        for idea_id in (mine, other, closed, namesake):
            world.endorsed(idea_id, f"Endorser of {idea_id}")
        world.endorsed(mine, "Endorser that left", active=False)
        elsewhere = world.cluster("Elders", ("idea", other), ("project", projects[1]))
        items = [("idea", mine), ("idea", closed), *(("project", number) for number in projects[2:])]
        cluster_id = world.cluster("Hier", *items)
        plan_id = world.add("plans", cluster_id=cluster_id, number=1, created_at=now())
        world.partner(plan_id, "Pays", active=True)
        world.partner(plan_id, "Pays no more", active=False)
        world.planned("Pays elsewhere", cluster_id=elsewhere)
        world.planned("Pays for an idea", idea_id=cluster_id)
    assert names(db, About.CLUSTER, cluster_id) == [
        *("Endorser of 1", "Lead", "Partner", "Partner of a company", "Pays", "Poster"),
    ]
    assert names(db, About.CLUSTER, elsewhere) == [
        *("Endorser of 2", "Other lead", "Other partner", "Other poster", "Pays elsewhere"),
    ]


def test_a_party_is_the_government_of_today_with_its_inhabitants_and_names_come_in_order(
    db: Database, world: World
) -> None:
    with transaction(db):
        mine = world.idea("Oud")
        world.introduced(mine, "streekverband")
        for name in ("Zele", "Tweede Zele", "Ander"):
            world.introduced(mine, name)
        zele, second, body = (world.government(name) for name in ("Zele", "Tweede Zele", "streekverband"))
        change(db, "update organisations set inhabitants = 7 where id = ?", [zele])
        change(db, "update organisations set name = 'Zele', inhabitants = 5 where id = ?", [second])
        newest, newer = world.government("Nieuwst", inhabitants=9), world.government("Nieuw", inhabitants=8)
        for name, successor_id in (("Oud", newer), ("Ander", newer), ("Nieuw", newest)):
            change(db, "update organisations set successor_id = ? where name = ?", [successor_id, name])
        for municipality_id in (1, 2):
            db.execute("insert into stands_for values (?, ?)", [body, municipality_id])
    circle = data.circles.get(db, about=About.IDEA, item_id=mine)
    assert circle is not None
    assert circle.parties == (
        Party(newest, "Nieuwst", 9),
        Party(body, "streekverband", 94_000),
        Party(zele, "Zele", 7),
        Party(second, "Zele", 5),
    )
    former = value(db, "select id from organisations where name = 'Oud'")
    assert data.circles.party(db, organisation_id=former) == Party(newest, "Nieuwst", 9)
    assert data.circles.party(db, organisation_id=404) is None


def test_a_circle_around_an_idea_is_called_after_it_unless_it_is_hidden(db: Database, world: World) -> None:
    call_id = value(db, "select id from calls")
    with transaction(db):
        found = {
            state: world.idea(state, state=state, lang=lang, theme=theme, call_id=call)
            for state, lang, theme, call in (
                ("withdrawn", "nl", None, None),
                ("open", "fr", "democratie", call_id),
                ("hidden", "de", "dienstverlening", None),
            )
        }
    circles = {state: data.circles.get(db, about=About.IDEA, item_id=number) for state, number in found.items()}
    told = {
        state: (one.about, one.item_id, one.title, one.lang, one.open, one.theme, one.call_id)
        for state, one in circles.items()
        if one
    }
    assert told == {
        "withdrawn": (About.IDEA, found["withdrawn"], "Idee van withdrawn", "nl", False, None, None),
        "open": (About.IDEA, found["open"], "Idee van open", "fr", True, "democratie", call_id),
        "hidden": (About.IDEA, found["hidden"], "", "de", False, "dienstverlening", None),
    }
    assert data.circles.get(db, about=About.IDEA, item_id=404) is None


def test_a_circle_behind_a_cluster_has_the_language_theme_and_call_of_its_first_idea(
    db: Database, world: World
) -> None:
    call_id = value(db, "select id from calls")
    with transaction(db):
        elsewhere, second = world.idea("Elders", lang="en"), world.idea("Tweede", lang="en")
        first = world.idea("Eerste", lang="fr", theme="democratie", call_id=call_id)
        project = world.project(None)
        without = world.cluster("Zonder idee", ("project", project), state="proposed")
        world.cluster("Elders", ("idea", elsewhere), ("idea", second), state="dissolved")
        mine = world.cluster("Hier", ("project", project), ("idea", first), ("idea", second))
        world.cluster("Later", ("idea", elsewhere), ("idea", second), state="rejected")
    circle = data.circles.get(db, about=About.CLUSTER, item_id=mine)
    assert circle is not None
    assert (circle.about, circle.item_id, circle.title, circle.open) == (About.CLUSTER, mine, "Hier", True)
    assert (circle.lang, circle.theme, circle.call_id) == ("fr", "democratie", call_id)
    circle = data.circles.get(db, about=About.CLUSTER, item_id=without)
    assert circle is not None
    assert (circle.title, circle.open, circle.lang, circle.theme) == ("Zonder idee", False, "nl", None)
    assert data.circles.get(db, about=About.CLUSTER, item_id=404) is None


def posted(world: World, idea_id: int, member_id: int) -> None:
    change(world.db, "update ideas set author_id = ? where id = ?", [member_id, idea_id])


def answered(world: World, idea_id: int, member_id: int) -> None:
    world.introduced(idea_id, f"Buur {idea_id}", poster_id=member_id)


def endorsed(world: World, idea_id: int, member_id: int) -> None:
    organisation_id = value(world.db, "select organisation_id from members where id = ?", [member_id])
    name = value(world.db, "select name from organisations where id = ?", [organisation_id])
    world.endorsed(idea_id, name, member_id=member_id)


@pytest.mark.parametrize("about", list(About))
@pytest.mark.parametrize("took_part", [posted, answered, endorsed])
def test_a_letter_goes_to_who_took_part_else_to_the_eldest_account(
    db: Database, world: World, about: About, took_part: Callable[[World, int, int], None]
) -> None:
    def speaker(organisation_id: int) -> int | None:
        return data.circles.speaker(db, about=about, item_id=item_id, organisation_id=organisation_id)

    with transaction(db):
        neighbour = world.government("Buur")
        here = world.government("Hier")
        elsewhere, mine = world.idea(None), world.idea(None)
        eldest, left = world.of("Hier"), world.member(here, "weg", active=False)
        took_part(world, elsewhere, eldest)
        if took_part is answered:
            world.introduced(mine, "Gevraagd", state="asked", poster_id=eldest)
        world.endorsed(mine, "Buur")
        world.cluster("Elders", ("idea", elsewhere))
        item_id = mine if about is About.IDEA else world.cluster("Hier", ("idea", mine), ("project", elsewhere))
        assert speaker(here) == eldest
        took_part(world, mine, left)
        assert speaker(here) == eldest
        second = world.member(here, "tweede")
        world.member(here, "derde")
        for table, column in (("ideas", "author_id"), ("endorsements", "member_id")):
            change(db, f"update {table} set {column} = ? where {column} = ?", [second, left])
        change(db, "update introductions set poster_member_id = ? where poster_member_id = ?", [second, left])
        assert speaker(here) == second
        assert speaker(neighbour) == world.of("Buur")
        change(db, "update organisations set successor_id = ? where id = ?", [neighbour, here])
        assert speaker(neighbour) == world.of("Buur")
        change(db, "update members set active = 0 where organisation_id = ?", [neighbour])
        assert speaker(neighbour) == second
        assert speaker(404) is None


def test_a_government_without_an_account_has_nobody_to_write_to(db: Database, world: World) -> None:
    add_member(db, email="elders@test.example", organisation_id=1, role=Role.MEMBER)
    with transaction(db):
        idea_id = world.idea("Hier")
        change(db, "update members set active = 0 where name = 'Hier'")
    here = world.government("Hier")
    assert data.circles.speaker(db, about=About.IDEA, item_id=idea_id, organisation_id=here) is None
