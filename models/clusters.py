"""Clusters of ideas and projects with the same need, and the judgements people gave."""

from dataclasses import dataclass
from enum import StrEnum

from models.matches import Kind

NAME_AT_MOST = 120
REASON_AT_MOST = 1_000

ItemKey = tuple[Kind, int]


def reference(kind: Kind, item_id: int, external_id: str | None) -> str:
    """`idea:EXT`: the id it had where it came from, else its number here."""
    return f"{kind}:{external_id or item_id}"


class ClusterState(StrEnum):
    """Proposed by a run; every other state was set by a person, but for dissolved (a proposal that fell apart)."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DISSOLVED = "dissolved"


class Judgement(StrEnum):
    """A person's answer about two items: same need (must-link), related or different (cannot-link), or unsure."""

    SAME = "same"
    RELATED = "related"
    DIFFERENT = "different"
    UNSURE = "unsure"


class Strength(StrEnum):
    """P(same need) in words, for how an item fits and how a cluster holds together."""

    STRONG = "strong"
    FAIR = "fair"
    LOOSE = "loose"


def strength(probability: float | None) -> Strength | None:
    """The words for a probability; none for none."""
    if probability is None:
        return None
    if probability >= 0.5:
        return Strength.STRONG
    return Strength.FAIR if probability >= 0.25 else Strength.LOOSE


@dataclass(frozen=True, slots=True)
class ClusterItem:
    """What may be clustered: a public idea or project with its text."""

    kind: Kind
    id: int
    external_id: str | None
    title: str
    body: str
    lang: str
    organisation: str

    @property
    def key(self) -> ItemKey:
        """What tells items apart."""
        return self.kind, self.id

    @property
    def reference(self) -> str:
        """How files and commands name it."""
        return reference(self.kind, self.id, self.external_id)


@dataclass(frozen=True, slots=True)
class ClusterMember:
    """An idea or project in a cluster; `fit` is its mean P(same need) with the others, in [0, 1]."""

    kind: Kind
    id: int
    external_id: str | None
    title: str
    organisation: str
    organisation_id: int | None
    lang: str
    fit: float | None

    @property
    def key(self) -> ItemKey:
        """What tells items apart."""
        return self.kind, self.id

    @property
    def reference(self) -> str:
        """How files and commands name it."""
        return reference(self.kind, self.id, self.external_id)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, central member first. A person's name outlives every run.

    `revision` rises with every change of members, name or state, for compare-and-set. `municipalities` and
    `inhabitants` count the municipalities behind the members and behind who says *ook wij*, each once.
    """

    id: int
    state: ClusterState
    name: str
    named_by_person: bool
    terms: tuple[str, ...]
    cohesion: float | None
    weakest: tuple[ItemKey, ItemKey] | None
    reason: str | None
    revision: int
    decided_at: str | None
    updated_at: str
    members: tuple[ClusterMember, ...] = ()
    municipalities: int = 0
    inhabitants: int = 0

    @property
    def worth(self) -> float:
        """What reviewing it may bring: many municipalities that surely have the same need."""
        return self.municipalities * (self.cohesion or 0.0)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a run writes of a cluster: its members, central one first, with their fits."""

    name: str
    terms: tuple[str, ...]
    cohesion: float
    weakest: tuple[ItemKey, ItemKey]
    members: tuple[tuple[ItemKey, float], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a cluster: by a person, or by a run when `who` is none."""

    revision: int
    action: str
    who: str | None
    member_id: int | None
    reason: str | None
    happened_at: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of proposals did; `contradictions` are pairs judged apart that other judgements join."""

    encoder: str
    items: int
    added: int
    changed: int
    dissolved: int
    contradictions: tuple[tuple[ItemKey, ItemKey], ...]
    ended_at: str
