"""What the index costs at 1,000 to 1,000,000 ideas, beside the matrix in the memory of each process that it replaced.

`python -m tests.benchmarks.index` fills a store step by step. At each size three processes follow it: how long each
takes from its start to its first answer, how long a question takes, how much memory they hold together (PSS: what
they share counts once), and after how long a new idea is seen by all. SIZES and KEEP are settings of the environment:
sizes, and a folder that keeps the filled store for a next run. Vectors are drawn around topics, as texts lie. Prints
figures; nothing here fails on a slow machine.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

import cluster.matches
import cluster.setup
import cluster.snapshots
import data.matches
import data.store
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.index import Index
from data.matches import Item
from data.store import rows, transaction
from tests.benchmarks.__main__ import texts

SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
WORKERS = 3
DIMENSIONS = 384
ASKED = 200
_BATCH = 5_000
_TOPICS = 2_000


class Named:
    """A model that is only asked for its size."""

    def get_embedding_dimension(self) -> int:
        return DIMENSIONS


ENCODER = Encoder("bench", Named())


class Former:
    """The design before: every vector in the memory of each process, and a dict of all keys."""

    def __init__(self, db: Database) -> None:
        changes = data.matches.all_public(db, encoder=ENCODER.name)
        self.rows = {item: at for at, (item, _) in enumerate(changes.put)}
        self.keys = list(self.rows)
        self.vectors = np.zeros((len(changes.put), DIMENSIONS), dtype=np.float32)
        for at, (_, vector) in enumerate(changes.put):
            self.vectors[at] = np.frombuffer(vector, dtype=np.float32)

    def nearest(self, vector: Vectors, *, at_most: int) -> list[tuple[Item, float]]:
        cosines = self.vectors @ vector
        count = len(cosines)
        among = np.argpartition(-cosines, at_most - 1)[:at_most] if at_most < count else np.arange(count)
        return [(self.keys[at], float(cosines[at])) for at in among[np.lexsort((among, -cosines[among]))]]


def drawn(chance: np.random.Generator, topics: Vectors, count: int) -> Vectors:
    """Unit rows around topics, about 0.45 from each other within one and 0.15 between two."""
    noise = chance.standard_normal((count, DIMENSIONS), dtype=np.float32) / np.float32(np.sqrt(DIMENSIONS))
    found = topics[chance.integers(len(topics), size=count)] + noise
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def about(chance: np.random.Generator) -> Vectors:
    """The middles of topics, which share something themselves."""
    found = chance.standard_normal((_TOPICS, DIMENSIONS), dtype=np.float32) / np.float32(np.sqrt(DIMENSIONS))
    return np.asarray(0.75 * found + 0.55 * found.mean(axis=0) * np.sqrt(_TOPICS), dtype=np.float32)


def grow(db: Database, filled: int, size: int) -> None:
    """Add ideas with a text and a vector, up to `size`."""
    topics, chance = about(np.random.default_rng(1)), np.random.default_rng(filled + 2)
    source = itertools.islice(texts(None), filled, size)
    moment = data.store.now()
    for start in range(filled, size, _BATCH):
        vectors = drawn(chance, topics, min(_BATCH, size - start))
        with transaction(db):
            for number, (title, body), vector in zip(itertools.count(start), source, vectors, strict=False):
                add(db, number, title, body, moment, vector)


def add(db: Database, number: int, title: str, body: str, moment: str, vector: Vectors) -> int:
    """Add one idea inside a transaction."""
    idea_id = data.store.insert(
        db,
        """insert into ideas (external_id, organisation_id, title, description, created_at, updated_at)
        values (?, ?, ?, ?, ?5, ?5)""",
        [f"B{number}", number % 280 + 1, title, body, moment],
    )
    db.execute(
        "insert into embeddings (kind, item_id, encoder, text_hash, vector) values ('idea', ?, ?, 'b', ?)",
        [idea_id, ENCODER.name, vector.tobytes()],
    )
    return idea_id


def memory() -> dict[str, float]:
    """The memory of this process in MB: its share, and what is its own alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return {"pss": found["Pss"], "own": found["Private_Clean"] + found["Private_Dirty"]}


def child(path: Path, design: str) -> None:
    """A process that follows the store and answers on its standard output what its standard input asks."""
    before, start = memory(), time.perf_counter()
    db = data.store.connect(path)
    index: Index[Item] = Index(path.with_suffix(".vectors"))
    former = Former(db) if design == "former" else None
    followed = (lambda: None) if former else (lambda: cluster.matches.follow(db, index=index, encoder=ENCODER))
    followed()
    loaded = time.perf_counter() - start
    ask: Callable[..., Sequence[Any]] = former.nearest if former else index.nearest
    questions = drawn(np.random.default_rng(9), about(np.random.default_rng(1)), ASKED)
    ask(questions[0], at_most=101)
    say({"start": time.perf_counter() - start, "loaded": loaded, "before": before})
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "ask":
            took = []
            for question in questions:
                start = time.perf_counter()
                followed()
                ask(question, at_most=101)
                took.append((time.perf_counter() - start) * 1000)
            say([float(np.percentile(took, share)) for share in (50, 95, 99)])
        elif order["do"] == "find":
            followed()
            (hit,) = index.nearest(np.array(order["vector"], dtype=np.float32), at_most=1)
            say({"id": hit.key[1], "at": time.monotonic()})
        elif order["do"] == "tell":
            hits = [ask(question, at_most=10) for question in questions[:50]]
            say([[hit[0][1] if former else hit.key[1] for hit in found] for found in hits])
        else:
            say(memory())


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


