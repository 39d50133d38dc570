"""Evaluations: what the whole way to a suggestion is worth on labelled texts, beside what there is to beat."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlite_utils import Database

import cluster.fits
import cluster.ideas
import cluster.matches
import cluster.projects
import data.evaluations
import data.ideas
import data.migrations
import data.people
import data.projects
import data.store
from cluster.engine import baselines, copies, lexical, partitions, proposals, relations, retrieval
from cluster.engine.baselines import Floats, Scorer, Text
from cluster.engine.copies import Change
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.engine.quality import Labelled
from cluster.engine.retrieval import Answers, Case, Figure
from cluster.imports import Row
from cluster.proposals import MERGE_AT_LEAST
from data.matches import Item
from data.store import transaction
from models.ideas import TITLE_AT_MOST
from models.matches import Kind, Match, Relation

SERVICE = "Medestanders"

# Where a file does not say who has an idea.
_NOWHERE = "Elders"
_LONGEST_QUERY = 1_000


def measure(
    rows: Sequence[dict[str, Any]], case: Case, *, encoder: Encoder, tell: Callable[[str], None] = lambda _: None
) -> dict[str, dict[str, Figure]]:
    """Figures of the service, as it stands and fitted on other topics, and of every baseline: name → measure.

    The texts are put into a temporary database of their own, and asked for as an anonymous reader asks.
    """
    texts, places = _texts(rows), _places(rows)
    edits = {change: _copies(texts, places, case, change) for change in Change}
    found: dict[str, dict[str, Figure]] = {}
    with filled(rows, encoder=encoder) as (db, items):
        tell(SERVICE)
        service = _Service(db, items, encoder)
        answers = service.answers(texts, asking=case.asking)
        found[SERVICE] = retrieval.measure(answers, case) | _near_copies(service.scores, edits)
        found[f"{SERVICE}, fitted on other topics"] = retrieval.measure(service.crossed(texts, case), case)
        for name, scorer in _others(db, items, texts, encoder=encoder):
            tell(name)
            scores = _of_those_who_ask(scorer, texts, case)
            found[name] = retrieval.measure(retrieval.calibrated(Answers(scores), case), case)
            found[name] |= _near_copies(scorer, edits)
            if name == _TRIGRAMS:
                shown = np.where(scores >= baselines.DECIDIM_AT_LEAST, scores, -np.inf)
                cut = Answers(shown, named=scores >= baselines.DECIDIM_AT_LEAST)
                found[_DECIDIM] = retrieval.measure(cut, case)
    return found


def measure_clusters(
    rows: Sequence[dict[str, Any]],
    labelled: Labelled,
    *,
    encoder: Encoder,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, dict[str, float]]:
    """Figures of how runs group these texts, and of ready-made ways on the same vectors: name → measure.

    The weights are those that ship with the encoder; no judgement helps.
    """
    texts = [proposals.Text(str(one["title"]), str(one["description"]), str(one["lang"])) for one in rows]
    vectors = encoder.encode([text.whole for text in texts])
    fitted = relations.fitted(encoder.name)
    service = partitions.of_service(texts, vectors, fitted=fitted, at_least=MERGE_AT_LEAST)
    continued = partitions.continued_by_service(texts, vectors, fitted=fitted, at_least=MERGE_AT_LEAST)
    tell(SERVICE)
    found = {SERVICE: partitions.measure(service, labelled, continued=continued)}
    for name, way in partitions.others(vectors, labelled).items():
        tell(name)
        found[name] = partitions.measure(way, labelled)
    return found


_TRIGRAMS = "trigrams (pg_trgm)"
_DECIDIM = f"trigrams ≥ {baselines.DECIDIM_AT_LEAST} (Decidim)"


def _others(
    db: Database, items: Sequence[Item], texts: Sequence[Text], *, encoder: Encoder
) -> Iterator[tuple[str, Scorer]]:
    """What there is to beat, one by one: some take long to make."""
    yield "FTS5 BM25", _bm25(db, items)
    yield _TRIGRAMS, baselines.by_trigrams(texts)
    yield "word TF-IDF", baselines.by_tfidf(texts, words=True)
    yield "character n-gram TF-IDF", baselines.by_tfidf(texts, words=False)
    yield f"cosine of {encoder.name}", baselines.by_cosine(texts, encode=encoder.encode)
    yield "English MiniLM", baselines.by_english_minilm(texts)


def _bm25(db: Database, items: Sequence[Item]) -> Scorer:
    places = {item: at for at, item in enumerate(items)}

    def scores(asked: Sequence[Text]) -> Floats:
        found = np.full((len(asked), len(items)), -np.inf)
        for row, text in enumerate(asked):
            words = lexical.words_of_query(baselines.whole(text), at_most=_LONGEST_QUERY)
            for item, score in data.evaluations.bm25(db, words=words, at_most=len(items)):
                found[row, places[item]] = score
        return found

    return scores


class _Service:
    """The service itself, asked text by text."""

    def __init__(self, db: Database, items: Sequence[Item], encoder: Encoder) -> None:
        self._db, self._items, self._encoder = db, items, encoder
        self._places = {item: at for at, item in enumerate(items)}
        self._index: Index[Item] = Index()

    def answers(self, texts: Sequence[Text], *, asking: Sequence[int]) -> Answers:
        """What it says to each text that asks, about all others."""
        shape = (len(self._items), len(self._items))
        scores, probabilities = np.full(shape, -np.inf), np.full(shape, np.nan)
        named = np.zeros(shape, dtype=np.bool_)
        for row in asking:
            for rank, (place, match) in enumerate(self._ask(texts[row], without=self._items[row])):
                # Scores are rounded; among equals the order that was answered stands.
                scores[row, place] = match.score - rank * 1e-9
                named[row, place] = match.relation is Relation.SAME_NEED
                if match.probability is not None:
                    probabilities[row, place] = match.probability
        return Answers(scores, None if np.isnan(probabilities).all() else probabilities, named)

    def crossed(self, texts: Sequence[Text], case: Case) -> Answers:
        """What it says when its weights and bounds come from other topics alone: one fit for each part."""
        part, known = retrieval.folds(case), case.labelled
        parts = []
        for one in range(retrieval.FOLDS):
            rows = [row for row in range(len(texts)) if part[row] != one]
            seen = Labelled(
                texts=[known.texts[row] for row in rows],
                topics=[known.topics[row] for row in rows],
                languages=[known.languages[row] for row in rows],
                queries=[],
                related=known.related,
            )
            fit_id, _ = cluster.fits.fit(self._db, encoder=self._encoder, ideas=seen)
            cluster.fits.use(self._db, fit_id=fit_id)
            parts.append(self.answers(texts, asking=[row for row in case.asking if part[row] == one]))
        # Every row asks in one part alone: in all others it found nothing.
        return Answers(
            np.max([one.scores for one in parts], axis=0),
            np.fmax.reduce([one.probabilities for one in parts if one.probabilities is not None]),
            np.any([one.named for one in parts if one.named is not None], axis=0),
        )

    def scores(self, asked: Sequence[Text]) -> Floats:
        """What it finds for texts that it does not have."""
        found = np.full((len(asked), len(self._items)), -np.inf)
        for row, text in enumerate(asked):
            for rank, (place, _) in enumerate(self._ask(text, without=None)):
                found[row, place] = -rank
        return found

    def _ask(self, text: Text, *, without: Item | None) -> Iterator[tuple[int, Match]]:
        matches = cluster.matches.similar(
            self._db,
            encoder=self._encoder,
            index=self._index,
            title=text[0],
            description=text[1],
            limit=cluster.matches.LIMIT_AT_MOST,
            exclude=without,
        )
        for match in matches:
            yield self._places[match.kind, match.id], match


def _texts(rows: Sequence[dict[str, Any]]) -> list[Text]:
    return [(str(one["title"])[:TITLE_AT_MOST], str(one["description"])) for one in rows]


def _places(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [str(one.get("municipality") or _NOWHERE) for one in rows]


@contextmanager
def filled(rows: Sequence[dict[str, Any]], *, encoder: Encoder) -> Iterator[tuple[Database, list[Item]]]:
    """A temporary database with these texts, imported as any file is, and which item each row became.

    The external id of each is its number among the rows.
    """
    texts, places = _texts(rows), _places(rows)
    with TemporaryDirectory(prefix="evaluate-") as folder:
        db = data.store.connect(Path(folder) / "evaluate.sqlite")
        try:
            _migrated(db, places)
            given: dict[bool, list[Row]] = {True: [], False: []}
            for number, (one, (title, body), place) in enumerate(zip(rows, texts, places, strict=True)):
                fields = {"id": str(number), "title": title, "description": body, "municipality": place}
                fields |= {"lang": one["lang"]} | ({"intent": one["intent"]} if one.get("intent") else {})
                given[one["kind"] == "project"].append(Row(number + 1, fields))
            cluster.ideas.import_rows(db, rows=given[False])
            cluster.projects.import_rows(db, rows=given[True])
            cluster.matches.embed_missing(db, encoder=encoder)
            yield db, [_item(db, one["kind"], number) for number, one in enumerate(rows)]
        finally:
            data.store.close(db)


def _migrated(db: Database, places: Sequence[str]) -> None:
    """The schema, and an organisation of each name."""
    unknown = dict.fromkeys(("province", "nis", "kbo", "ovo", "inhabitants", "lat", "lon", "valid_from", "valid_until"))
    with transaction(db):
        data.migrations.migrate(db)
        for place in dict.fromkeys(places):
            values = {**unknown, "uri": f"urn:{place}", "kind": "municipality", "name": place}
            data.people.add_organisation(db, values=values)


def _item(db: Database, kind: str, number: int) -> Item:
    if kind == "project":
        return Kind.PROJECT, int(data.projects.stored(db, external_ids=[str(number)])[str(number)]["id"])
    idea = data.ideas.by_external_id(db, external_id=str(number))
    assert idea is not None
    return Kind.IDEA, idea.id


def _of_those_who_ask(scorer: Scorer, texts: Sequence[Text], case: Case) -> Floats:
    """Scores of shape (n, n), -inf for rows that do not ask and for what shares nothing."""
    asking = case.asking
    scores = np.full((len(texts), len(texts)), -np.inf)
    scores[asking] = scorer([texts[row] for row in asking])
    return scores


def _copies(texts: Sequence[Text], places: Sequence[str], case: Case, change: Change) -> list[tuple[int, Text]]:
    """A near-copy of each idea that asks: the row it comes from, and its text."""
    known = sorted(set(places))
    return [
        (row, copies.copy(*texts[row], change=change, place=places[row], places=known, seed=row))
        for row in case.labelled.queries
    ]


def _near_copies(scorer: Scorer, edits: dict[Change, list[tuple[int, Text]]]) -> dict[str, Figure]:
    """How often the text that a near-copy comes from is found first."""
    found, all_scores, all_rows = {}, [], []
    for change, made in edits.items():
        rows, scores = [row for row, _ in made], scorer([text for _, text in made])
        found[f"near-copies recall@1, {change}"] = retrieval.first_is(scores, rows)
        all_scores.append(scores)
        all_rows += rows
    return {"near-copies recall@1": retrieval.first_is(np.concatenate(all_scores), all_rows), **found}
