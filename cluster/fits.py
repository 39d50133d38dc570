"""Fits of the relation model: from labelled ideas and what people answered to the words *zelfde nood* and *verwant*."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sqlite_utils import Database

import data.fits
import data.judgements
import data.matches
import data.work
from cluster.engine import fitting, lexical
from cluster.engine.encoder import Encoder
from cluster.engine.fitting import FOLDS, Fit, Pairs
from cluster.engine.lexical import Vocabulary
from cluster.engine.quality import Labelled
from cluster.engine.relations import Relations, fitted
from cluster.people import must_coordinate
from data.store import transaction
from models.clusters import Judgement
from models.errors import N_, Invalid, NotFound
from models.matches import Relation
from models.people import Member

# How many of the latest fits a page shows.
_LISTED = 20
_LEVELS = {Judgement.SAME: 2, Judgement.RELATED: 1, Judgement.DIFFERENT: 0}


def in_use(db: Database, *, encoder: str) -> Relations | None:
    """The weights and bounds for an encoder: those put in use here, else those that ship; none for an unknown one."""
    found = data.fits.in_use(db, encoder=encoder)
    return Relations.of(found) if found else fitted(encoder)


def fit(db: Database, *, encoder: Encoder, ideas: Labelled | None, reader: Encoder | None = None) -> tuple[int, Fit]:
    """Fit on labelled ideas and on what people answered here, keep the fit with its figures, and return both.

    It is not in use until `use`. A `reader` is another encoder that reads the labelled ideas: of a training run that
    never saw their topics, so that the figures do not promise what holds for those topics alone.
    """
    parts = [_judged(db, encoder=encoder)]
    if ideas is not None:
        parts.insert(0, of_labelled(reader or encoder, ideas))
    try:
        found = fitting.fit(fitting.together(*parts))
    except ValueError:
        said = N_("Er zijn te weinig voorbeelden: geef gelabelde ideeën, of laat mensen eerst voorstellen beoordelen.")
        raise Invalid("ideas", said) from None
    figures = {name: value for name, value in asdict(found).items() if name != "relations"}
    with transaction(db):
        fit_id = data.fits.add(db, encoder=encoder.name, relations=asdict(found.relations), figures=figures)
    return fit_id, found


def use(db: Database, *, fit_id: int, member_id: int | None = None) -> None:
    """Put a fit in use; using it twice changes nothing that anyone sees."""
    with transaction(db):
        if not data.fits.use(db, fit_id=fit_id, member_id=member_id):
            raise NotFound


def put_in_use(db: Database, *, fit_id: int, member: Member | None) -> None:
    """Put a fit in use, for coordinators."""
    use(db, fit_id=fit_id, member_id=must_coordinate(member).id)


def queue_fit(db: Database, *, member: Member | None) -> None:
    """Ask the worker to fit anew on what people answered; asking again while one is due changes nothing."""
    must_coordinate(member)
    with transaction(db):
        if not data.work.queued(db, kind="fit"):
            data.work.queue(db, kind="fit", key="relations")


@dataclass(frozen=True, slots=True)
class Kept:
    """A fit as it was kept: when it was made and put in use, its bound, and what was measured across topics."""

    id: int
    fitted_at: str
    used_at: str | None
    same_at_least: float
    precision: float
    found: float
    pairs: int
    judged: int
    in_use: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fit would change: of so many pairs that people answered, how many get another word, and how many words
    are right before and after (*same need* where people said so, and only there).
    """

    answered: int
    changed: int
    right_before: int
    right_after: int


@dataclass(frozen=True, slots=True)
class Fits:
    """The latest fits of an encoder, newest first; the effect of the newest if it is not in use; whether one is due."""

    kept: list[Kept]
    effect: Effect | None
    queued: bool
    failed: str | None


