"""Benchmarks: how suggestions while typing, posting, memory and start-up grow, beside what else could be used.

`make bench` grows a store to 1,000, 10,000 and 100,000 ideas and measures at each size, over HTTP, the server that
`make run` starts: suggestions while typing (encoding included), posting, how soon a new idea is found, the start to
the first answer, and the memory of all its processes (PSS). In the same run, on the same texts and questions:
PostgreSQL's trigrams (as Decidim asks, through GIN, through GiST) and full text, `semantic_search` of
sentence-transformers, and a loop over the rows of SQLite.

Every question goes to all of them in turn, so that a busy machine weighs on all alike.

`TEXTS=FILE.jsonl` adds texts (objects with title and description); the others are the demo's sentences in new company.
`SIZES=1000,1000000` names other sizes; the million is measured only when asked for. `ALTERNATIVES=0` leaves the
alternatives out, `AT_MOST_S` bounds the seconds spent on each at each size (45).

Prints figures and ratios, and keeps them as JSON, CSV and SVG in `test-artefacts/bench`. Nothing here fails on a slow
machine.
"""

import csv
import itertools
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

import cluster.passwords
import cluster.setup
import data.matches
import data.people
import data.store
from cluster.engine.encoder import Encoder, Vectors, load
from data.store import now, rows, transaction
from models.people import Role
from tests.benchmarks import plots, postgres
from tests.benchmarks.server import Server, serving
from tests.benchmarks.texts import Sentences, texts, typed

SIZES = (1_000, 10_000, 100_000)
ASKED = 200
POSTED = 40
# About so many seconds are spent on each way at each size.
AT_MOST_S = float(os.environ.get("AT_MOST_S", "45"))
_EMAIL, _PASSWORD = "bench@gemeente.example", "een lang wachtwoord"
_BATCH = 2_000
OUT = Path(__file__).parents[2] / "test-artefacts" / "bench"

TYPING, POSTING, FRESH = "typing → suggestions", "posting an idea", "suggestions right after a post"
# A part of the first, and of every alternative that understands meaning.
ENCODING = "encoding the question alone"

Ask = Callable[[str, str], object]
Figures = dict[str, dict[str, float]]


def main(extra: Path | None, *, sizes: Sequence[int], alternatives: bool) -> None:
    """Grow a store step by step, measure at each size, and keep the figures."""
    encoder = load(None)
    sentences = Sentences(encoder)
    found: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as open_things:
        place = Path(folder)
        db = data.store.connect(place / "medestanders.sqlite")
        furnish(db)
        elephant = started(open_things) if alternatives else None
        source, filled = texts(extra), 0
        for size in sizes:
            start = time.perf_counter()
            grow(db, encoder, sentences, source, size - filled)
            print(
                f"\n{size:,} ideas (filled in {time.perf_counter() - start:,.0f} s); "
                f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
                flush=True,
            )
            asked = typed(sample(db), count=ASKED)
            ways = beside(db, encoder) if alternatives else {}
            if elephant:
                ways |= in_postgres(elephant, db)
            with serving(place) as server:
                for title, description in asked[:10]:
                    server.similar(title, description)
                found[size] = in_turn({TYPING: server.similar, **ways}, asked) | ours(server, asked)
            told(found[size])
            compared(found[size])
            filled = size
            keep(found)
        data.store.close(db)
    print(f"\nFigures and plots: {OUT}")


def started(open_things: ExitStack) -> postgres.Session | None:
    """PostgreSQL, or none, and it is said why."""
    try:
        return open_things.enter_context(postgres.postgres())
    except postgres.Absent as why:
        print(f"Without PostgreSQL: {why}")
        return None


def furnish(db: Database) -> None:
    """The schema, the reference data without projects and ideas, and a member who posts."""
    cluster.setup.migrate(db)
    with transaction(db):
        values = dict.fromkeys(
            ("province", "nis", "kbo", "ovo", "inhabitants", "lat", "lon", "valid_from", "valid_until")
        )
        organisation_id = data.people.add_organisation(
            db, values={**values, "uri": "urn:bench", "kind": "municipality", "name": "Bench"}
        )
        member = dict.fromkeys(("function",)) | {"organisation_id": organisation_id, "email": _EMAIL, "name": "Bench"}
        member |= {"role": Role.MEMBER.value, "locale": "nl", "standing_consent": 0, "demo": 0}
        hashed = cluster.passwords.hasher.hash(_PASSWORD)
        data.people.add_member(db, values={**member, "password_hash": hashed, "created_at": now()})


