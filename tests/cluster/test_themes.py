"""Themes: what nobody gave one is found under the theme of what it resembles, as a guess, until a person says."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlite_utils import Database

from cluster import ideas, matches, themes
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.ideas import Filter
from data.matches import Item
from data.store import rows
from models.ideas import Idea, IdeaForm
from models.matches import Kind
from models.people import Member

Who = Callable[[str], Member]
Say = Callable[..., Idea]

GRAVES = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register."),
    ("Begraafplaats in kaart", "Een register van grafconcessies en graven op de begraafplaats, met een kaart."),
    ("Register voor de begraafplaats", "Graven en concessies op de begraafplaats bijhouden in een register."),
)
ELSE = ("Zwembad reserveren", "Banen in het zwembad online boeken en betalen.")


@pytest.fixture
def say(db: Database, who: Who, encoder: Encoder) -> Say:
    """Post an idea, and let the worker read and guess."""
    index: Index[Item] = Index()

    def post(text: tuple[str, str], theme: str | None = None) -> Idea:
        form = IdeaForm(title=text[0], description=text[1], theme=theme)
        idea_id = ideas.post(db, encoder=encoder, member=who("genk"), form=form)
        themes.guess(db, encoder=encoder, index=index, idea_id=idea_id)
        return ideas.get(db, idea_id=idea_id, member=None)

    return post


def listed(db: Database, theme: str) -> set[int]:
    return {idea.id for idea in ideas.browse(db, wanted=Filter(theme=theme))[0]}


def test_an_idea_is_listed_under_the_theme_of_what_it_resembles(db: Database, say: Say) -> None:
    first = say(GRAVES[0], "democratie")
    guessed = say(GRAVES[1])
    assert (guessed.theme, guessed.guessed_theme, guessed.topic) == (None, "democratie", "democratie")
    assert listed(db, "democratie") == {first.id, guessed.id}
    assert ideas.count(db, wanted=Filter(theme="democratie")) == 2
    unlike = say(ELSE)
    assert unlike.topic is None
    assert [one["theme"] for one in ideas.exported(db, wanted=Filter()) if not one["theme"]] == [None, None]


def test_what_a_person_chose_stands_and_a_guess_is_no_ground_for_another(
    db: Database, who: Who, encoder: Encoder, say: Say
) -> None:
    first = say(GRAVES[0], "democratie")
    guessed = say(GRAVES[1])
    chosen = replace(ideas.form_of(guessed), theme="dienstverlening")
    ideas.edit(db, encoder=encoder, member=who("genk"), idea_id=guessed.id, revision=1, form=chosen)
    themes.guess(db, encoder=encoder, index=Index(), idea_id=guessed.id)
    assert ideas.get(db, idea_id=guessed.id, member=None).topic == "dienstverlening"
    assert listed(db, "democratie") == {first.id}
    # Of two that resemble it, each has another theme.
    torn = say(GRAVES[2])
    assert torn.guessed_theme in (None, first.theme, "dienstverlening")
    for idea_id in (first.id, guessed.id):
        idea = ideas.get(db, idea_id=idea_id, member=None)
        form = replace(ideas.form_of(idea), theme=None)
        ideas.edit(db, encoder=encoder, member=who("genk"), idea_id=idea_id, revision=idea.revision, form=form)
    themes.guess(db, encoder=encoder, index=Index(), idea_id=torn.id)
    assert ideas.get(db, idea_id=torn.id, member=None).guessed_theme is None, "nobody chose one any more"


def test_what_was_brought_in_is_guessed_part_by_part_and_only_what_lacks_one(
    db: Database, who: Who, encoder: Encoder, say: Say
) -> None:
    say(GRAVES[0], "democratie")
    bare = [
        ideas.post(db, encoder=encoder, member=who("genk"), form=IdeaForm(title=title, description=text))
        for title, text in (GRAVES[1], GRAVES[2])
    ]
    themes.guess_missing(db, encoder=encoder, index=Index(), after_id=0, at_most=1)
    assert listed(db, "democratie") & set(bare) == {bare[0]}
    [job] = rows(db, "select payload from jobs where kind = 'themes' and done_at is null")
    assert job["payload"] == f'{{"after": {bare[0]}}}'
    themes.guess_missing(db, encoder=encoder, index=Index(), after_id=bare[0])
    assert listed(db, "democratie") >= set(bare)


def test_a_theme_is_told_by_matches_that_are_related_alone(db: Database, encoder: Encoder, say: Say) -> None:
    say(ELSE, "democratie")
    text = {"title": GRAVES[0][0], "description": GRAVES[0][1]}
    near = matches.similar(db, encoder=encoder, index=Index(), **text)
    assert [one.kind for one in near] == [Kind.IDEA]
    assert themes.told_by(db, matches=near) is None
    assert themes.told_by(db, matches=[]) is None
