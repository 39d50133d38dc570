"""Calls: rounds of subsidy, with themes, a ceiling and a deadline that may move."""

from dataclasses import dataclass
from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands on a given moment."""

    COMING = "coming"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Theme:
    """One of the programme's themes, named in the reader's language by the web."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline in a call's history; `closes_at` is an instant (UTC, ISO text)."""

    closes_at: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call ('oproep'). Amounts in euro; `funding_percent` is the most the programme pays."""

    id: int
    number: int
    name: str
    kind: str
    kind_name: str
    opens_at: str
    closes_at: str
    ceiling_eur: int
    funding_percent: int
    realisation: str
    uri: str
    remark: str | None
    themes: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    def state_at(self, now: str) -> CallState:
        """State at `now` (UTC ISO text); the closing instant itself still counts as open."""
        if now < self.opens_at:
            return CallState.COMING
        return CallState.OPEN if now <= self.closes_at else CallState.CLOSED
