"""What waits for somebody to decide about it."""

from dataclasses import dataclass
from enum import StrEnum

# Counting, of what waits and of lists, stops here: "1.000+".
COUNTED_AT_MOST = 1_001


class What(StrEnum):
    """An idea on offer that one may adopt, a plan that one is invited to, and an own idea that stands still."""

    OFFERED = "offered"
    INVITED = "invited"
    STILL = "still"


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that waits: the idea or the invitation it is about, who asks, and since when."""

    what: What
    item_id: int
    title: str
    lang: str
    organisation: str
    at: str


@dataclass(frozen=True, slots=True)
class Chores:
    """What waits for an organisation beside introductions, counted: who asks for access, `contacts` in which its own
    person left, and `plans` of which it did not answer the present version.
    """

    access: int
    contacts: int
    plans: int
