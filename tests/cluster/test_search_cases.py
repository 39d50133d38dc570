"""Forty Dutch searches as people type them, over the seed, the demo and texts of our own, with the bundled encoder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

import cluster.setup
import data.store
from cluster import ideas, matches, searches
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.imports import Row
from data.matches import Item
from data.store import value
from models.searches import Shown, Subject

FOLDER = Path(__file__).parents[1] / "search"
CASES = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text(encoding="utf8").splitlines()]
AT_LEAST = 38
FIRST = 3


@pytest.fixture(scope="module")
def place(encoder: Encoder) -> Iterator[tuple[Database, Index[Item]]]:
    """Everything that ships and our own texts, with their vectors."""
    db = data.store.connect(":memory:")
    cluster.setup.migrate(db)
    cluster.setup.seed(db)
    cluster.setup.seed_demo(db, password="een lang wachtwoord")
    lines = (FOLDER / "texts.jsonl").read_text(encoding="utf8").splitlines()
    ideas.import_rows(db, rows=[Row(n, {**json.loads(line), "municipality": "Mol"}) for n, line in enumerate(lines, 1)])
    matches.embed_missing(db, encoder=encoder)
    yield db, Index()
    data.store.close(db)


def name_of(db: Database, shown: Shown) -> str:
    """What a case calls this: its external id, or the name of a municipality."""
    if shown.kind in (Subject.CLUSTER, Subject.MUNICIPALITY):
        return f"{shown.kind}:{shown.title}"
    table = {"idea": "ideas", "project": "projects"}[shown.kind]
    return str(value(db, f"select external_id from {table} where id = ?", [shown.id]))


def test_there_are_forty_cases() -> None:
    assert len({case["query"] for case in CASES}) == 40


def test_what_was_meant_is_among_the_first_three(place: tuple[Database, Index[Item]], encoder: Encoder) -> None:
    db, index = place
    missed = []
    for case in CASES:
        found = searches.search(db, encoder=encoder, index=index, query=case["query"])
        first = [name_of(db, hit.shown) for hit in found.hits[:FIRST]]
        if not set(first) & set(case["expected"]):
            missed.append(f"{case['about']} {case['query']!r}: {first}, not {case['expected']}")
    assert len(CASES) - len(missed) >= AT_LEAST, "\n".join(missed)
    print(f"{len(CASES) - len(missed)} of {len(CASES)}", *missed, sep="\n")
