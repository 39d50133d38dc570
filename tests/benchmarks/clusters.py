"""What a run of proposals costs at 1,000, 10,000 and 100,000 ideas, beside ready-made ways on the same vectors.

`python -m tests.benchmarks.clusters` fills a store for each size and measures, each in a process of its own, the first
run, and a run after a hundredth was added: seconds, and the most memory the process ever held. Then how long it takes
to place one idea. In the same way HDBSCAN and k-means of scikit-learn, community detection of sentence-transformers
and connected components, on the vectors alone: what takes more than AT_MOST_S seconds (60) is ended, and it is said.
SIZES names other sizes.

Vectors are drawn around topics of ten, as far apart as those of the development ideas: pairs of one topic have a
cosine of 0.56 on average, others of 0.26 with a deviation of 0.13. Words are as rare as words are (Zipf), and a topic
has some of its own. Prints figures; nothing here fails on a slow machine.
"""

import itertools
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

import cluster.matches
import cluster.placements
import cluster.proposals
import data.store
from cluster.engine import relations
from cluster.engine.encoder import Encoder, Reading, Vectors
from cluster.engine.index import Index
from cluster.figures import Reader
from data.matches import Item
from data.store import rows, transaction
from models.matches import Kind
from tests.benchmarks.__main__ import furnish

SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
AT_MOST_S = float(os.environ.get("AT_MOST_S", "60"))
DIMENSIONS = 384
PLACED = 20
_TOPIC = 10
_AREAS = 12
_VOCABULARY = 60_000
_WORDS, _OWN = 45, 6
_CLUSTERED = 0.75


class Named:
    """A model that is only asked for its size: the vectors are drawn."""

    def get_embedding_dimension(self) -> int:
        return DIMENSIONS


# The weights that ship for this encoder are used.
ENCODER = Encoder(next(iter(json.loads(relations.FITTED.read_text(encoding="utf8")))), Named())


