"""Adoptions: ideas around which nothing moves any more, and ideas that pass to another government."""

from dataclasses import dataclass

STILL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Still:
    """An open idea around which nothing has moved since an instant; `supporters` say *ook wij*."""

    idea_id: int
    title: str
    lang: str
    supporters: int
    since: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An idea that its owner lets go: who said *ook wij* may adopt it."""

    id: int
    idea_id: int
    title: str
    lang: str
    organisation_id: int
    organisation: str
    offered_by: int
    offered_at: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """One passing on of an idea: from whom, to whom, and when."""

    from_id: int
    from_name: str
    to_id: int
    to_name: str
    adopted_at: str
