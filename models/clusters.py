"""Clusters of ideas and projects with the same need, the steps that change them, and the judgements people gave."""

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


class Action(StrEnum):
    """What happened to a cluster. The first three are of runs; people may undo every other one but `undone`."""

    PROPOSED = "proposed"
    REDRAWN = "redrawn"
    DISSOLVED = "dissolved"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RENAMED = "renamed"
    MOVED = "moved"
    MERGED = "merged"
    SPLIT = "split"
    DECLINED = "declined"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SNOOZED = "snoozed"
    UNDONE = "undone"


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
class Body:
    """A government behind a cluster that is no municipality, and for how many municipalities it stands; maybe none."""

    name: str
    municipalities: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, central member first. A person's name outlives every run.

    `revision` rises with every step, for compare-and-set. `municipalities` and `inhabitants` count the municipalities
    behind the members and behind who says *ook wij*, each once: `own` stand there themselves, `bodies` stand for the
    others. `snoozed_until` is a day on which a proposal comes back; `novelty` is P(another need than any accepted
    cluster), in [0, 1]. Clusters that are related share an `area`.
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
    locked: bool = False
    snoozed_until: str | None = None
    merged_into: int | None = None
    novelty: float | None = None
    area: str | None = None
    members: tuple[ClusterMember, ...] = ()
    municipalities: int = 0
    own: int = 0
    bodies: tuple[Body, ...] = ()
    inhabitants: int = 0

    @property
    def governments(self) -> int:
        """How many ask: a body is one of them, for however many municipalities it stands."""
        return self.own + len(self.bodies)

    @property
    def worth(self) -> float:
        """What reviewing it may bring: many municipalities that surely have the same need, and a new one."""
        return self.municipalities * (self.cohesion or 0.0) * (1.0 if self.novelty is None else self.novelty)

    @property
    def live(self) -> bool:
        """Whether it holds its members: proposed or accepted."""
        return self.state in (ClusterState.PROPOSED, ClusterState.ACCEPTED)

    @property
    def seen(self) -> "Seen":
        """This cluster as it stands now, to compare with later."""
        return Seen(self.id, self.revision)


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster as a person saw it: a step on it counts only while the revision is still this one."""

    id: int
    revision: int

    def __str__(self) -> str:
        return f"{self.id}.{self.revision}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written of a cluster: its members, central one first, with their fits; without encoder no figures."""

    name: str
    terms: tuple[str, ...]
    cohesion: float | None
    weakest: tuple[ItemKey, ItemKey] | None
    members: tuple[tuple[ItemKey, float | None], ...]
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a cluster: by a person, or by a run when `who` is none.

    `step` is shared by all that happened in one go; `items` are what was moved, `others` the other clusters of the step
    as (id, name); `undone` tells that a later step took it back.
    """

    revision: int
    action: Action
    who: str | None
    member_id: int | None
    reason: str | None
    happened_at: str
    step: int | None = None
    undone: bool = False
    items: tuple[ItemKey, ...] = ()
    others: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A run's idea that an item belongs to an accepted cluster; `proposal` is the one that it is in now, if any."""

    cluster: Seen
    name: str
    item: "ClusterItem"
    fit: float
    proposal: Seen | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: which part of the work, and how much of that part is done."""

    phase: str
    done: int = 0
    total: int = 0


PHASES = ("reading", "comparing", "writing")


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
