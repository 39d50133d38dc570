"""Announcements: who stands behind an accepted cluster hears of it by letter, once."""

from sqlite_utils import Database

import cluster.circles
import cluster.letters
from data.store import transaction
from models.circles import About


def tell(db: Database, *, cluster_id: int) -> None:
    """Write one letter to each government behind an accepted cluster; twice changes nothing.

    Of a cluster that is accepted no more nobody hears: the step was undone in time.
    """
    circle = cluster.circles.get(db, about=About.CLUSTER, item_id=cluster_id)
    if not circle.open:
        return
    with transaction(db):
        for party in circle.parties:
            receiver = cluster.circles.speaker(db, about=About.CLUSTER, item_id=cluster_id, organisation_id=party.id)
            if receiver:
                cluster.letters.queue(
                    db,
                    to=receiver,
                    template="cluster",
                    dedupe_key=f"cluster:{cluster_id}:{party.id}",
                    cluster_id=cluster_id,
                    name=circle.title,
                    others=[one.name for one in circle.parties if one.id != party.id],
                )