def listed(db: Database, *, encoder: Encoder | None, member: Member | None) -> Fits:
    """The fits of this encoder, and what the newest would change, for coordinators only."""
    must_coordinate(member)
    queued = data.work.queued(db, kind="fit")
    failed = None if queued else data.work.last_error(db, kind="fit")
    if encoder is None:
        return Fits([], None, queued, failed)
    found = [one for one in data.fits.listed(db, at_most=_LISTED) if one["encoder"] == encoder.name]
    used = max((one for one in found if one["used_at"]), key=lambda one: (one["used_at"], one["id"]), default=None)
    kept = [
        Kept(
            **{name: one[name] for name in ("id", "fitted_at", "used_at")},
            same_at_least=one["relations"]["same_at_least"],
            **{name: one["figures"][name] for name in ("precision", "found", "pairs", "judged")},
            in_use=one is used,
        )
        for one in found
    ]
    new = found[0] if found and found[0] is not used else None
    effect = _effect(db, encoder=encoder, new=Relations.of(new["relations"])) if new else None
    return Fits(kept, effect, queued, failed)


def _effect(db: Database, *, encoder: Encoder, new: Relations) -> Effect:
    pairs, old = _judged(db, encoder=encoder), in_use(db, encoder=encoder.name)
    before, after = (_words(one, pairs) for one in (old, new))
    true = [level == max(_LEVELS.values()) for level in pairs.levels.tolist()]
    return Effect(
        answered=len(true),
        changed=sum(one is not other for one, other in zip(before, after, strict=True)),
        right_before=sum((one is Relation.SAME_NEED) is said for one, said in zip(before, true, strict=True)),
        right_after=sum((one is Relation.SAME_NEED) is said for one, said in zip(after, true, strict=True)),
    )


def _words(relations: Relations | None, pairs: Pairs) -> list[Relation | None]:
    """The word for each pair; none at all without weights."""
    if relations is None:
        return [None] * len(pairs.levels)
    same = relations.same_need(pairs.cosines, pairs.overlaps).tolist()
    related = relations.same_or_related(pairs.cosines, pairs.overlaps).tolist()
    return [relations.band(one, other) for one, other in zip(same, related, strict=True)]


def of_labelled(encoder: Encoder, ideas: Labelled) -> Pairs:
    """Every pair of labelled ideas, with its features as the service would have them."""
    vectors = encoder.encode(ideas.texts)
    bags = [lexical.stems(text) for text in ideas.texts]
    vocabulary = Vocabulary(Counter(one for bag in bags for one in bag), total=len(bags))
    overlaps = np.array([[vocabulary.overlap(one, other) for other in bags] for one in bags])
    cosines = (vectors @ vectors.T).astype(np.float64)
    return fitting.labelled(cosines, overlaps, topics=ideas.topics, related=ideas.related)


def _judged(db: Database, *, encoder: Encoder) -> Pairs:
    """What people answered about pairs of items that are public and read."""
    latest = data.judgements.latest(db)
    asked = sorted({item for pair in latest for item in pair})
    vectors = data.matches.vectors_of(db, items=asked, encoder=encoder.name)
    answers = [
        (pair, _LEVELS[judgement])
        for pair, judgement in sorted(latest.items())
        if judgement in _LEVELS and pair[0] in vectors and pair[1] in vectors
    ]
    texts = data.matches.texts(db, items=sorted({item for pair, _ in answers for item in pair}))
    stems = {item: lexical.stems(f"{title}. {body}") for item, (title, body) in texts.items()}
    vocabulary = Vocabulary(data.matches.vocabulary(db), total=data.matches.total(db))

    def cosine(a: bytes, b: bytes) -> float:
        return float(np.frombuffer(a, dtype=np.float32) @ np.frombuffer(b, dtype=np.float32))

    return Pairs(
        cosines=np.array([cosine(vectors[a], vectors[b]) for (a, b), _ in answers], dtype=np.float64),
        overlaps=np.array([vocabulary.overlap(stems[a], stems[b]) for (a, b), _ in answers], dtype=np.float64),
        levels=np.array([level for _, level in answers], dtype=np.int64),
        folds=_folds([min(a[1], b[1]) for (a, b), _ in answers]),
        judged=np.ones(len(answers), dtype=np.bool_),
    )


def _folds(numbers: Sequence[int]) -> fitting.Ints:
    return np.array([[number % FOLDS] * 2 for number in numbers], dtype=np.int64).reshape(-1, 2)
