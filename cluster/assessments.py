"""Assessments: what the service says of the pairs that people judged, and whether it was right."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

import cluster.matches
import data.evaluations
import data.matches
from cluster.engine import calibration
from cluster.engine.calibration import Bin, Share
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.people import must_coordinate
from data.evaluations import Assessed
from data.matches import Item
from data.store import transaction
from models.clusters import Judgement
from models.matches import Match, Relation
from models.people import Member

MONTHS_AT_MOST = 24

_BATCH = 100
# A curve of fewer pairs is a matter of chance.
_CURVE_FROM = 20
_RIGHT = {
    Relation.SAME_NEED: {Judgement.SAME},
    Relation.STRONGLY_RELATED: {Judgement.SAME, Judgement.RELATED},
    Relation.RELATED: {Judgement.SAME, Judgement.RELATED},
}


@dataclass(frozen=True, slots=True)
class Band:
    """How often people agree with one word for a relation; without a relation, how often it missed one."""

    relation: Relation | None
    right: Share


@dataclass(frozen=True, slots=True)
class Month:
    """The answers of one month (`2026-11`): how many, and how often *same need* and any suggestion were right."""

    month: str
    judged: int
    same_need: Share
    suggested: Share


@dataclass(frozen=True, slots=True)
class Live:
    """What people's answers say of the suggestions.

    `judged` counts pairs by their last answer, `looked_at` those of which the service said something since. The curve
    is empty as long as there are too few pairs; *unsure* counts nowhere but in `judged`.
    """

    judged: dict[Judgement, int]
    looked_at: int
    bands: list[Band]
    curve: list[Bin]
    error: float
    brier: float
    base_rate: float
    months: list[Month]


def assess_missing(db: Database, *, encoder: Encoder, index: Index[Item]) -> int:
    """Keep what the service says of judged pairs that this encoder has not seen; returns how many.

    A pair is looked at as a reader would see it: the first item asks, and the second is among its suggestions or not.
    """
    done = 0
    while pairs := data.evaluations.not_assessed(db, encoder=encoder.name, at_most=_BATCH):
        suggested = {item: _suggested(db, item, encoder=encoder, index=index) for item in {pair[0] for pair in pairs}}
        with transaction(db):
            for pair in pairs:
                match = suggested[pair[0]].get(pair[1])
                data.evaluations.assess(
                    db,
                    pair=pair,
                    encoder=encoder.name,
                    relation=match.relation if match else None,
                    probability=match.probability if match else None,
                )
        done += len(pairs)
    return done


def _suggested(db: Database, asks: Item, *, encoder: Encoder, index: Index[Item]) -> dict[Item, Match]:
    """What is suggested beside an item, by what it is."""
    text = data.matches.text_of(db, kind=asks[0], item_id=asks[1])
    if text is None:
        return {}
    title, description = text
    matches = cluster.matches.similar_to(
        db,
        encoder=encoder,
        index=index,
        item=asks,
        title=title,
        description=description,
        limit=cluster.matches.LIMIT_AT_MOST,
    )
    return {(match.kind, match.id): match for match in matches}


def live(db: Database, *, member: Member | None) -> Live:
    """What people's answers say of the suggestions so far; for coordinators only."""
    must_coordinate(member)
    found = data.evaluations.assessed(db)
    counts = Counter(one.judgement for one in found)
    sure = [one for one in found if one.encoder is not None and one.judgement is not Judgement.UNSURE]
    known = [one for one in sure if one.probability is not None]
    promised = np.array([one.probability for one in known], dtype=np.float64)
    same = np.array([one.judgement is Judgement.SAME for one in known], dtype=np.bool_)
    return Live(
        judged={judgement: counts[judgement] for judgement in Judgement},
        looked_at=len(sure),
        bands=[Band(relation, _right(sure, relation)) for relation in (*Relation, None)],
        curve=calibration.reliability(promised, same) if len(known) >= _CURVE_FROM else [],
        error=calibration.calibration_error(promised, same),
        brier=calibration.brier(promised, same),
        base_rate=calibration.brier_of_base_rate(same),
        months=_months(sure),
    )


def _right(found: Sequence[Assessed], relation: Relation | None) -> Share:
    """How often a word was right; of what was not suggested, how often people call it the same need or related."""
    judgements = [one.judgement for one in found if one.relation is relation]
    wanted = _RIGHT[relation] if relation else _RIGHT[Relation.RELATED]
    return calibration.share(sum(one in wanted for one in judgements), len(judgements))


def _months(found: Sequence[Assessed]) -> list[Month]:
    """The answers by month, latest first."""
    by_month: dict[str, list[Assessed]] = defaultdict(list)
    for one in found:
        by_month[one.given_at[:7]].append(one)
    return [
        Month(
            month=month,
            judged=len(answers),
            same_need=_right(answers, Relation.SAME_NEED),
            suggested=calibration.share(
                sum(one.judgement in _RIGHT[one.relation] for one in answers if one.relation),
                sum(one.relation is not None for one in answers),
            ),
        )
        for month, answers in sorted(by_month.items(), reverse=True)[:MONTHS_AT_MOST]
    ]
