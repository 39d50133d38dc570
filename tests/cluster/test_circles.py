"""Circles: who is in one, and that of what is not there nobody hears more than that."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

import data.circles
from cluster import circles, contacts, ideas
from data.store import change, transaction
from models.circles import About, Party
from models.errors import NotFound
from models.ideas import IdeaForm
from models.people import Member
from tests.data.test_circles import World

Who = Callable[[str], Member]


@pytest.mark.parametrize("about", list(About))
def test_around_what_is_not_there_nobody_gathers(db: Database, who: Who, about: About) -> None:
    with pytest.raises(NotFound):
        circles.get(db, about=about, item_id=404)
    with pytest.raises(NotFound):
        circles.within(db, member=who("coordinator"), about=about, item_id=404)


def test_who_met_is_in_it_and_nobody_else_not_even_a_coordinator(db: Database, who: Who) -> None:
    about = {"about": About.IDEA}
    about["item_id"] = ideas.post(
        db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken.")
    )
    contacts.endorse(db, member=who("kortrijk"), idea_id=1, role="buy", message="")
    with pytest.raises(NotFound):
        circles.within(db, member=who("genk"), **about)
    contacts.agree(db, member=who("genk"), introduction_id=1)
    for name in ("genk", "kortrijk"):
        assert [one.name for one in circles.within(db, member=who(name), **about).parties] == ["Genk", "Kortrijk"]
    for member in (None, who("aalter"), who("coordinator")):
        with pytest.raises(NotFound):
            circles.within(db, member=member, **about)
    ideas.withdraw(db, member=who("genk"), idea_id=1)
    assert not circles.within(db, member=who("kortrijk"), **about).open


def test_one_government_is_a_party_a_body_with_the_inhabitants_it_speaks_for(db: Database) -> None:
    assert data.circles.party(db, organisation_id=2) == Party(2, "Genk", 66_000)
    assert data.circles.party(db, organisation_id=4) == Party(4, "Streekverband", 105_000)
    assert data.circles.party(db, organisation_id=404) is None
    assert circles.today(db, organisation_id=None) is None


def test_behind_an_accepted_cluster_of_two_are_their_members_and_coordinators_and_nobody_else(
    db: Database, who: Who
) -> None:
    world = World(db)
    with transaction(db):
        mine, other = world.idea("Genk"), world.idea("Aalter")
        accepted = world.cluster("Zwemmen", ("idea", mine), ("idea", other))
        proposed = world.cluster("Lezen", ("idea", mine), ("idea", other), state="proposed")
        alone = world.cluster("Alleen", ("idea", mine))
    for name in ("genk", "aalter", "coordinator"):
        found = circles.within(db, member=who(name), about=About.CLUSTER, item_id=accepted)
        assert (found.title, [one.name for one in found.parties]) == ("Zwemmen", ["Aalter", "Genk"])
        for item_id in (proposed, alone):
            with pytest.raises(NotFound):
                circles.within(db, member=who(name), about=About.CLUSTER, item_id=item_id)
    for member in (None, who("kortrijk")):
        with pytest.raises(NotFound):
            circles.within(db, member=member, about=About.CLUSTER, item_id=accepted)


def test_after_a_merger_members_of_both_are_of_the_one_that_is_left(db: Database, who: Who) -> None:
    world = World(db)
    with transaction(db):
        mine = world.idea("Genk", author_id=who("genk").id)
        world.introduced(mine, "Elders")
        change(db, "update organisations set successor_id = 3 where id = 2")
    assert circles.today(db, organisation_id=2) == circles.today(db, organisation_id=3) == 3
    for name in ("genk", "kortrijk"):
        found = circles.within(db, member=who(name), about=About.IDEA, item_id=mine)
        assert [one.name for one in found.parties] == ["Elders", "Kortrijk"]
    assert circles.speaker(db, about=About.IDEA, item_id=mine, organisation_id=3) == who("genk")
    assert circles.speaker(db, about=About.IDEA, item_id=mine, organisation_id=4) is None
    assert circles.today(db, organisation_id=404) is None
