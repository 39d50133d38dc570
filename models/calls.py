"""Calls: rounds of subsidy, with themes, a ceiling and a deadline that may move."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")


def start_of_day(day: date) -> str:
    """The first instant of a day in Brussels, as UTC ISO text."""
    return datetime.combine(day, time(), BRUSSELS).astimezone(UTC).isoformat(timespec="seconds")


def end_of_day(day: date) -> str:
    """The last second of a day in Brussels, as UTC ISO text: who sends in before midnight is in time."""
    after = datetime.combine(day + timedelta(days=1), time(), BRUSSELS).astimezone(UTC)
    return (after - timedelta(seconds=1)).isoformat(timespec="seconds")


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

    @property
    def moved(self) -> tuple[Deadline, ...]:
        """The deadlines that no longer count, oldest first."""
        return self.deadlines[:-1]


@dataclass(frozen=True, slots=True)
class Programme:
    """What the seven calls have in common, in Dutch, as the public pages told it."""

    name: str
    uri: str
    budget_eur: int
    funding_percent: int
    own_share_percent: int
    approved_projects: int
    framework: str
    participation: str
    lead_rule: str
    target_groups: str
    remark: str
    clustering: str
    principles: tuple[str, ...]
    procedure: tuple[str, ...]
    sources: tuple[str, ...]
