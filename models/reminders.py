"""When something is said again: mornings and days as a clock in Brussels shows them, also where it jumps."""

from datetime import UTC, date, datetime, time, timedelta

from models.calls import BRUSSELS

MORNING = time(7)


def day_of(moment: str | datetime) -> date:
    """The day in Brussels of an instant (UTC)."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone(BRUSSELS).date()


def next_morning(moment: datetime) -> str:
    """Seven o'clock in Brussels on the day after an instant, as UTC ISO text; seven exists on every day of the year."""
    day = day_of(moment) + timedelta(days=1)
    return datetime.combine(day, MORNING, BRUSSELS).astimezone(UTC).isoformat(timespec="seconds")


def days_since(moment: str, present: datetime) -> int:
    """How many days of the calendar of Brussels lie between an instant and the present; below zero for a later one."""
    return (day_of(present) - day_of(moment)).days
