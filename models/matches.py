"""Matches: what is similar to a text, how, and why."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a text stands for; ids are unique within a kind."""

    IDEA = "idea"
    PROJECT = "project"


class Relation(StrEnum):
    """How two items relate, in words."""

    # The bounds are in `cluster.engine.relations`.
    SAME_NEED = "same_need"
    STRONGLY_RELATED = "strongly_related"
    RELATED = "related"


class Lane(StrEnum):
    """Where a match is shown; each lane has its own action."""

    OPEN = "open"
    SUBMITTED = "submitted"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two items differ: the name of a field, and what it says of either; numbers for `inhabitants`."""

    field: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a match is suggested, and what is different.

    Attributes
    ----------
    terms : the words both texts share, rarest first
    pairs : the sentences that say most alike, one of either text, best first
    differences : fields that are known of both and not the same
    """

    terms: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known beside its text of an item for which matches are sought; what is not known is none."""

    theme: str | None = None
    stage: str | None = None
    intent: str | None = None
    target_group: str | None = None
    organisation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One suggestion. `score` orders, `probability` is of *same need* (none when the encoder is not calibrated)."""

    kind: Kind
    id: int
    external_id: str | None
    title: str
    organisation: str
    status: str
    lang: str
    relation: Relation | None
    probability: float | None
    score: float
    explanation: Explanation = field(default_factory=Explanation)
    supporters: int = 0
    intent: str | None = None

    @property
    def lane(self) -> Lane:
        """Open ideas, approved projects, and everything else that was ever submitted or is unknown."""
        if self.kind is Kind.IDEA:
            return Lane.OPEN
        return Lane.APPROVED if self.status == "approved" else Lane.SUBMITTED
