"""Matches: what is similar to a text. Suggestions are computed when asked, never stored stale."""

from collections.abc import Callable, Sequence

import numpy as np
from sqlite_utils import Database

import data.ideas
import data.matches
import data.projects
import data.work
from cluster.engine import lexical, relations
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.index import Index
from cluster.engine.lexical import Vocabulary
from data.matches import Item
from data.store import transaction
from models.ideas import Idea
from models.matches import Explanation, Kind, Match
from models.projects import Project

LIMIT_AT_MOST = 100

# How many candidates each side brings before they are scored; at least what is asked for.
_CANDIDATES = 100
_WORDS_AT_MOST = 12
# New texts that do not yet make the vocabulary worth reading again.
_FRESH = 5
# Somebody who types waits this long for the encoder at most, and two passages tell what a text is about: nobody can
# keep the encoder from others by sending long texts.
_WAIT_S = 2.0
_PASSAGES = 2
_BATCH = 256


def follow(db: Database, *, index: Index[Item], encoder: Encoder) -> None:
    """Bring this process's index up to date with the store: a change counter, no restart."""
    with index.lock:
        if index.encoder != encoder.name:
            index.clear(encoder=encoder.name, dimensions=encoder.dimensions)
        changes = (
            data.matches.changes_since(db, seq=index.seq, encoder=encoder.name)
            if index.seq
            else data.matches.all_public(db, encoder=encoder.name)
        )
        if changes and (changes.put or changes.gone or changes.seq != index.seq):
            put = [(item, np.frombuffer(vector, dtype=np.float32)) for item, vector in changes.put]
            index.apply(seq=changes.seq, put=put, gone=changes.gone)


def similar(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    title: str,
    description: str,
    limit: int = 12,
    exclude: Item | None = None,
) -> list[Match]:
    """What is public and similar to a text, best first, at most `limit`; an empty text has no matches.

    Candidates come from the nearest vectors and from shared words; `cluster.engine.relations` scores and names
    each pair. Without an encoder the words decide alone.
    """
    text = f"{title}. {description}".strip(". \n\t")
    if not text:
        return []
    bag = lexical.words(text)
    vectors = soon(encoder, text)
    if encoder is None or vectors is None:
        encoder, vector = None, None
    else:
        vector = vectors[0]
        follow(db, index=index, encoder=encoder)
    return _scored(
        db, encoder=encoder, index=index, vector=vector, bag=bag, limit=min(limit, LIMIT_AT_MOST), exclude=exclude
    )


def similar_to(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    item: Item,
    title: str,
    description: str,
    limit: int = 12,
) -> list[Match]:
    """What is similar to an idea or project, with the vector that is kept of it instead of a new one."""
    kept = data.matches.get(db, kind=item[0], item_id=item[1], encoder=encoder.name) if encoder else None
    if kept is None:
        return similar(
            db, encoder=encoder, index=index, title=title, description=description, limit=limit, exclude=item
        )
    assert encoder is not None
    follow(db, index=index, encoder=encoder)
    bag = lexical.words(f"{title}. {description}")
    vector = np.frombuffer(kept, dtype=np.float32)
    return _scored(db, encoder=encoder, index=index, vector=vector, bag=bag, limit=limit, exclude=item)


def soon(encoder: Encoder | None, text: str) -> Vectors | None:
    """The vector of the beginning of a text, shape (1, d); none when the encoder is missing or too busy to wait for."""
    if encoder is None:
        return None
    return encoder.try_encode([text], within_s=_WAIT_S, passages_at_most=_PASSAGES)


def read_vocabulary(db: Database, index: Index[Item]) -> Vocabulary:
    """How rare words are, read again when there are a tenth more texts: rarity changes slowly."""
    total = data.matches.total(db)
    if index.vocabulary is None or total > index.vocabulary.total * 1.1 + _FRESH:
        index.vocabulary = Vocabulary(data.matches.vocabulary(db), total=total)
    return index.vocabulary


def _scored(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    vector: Vectors | None,
    bag: frozenset[str],
    limit: int,
    exclude: Item | None,
) -> list[Match]:
    at_most = max(_CANDIDATES, limit)
    vocabulary = read_vocabulary(db, index)
    # A word that nobody knew when the vocabulary was read is the rarest of all.
    known = vocabulary.documents
    telling = sorted(bag, key=lambda word: (known.get(word, 0), word))[:_WORDS_AT_MOST]
    near = index.nearest(vector, at_most=at_most + 1) if vector is not None else []
    cosines = {hit.key: hit.cosine for hit in near}
    lexically = data.matches.matching(db, words=telling, prefixes=False, at_most=at_most)
    missing = [item for item in lexically if item not in cosines]
    if vector is not None:
        cosines |= {
            item: cosine
            for item, cosine in zip(missing, index.cosines(vector, missing), strict=True)
            if cosine is not None
        }
    items = [item for item in dict.fromkeys([*(hit.key for hit in near), *lexically]) if item != exclude]
    return _ranked(
        db,
        items=items,
        cosines=cosines,
        bag=bag,
        vocabulary=vocabulary,
        encoder=encoder,
        limit=limit,
    )