def grow(db: Database, encoder: Encoder, sentences: Sentences, source: Iterator[tuple[str, str]], count: int) -> None:
    """Add ideas with their vectors, straight into the store: an import is measured by nobody's patience."""
    moment = now()
    for start in range(0, count, _BATCH):
        given = list(itertools.islice(source, min(_BATCH, count - start)))
        vectors = sentences.vectors(given)
        with transaction(db):
            for (title, body), vector in zip(given, vectors, strict=True):
                idea_id = data.store.insert(
                    db,
                    """insert into ideas (organisation_id, title, description, lang, created_at, updated_at)
                    values (1, ?, ?, 'nl', ?3, ?3)""",
                    [title, body, moment],
                )
                text_hash = data.matches.text_hash(f"{title}. {body}")
                db.execute(
                    "insert into embeddings (kind, item_id, encoder, text_hash, vector) values ('idea', ?, ?, ?, ?)",
                    [idea_id, encoder.name, text_hash, vector.tobytes()],
                )
    db.execute("pragma wal_checkpoint(truncate)")


def sample(db: Database) -> list[tuple[str, str]]:
    """Texts from all over the store."""
    count = data.store.value(db, "select max(id) from ideas")
    ids = np.random.default_rng(5).integers(1, count + 1, 2_000).tolist()
    found = rows(
        db, f"select title, description from ideas where id in ({data.store.placeholders(len(ids))}) order by id", ids
    )
    return [(item["title"], item["description"]) for item in found]


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, and of how many."""
    p50, p95, p99 = (float(one) for one in np.percentile(times, [50, 95, 99]))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "asked": len(times)}


def in_turn(ways: dict[str, Ask], asked: Sequence[tuple[str, str]]) -> Figures:
    """The same questions to every way, in turn: what else the machine does weighs on all of them alike.

    What takes long is asked less often. A way that fails is left out, and it is said.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for title, description in asked:
        for name, ask in ways.items():
            if name in times and sum(times[name]) < AT_MOST_S * 1_000:
                try:
                    start = time.perf_counter()
                    ask(title, description)
                    times[name].append((time.perf_counter() - start) * 1_000)
                except RuntimeError as wrong:
                    print(f"  {name}: {wrong}")
                    del times[name]
    return {name: percentiles(found) for name, found in times.items()}


def ours(server: Server, asked: list[tuple[str, str]]) -> Figures:
    """What the server needs for posting, to start, and in memory."""
    memory = server.memory_mb()
    posting, fresh, seen = posted(server, asked[:POSTED])
    figures: Figures = {POSTING: percentiles(posting), FRESH: percentiles(fresh)}
    figures["server"] = {"started_s": server.started_s, "memory_mb": memory, "new_ideas_found_at_once": seen}
    return figures


def posted(server: Server, asked: list[tuple[str, str]]) -> tuple[list[float], list[float], float]:
    """Milliseconds of each post and of the question after it, and the share of new ideas that it found."""
    server.sign_in(_EMAIL, _PASSWORD)
    posting, fresh, found = [], [], 0
    for number, (title, description) in enumerate(asked):
        new = f"{title[:150]} {time.time_ns()}", f"{description} Nieuw {number}."
        fields = server.form()
        start = time.perf_counter()
        server.post(fields, *new)
        then = time.perf_counter()
        matches = server.similar(*new)
        fresh.append((time.perf_counter() - then) * 1_000)
        posting.append((then - start) * 1_000)
        found += any(match["title"] == new[0] for match in matches)
    return posting, fresh, found / len(asked)


def beside(db: Database, encoder: Encoder) -> dict[str, Ask]:
    """The encoder alone, `semantic_search`, and a loop over the rows."""
    from sentence_transformers.util import semantic_search

    stored = rows(db, "select item_id, vector from embeddings order by item_id")
    corpus = np.stack([np.frombuffer(item["vector"], dtype=np.float32) for item in stored])

    def encoded(title: str, description: str) -> Vectors:
        return encoder.encode([f"{title}. {description}"])

    def loop(title: str, description: str) -> object:
        vector = encoded(title, description)[0]
        return sorted(
            (
                (float(np.frombuffer(item["vector"], dtype=np.float32) @ vector), item["item_id"])
                for item in rows(db, "select item_id, vector from embeddings")
            ),
            reverse=True,
        )[:10]

    return {
        ENCODING: encoded,
        "sentence-transformers semantic_search": lambda title, body: semantic_search(
            encoded(title, body), corpus, top_k=10
        ),
        "loop over SQLite rows": loop,
    }


