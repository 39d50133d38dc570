"""Judgements that come from a file: answers of people about pairs of items."""

from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

import data.clusters
import data.judgements
from cluster.imports import Fields, Imported, Row, check
from data.store import transaction
from models.clusters import REASON_AT_MOST, Judgement


def import_rows(db: Database, *, rows: Iterable[Row]) -> Imported:
    """Keep answers about pairs of public items: all rows, or none with ImportRefused saying what is wrong where.

    They count as a coordinator's. The same file again adds nothing.
    """
    keys = {item.reference: item.key for item in data.clusters.items(db)}

    def read(row: Fields) -> dict[str, Any]:
        pair = [row.found(name, look_up=keys.get, what="een idee of project", required=True) for name in ("a", "b")]
        if pair[0] is not None and pair[0] == pair[1]:
            row.refuse("b", "Dit is hetzelfde als a. Noem twee verschillende.")
        judgement = row.choice("judgement", Judgement, Judgement.UNSURE) if row.has("judgement") else None
        if judgement is None:
            row.refuse("judgement", f"Vul dit in. Kies uit: {', '.join(Judgement)}.")
        # Each row is about a pair; what is said twice of one pair counts twice, in order.
        return {
            "external_id": None,
            "pair": pair,
            "judgement": judgement,
            "by": row.text("by", at_most=200),
            "reason": row.text("reason", at_most=REASON_AT_MOST, lines=True),
        }

    ready, found = check(rows, read)
    with transaction(db):
        latest = data.judgements.latest(db)
        for values in ready:
            first, second = sorted(values["pair"])
            if latest.get((first, second)) is values["judgement"]:
                found.unchanged += 1
                continue
            data.judgements.add(
                db,
                pairs=[(first, second)],
                judgement=values["judgement"],
                member_id=None,
                by=values["by"],
                reason=values["reason"],
            )
            latest[first, second] = values["judgement"]
            found.added += 1
    return found