def _ranked(
    db: Database,
    *,
    items: Sequence[Item],
    cosines: dict[Item, float],
    bag: frozenset[str],
    vocabulary: Vocabulary,
    encoder: Encoder | None,
    limit: int,
) -> list[Match]:
    texts = data.matches.texts(db, items=items)
    items = [item for item in items if item in texts]
    if not items:
        return []
    asked = {lexical.stem(word) for word in bag}
    overlaps = np.array(
        [vocabulary.overlap(asked, lexical.stems(f"{texts[item][0]}. {texts[item][1]}")) for item in items]
    )
    known = np.array([cosines.get(item, np.nan) for item in items])
    fitted = relations.fitted(encoder.name) if encoder else None
    if fitted is not None:
        same = fitted.same_need(np.nan_to_num(known), overlaps)
        related = fitted.same_or_related(np.nan_to_num(known), overlaps)
        scores = (same + related) / 2
    else:
        same = related = np.zeros(len(items))
        scores = np.array([relations.score(float(c), float(o)) for c, o in zip(known, overlaps, strict=True)])
    order = np.lexsort((np.arange(len(items)), -np.nan_to_num(known), -scores))[:limit]
    chosen = [items[at] for at in order]
    ideas = data.ideas.by_ids(db, ids=[item_id for kind, item_id in chosen if kind is Kind.IDEA])
    projects = data.projects.by_ids(db, ids=[item_id for kind, item_id in chosen if kind is Kind.PROJECT])
    found = []
    for at in order:
        kind, item_id = items[at]
        shown: Idea | Project | None = ideas.get(item_id) if kind is Kind.IDEA else projects.get(item_id)
        if shown is None:
            continue
        text = f"{texts[items[at]][0]}. {texts[items[at]][1]}"
        spelling = lexical.as_written(text)
        terms = vocabulary.shared(bag, lexical.words(text), at_most=4)
        found.append(
            Match(
                kind=kind,
                id=item_id,
                external_id=shown.external_id,
                title=shown.title,
                organisation=shown.organisation if isinstance(shown, Idea) else shown.lead,
                status="open" if isinstance(shown, Idea) else shown.status.value,
                lang=shown.lang,
                relation=fitted.band(float(same[at]), float(related[at])) if fitted else None,
                probability=round(float(same[at]), 4) if fitted else None,
                score=round(float(scores[at]), 4),
                explanation=Explanation(terms=tuple(spelling.get(term, term) for term in terms)),
                supporters=shown.supporters if isinstance(shown, Idea) else 0,
            )
        )
    return found


def keep_vector(db: Database, *, kind: Kind, item_id: int, encoder: Encoder, text: str, vector: Vectors) -> None:
    """Keep the vector of a text inside the caller's transaction."""
    data.matches.put(
        db,
        kind=kind,
        item_id=item_id,
        encoder=encoder.name,
        text_hash=data.matches.text_hash(text),
        vector=np.ascontiguousarray(vector, dtype=np.float32).tobytes(),
    )


def queue_vectors(db: Database, *, changed: Sequence[Item]) -> None:
    """Inside the caller's transaction: forget the vectors of changed texts, and queue one job for all that lack one."""
    for kind, item_id in changed:
        data.matches.forget(db, kind=kind, item_id=item_id)
    data.work.queue(db, kind="embed", key="missing")


def embed(db: Database, *, encoder: Encoder, kind: Kind, item_id: int) -> None:
    """Make sure the vector of an item's present text is kept; doing it twice changes nothing."""
    found = data.matches.text_of(db, kind=kind, item_id=item_id)
    if found is None:
        return
    text = f"{found[0]}. {found[1]}"
    if data.matches.has(db, kind=kind, item_id=item_id, encoder=encoder.name, text_hash=data.matches.text_hash(text)):
        return
    vector = encoder.encode([text])[0]
    with transaction(db):
        _keep_if_still(db, kind=kind, item_id=item_id, encoder=encoder, text=text, vector=vector)


def _keep_if_still(db: Database, *, kind: Kind, item_id: int, encoder: Encoder, text: str, vector: Vectors) -> None:
    """Keep a vector unless the text was edited while it was encoded: the editor kept or queued that of the new text."""
    present = data.matches.text_of(db, kind=kind, item_id=item_id)
    if present is not None and text == f"{present[0]}. {present[1]}":
        keep_vector(db, kind=kind, item_id=item_id, encoder=encoder, text=text, vector=vector)


def embed_missing(db: Database, *, encoder: Encoder, told: Callable[[int], None] | None = None) -> int:
    """Keep vectors for all public items that lack one of this encoder; returns how many. One short write per batch.

    `told` hears how many are done, batch by batch.
    """
    done = 0
    for kind in Kind:
        last = 0
        while batch := data.matches.missing(db, kind=kind, encoder=encoder.name, at_most=_BATCH, after_id=last):
            texts = [f"{title}. {body}" for _, title, body in batch]
            vectors = encoder.encode(texts)
            with transaction(db):
                for (item_id, _, _), text, vector in zip(batch, texts, vectors, strict=True):
                    _keep_if_still(db, kind=kind, item_id=item_id, encoder=encoder, text=text, vector=vector)
            last, done = batch[-1][0], done + len(batch)
            if told:
                told(done)
    return done
