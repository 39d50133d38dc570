"""Themes: an idea to which nobody gave one gets a guess, from what resembles it; what a person chose stands."""

from collections import defaultdict
from collections.abc import Sequence

from sqlite_utils import Database

import cluster.matches
import data.ideas
import data.projects
import data.work
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.matches import Item
from data.store import transaction
from models.matches import Kind, Match

_NEAREST = 20
# So much of the weight of what is related must have one theme. Of the 43 ideas of the demo, each guessed from the
# others, 38 get a guess, and all of these are right.
_SHARE_AT_LEAST = 0.6
_AT_ONCE = 200


def told_by(db: Database, *, matches: Sequence[Match]) -> str | None:
    """The theme that most of what is related to a text has, weighed by how alike it is; none when they differ."""
    related = [one for one in matches[:_NEAREST] if one.relation]
    ideas = data.ideas.by_ids(db, ids=[one.id for one in related if one.kind is Kind.IDEA])
    projects = data.projects.by_ids(db, ids=[one.id for one in related if one.kind is Kind.PROJECT])
    weights: dict[str, float] = defaultdict(float)
    for one in related:
        # A guess is no ground for another guess.
        known = ideas.get(one.id) if one.kind is Kind.IDEA else projects.get(one.id)
        if known and known.theme:
            weights[known.theme] += one.score
    if not weights:
        return None
    theme, most = max(weights.items(), key=lambda pair: (pair[1], pair[0]))
    return theme if most >= _SHARE_AT_LEAST * sum(weights.values()) else None


def guess(db: Database, *, encoder: Encoder, index: Index[Item], idea_id: int) -> None:
    """Keep a guess for an idea that has no theme; of what a person chose nothing changes."""
    idea = data.ideas.get(db, idea_id=idea_id)
    if idea is None or idea.theme:
        return
    near = cluster.matches.similar_to(
        db,
        encoder=encoder,
        index=index,
        item=(Kind.IDEA, idea.id),
        title=idea.title,
        description=idea.description,
        limit=_NEAREST,
    )
    theme = told_by(db, matches=near)
    with transaction(db):
        data.ideas.guess_theme(db, idea_id=idea.id, theme=theme)


def guess_missing(
    db: Database, *, encoder: Encoder, index: Index[Item], after_id: int, at_most: int = _AT_ONCE
) -> None:
    """Guess for the next open ideas that lack a theme and a guess, and queue those that follow."""
    ids = data.ideas.without_theme(db, after_id=after_id, at_most=at_most)
    for idea_id in ids:
        guess(db, encoder=encoder, index=index, idea_id=idea_id)
    if len(ids) == at_most:
        queue(db, after_id=ids[-1])


def queue(db: Database, *, after_id: int = 0) -> None:
    """Ask the worker to guess for all that lack a theme, if any do; asking twice is asking once."""
    if not data.ideas.without_theme(db, after_id=after_id, at_most=1):
        return
    with transaction(db):
        data.work.queue(db, kind="themes", key="missing", payload={"after": after_id})
