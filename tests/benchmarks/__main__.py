"""Benchmarks: how long suggestions take while typing, beside a loop over the rows in the same run.

`make bench` uses the demo's ideas, multiplied by exchanging their sentences; `make bench TEXTS=FILE.jsonl` adds texts
(objects with title and description). Prints figures and ratios; nothing here fails on a slow machine.
"""

import itertools
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import cluster.matches
import data.migrations
import data.people
import data.store
from cluster.ideas import import_rows
from cluster.imports import Row
from cluster.web import create_app
from cluster.web.context import Services
from cluster.web.settings import Settings
from data.store import rows

SEED = Path(__file__).parents[2] / "data" / "seed" / "demo.json"
SIZES = (1_000, 10_000)
ASKED = 200


def texts(extra: Path | None) -> Iterator[tuple[str, str]]:
    """Titles and descriptions without end: what is given, then sentences of the demo in new company."""
    known = [(idea["title"], idea["description"]) for idea in json.loads(SEED.read_text(encoding="utf8"))["ideas"]]
    if extra:
        given = [json.loads(line) for line in extra.read_text(encoding="utf8").splitlines()]
        known += [(str(item["title"])[:200], str(item["description"])) for item in given]
    yield from known
    chance = random.Random(7)
    sentences = [part for _, description in known for part in description.split(". ")]
    while True:
        title = chance.choice(known)[0]
        yield f"{title} {chance.randrange(10**6)}", ". ".join(chance.sample(sentences, 4))


def percentiles(ask: Callable[[str, str], object], asked: list[tuple[str, str]]) -> tuple[float, float]:
    """p50 and p95 of one call, in milliseconds."""
    took = []
    for title, description in asked:
        start = time.perf_counter()
        ask(title, description)
        took.append((time.perf_counter() - start) * 1000)
    return float(np.percentile(took, 50)), float(np.percentile(took, 95))


def typed(source: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What stands in the form at a pause: a title, and more or less of a description."""
    chance = random.Random(11)
    picked = [chance.choice(source) for _ in range(ASKED)]
    return [(title, description[: chance.randrange(len(description) + 1)]) for title, description in picked]


def main(extra: Path | None) -> None:
    """Grow a store step by step and measure at each size."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder), secret_key="b" * 40, similar_per_second=10**9))  # type: ignore[call-arg]
        services: Services = app.extensions["medestanders"]
        db = services.db()
        with data.store.transaction(db):
            data.migrations.migrate(db)
        source, filled = texts(extra), 0
        for size in SIZES:
            grow(services, source, filled, size)
            filled = size
            report(app.test_client(), services, size)


def grow(services: Services, source: Iterator[tuple[str, str]], filled: int, size: int) -> None:
    """Import up to `size` ideas and make their vectors."""
    db, encoder = services.db(), services.encoder.get()
    assert encoder is not None
    municipality = {"municipality": "Bench"}
    if not filled:
        values = dict.fromkeys(
            ("province", "nis", "kbo", "ovo", "inhabitants", "lat", "lon", "valid_from", "valid_until")
        )
        data.people.add_organisation(db, values={**values, "uri": "urn:b", "kind": "municipality", "name": "Bench"})
    fresh = itertools.islice(source, size - filled)
    start = time.perf_counter()
    given = [
        Row(n, {"id": f"B{filled + n}", "title": title, "description": body, "lang": "nl", **municipality})
        for n, (title, body) in enumerate(fresh)
    ]
    import_rows(db, rows=given)
    imported = time.perf_counter()
    cluster.matches.embed_missing(db, encoder=encoder)
    print(
        f"\n{size:,} ideas: import {len(given) / (imported - start):,.0f} rows/s, "
        f"vectors {len(given) / (time.perf_counter() - imported):,.0f} texts/s ({encoder.name})"
    )


def report(client: object, services: Services, size: int) -> None:
    """Measure typing through the web, and a loop over the rows as the alternative."""
    db, encoder = services.db(), services.encoder.get()
    assert encoder is not None
    stored = rows(db, "select title, description from ideas limit 2000")
    asked = typed([(item["title"], item["description"]) for item in stored])

    def web(title: str, description: str) -> None:
        answer = client.post("/api/v1/similar", json={"title": title, "description": description})  # type: ignore[attr-defined]
        assert answer.status_code == 200

    def loop(title: str, description: str) -> None:
        vector = encoder.encode([f"{title}. {description}"])[0]
        sorted(
            ((float(np.frombuffer(item["vector"], dtype=np.float32) @ vector), item["item_id"])
             for item in rows(db, "select item_id, vector from embeddings")),
            reverse=True,
        )[:10]  # fmt: skip

    web(*asked[0])
    ours, alternative = percentiles(web, asked), percentiles(loop, asked[:30])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  typing → suggestions   p50 {ours[0]:6.1f} ms   p95 {ours[1]:6.1f} ms")
    print(f"  loop over SQLite rows  p50 {alternative[0]:6.1f} ms   p95 {alternative[1]:6.1f} ms")
    print(f"  ratio at p95: {alternative[1] / ours[1]:.1f} times as fast; memory of the process {memory:,.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
