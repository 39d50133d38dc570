"""Matches: only what is public, never oneself, and words alone when the encoder is missing."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import data.ideas
import data.judgements
import data.matches
import data.migrations
import data.store
from cluster import ideas, matches
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.matches import Item
from data.store import rows
from models.clusters import Judgement
from models.errors import Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.matches import Asked, Kind
from models.people import Member

Who = Callable[[str], Member]
TEXTS = {
    "pool": ("Zwembad online reserveren", "Inwoners boeken zelf een baan in het zwembad."),
    "pool again": ("Zwembad reserveren via internet", "Een baan boeken in ons zwembad zonder te bellen."),
    "snow": ("Strooiroutes plannen", "Sensoren meten waar het glad is en sturen de strooidienst."),
}


@pytest.fixture
def posted(db: Database, who: Who, encoder: Encoder) -> dict[str, int]:
    return {
        name: ideas.post(db, encoder=encoder, member=who("genk"), form=IdeaForm(title=title, description=description))
        for name, (title, description) in TEXTS.items()
    }


@pytest.fixture
def index() -> Index[Item]:
    return Index()


def found(db: Database, encoder: Encoder | None, index: Index[Item], title: str, **more: object) -> list[int]:
    matching = matches.similar(db, encoder=encoder, index=index, title=title, description="", **more)  # type: ignore[arg-type]
    return [match.id for match in matching]


def test_the_nearest_idea_comes_first_with_its_reasons(
    db: Database, posted: dict[str, int], encoder: Encoder, index: Index[Item]
) -> None:
    first, *_ = matches.similar(db, encoder=encoder, index=index, title="Zwembad boeken", description="")
    assert first.id in {posted["pool"], posted["pool again"]}
    assert "zwembad" in first.explanation.terms
    assert first.probability is not None


def test_an_idea_is_not_similar_to_itself(
    db: Database, posted: dict[str, int], encoder: Encoder, index: Index[Item]
) -> None:
    title, description = TEXTS["pool"]
    item = (Kind.IDEA, posted["pool"])
    near = matches.similar_to(db, encoder=encoder, index=index, item=item, title=title, description=description)
    assert near[0].id == posted["pool again"]
    assert posted["pool"] not in [match.id for match in near]


def test_what_is_withdrawn_is_never_suggested(
    db: Database, posted: dict[str, int], who: Who, encoder: Encoder, index: Index[Item]
) -> None:
    assert posted["snow"] in found(db, encoder, index, "strooiroutes")
    ideas.withdraw(db, member=who("genk"), idea_id=posted["snow"])
    assert posted["snow"] not in found(db, encoder, index, "strooiroutes")
    assert posted["snow"] not in found(db, None, index, "strooiroutes")
    ideas.restore(db, member=who("genk"), idea_id=posted["snow"])
    assert posted["snow"] in found(db, encoder, index, "strooiroutes")


def test_two_processes_follow_the_same_store(
    db: Database, posted: dict[str, int], who: Who, encoder: Encoder, index: Index[Item]
) -> None:
    other: Index[Item] = Index()
    for one in (index, other):
        matches.follow(db, index=one, encoder=encoder)
    form = IdeaForm(title="Speelpleinen inschrijven", description="Ouders schrijven in met één klik.")
    new = ideas.post(db, encoder=encoder, member=who("genk"), form=form)
    assert found(db, encoder, other, "speelpleinen inschrijven")[0] == new
    assert len(other) == len(index) + 1


def test_without_an_encoder_words_decide(db: Database, posted: dict[str, int], index: Index[Item]) -> None:
    near = matches.similar(db, encoder=None, index=index, title="zwembad", description="")
    assert {match.id for match in near} == {posted["pool"], posted["pool again"]}
    assert {match.relation for match in near} == {None}


@pytest.mark.parametrize("text", ["", " . ", "\n"])
def test_an_empty_text_has_no_matches(db: Database, posted: dict[str, int], encoder: Encoder, text: str) -> None:
    assert found(db, encoder, Index(), text) == []


def test_a_limit_is_filled_if_there_is_enough(
    db: Database, posted: dict[str, int], encoder: Encoder, index: Index[Item]
) -> None:
    assert len(found(db, encoder, index, "iets heel anders", limit=3)) == 3
    assert len(found(db, encoder, index, "zwembad", limit=1)) == 1


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_no_text_breaks_the_suggestions(query: str) -> None:
    db = data.store.connect(":memory:")
    with data.store.transaction(db):
        data.migrations.migrate(db)
    assert matches.similar(db, encoder=None, index=Index(), title=query, description=query) == []
    data.store.close(db)


def test_a_new_word_is_found_before_the_vocabulary_is_read_again(
    db: Database, posted: dict[str, int], who: Who, index: Index[Item]
) -> None:
    matches.similar(db, encoder=None, index=index, title="zwembad", description="")
    form = IdeaForm(title="Dronevluchten boven waterlopen", description="Tekst")
    new = ideas.post(db, encoder=None, member=who("genk"), form=form)
    assert found(db, None, index, "Dronevluchten langs grachten") == [new]


def test_shared_terms_are_spelled_as_the_text_spells_them(db: Database, who: Who, index: Index[Item]) -> None:
    form = IdeaForm(title="Coördinatie van reservekopieën", description="Tekst")
    ideas.post(db, encoder=None, member=who("genk"), form=form)
    (match,) = matches.similar(db, encoder=None, index=index, title="reservekopieen coordinatie", description="")
    assert set(match.explanation.terms) == {"coördinatie", "reservekopieën"}


def test_a_match_says_which_sentences_and_what_is_different(
    db: Database, posted: dict[str, int], encoder: Encoder, index: Index[Item], who: Who
) -> None:
    with data.store.transaction(db):
        db.execute("update organisations set inhabitants = 66000 where name = 'Genk'")
        db.execute("update organisations set inhabitants = 9000 where name = 'Aalter'")
        db.execute("update ideas set theme = 'democratie', target_group = 'zwemmers', stage = 'plan'")
    asked = Asked(theme="data", target_group="clubs", stage="plan", organisation_id=who("aalter").organisation_id)
    text = "Vandaag bellen mensen ons. Laat hen zelf een baan boeken in het zwembad. Wij zoeken partners."
    first, *_ = matches.similar(db, encoder=encoder, index=index, title="Loket", description=text, asked=asked)
    assert {one.field: (one.mine, one.theirs) for one in first.explanation.differences} == {
        "theme": ("data", "democratie"),
        "target_group": ("clubs", "zwemmers"),
        "inhabitants": ("9000", "66000"),
    }
    mine, theirs = first.explanation.pairs[0]
    assert mine == "Laat hen zelf een baan boeken in het zwembad."
    assert theirs in {f"{TEXTS[name][0]}. {TEXTS[name][1]}" for name in TEXTS} | {
        sentence for title, body in TEXTS.values() for sentence in (f"{title}.", body)
    }


def test_what_people_say_is_kept_and_counts(db: Database, posted: dict[str, int], who: Who) -> None:
    mine, other = posted["pool"], (Kind.IDEA, posted["snow"])
    idea = data.ideas.get(db, idea_id=mine)
    assert idea is not None
    for judgement in ("same", "same", "different"):
        matches.judge(db, member=who("genk"), idea_id=mine, other=other, judgement=judgement)
    assert data.store.value(db, "select group_concat(judgement) from judgements") == "same,different"
    assert matches.answers(db, member=who("genk"), idea=idea) == {other: Judgement.DIFFERENT}
    assert matches.answers(db, member=who("aalter"), idea=idea) == {}
    assert matches.answers(db, member=None, idea=idea) == {}
    matches.judge(db, member=who("coordinator"), idea_id=mine, other=other, judgement="related")
    assert matches.answers(db, member=who("coordinator"), idea=idea) == {other: Judgement.RELATED}
    # A coordinator's answer binds, also when a member answers later.
    matches.judge(db, member=who("genk"), idea_id=mine, other=other, judgement="same")
    assert data.judgements.latest(db) == {tuple(sorted([(Kind.IDEA, mine), other])): Judgement.RELATED}
    matches.judge(db, member=who("genk"), idea_id=mine, other=other, judgement="unsure")
    assert matches.answers(db, member=who("genk"), idea=idea) == {}


@pytest.mark.parametrize(
    ("name", "other", "judgement", "error"),
    [
        ("aalter", (Kind.IDEA, 2), "same", NotAllowed),
        ("genk", (Kind.IDEA, 1), "same", NotFound),
        ("genk", (Kind.IDEA, 99), "same", NotFound),
        ("genk", (Kind.PROJECT, 99), "same", NotFound),
        ("genk", (Kind.IDEA, 2), "perhaps", Invalid),
    ],
)
def test_who_may_not_judge_changes_nothing(
    db: Database, posted: dict[str, int], who: Who, name: str, other: Item, judgement: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        matches.judge(db, member=who(name), idea_id=posted["pool"], other=other, judgement=judgement)
    assert data.store.value(db, "select count(*) from judgements") == 0


def test_a_changed_text_is_not_explained_by_what_it_said_before(
    db: Database, posted: dict[str, int], encoder: Encoder, index: Index[Item], who: Who
) -> None:
    form = IdeaForm(title="Iets over het zwembad", description="Het zwembad sluit.")
    ideas.edit(db, encoder=None, member=who("genk"), idea_id=posted["pool"], revision=1, form=form)
    near = matches.similar(db, encoder=encoder, index=index, title="Zwembad", description="Een baan boeken.")
    (changed,) = [match for match in near if match.id == posted["pool"]]
    assert changed.explanation.pairs == ()
    matches.embed(db, encoder=encoder, kind=Kind.IDEA, item_id=posted["pool"])
    near = matches.similar(
        db, encoder=encoder, index=index, title="Het zwembad sluit.", description="Het zwembad sluit."
    )
    (changed,) = [match for match in near if match.id == posted["pool"]]
    assert "Het zwembad sluit." in changed.explanation.pairs[0][1]


def test_a_long_text_is_read_by_the_worker_while_nobody_waits(
    db: Database, posted: dict[str, int], encoder: Encoder, index: Index[Item], who: Who
) -> None:
    text = "Wie een graf bezoekt, vindt het op een kaart. "
    long = IdeaForm(title="Graven", description=(text * (matches.READ_AT_ONCE // len(text) + 1)).strip())
    idea_id = ideas.post(db, encoder=encoder, member=who("genk"), form=long)
    ideas.edit(db, encoder=encoder, member=who("genk"), idea_id=posted["snow"], revision=1, form=long)
    jobs = {one["key"] for one in rows(db, "select key from jobs where done_at is null")}
    for item_id in (idea_id, posted["snow"]):
        assert f"idea:{item_id}" in jobs
        kept = {"kind": Kind.IDEA, "item_id": item_id, "encoder": encoder.name}
        hashed = data.matches.text_hash(f"{long.title}. {long.description}")
        assert not data.matches.has(db, **kept, text_hash=hashed)
        matches.embed(db, encoder=encoder, kind=Kind.IDEA, item_id=item_id)
        assert data.matches.has(db, **kept, text_hash=hashed)
    assert set(found(db, encoder, index, "Op een kaart staat waar iemand begraven is")[:2]) == {idea_id, posted["snow"]}


def test_words_that_coordinators_take_out_are_no_reason(
    db: Database, posted: dict[str, int], index: Index[Item], who: Who
) -> None:
    near = matches.similar(db, encoder=None, index=index, title="Zwembad boeken", description="")
    assert "zwembad" in near[0].explanation.terms
    assert matches.set_plain_words(db, member=who("coordinator"), text="Zwembad, ZWEMBAD;\n ‘geïnd’ ") == 2
    listed, frequent = matches.plain_words(db, index=index, member=who("coordinator"))
    assert listed == ["geind", "zwembad"]
    assert "zwembad" not in dict(frequent)
    later = matches.similar(db, encoder=None, index=index, title="Zwembad boeken", description="")
    assert all("zwembad" not in match.explanation.terms for match in later)
    assert sum(match.score for match in later) < sum(match.score for match in near)
    with pytest.raises(NotAllowed):
        matches.set_plain_words(db, member=who("genk"), text="x")
    many = " ".join("".join(letters) for letters in product("abcdefghijklm", repeat=3))
    with pytest.raises(Invalid, match="hoogstens 2000"):
        matches.set_plain_words(db, member=who("coordinator"), text=many)


def test_the_name_of_the_municipality_that_asks_is_no_reason(db: Database, index: Index[Item], who: Who) -> None:
    form = IdeaForm(title="Zwemmen in Genk", description="In Genk zwemmen is leuk.")
    ideas.post(db, encoder=None, member=who("aalter"), form=form)
    (match,) = matches.similar(db, encoder=None, index=index, title="Fietsen in Genk", description="")
    assert match.explanation.terms == ("genk",)
    asked = Asked(organisation_id=who("genk").organisation_id)
    assert matches.similar(db, encoder=None, index=index, title="Fietsen in Genk", description="", asked=asked) == []
