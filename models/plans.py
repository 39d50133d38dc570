"""Cost plans: what a project costs, by which key partners share it, and which version each of them accepted.

Amounts are whole cents, weights whole thousandths: what somebody typed is kept exactly.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.circles import About

ITEMS_AT_MOST = 60
PARTNERS_AT_MOST = 60
TIERS_AT_MOST = 5
TITLE_AT_MOST = 200
LINE_AT_MOST = 200
TASK_AT_MOST = 200
SUMMARY_AT_MOST = 4_000
NOTE_AT_MOST = 1_000


class Key(StrEnum):
    """How what is left to pay is divided."""

    EQUAL = "equal"
    INHABITANTS = "inhabitants"
    TIERS = "tiers"
    USE = "use"
    WEIGHTS = "weights"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Item:
    """One cost in one year; `each` tells that every partner needs one of its own, at this price."""

    what: str
    year: int
    cents: int
    each: bool = False


@dataclass(frozen=True, slots=True)
class Tier:
    """Municipalities of up to and with so many inhabitants (none: all larger ones) weigh so many thousandths."""

    up_to: int | None
    weight: int


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's terms; name and inhabitants as they were when the version was written.

    `task` is what it does for the group. `weight` (thousandths) counts by use and by weights; `fixed` replaces every
    key. `alone` is what the whole would cost it by itself, when it knows better than the sum of the items.
    """

    organisation_id: int
    name: str
    inhabitants: int | None
    weight: int | None = None
    at_least: int = 0
    at_most: int | None = None
    fixed: int | None = None
    days: int = 0
    alone: int | None = None
    task: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a version says. The rules of the call are those that stood when it was written."""

    title: str
    summary: str = ""
    starts_on: str | None = None
    ends_on: str | None = None
    theme: str | None = None
    lead_id: int | None = None
    call_id: int | None = None
    call_name: str = ""
    percent: int = 0
    ceiling: int = 0
    key: Key = Key.EQUAL
    tiers: tuple[Tier, ...] = ()
    day_cents: int = 0
    items: tuple[Item, ...] = ()
    partners: tuple[Partner, ...] = ()

    @property
    def lead(self) -> Partner | None:
        """Who applies for the group."""
        return next((one for one in self.partners if one.organisation_id == self.lead_id), None)


def content_of(kept: dict[str, Any]) -> Content:
    """The content that `dataclasses.asdict` made this of, also after a way through JSON."""
    return Content(
        **{
            **kept,
            "key": Key(kept["key"]),
            "tiers": tuple(Tier(**one) for one in kept["tiers"]),
            "items": tuple(Item(**one) for one in kept["items"]),
            "partners": tuple(Partner(**one) for one in kept["partners"]),
        }
    )


@dataclass(frozen=True, slots=True)
class Version:
    """What a plan said from `written_at` until the next version, and who wrote it."""

    plan_id: int
    number: int
    content: Content
    who: str | None
    organisation: str | None
    note: str
    written_at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a partner says of a version: accepted, or not with a reason; the last answer counts."""

    organisation_id: int
    number: int
    accepted: bool
    reason: str
    who: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The cost plan of an idea or a cluster, as it stands."""

    id: int
    about: About
    item_id: int
    version: Version

    @property
    def content(self) -> Content:
        """What it says now."""
        return self.version.content


@dataclass(frozen=True, slots=True)
class PlanForm:
    """What a person fills in, as typed. Rows are dicts by field; a partner's row is under its organisation's id."""

    title: str = ""
    summary: str = ""
    starts_on: str = ""
    ends_on: str = ""
    theme: str = ""
    lead: str = ""
    call: str = ""
    key: str = Key.EQUAL
    day_rate: str = ""
    note: str = ""
    items: tuple[dict[str, str], ...] = ()
    tiers: tuple[dict[str, str], ...] = ()
    partners: dict[int, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """One partner's share in cents: money to pay (none while the plan does not add up) and the worth of its days.

    `alone` is what it would pay by itself, under the same rules of the call; `saves` is below zero when that is less.
    """

    partner: Partner
    pays: int | None
    given: int
    alone: int

    @property
    def saves(self) -> int | None:
        """What being together saves it."""
        return None if self.pays is None else self.alone - self.pays - self.given


@dataclass(frozen=True, slots=True)
class Figures:
    """What follows from a content, in cents. `unfunded` is what the call's percentage promises beyond its ceiling.

    `missing` tells how much nobody may pay (below zero: how much is fixed or least too many), `crossed` which partner's
    least is above its most; with either there are no shares.
    """

    cost: int
    subsidy: int
    unfunded: int
    own: int
    given: int
    years: tuple[tuple[int, int], ...]
    shares: tuple[Share, ...]
    missing: int = 0
    crossed: Partner | None = None

    @property
    def adds_up(self) -> bool:
        """Whether there are shares."""
        return not self.missing and self.crossed is None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that two contents say differently; `name` is the item or partner it is about."""

    field: str
    name: str
    before: object
    after: object
