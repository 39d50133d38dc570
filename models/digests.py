"""Digests: what is new for a member, told once, all together, as often as they want it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Digest(StrEnum):
    """How often a member hears of news."""

    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"


class What(StrEnum):
    """What happened: an idea changed or is offered, messages came, a cost plan asks an answer, a kept search found
    something, something came that says the same as one's own idea, or nothing happened any more around that.
    """

    CHANGED = "changed"
    MESSAGES = "messages"
    PLAN = "plan"
    FOUND = "found"
    ECHO = "echo"
    STILL = "still"
    OFFERED = "offered"


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell about an idea, a project or a cluster; `details` is what the letter says of it."""

    what: What
    kind: str
    item_id: int
    title: str
    organisation: str
    at: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """News that is told together or not at all.

    `told` notes, in the caller's transaction, that it is told; false when it was meanwhile, or is no news any more.
    """

    told: Callable[[], bool]
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """All news about one thing, latest first."""

    kind: str
    item_id: int
    title: str
    organisation: str
    news: tuple[News, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """How often a member wants a digest, and the day in Brussels of the last one."""

    digest: Digest
    digested_on: str | None = None


def due(wish: Wish, today: date) -> bool:
    """Whether a member may have a digest on this day: one a day, or one in a week that begins on Monday.

    A day of the last one that lies ahead (a clock that was wrong) does not keep anybody waiting for it.
    """
    if wish.digest is Digest.OFF:
        return False
    if wish.digested_on is None:
        return True
    last = date.fromisoformat(wish.digested_on)
    if wish.digest is Digest.DAILY:
        return last != today
    return last.isocalendar()[:2] != today.isocalendar()[:2]


def groups(news: list[News]) -> list[Group]:
    """News by what it is about, the latest first."""
    by_item: dict[tuple[str, int], list[News]] = {}
    for one in sorted(news, key=lambda one: one.at, reverse=True):
        by_item.setdefault((one.kind, one.item_id), []).append(one)
    return [
        Group(kind, item_id, found[0].title, found[0].organisation, tuple(found))
        for (kind, item_id), found in by_item.items()
    ]
