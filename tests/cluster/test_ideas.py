"""Ideas: posted once, edited in versions, withdrawn without loss, imported all or nothing."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

from cluster import ideas, matches
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.imports import read_jsonl
from data.ideas import Filter
from data.store import rows, value
from models.errors import Conflict, ImportRefused, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.people import Member

Who = Callable[[str], Member]
POOL = IdeaForm(title="Zwembad online reserveren", description="Banen en uren boeken zonder te bellen.")


def test_a_posted_idea_is_public_and_belongs_to_the_organisation(db: Database, who: Who, encoder: Encoder) -> None:
    idea_id = ideas.post(db, encoder=encoder, member=who("genk"), form=POOL)
    idea = ideas.get(db, idea_id=idea_id, member=None)
    assert (idea.organisation, idea.title, idea.lang, idea.revision) == ("Genk", POOL.title, "nl", 1)
    assert value(db, "select count(*) from embeddings") == 1


def test_the_same_form_sent_twice_posts_once(db: Database, who: Who, encoder: Encoder) -> None:
    first = ideas.post(db, encoder=encoder, member=who("genk"), form=POOL, submission_key="k")
    assert ideas.post(db, encoder=encoder, member=who("genk"), form=POOL, submission_key="k") == first
    assert value(db, "select count(*) from ideas") == 1


def test_without_an_encoder_the_idea_is_posted_and_its_vector_waits(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=POOL)
    assert value(db, "select key from jobs where kind = 'embed'") == f"idea:{idea_id}"


@pytest.mark.parametrize("name", ["coordinator", None])
def test_only_members_of_an_organisation_post(db: Database, who: Who, name: str | None) -> None:
    with pytest.raises(NotAllowed):
        ideas.post(db, encoder=None, member=who(name) if name else None, form=POOL)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("title", {"title": "  \n"}),
        ("title", {"title": "x" * 201}),
        ("title", {"title": "caf\ufffd"}),
        ("description", {"description": "\x00\x07"}),
        ("description", {"description": "x" * 20_001}),
        ("theme", {"theme": "bestaat-niet"}),
        ("call", {"call_id": -1}),
        ("stage", {"stage": "ooit"}),
        ("intent", {"intent": "hope"}),
        ("budget", {"budget": "veel"}),
        ("target_group", {"target_group": "x" * 201}),
    ],
)
def test_what_cannot_be_accepted_names_its_field_and_changes_nothing(
    db: Database, who: Who, field: str, changed: dict[str, Any]
) -> None:
    form = IdeaForm(**{"title": "Titel", "description": "Tekst", **changed})
    with pytest.raises(Invalid) as refused:
        ideas.post(db, encoder=None, member=who("genk"), form=form)
    assert refused.value.field == field
    assert value(db, "select count(*) from ideas") == 0


def test_everything_wrong_is_said_at_once(db: Database, who: Who) -> None:
    with pytest.raises(Invalid) as refused:
        ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="", description="", theme="x"))
    assert [wrong.field for wrong in refused.value.every] == ["title", "description", "theme"]


def test_texts_at_their_bounds_are_accepted(db: Database, who: Who) -> None:
    form = IdeaForm(title="t" * 200, description="🦆" * 20_000)
    idea = ideas.get(db, idea_id=ideas.post(db, encoder=None, member=who("genk"), form=form), member=None)
    assert (len(idea.title), len(idea.description)) == (200, 20_000)


def test_editing_keeps_every_version_and_renews_the_vector(db: Database, who: Who, encoder: Encoder) -> None:
    idea_id = ideas.post(db, encoder=encoder, member=who("genk"), form=POOL)
    before = value(db, "select text_hash from embeddings")
    form = IdeaForm(title="Sporthal online reserveren", description=POOL.description)
    ideas.edit(db, encoder=encoder, member=who("genk"), idea_id=idea_id, revision=1, form=form)
    assert [json.loads(row["fields"])["title"] for row in rows(db, "select fields from idea_versions")] == [
        POOL.title,
        form.title,
    ]
    assert value(db, "select count(*) from embeddings") == 1
    assert value(db, "select text_hash from embeddings") != before


def test_saving_without_a_change_makes_no_version(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=POOL)
    ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea_id, revision=1, form=POOL)
    assert ideas.get(db, idea_id=idea_id, member=None).revision == 1


def test_the_second_of_two_colleagues_hears_what_stands_now(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=POOL)
    mine = IdeaForm(title="Mijn titel", description="Mijn tekst")
    ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea_id, revision=1, form=mine)
    with pytest.raises(Conflict) as conflict:
        ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea_id, revision=1, form=POOL)
    assert conflict.value.current.title == "Mijn titel"  # type: ignore[attr-defined]


def test_another_organisation_cannot_change_it(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=POOL)
    with pytest.raises(NotAllowed):
        ideas.edit(db, encoder=None, member=who("aalter"), idea_id=idea_id, revision=1, form=POOL)
    with pytest.raises(NotAllowed):
        ideas.withdraw(db, member=who("aalter"), idea_id=idea_id)


def test_withdrawn_is_gone_for_others_and_comes_back(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=POOL)
    ideas.withdraw(db, member=who("genk"), idea_id=idea_id)
    ideas.withdraw(db, member=who("genk"), idea_id=idea_id)
    for reader in (None, who("aalter")):
        with pytest.raises(NotFound):
            ideas.get(db, idea_id=idea_id, member=reader)
    assert ideas.get(db, idea_id=idea_id, member=who("coordinator")).state == "withdrawn"
    assert ideas.browse(db, wanted=Filter()) == ([], False)
    ideas.restore(db, member=who("genk"), idea_id=idea_id)
    assert ideas.get(db, idea_id=idea_id, member=None).state == "open"


def test_a_body_s_idea_is_found_under_the_municipalities_it_stands_for(db: Database, who: Who) -> None:
    body = value(db, "select id from organisations where name = 'Streekverband'")
    aalter, genk = (value(db, "select id from organisations where name = ?", [name]) for name in ("Aalter", "Genk"))
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=POOL)
    db.execute("update ideas set organisation_id = ? where id = ?", [body, idea_id])
    assert len(ideas.browse(db, wanted=Filter(organisation_id=aalter))[0]) == 1
    assert ideas.browse(db, wanted=Filter(organisation_id=genk))[0] == []


def test_pages_hold_twenty_and_say_whether_there_are_more(db: Database, who: Who) -> None:
    for number in range(21):
        form = IdeaForm(title=f"Idee {number:02}", description="Tekst")
        ideas.post(db, encoder=None, member=who("genk"), form=form)
    first, more = ideas.browse(db, wanted=Filter(), order="title")
    assert ([idea.title for idea in first][:2], len(first), more) == (["Idee 00", "Idee 01"], 20, True)
    last, more = ideas.browse(db, wanted=Filter(), order="title", page=2)
    assert ([idea.title for idea in last], more) == (["Idee 20"], False)


def lines(*items: Any) -> io.BytesIO:
    return io.BytesIO("\n".join(item if isinstance(item, str) else json.dumps(item) for item in items).encode())


def item(**changes: Any) -> dict[str, Any]:
    return {"id": "X1", "title": "Titel", "description": "Tekst", "municipality": "Genk", "lang": "nl", **changes}


def test_an_import_is_repeatable(db: Database) -> None:
    once = ideas.import_rows(db, rows=read_jsonl(lines(item(), item(id="X2", unknown=1))))
    assert (once.added, once.ignored) == (2, {"unknown": 1})
    twice = ideas.import_rows(db, rows=read_jsonl(lines(item(), item(id="X2"))))
    assert (twice.added, twice.changed, twice.unchanged) == (0, 0, 2)
    assert value(db, "select key from jobs") == "missing"


def test_an_import_corrects_the_municipality_and_the_address_too(db: Database) -> None:
    def brought(**changes: Any) -> tuple[int, int, int, int]:
        done = ideas.import_rows(db, rows=read_jsonl(lines(item(**changes))))
        idea = ideas.get(db, idea_id=1, member=None)
        assert (idea.organisation, idea.source_url) == (changes["municipality"], changes.get("url"))
        return done.added, done.changed, done.unchanged, idea.revision

    assert brought(municipality="Genk") == (1, 0, 0, 1)
    assert brought(municipality="Aalter", url="https://aalter.example/1") == (0, 1, 0, 1)
    assert brought(municipality="Aalter", url="https://aalter.example/1") == (0, 0, 1, 1)
    assert brought(municipality="Kortrijk", title="Andere titel") == (0, 1, 0, 2)


def test_an_import_leaves_the_municipality_of_what_a_person_edited(db: Database, who: Who) -> None:
    ideas.import_rows(db, rows=read_jsonl(lines(item())))
    form = IdeaForm(title="Door ons verbeterd", description="Tekst")
    ideas.edit(db, encoder=None, member=who("genk"), idea_id=1, revision=1, form=form)
    done = ideas.import_rows(db, rows=read_jsonl(lines(item(municipality="Aalter", url="https://x.example"))))
    assert (done.changed, done.unchanged) == (0, 1)
    assert ideas.get(db, idea_id=1, member=None).organisation == "Genk"


def test_an_import_never_overwrites_what_a_person_wrote(db: Database, who: Who) -> None:
    ideas.import_rows(db, rows=read_jsonl(lines(item())))
    idea_id = value(db, "select id from ideas")
    form = IdeaForm(title="Door ons verbeterd", description="Tekst")
    ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea_id, revision=1, form=form)
    ideas.import_rows(db, rows=read_jsonl(lines(item(title="Nieuwe versie van elders"))))
    assert ideas.get(db, idea_id=idea_id, member=None).title == "Door ons verbeterd"


def test_one_bad_row_keeps_all_out_and_every_bad_row_is_named(db: Database) -> None:
    file = lines(
        item(),
        item(id="X2", municipality="Nergenshuizen"),
        "{kapot",
        item(id="X4", title=""),
        item(id="X1"),
        item(id="X6", lang="es"),
        item(id="X7", stage="ooit"),
        "[]",
    )
    with pytest.raises(ImportRefused) as refused:
        ideas.import_rows(db, rows=read_jsonl(file))
    assert [(line, field) for line, field, _ in refused.value.rows] == [
        (2, "municipality"),
        (3, ""),
        (4, "title"),
        (5, "id"),
        (6, "lang"),
        (7, "stage"),
        (8, ""),
    ]
    assert value(db, "select count(*) from ideas") == 0


def test_imported_ideas_become_findable_once_embedded(db: Database, encoder: Encoder) -> None:
    ideas.import_rows(db, rows=read_jsonl(lines(item(title="Sneeuwruimen plannen met sensoren"))))
    told: list[int] = []
    assert matches.embed_missing(db, encoder=encoder, told=told.append) == 1
    assert told == [1]
    assert matches.embed_missing(db, encoder=encoder) == 0
    found = matches.similar(db, encoder=encoder, index=Index(), title="sneeuwruimen sensoren", description="")
    assert [match.external_id for match in found] == ["X1"]
