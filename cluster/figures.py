"""Figures of a cluster: how alike its members are, computed when asked, from what is kept of their texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlite_utils import Database

import cluster.fits
import data.clusters
import data.judgements
import data.matches
from cluster.engine import grouping, lexical, neighbours, proposals, relations
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.engine.proposals import Floats, Text
from cluster.matches import read_vocabulary
from data.matches import Item
from models.clusters import NAME_AT_MOST, Draft, ItemKey, Judgement


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads texts for a verb: the encoder, unless it is missing, and the index of the process."""

    encoder: Encoder | None
    index: Index[Item] = field(default_factory=Index)


@dataclass(frozen=True, slots=True)
class Likeness:
    """P(same need) of every two of some items, shape (n, n), as their texts were `read`; in `matrix` people's answers
    count: 1 for those that they judged the same."""

    keys: tuple[ItemKey, ...]
    texts: tuple[Text, ...]
    matrix: Floats
    read: Floats


def likeness(db: Database, *, reader: Reader, keys: Sequence[ItemKey]) -> Likeness:
    """How alike those of these items are that are public and read; without an encoder none are."""
    nothing = Likeness((), (), np.zeros((0, 0)), np.zeros((0, 0)))
    if reader.encoder is None:
        return nothing
    vectors = data.matches.vectors_of(db, items=keys, encoder=reader.encoder.name)
    known = tuple(key for key in keys if key in vectors)
    if not known:
        return nothing
    items = data.clusters.public(db, keys=known)
    texts = tuple(Text(items[key].title, items[key].body, items[key].lang) for key in known)
    rows = [np.frombuffer(vectors[key], dtype=np.float32) for key in known]
    cosines = (np.stack(rows) @ np.stack(rows).T).astype(np.float64)
    bags = [lexical.words(text.whole) for text in texts]
    weights = neighbours.word_weights(bags, known=read_vocabulary(db, reader.index))
    overlaps = (weights @ weights.T).toarray()
    fitted = cluster.fits.in_use(db, encoder=reader.encoder.name)
    if fitted is not None:
        matrix = fitted.same_need(cosines, overlaps)
    else:
        matrix = np.vectorize(relations.score, otypes=[np.float64])(cosines, overlaps)
    read = matrix.copy()
    place = {key: at for at, key in enumerate(known)}
    for (a, b), judgement in data.judgements.among(db, keys=known).items():
        if judgement is Judgement.SAME:
            matrix[place[a], place[b]] = matrix[place[b], place[a]] = 1.0
    return Likeness(known, texts, matrix, read)


def draw(db: Database, *, reader: Reader, members: Sequence[tuple[ItemKey, float | None]]) -> Draft:
    """What is written of a cluster of these members; those of which nothing can be computed keep their fits."""
    alike = likeness(db, reader=reader, keys=[key for key, _ in members])
    rest = tuple(one for one in members if one[0] not in alike.keys)
    if len(alike.keys) < 2:
        return Draft(name="", terms=(), cohesion=None, weakest=None, members=tuple(members))
    found = proposals.draw(alike.texts, alike.matrix)
    return Draft(
        name=found.name[:NAME_AT_MOST],
        terms=found.terms,
        cohesion=found.cohesion,
        weakest=(alike.keys[found.weakest[0]], alike.keys[found.weakest[1]]),
        members=tuple((alike.keys[at], fit) for at, fit in zip(found.items, found.fits, strict=True)) + rest,
    )


def halves(db: Database, *, reader: Reader, keys: Sequence[ItemKey]) -> set[ItemKey]:
    """Which of a cluster's items would leave if it were split where it holds least; none of fewer than four."""
    alike = likeness(db, reader=reader, keys=keys)
    if len(alike.keys) < 4:
        return set()
    parts = grouping.halves(alike.read)
    return {key for key, part in zip(alike.keys, parts, strict=True) if part}
