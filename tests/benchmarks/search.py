"""How long a search takes at 100,000 ideas, beside FTS5 BM25 alone in the same run.

`python -m tests.benchmarks.search` multiplies the demo's ideas; `python -m tests.benchmarks.search FILE.jsonl` adds
texts (objects with title and description). SIZES and KEEP are settings of the environment: how many ideas (the
largest), and a folder that keeps the filled store for a next run. Vectors are random unit rows: exact search takes as
long with those. Prints figures; nothing here fails on a slow machine.
"""

import itertools
import os
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlite_utils import Database

import cluster.searches
import cluster.setup
import data.matches
import data.store
from cluster.engine.encoder import Encoder, load
from cluster.engine.index import Index
from cluster.engine.lexical import STOP, fold
from data.matches import Item
from data.store import rows, transaction
from models.matches import Kind
from tests.benchmarks.texts import texts

SIZE = max(int(size) for size in os.environ.get("SIZES", "100000").split(","))
ASKED = 300
_BATCH = 5_000


def fill(db: Database, extra: Path | None, encoder: Encoder) -> None:
    """Add ideas up to SIZE with random vectors."""
    cluster.setup.migrate(db)
    cluster.setup.seed(db)
    chance = np.random.default_rng(7)
    source = texts(extra)
    moment = data.store.now()
    for start in range(0, SIZE, _BATCH):
        with transaction(db):
            for number, (title, body) in enumerate(itertools.islice(source, min(_BATCH, SIZE - start)), start):
                idea_id = data.store.insert(
                    db,
                    """insert into ideas (external_id, organisation_id, title, description, created_at, updated_at)
                    values (?, ?, ?, ?, ?5, ?5)""",
                    [f"B{number}", number % 280 + 1, title, body, moment],
                )
                vector = chance.standard_normal(encoder.dimensions).astype(np.float32)
                data.matches.put(
                    db,
                    kind=Kind.IDEA,
                    item_id=idea_id,
                    encoder=encoder.name,
                    text_hash="b",
                    vector=(vector / np.linalg.norm(vector)).tobytes(),
                    parts=b"",
                )


def queries(db: Database) -> list[str]:
    """What people type: one to four words of a text, some with a mistake, joined to a compound, or not finished."""
    chance = random.Random(11)
    found = []
    picked = rows(db, "select title, description from ideas order by random() limit ?", [ASKED])
    for item in picked:
        words = re.findall(r"[^\W\d_]{4,}", f"{item['title']} {item['description']}")
        words = [word for word in words if fold(word) not in STOP] or ["zwembad"]
        query = [chance.choice(words) for _ in range(chance.choice([1, 1, 2, 2, 3, 4]))]
        how = chance.random()
        if how < 0.2:
            word = query[0]
            at = chance.randrange(1, len(word) - 1)
            query[0] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        elif how < 0.35:
            query = [query[0].lower() + chance.choice(words).lower()]
        elif how < 0.45:
            query[-1] = query[-1][: max(3, len(query[-1]) - 3)]
        found.append(" ".join(query))
    return found


def took(ask: Callable[[str], object], asked: list[str]) -> tuple[float, float, list[tuple[float, str]]]:
    """p50, p95 in milliseconds, and the slowest."""
    times = []
    for query in asked:
        start = time.perf_counter()
        ask(query)
        times.append(((time.perf_counter() - start) * 1000, query))
    only = [spent for spent, _ in times]
    return float(np.percentile(only, 50)), float(np.percentile(only, 95)), sorted(times, reverse=True)[:5]


def main(extra: Path | None) -> None:
    """Fill a store, and measure our search and BM25 alone with the same queries."""
    encoder = load(None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(os.environ.get("KEEP", folder)) / "search.sqlite"
        fresh = not path.exists()
        db = data.store.connect(path)
        if fresh:
            start = time.perf_counter()
            fill(db, extra, encoder)
            print(f"filled in {time.perf_counter() - start:,.0f} s")
        index: Index[Item] = Index()

        def ours(query: str) -> object:
            return cluster.searches.search(db, encoder=encoder, index=index, query=query)

        def alone(query: str) -> object:
            words = [fold(word) for word in re.findall(r"\w+", query)]
            return rows(
                db,
                "select rowid from texts where texts match ? order by bm25(texts, 4.0, 1.0) limit 20",
                [" OR ".join(f'"{word}"' for word in words if word not in STOP) or '"x"'],
            )

        asked = queries(db)
        start = time.perf_counter()
        ours("zwembad")
        print(f"{SIZE:,} ideas; the first search of a process takes {time.perf_counter() - start:.1f} s")
        print(f"{len(cluster.searches.lexicon(db, index=index)):,} words")
        for query in asked[:20]:
            ours(query)
        p50, p95, slowest = took(ours, asked)
        plain50, plain95, _ = took(alone, asked)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  search           p50 {p50:6.1f} ms   p95 {p95:6.1f} ms")
        print(f"  FTS5 BM25 alone  p50 {plain50:6.1f} ms   p95 {plain95:6.1f} ms")
        print(f"  ratio: {p50 / plain50:.1f} at p50, {p95 / plain95:.1f} at p95; memory {memory:,.0f} MB")
        for spent, query in slowest:
            print(f"  slow: {spent:6.0f} ms  {query}")
        data.store.close(db)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
