"""What waits for somebody to read, or to decide about it."""

from dataclasses import dataclass
from enum import StrEnum

from models.circles import About

# Counting, of what waits and of lists, stops here: "1.000+".
COUNTED_AT_MOST = 1_001


class What(StrEnum):
    """In the order in which people read them: who asks to meet, whom one met, what others wrote, and what to decide.

    `AGREED`: the poster said yes to us; `MET`: somebody said *ook wij* and was introduced at once. `STILL` is an own
    idea around which nothing moves.
    """

    ASKED = "asked"
    AGREED = "agreed"
    MET = "met"
    WROTE = "wrote"
    OFFERED = "offered"
    INVITED = "invited"
    PLAN = "plan"
    STILL = "still"


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that waits: the introduction, conversation (by what it is `about`), idea, invitation or plan, who asks,
    and since when. The title is empty where a coordinator hid the idea.
    """

    what: What
    item_id: int
    title: str
    lang: str
    organisation: str
    at: str
    about: About = About.IDEA


@dataclass(frozen=True, slots=True)
class Chores:
    """What waits, counted: who asks for access, `contacts` in which one's own person left, and all that is
    `at_contacts`, where the menu tells it.
    """

    access: int
    contacts: int
    at_contacts: int
