"""Clusters of ideas and projects with the same need, and the judgements people gave."""

from dataclasses import dataclass
from enum import StrEnum

from models.matches import Kind

NAME_AT_MOST = 120


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


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster. `revision` rises with every change, for compare-and-set; a person's name outlives every run."""

    id: int
    state: ClusterState
    name: str
    named_by_person: bool
    terms: tuple[str, ...]
    cohesion: float | None
    reason: str | None
    revision: int
    decided_at: str | None
    updated_at: str
    members: tuple[ClusterMember, ...] = ()
