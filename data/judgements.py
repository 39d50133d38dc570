"""Judgements: what people answered about pairs of items. Nothing is ever overwritten; the latest answer counts."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from sqlite_utils import Database

from data.store import now, rows
from models.clusters import ItemKey, Judgement
from models.matches import Kind

Pair = tuple[ItemKey, ItemKey]


# Of each pair the answer that counts: the latest, a coordinator's before others'. What came from a file is theirs.
LATEST = """
select a_kind, a_id, b_kind, b_id, judgement, given_at from (
  select j.*, row_number() over (partition by a_kind, a_id, b_kind, b_id
    order by m.id is null or m.role = 'coordinator' desc, j.id desc) as place
  from judgements j left join members m on m.id = j.member_id
) where place = 1
"""


def latest(db: Database) -> dict[Pair, Judgement]:
    """What people judged about each pair; of several answers one counts."""
    found = rows(db, LATEST)
    return {
        ((Kind(item["a_kind"]), item["a_id"]), (Kind(item["b_kind"]), item["b_id"])): Judgement(item["judgement"])
        for item in found
    }


def of_item(db: Database, *, item: ItemKey, organisation_id: int | None) -> dict[ItemKey, Judgement]:
    """What an organisation answered last about an item and each other one; with none, what coordinators did."""
    found = rows(
        db,
        """select j.a_kind, j.a_id, j.b_kind, j.b_id, j.judgement from judgements j join members m on m.id = j.member_id
        where ((j.a_kind = :kind and j.a_id = :id) or (j.b_kind = :kind and j.b_id = :id))
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
) -> None:
    """Keep a person's answer about these pairs, in whichever order they are named; `by` names who is no member."""
    moment = now()
    for pair in pairs:
        (a_kind, a_id), (b_kind, b_id) = sorted(pair)
        db.execute(
            """insert into judgements (a_kind, a_id, b_kind, b_id, judgement, member_id, given_by, cluster_id, reason,
              given_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [a_kind, a_id, b_kind, b_id, judgement, member_id, by, cluster_id, reason, moment],
        )


def every_pair(keys: Sequence[ItemKey]) -> list[Pair]:
    """Each two of these items, once."""
    return list(combinations(sorted(keys), 2))
