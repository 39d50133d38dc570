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


def instant(day: date, at: time) -> str | None:
    """The instant that a clock in Brussels shows this day and time, as UTC ISO text.

    None for an hour that does not exist (the clock jumps in March); of an hour that comes twice (October) the later:
    nobody is too late who trusted the clock. 23:59 means the end of the day.
    """
    if (at.hour, at.minute) == (23, 59):
        return end_of_day(day)
    found = datetime.combine(day, at.replace(second=0, microsecond=0), BRUSSELS).replace(fold=1).astimezone(UTC)
    shown = found.astimezone(BRUSSELS)
    if (shown.date(), shown.hour, shown.minute) != (day, at.hour, at.minute):
        return None
    return found.isoformat(timespec="seconds")


class CallState(StrEnum):
    """Where a call stands on a given moment; only coordinators see a draft."""

    DRAFT = "draft"
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

    @property
    def in_brussels(self) -> datetime:
        """As a clock in Brussels shows it."""
        return datetime.fromisoformat(self.closes_at).astimezone(BRUSSELS)


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
    state: str = "published"
    closed_at: str | None = None
    conditions: str = ""
    source: str = ""
    sequence: int = 0
    revision: int = 1
    updated_at: str | None = None
    themes: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Whether only coordinators see it."""
        return self.state == "draft"

    def state_at(self, now: str) -> CallState:
        """State at `now` (UTC ISO text); the closing instant itself still counts as open."""
        if self.is_draft:
            return CallState.DRAFT
        if self.closed_at is not None and self.closed_at <= now:
            return CallState.CLOSED
        if now < self.opens_at:
            return CallState.COMING
        return CallState.OPEN if now <= self.closes_at else CallState.CLOSED

    @property
    def moved(self) -> tuple[Deadline, ...]:
        """The deadlines that no longer count, oldest first."""
        return self.deadlines[:-1]


@dataclass(frozen=True, slots=True)
class CallForm:
    """What a coordinator fills in about a call, as typed; days and hours as a clock in Brussels shows them."""

    name: str = ""
    kind: str = "concept"
    kind_name: str = ""
    opens_on: str = ""
    closes_on: str = ""
    closes_time: str = "23:59"
    ceiling: str = ""
    funding_percent: str = ""
    realisation: str = ""
    conditions: str = ""
    source: str = ""
    remark: str = ""
    themes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One line of a call's history; `closes_at` is the deadline after it, `who` is for coordinators."""

    revision: int
    action: str
    who: str | None
    closes_at: str
    reason: str
    happened_at: str


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
