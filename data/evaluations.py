"""What measuring needs of the store: BM25 with its scores, and how judged pairs are assessed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from data.judgements import LATEST
from data.matches import Item, quoted
from data.store import now, rows
from models.clusters import ItemKey, Judgement
from models.matches import Kind, Relation

Pair = tuple[ItemKey, ItemKey]


@dataclass(frozen=True, slots=True)
class Assessed:
    """What people answered last about a pair, when, and what the service said of it: nothing if it never suggested it.

    `encoder` is none as long as nobody looked.
    """

    pair: Pair
    judgement: Judgement
    given_at: str
    encoder: str | None
    relation: Relation | None
    probability: float | None


def bm25(db: Database, *, words: Sequence[str], at_most: int) -> list[tuple[Item, float]]:
    """Items with any of these words, best first, with FTS5's BM25 (higher is better, titles count as bodies do)."""
    asked = [quoted([word]) for word in words if word]
    if not asked:
        return []
    found = rows(
        db,
        "select rowid, -bm25(texts) as score from texts where texts match ? order by bm25(texts), rowid limit ?",
        [" OR ".join(asked), at_most],
    )
    return [((Kind.PROJECT if one["rowid"] % 2 else Kind.IDEA, one["rowid"] // 2), one["score"]) for one in found]


def assessed(db: Database) -> list[Assessed]:
    """All judged pairs, oldest answer first, with what was last said of them."""
    found = rows(
        db,
        f"""select l.*, s.encoder, s.relation, s.probability from ({LATEST}) l left join assessments s
          on s.id = (select max(id) from assessments t
            where t.a_kind = l.a_kind and t.a_id = l.a_id and t.b_kind = l.b_kind and t.b_id = l.b_id)
        order by l.given_at, l.a_kind, l.a_id, l.b_kind, l.b_id""",
    )
    return [
        Assessed(
            pair=_pair(one),
            judgement=Judgement(one["judgement"]),
            given_at=one["given_at"],
            encoder=one["encoder"],
            relation=Relation(one["relation"]) if one["relation"] else None,
            probability=one["probability"],
        )
        for one in found
    ]


def not_assessed(db: Database, *, encoder: str, at_most: int) -> list[Pair]:
    """Judged pairs of which this encoder has not said anything yet, those of one item together."""
    found = rows(
        db,
        """select distinct a_kind, a_id, b_kind, b_id from judgements j where not exists (
          select 1 from assessments s where s.a_kind = j.a_kind and s.a_id = j.a_id and s.b_kind = j.b_kind
            and s.b_id = j.b_id and s.encoder = ?)
        order by a_kind, a_id, b_kind, b_id limit ?""",
        [encoder, at_most],
    )
    return [_pair(one) for one in found]


def assess(db: Database, *, pair: Pair, encoder: str, relation: Relation | None, probability: float | None) -> None:
    """Keep what was said of a pair; what was said first with an encoder stays."""
    (a_kind, a_id), (b_kind, b_id) = pair
    db.execute(
        """insert or ignore into assessments (a_kind, a_id, b_kind, b_id, encoder, relation, probability, said_at)
        values (?, ?, ?, ?, ?, ?, ?, ?)""",
        [a_kind, a_id, b_kind, b_id, encoder, relation, probability, now()],
    )


def _pair(found: dict[str, object]) -> Pair:
    a, b = ((Kind(str(found[f"{side}_kind"])), int(str(found[f"{side}_id"]))) for side in "ab")
    return a, b
