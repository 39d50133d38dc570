"""Circles: who is in one, and that of what is not there nobody hears more than that."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

import data.circles
from cluster import circles, contacts, ideas
from models.circles import About, Party
from models.errors import NotFound
from models.ideas import IdeaForm
from models.people import Member

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