def drawn(count: int, *, seed: int) -> tuple[list[str], Vectors]:
    """Texts, and unit rows of shape (count, d) around topics, which lie in areas; a quarter lies around nothing."""
    chance = np.random.default_rng(seed)
    # The same topics whatever the seed: what is added later is about what was there.
    fixed = np.random.default_rng(1)
    several = max(1, SIZES[-1] // _TOPIC)
    of = chance.integers(max(1, count // _TOPIC), size=count)
    lost = chance.random(count) > _CLUSTERED

    def directions(source: np.random.Generator, number: int) -> Vectors:
        return source.standard_normal((number, DIMENSIONS), dtype=np.float32) / np.float32(np.sqrt(DIMENSIONS))

    common, areas, topics = directions(fixed, 1), directions(fixed, _AREAS), directions(fixed, several)
    found = directions(chance, count) * np.float32(0.66)
    found += common * np.float32(0.5) + areas[of % _AREAS] * np.float32(0.5)
    found[~lost] += topics[of[~lost]] * np.float32(0.35)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    rarity = np.cumsum(1.0 / np.arange(8, _VOCABULARY + 8))
    texts = []
    for row in range(count):
        words = np.searchsorted(rarity, chance.random(_WORDS) * rarity[-1])
        own = [] if lost[row] else (of[row] * 31 + chance.integers(20, size=_OWN)).tolist()
        texts.append(" ".join([f"{_word(one + _VOCABULARY)}" for one in own] + [_word(one) for one in words.tolist()]))
    return texts, found


def _word(number: int) -> str:
    """A pronounceable word for each number."""
    syllables = ["ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "zi", "go", "hu", "fa"]
    out = ""
    while number or len(out) < 6:
        number, rest = divmod(number, len(syllables))
        out += syllables[rest]
    return out + "k"


def grow(db: Database, first: int, texts: list[str], vectors: Vectors) -> None:
    """Add ideas with their vectors, straight into the store."""
    moment = data.store.now()
    with transaction(db):
        for number, text, vector in zip(itertools.count(first), texts, vectors, strict=False):
            title, body = " ".join(text.split()[:6]), text
            idea_id = data.store.insert(
                db,
                """insert into ideas (external_id, organisation_id, title, description, created_at, updated_at)
                values (?, 1, ?, ?, ?4, ?4)""",
                [f"B{number}", title, body, moment],
            )
            cluster.matches.keep_vector(
                db,
                kind=Kind.IDEA,
                item_id=idea_id,
                encoder=ENCODER,
                text=f"{title}. {body}",
                reading=Reading(vector, vector[None], (body,)),
            )


def run(path: Path) -> dict[str, Any]:
    """A run of proposals."""
    db = data.store.connect(path)
    found = cluster.proposals.propose(db, encoder=ENCODER)
    return {"items": found.items, "new": found.added, "changed": found.changed, "dissolved": found.dissolved}


def place(path: Path) -> dict[str, Any]:
    """How long it takes to place one idea that was just written, milliseconds."""
    db, index = data.store.connect(path), Index[Item](path.with_suffix(".vectors"))
    cluster.matches.follow(db, index=index, encoder=ENCODER)
    ids = [one["id"] for one in rows(db, "select id from ideas order by id desc limit ?", [PLACED + 1])]
    took = []
    for idea_id in ids:
        start = time.perf_counter()
        cluster.placements.place(db, reader=Reader(ENCODER, index), item=(Kind.IDEA, idea_id))
        took.append((time.perf_counter() - start) * 1000)
    # The first one reads the words of all texts; a worker does that once.
    p50, p95 = np.percentile(took[1:], [50, 95])
    return {"first ms": round(took[0]), "p50 ms": round(float(p50), 1), "p95 ms": round(float(p95), 1)}


def _hdbscan(vectors: Vectors) -> NDArray[np.int64]:
    from sklearn.cluster import HDBSCAN

    return np.asarray(HDBSCAN(min_cluster_size=2, cluster_selection_method="leaf", copy=True).fit(vectors).labels_)


def _communities(vectors: Vectors) -> list[list[int]]:
    from sentence_transformers.util import community_detection

    found: list[list[int]] = community_detection(vectors, threshold=0.6, min_community_size=2)
    return found


def _kmeans(vectors: Vectors) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(len(vectors) // _TOPIC, n_init=1, random_state=0).fit_predict(vectors))


def _components(vectors: Vectors) -> NDArray[np.int64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = [
        np.argwhere(vectors[start : start + 1024] @ vectors.T >= 0.65) + np.array([start, 0])
        for start in range(0, len(vectors), 1024)
    ]
    a, b = np.concatenate(ends).T
    shape = (len(vectors), len(vectors))
    return np.asarray(connected_components(coo_array((np.ones(len(a)), (a, b)), shape=shape))[1])


OTHERS: dict[str, Callable[[Vectors], object]] = {
    "connected components ≥ 0.65": _components,
    "community detection ≥ 0.6": _communities,
    "HDBSCAN, leaves": _hdbscan,
    "k-means, a tenth as many groups": _kmeans,
}


def other(file: Path, name: str) -> dict[str, Any]:
    """A ready-made way on the vectors."""
    OTHERS[name](np.load(file))
    return {}


def alone(name: str, what: Callable[..., dict[str, Any]], *given: object, at_most: float | None = None) -> None:
    """Do something in a process of its own, and print what it says, its seconds and the most memory it held."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_timed, args=(sender, what, *given))
    process.start()
    sender.close()
    try:
        said = receiver.recv() if receiver.poll(at_most) else "more than this, and was ended"
    except EOFError:
        said = "it failed"
    if isinstance(said, str):
        process.terminate()
        print(f"  {name:34} {at_most or 0:8.1f} s: {said}", flush=True)
    else:
        told = ", ".join(f"{key} {value:,}" for key, value in said["told"].items())
        print(f"  {name:34} {said['seconds']:8.1f} s {said['mb']:8,.0f} MB   {told}", flush=True)
    process.join()


def _timed(sender: Any, what: Callable[..., dict[str, Any]], *given: object) -> None:
    start = time.perf_counter()
    told = what(*given)
    seconds = time.perf_counter() - start
    sender.send({"told": told, "seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})


def measure(folder: Path, size: int, *, others: bool) -> None:
    """Print the figures at this size."""
    path = folder / f"{size}.sqlite"
    db = data.store.connect(path)
    furnish(db)
    texts, vectors = drawn(size, seed=2)
    grow(db, 0, texts, vectors)
    print(f"\n{size:,} ideas", flush=True)
    alone("first run", run, path)
    grow(db, size, *drawn(size // 100, seed=3))
    alone("a hundredth more", run, path)
    grow(db, 2 * size, *drawn(PLACED + 1, seed=4))
    alone("placing one", place, path)
    data.store.close(db)
    if others:
        file = folder / "vectors.npy"
        np.save(file, vectors)
        for name in OTHERS:
            alone(name, other, file, name, at_most=AT_MOST_S)


def main() -> None:
    """Measure at each size."""
    with tempfile.TemporaryDirectory(prefix="bench-clusters-") as folder:
        for size in SIZES:
            measure(Path(folder), size, others="--ours" not in sys.argv)


if __name__ == "__main__":
    main()