class Child:
    """Such a process, from outside."""

    def __init__(self, path: Path, design: str) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.index", "child", str(path), design]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.started = self.answer()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def send(self, **order: object) -> None:
        assert self.process.stdin is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)

    def ask(self, **order: object) -> Any:
        self.send(**order)
        return self.answer()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measure(db: Database, path: Path, size: int) -> None:
    """Print the figures at this size."""
    print(f"\n{size:,} ideas")
    start = time.perf_counter()
    first = Child(path, "ours")
    file = path.with_suffix(".vectors")
    kept = f"{file.stat().st_size / 2**20:,.0f} MB" if file.exists() else "none"
    print(f"  first process ever: {time.perf_counter() - start:.1f} s with imports, file {kept}")
    first.end()
    ours = [Child(path, "ours") for _ in range(WORKERS)]
    figures = ours[0].ask(do="ask")
    lists = ours[0].ask(do="tell")
    for one in ours[1:]:
        one.ask(do="ask")
    held = [one.ask(do="memory") for one in ours]
    empty = sum(one.started["before"]["pss"] for one in ours)
    seen = max(visible(db, ours, number) for number in range(20))
    for one in ours:
        one.end()
    former = Child(path, "former")
    before = former.ask(do="ask")
    same = sum(a == b for a, b in zip(lists, former.ask(do="tell"), strict=True))
    alone = former.ask(do="memory")
    former.end()
    worst = max(one.started["start"] for one in ours)
    together, theirs = sum(one["pss"] for one in held), WORKERS * alone["own"]
    print(f"  nearest 101          p50 {figures[0]:7.1f}   p95 {figures[1]:7.1f}   p99 {figures[2]:7.1f} ms")
    print(f"  as it was            p50 {before[0]:7.1f}   p95 {before[1]:7.1f}   p99 {before[2]:7.1f} ms")
    print(f"  start to first answer {worst:.2f} s, as it was {former.started['start']:.2f} s")
    print(f"  {WORKERS} processes {together:,.0f} MB PSS ({empty:,.0f} before the index), as it was {theirs:,.0f} MB")
    print(f"  a new idea is seen by all {WORKERS} after {seen * 1000:.0f} ms at most")
    print(f"  the same ten nearest for {same} of {len(lists)} questions")
    print(
        f"  ratios: question {before[0] / figures[0]:.1f} times as fast at p50, {before[1] / figures[1]:.1f} at p95; "
        f"start {former.started['start'] / worst:.1f}; memory {together / theirs:.2f} of what it was"
    )


def visible(db: Database, children: Sequence[Child], number: int) -> float:
    """After how many seconds every process finds an idea that was just written; then it is removed again."""
    vector = drawn(np.random.default_rng(10**6 + number), about(np.random.default_rng(1)), 1)[0]
    with transaction(db):
        idea_id = add(db, 10**8 + number, "Nieuw", "Iets", data.store.now(), vector)
    written = time.monotonic()
    for one in children:
        one.send(do="find", vector=vector.tolist())
    found = [one.answer() for one in children]
    assert all(one["id"] == idea_id for one in found)
    with transaction(db):
        db.execute("delete from ideas where id = ?", [idea_id])
    return float(max(one["at"] for one in found) - written)


def lexical(db: Database) -> None:
    """How long candidates by words take: twelve words of a text, as a person who types a description has."""
    picked = rows(db, "select title, description from ideas order by random() limit 100")
    took = []
    start = time.perf_counter()
    vocabulary = data.matches.vocabulary(db)
    print(f"  {len(vocabulary):,} words are read in {time.perf_counter() - start:.2f} s")
    for item in picked:
        bag = cluster.matches.lexical.words(f"{item['title']}. {item['description']}")
        telling = sorted(bag, key=lambda word: (vocabulary.get(word, 0), word))[:12]
        start = time.perf_counter()
        data.matches.matching(db, words=telling, at_most=100)
        took.append((time.perf_counter() - start) * 1000)
    p50, p95 = np.percentile(took, [50, 95])
    print(f"  candidates by words  p50 {p50:7.1f}   p95 {p95:7.1f} ms")


def main() -> None:
    """Grow a store and measure at each size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(os.environ.get("KEEP", folder)) / "index.sqlite"
        db = data.store.connect(path)
        cluster.setup.migrate(db)
        cluster.setup.seed(db)
        # Seeded ideas have no vector of this encoder, so they do not count.
        filled = int(data.store.value(db, "select count(*) from ideas where external_id glob 'B[0-9]*'"))
        # A store that was kept may already be larger.
        for size in [size for size in SIZES if size >= filled]:
            start = time.perf_counter()
            grow(db, filled, size)
            print(f"\nfilled up to {size:,} in {time.perf_counter() - start:,.0f} s")
            filled = size
            measure(db, path, size)
            lexical(db)
        data.store.close(db)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
