"""Judgements: what people answered about pairs of items. Nothing is ever overwritten; the latest answer counts.

An answer that a step wrote counts no more once the step was undone: what was answered before it counts again.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import Any

from sqlite_utils import Database

from data.store import now, rows
from models.clusters import ItemKey, Judgement
from models.matches import Kind

Pair = tuple[ItemKey, ItemKey]


def counting(which: str = "true") -> str:
    """SQL for the answers that count of the pairs for which `which` holds: of each pair the latest.

    A coordinator's goes before others', and what came from a file is theirs.
    """
    return f"""
select a_kind, a_id, b_kind, b_id, judgement, given_at from (
  select j.*, row_number() over (partition by a_kind, a_id, b_kind, b_id
    order by m.id is null or m.role = 'coordinator' desc, j.id desc) as place
  from judgements j left join members m on m.id = j.member_id where j.superseded_by is null and ({which})
) where place = 1
"""


LATEST = counting()


def latest(db: Database) -> dict[Pair, Judgement]:
    """What people judged about each pair; of several answers one counts."""
    return _read(rows(db, LATEST))


def _read(found: list[dict[str, Any]]) -> dict[Pair, Judgement]:
    return {
        ((Kind(item["a_kind"]), item["a_id"]), (Kind(item["b_kind"]), item["b_id"])): Judgement(item["judgement"])
        for item in found
    }


def among(db: Database, *, keys: Sequence[ItemKey]) -> dict[Pair, Judgement]:
    """The answers that count about pairs of these items."""
    which = """(j.a_kind, j.a_id) in (select value ->> 0, value ->> 1 from json_each(:keys))
      and (j.b_kind, j.b_id) in (select value ->> 0, value ->> 1 from json_each(:keys))"""
    return _read(rows(db, counting(which), {"keys": json.dumps(list(keys))}))


def about(db: Database, *, keys: Sequence[ItemKey]) -> dict[Pair, Judgement]:
    """The answers that count about pairs with any of these items."""
    which = """(j.a_kind, j.a_id) in (select value ->> 0, value ->> 1 from json_each(:keys))
      or (j.b_kind, j.b_id) in (select value ->> 0, value ->> 1 from json_each(:keys))"""
    return _read(rows(db, counting(which), {"keys": json.dumps(list(keys))}))


def of_item(db: Database, *, item: ItemKey, organisation_id: int | None) -> dict[ItemKey, Judgement]:
    """What an organisation answered last about an item and each other one; with none, what coordinators did."""
    found = rows(
        db,
        """select j.a_kind, j.a_id, j.b_kind, j.b_id, j.judgement from judgements j join members m on m.id = j.member_id
        where j.superseded_by is null and ((j.a_kind = :kind and j.a_id = :id) or (j.b_kind = :kind and j.b_id = :id))
          and iif(:organisation is null, m.role = 'coordinator', m.organisation_id = :organisation) order by j.id""",
        {"kind": item[0], "id": item[1], "organisation": organisation_id},
    )
    answers: dict[ItemKey, Judgement] = {}
    for one in found:
        both = ((Kind(one["a_kind"]), one["a_id"]), (Kind(one["b_kind"]), one["b_id"]))
        answers[both[1] if both[0] == item else both[0]] = Judgement(one["judgement"])
    return answers


def add(
    db: Database,
    *,
    pairs: Iterable[Pair],
    judgement: Judgement,
    member_id: int | None,
    reason: str | None = None,
    cluster_id: int | None = None,
    by: str | None = None,
    step: int | None = None,
) -> None:
    """Keep a person's answer about these pairs, in whichever order they are named.

    `by` names who is no member; `step` is the step that says so, which may be undone.
    """
    moment = now()
    for pair in pairs:
        (a_kind, a_id), (b_kind, b_id) = sorted(pair)
        db.execute(
            """insert into judgements (a_kind, a_id, b_kind, b_id, judgement, member_id, given_by, cluster_id, reason,
              given_at, step) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [a_kind, a_id, b_kind, b_id, judgement, member_id, by, cluster_id, reason, moment, step],
        )


def every_pair(keys: Sequence[ItemKey]) -> list[Pair]:
    """Each two of these items, once."""
    return list(combinations(sorted(keys), 2))


def across(some: Sequence[ItemKey], others: Sequence[ItemKey]) -> list[Pair]:
    """Each of some with each of the others, once."""
    return [(min(one, other), max(one, other)) for one, other in product(some, others)]
