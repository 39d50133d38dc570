"""Consortia: what a plan still lacks for its call, who would fit, and who was invited to join."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.matches import Relation
from models.places import Companion

MESSAGE_AT_MOST = 1_000

# Up to so many inhabitants a municipality counts as a small one.
SMALL_AT_MOST = 15_000


class What(StrEnum):
    """What a consortium needs, in the order in which a coordinator would ask."""

    PARTNERS = "partners"
    LEAD = "lead"
    TASKS = "tasks"
    SMALL = "small"
    CALL = "call"
    THEME = "theme"
    CEILING = "ceiling"
    SUMS = "sums"
    DOSSIER = "dossier"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a consortium needs, and whether it is there; `values` are what the sentence about it needs."""

    what: What
    met: bool
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """An idea of a government that resembles that of the plan."""

    idea_id: int
    title: str
    lang: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A government that would fit, and why: it said *ook wij*, has the same need, or is like a partner (`beside`)."""

    organisation_id: int
    name: str
    endorses: bool = False
    need: Need | None = None
    companion: Companion | None = None
    beside: str = ""


class InvitationState(StrEnum):
    """Asked until the invited government answers."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to join a plan; `by` is empty for a coordinator, `members` counts who can answer."""

    id: int
    plan_id: int
    organisation_id: int
    organisation: str
    invited_by: int
    by_id: int | None
    by: str
    message: str
    state: InvitationState
    invited_at: str
    answered_at: str | None
    members: int
    title: str
