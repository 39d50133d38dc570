"""Judgements: what people answered about pairs of items. Nothing is ever overwritten; the latest answer counts."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from sqlite_utils import Database

from data.store import now, rows
from models.clusters import ItemKey, Judgement
from models.matches import Kind

Pair = tuple[ItemKey, ItemKey]


def latest(db: Database) -> dict[Pair, Judgement]:
    """What people judged about each pair; of several answers the latest counts."""
    found = rows(db, "select a_kind, a_id, b_kind, b_id, judgement from judgements order by id")
    return {
        ((Kind(item["a_kind"]), item["a_id"]), (Kind(item["b_kind"]), item["b_id"])): Judgement(item["judgement"])
        for item in found
    }


def add(
    db: Database,
    *,
    pairs: Iterable[Pair],
    judgement: Judgement,
    member_id: int | None,
    reason: str | None = None,
    cluster_id: int | None = None,
) -> None:
    """Keep a person's answer about these pairs, in whichever order they are named."""
    moment = now()
    for pair in pairs:
        (a_kind, a_id), (b_kind, b_id) = sorted(pair)
        db.execute(
            """insert into judgements (a_kind, a_id, b_kind, b_id, judgement, member_id, cluster_id, reason, given_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [a_kind, a_id, b_kind, b_id, judgement, member_id, cluster_id, reason, moment],
        )


def every_pair(keys: Sequence[ItemKey]) -> list[Pair]:
    """Each two of these items, once."""
    return list(combinations(sorted(keys), 2))
