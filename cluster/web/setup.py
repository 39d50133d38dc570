"""Set-up of a place: schema, reference data, the demonstration, vectors and the first proposal of clusters."""

import cluster.clusters
import cluster.matches
import cluster.proposals
import cluster.second_steps
import cluster.setup
import data.clusters
import data.proposals
import data.work
from cluster.web.context import Services
from cluster.web.people import DEMO_PASSWORD
from models.errors import N_, NotAllowed


def setup(services: Services, *, demo: bool) -> dict[str, int]:
    """Make a place ready for use and tell what was added, by kind; twice changes nothing.

    Nothing that a person edited is overwritten. Without an encoder the vectors follow later, from the queue.
    """
    if demo and not services.settings.demo:
        raise NotAllowed(N_("De demo kan niet in productie. Laat MEDESTANDERS_DEMO=0 weg, of laat --demo weg."))
    db = services.db()
    cluster.setup.migrate(db)
    cluster.second_steps.seal(db, seals=services.seals)
    if not services.settings.demo:
        cluster.setup.refuse_demo_members(db)
    added = cluster.setup.seed(db)
    if demo:
        invented = cluster.setup.seed_demo(db, password=DEMO_PASSWORD)
        added = {kind: added.get(kind, 0) + invented.get(kind, 0) for kind in {**added, **invented}}
    # Loading the encoder takes seconds: only when a text may lack its vector.
    encoder = services.encoder.get() if any(added.values()) or data.work.due(db) else None
    if encoder is not None:
        added["vectors"] = cluster.matches.embed_missing(db, encoder=encoder)
        if demo and data.proposals.last_run(db) is None:
            cluster.proposals.propose(db, encoder=encoder)
    return added
