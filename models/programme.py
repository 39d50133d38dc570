"""The programme as coordinators see it: how far ideas come, and where nobody takes the lead."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """How far an idea came, from being posted to an approved project."""

    IDEAS = "ideas"
    ENDORSED = "endorsed"
    INTRODUCED = "introduced"
    AGREED = "agreed"
    MET = "met"
    CLUSTERS = "clusters"
    SUBMITTED = "submitted"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month such as 2026-11: ideas posted, *me too* said, and contacts agreed."""

    month: str
    ideas: int
    endorsements: int
    contacts: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """An open idea that several governments stand behind and that nobody wants to lead."""

    id: int
    title: str
    lang: str
    organisation: str
    governments: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two governments in contact, and about how many ideas."""

    one: str
    other: str
    ideas: int
