"""Echoes: who posted first hears of what comes later and says the same, once, and never of what helps nobody."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

from cluster import contacts, digests, echoes, ideas, matches, projects
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.matches import Item
from data.store import rows
from models.ideas import IdeaForm
from models.matches import Kind, Relation
from models.people import Member
from models.projects import ProjectForm

Who = Callable[[str], Member]
Say = Callable[..., int]

FIRST = ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register.")
LATER = ("Register van concessies", "Een register om de concessies van graven op de begraafplaats op te volgen.")
ELSE = ("Zwembad reserveren", "Banen in het zwembad online boeken en betalen.")


@pytest.fixture
def index() -> Index[Item]:
    return Index()


@pytest.fixture
def say(db: Database, who: Who, encoder: Encoder, index: Index[Item]) -> Say:
    """Post an idea and do what the worker does with it."""

    def post(name: str, text: tuple[str, str], *, edited: int | None = None) -> int:
        form = IdeaForm(title=text[0], description=text[1])
        idea_id = edited or ideas.post(db, encoder=None, member=who(name), form=form)
        matches.embed(db, encoder=encoder, kind=Kind.IDEA, item_id=idea_id)
        echoes.listen(db, encoder=encoder, index=index, item=(Kind.IDEA, idea_id))
        return idea_id

    return post


def heard(db: Database, member: Member) -> list[tuple[int, int]]:
    return [(one.idea_id, one.item_id) for one in echoes.newest(db, member=member)]


def digest(db: Database, index: Index[Item], member: Member) -> str:
    digests.write(db, index=index, member_id=member.id)
    return "\n".join(item["body"] for item in rows(db, "select body from letters where recipient = ?", [member.email]))


def test_who_posted_first_hears_of_what_says_the_same(db: Database, who: Who, index: Index[Item], say: Say) -> None:
    first, later = say("genk", FIRST), say("kortrijk", LATER)
    say("kortrijk", ELSE)
    [one] = echoes.newest(db, member=who("genk"))
    assert (one.idea_id, one.item_id, one.title, one.organisation) == (first, later, LATER[0], "Kortrijk")
    assert one.relation in (Relation.SAME_NEED, Relation.STRONGLY_RELATED)
    assert heard(db, who("kortrijk")) == []
    letter = digest(db, index, who("genk"))
    assert f"“{LATER[0]}”" in letter
    assert f"/ideas/{later}" in letter


def test_it_is_told_once_and_stays_on_the_overview(db: Database, who: Who, index: Index[Item], say: Say) -> None:
    first, later = say("genk", FIRST), say("kortrijk", LATER)
    say("kortrijk", LATER, edited=later)
    assert echoes.news(db, member=who("genk"))
    digest(db, index, who("genk"))
    assert echoes.news(db, member=who("genk")) == []
    assert heard(db, who("genk")) == [(first, later)]


def test_who_came_later_hears_nothing_in_whatever_order_texts_are_read(db: Database, who: Who, say: Say) -> None:
    first, later = say("genk", FIRST), say("kortrijk", LATER)
    say("genk", FIRST, edited=first)
    assert heard(db, who("kortrijk")) == []
    assert heard(db, who("genk")) == [(first, later)]


def test_a_project_is_an_echo_of_what_stood_before_it(db: Database, who: Who, encoder: Encoder, say: Say) -> None:
    first = say("genk", FIRST)
    form = ProjectForm(title=LATER[0], summary=LATER[1], lead="Kortrijk")
    project_id = projects.add(db, member=who("coordinator"), form=form)
    later = say("kortrijk", ("Concessies", LATER[1]))
    for _ in range(2):
        matches.embed(db, encoder=encoder, kind=Kind.PROJECT, item_id=project_id)
        echoes.listen(db, encoder=encoder, index=Index(), item=(Kind.PROJECT, project_id))
    assert {(one.kind, one.item_id) for one in echoes.newest(db, member=who("genk"))} == {
        (Kind.IDEA, later),
        (Kind.PROJECT, project_id),
    }
    assert all(one.idea_id == first for one in echoes.newest(db, member=who("genk")))
    assert heard(db, who("kortrijk")) == []


def test_an_echo_of_ones_own_is_none(db: Database, who: Who, say: Say) -> None:
    say("genk", FIRST)
    say("genk", LATER)
    assert heard(db, who("genk")) == []


@pytest.mark.parametrize("end", ["judged", "endorsed", "withdrawn", "own withdrawn"])
def test_what_helps_nobody_is_not_told(db: Database, who: Who, say: Say, end: str) -> None:
    first, later = say("genk", FIRST), say("kortrijk", LATER)
    if end == "judged":
        matches.judge(db, member=who("genk"), idea_id=first, other=(Kind.IDEA, later), judgement="different")
    elif end == "endorsed":
        contacts.endorse(db, member=who("genk"), idea_id=later, role="lead", message="")
    else:
        name, idea_id = ("kortrijk", later) if end == "withdrawn" else ("genk", first)
        ideas.withdraw(db, member=who(name), idea_id=idea_id)
    assert heard(db, who("genk")) == []
    assert echoes.news(db, member=who("genk")) == []
