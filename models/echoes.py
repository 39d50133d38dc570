"""Echoes: what came later and says the same as somebody's idea."""

from dataclasses import dataclass

from models.matches import Kind, Relation


@dataclass(frozen=True, slots=True)
class Echo:
    """An idea of an organisation, and the idea or project of others that came later and relates to it."""

    idea_id: int
    idea_title: str
    idea_lang: str
    kind: Kind
    item_id: int
    title: str
    lang: str
    organisation: str
    relation: Relation
    found_at: str
