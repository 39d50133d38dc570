"""When something is said again: mornings and days as a clock in Brussels shows them, also where it jumps."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from models.calls import BRUSSELS

MORNING = time(7)
REASON_AT_MOST = 1_000


class Reminder(StrEnum):
    """What is asked once: an answer to who wants to meet, and what came of it."""

    SILENT = "silent"
    OUTCOME = "outcome"


# Days of silence, and days after both agreed. What is much older is left alone: nobody remembers, and a clock that
# leapt ahead must not ask the whole country at once.
AFTER_DAYS = {Reminder.SILENT: 7, Reminder.OUTCOME: 30}
AT_MOST_LATE_DAYS = 60


class Outcome(StrEnum):
    """What came of an introduction."""

    MET = "met"
    SUBMITTED = "submitted"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Told:
    """What one side told about an introduction."""

    outcome: Outcome
    reason: str
    told_at: str


def day_of(moment: str | datetime) -> date:
    """The day in Brussels of an instant (UTC)."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone(BRUSSELS).date()


def days_since(moment: str, present: datetime) -> int:
    """How many days of the calendar of Brussels lie between an instant and the present; below zero for a later one."""
    return (day_of(present) - day_of(moment)).days


def morning_after(moment: str | datetime, *, days: int) -> str:
    """Seven o'clock in Brussels so many days after the day of an instant, as UTC ISO text; it exists on every day."""
    day = day_of(moment) + timedelta(days=days)
    return datetime.combine(day, MORNING, BRUSSELS).astimezone(UTC).isoformat(timespec="seconds")
