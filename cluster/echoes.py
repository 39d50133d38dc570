"""Echoes: who posted an idea hears of what comes later and says the same, so that the first one is found as well."""

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlite_utils import Database

import cluster.matches
import data.echoes
import data.matches
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.matches import Item
from data.store import transaction
from models.digests import Bundle, News, What
from models.echoes import Echo
from models.matches import Kind, Relation
from models.people import Member

# A new text is an echo of its nearest ideas only: who wrote what everybody writes tells few and not all.
_NEAREST = 8
_AT_LEAST = (Relation.SAME_NEED, Relation.STRONGLY_RELATED)
SHOWN_DAYS = 60
SHOWN_AT_MOST = 5
TOLD_AT_MOST = 10


def listen(db: Database, *, encoder: Encoder, index: Index[Item], item: Item) -> None:
    """Note of which open ideas of others a public item is an echo; doing it twice changes nothing."""
    text = data.matches.text_of(db, kind=item[0], item_id=item[1])
    if text is None or item not in data.matches.vectors_of(db, items=[item], encoder=encoder.name):
        return
    near = cluster.matches.similar_to(
        db, encoder=encoder, index=index, item=item, title=text[0], description=text[1], limit=_NEAREST
    )
    found = {one.id: one.relation for one in near if one.kind is Kind.IDEA and one.relation in _AT_LEAST}
    if found:
        with transaction(db):
            data.echoes.add(db, item=item, found={idea_id: one for idea_id, one in found.items() if one is not None})


def newest(db: Database, *, member: Member) -> list[Echo]:
    """What came lately and is an echo of an idea of one's organisation, newest first."""
    if member.organisation_id is None:
        return []
    since = (datetime.now(UTC) - timedelta(days=SHOWN_DAYS)).isoformat(timespec="seconds")
    return data.echoes.newest(db, organisation_id=member.organisation_id, since=since, at_most=SHOWN_AT_MOST)


def news(db: Database, *, member: Member) -> list[Bundle]:
    """The echoes of which a member has yet to hear, by the idea of their own that each is about."""
    if member.organisation_id is None:
        return []
    found = data.echoes.untold(db, member_id=member.id, organisation_id=member.organisation_id, at_most=TOLD_AT_MOST)
    return [Bundle(partial(data.echoes.told, db, echo=one), (_news(member, one),)) for one in found]


def _news(member: Member, echo: Echo) -> News:
    details = {
        "title": echo.title,
        "organisation": echo.organisation,
        "same": echo.relation is Relation.SAME_NEED,
        "path": f"/{echo.kind}s/{echo.item_id}",
    }
    about = (echo.idea_id, echo.idea_title, member.organisation or "", echo.found_at)
    return News(What.ECHO, Kind.IDEA, *about, details)
