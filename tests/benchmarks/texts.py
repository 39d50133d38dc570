"""What benchmarks are made of: the demo's ideas multiplied without end, their vectors, and what people type of them."""

import itertools
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cluster.engine.encoder import Encoder, Vectors

SEED = Path(__file__).parents[2] / "data" / "seed" / "demo.json"

# How far, as a length, a text stands from the mean of its sentences: no two texts have quite the same vector.
_NOISE = 0.15


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


def typed(source: Sequence[tuple[str, str]], *, count: int) -> list[tuple[str, str]]:
    """What stands in the form at a pause: a title, and more or less of a description."""
    chance = random.Random(11)
    picked = [chance.choice(source) for _ in range(count)]
    return [(title, description[: chance.randrange(len(description) + 1)]) for title, description in picked]


class Sentences:
    """Vectors of multiplied texts: the mean of those of their sentences, each encoded once, and a little of their own.

    Encoding a hundred thousand texts takes an hour; their sentences are the same few hundred in other company.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}
        self._chance = np.random.default_rng(7)

    def vectors(self, given: Sequence[tuple[str, str]]) -> Vectors:
        """Unit rows of shape (n, d), float32."""
        parts = [[re.sub(r" \d+$", "", title), *body.split(". ")] for title, body in given]
        fresh = [part for part in dict.fromkeys(itertools.chain(*parts)) if part not in self._known]
        self._known.update(zip(fresh, self._encoder.encode(fresh), strict=True))
        means = np.array([np.mean([self._known[part] for part in one], axis=0) for one in parts], dtype=np.float32)
        own = self._chance.standard_normal(means.shape).astype(np.float32)
        rows = means + own * (_NOISE / np.sqrt(means.shape[1]))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