def in_postgres(session: postgres.Session, db: Database) -> dict[str, Ask]:
    """Bring PostgreSQL to the same texts, index them, and say how it is asked; an index that fails is said to."""
    known = int(session.ask("select coalesce(max(id), 0) from ideas")[0])
    for index in postgres.INDEX_NAMES:
        session.ask(f"drop index if exists {index}")
    session.add(
        (item["id"], item["title"], item["description"])
        for item in rows(db, "select id, title, description from ideas where id > ? order by id", [known])
    )
    session.ask("analyze ideas")
    ways: dict[str, Ask] = {}
    for name, way in postgres.WAYS.items():
        try:
            start = time.perf_counter()
            if name in postgres.INDEXES:
                session.ask("set statement_timeout = 0")
                session.ask(postgres.INDEXES[name])
                print(f"  {name}: indexed in {time.perf_counter() - start:.0f} s", flush=True)
            session.ask(f"set statement_timeout = '{postgres.LONGEST_S}s'")
            ways[name] = partial(_through, session, way)
        except RuntimeError as wrong:
            print(f"  {name}: {wrong}")
    return ways


def _through(session: postgres.Session, way: Callable[[str, str], str], title: str, body: str) -> object:
    return session.ask(way(title, body))


def told(figures: Figures) -> None:
    """Print one line for each thing measured."""
    for name, found in figures.items():
        if "p50_ms" in found:
            times = "   ".join(f"{p} {found[f'{p}_ms']:8.1f} ms" for p in ("p50", "p95", "p99"))
            print(f"  {name:38} {times}   ({found['asked']} asked)", flush=True)
        else:
            print(
                f"  first answer {found['started_s']:.1f} s after the start; memory of all processes (PSS) "
                f"{found['memory_mb']:,.0f} MB; new ideas found at once: {found['new_ideas_found_at_once']:.0%}"
            )


def compared(figures: Figures) -> None:
    """Print how many times as long each alternative takes as we do."""
    for name, found in figures.items():
        if name not in {TYPING, POSTING, FRESH, ENCODING, "server"}:
            p50, p95 = (found[p] / figures[TYPING][p] for p in ("p50_ms", "p95_ms"))
            print(f"  ratio: {name} takes {p50:.1f} × as long at p50, {p95:.1f} × at p95")


def keep(found: dict[int, Figures]) -> None:
    """Write what was measured so far: JSON with the machine, CSV, and a plot of times and one of start and memory."""
    OUT.mkdir(parents=True, exist_ok=True)
    about = {"machine": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg(), "at": now()}
    kept = {"about": about, "sizes": {str(size): figures for size, figures in found.items()}}
    (OUT / "figures.json").write_text(json.dumps(kept, indent=1), encoding="utf8")
    with (OUT / "figures.csv").open("w", encoding="utf8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["ideas", "what", "figure", "value"])
        table.writerows(
            [size, name, figure, round(value, 3)]
            for size, figures in found.items()
            for name, one in figures.items()
            for figure, value in one.items()
        )
    names = dict.fromkeys(name for figures in found.values() for name in figures if name != "server")
    for figure in ("p50_ms", "p95_ms"):
        series: dict[str, dict[int, float]] = {
            name: {size: one[name][figure] for size, one in found.items() if name in one} for name in names
        }
        title = f"How long an answer takes, {figure[:3]}"
        (OUT / f"times-{figure[:3]}.svg").write_text(plots.growth(title, "ms", series), encoding="utf8")
    server: dict[str, dict[int, Any]] = {
        "memory, MB": {size: one["server"]["memory_mb"] for size, one in found.items()},
        "first answer, s": {size: one["server"]["started_s"] for size, one in found.items()},
    }
    (OUT / "server.svg").write_text(plots.growth("Memory and start", "MB, s", server), encoding="utf8")


if __name__ == "__main__":
    # Ended from outside, it still ends its servers and takes its folders along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else None,
        sizes=[int(size) for size in os.environ.get("SIZES", ",".join(map(str, SIZES))).split(",")],
        alternatives=os.environ.get("ALTERNATIVES", "1") != "0",
    )
