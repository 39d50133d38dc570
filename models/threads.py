"""Conversations of those in contact: messages, and facts about what each uses that line up into chances to buy."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from models.circles import About

TEXT_AT_MOST = 5_000
LINE_AT_MOST = 120
WINDOW = timedelta(days=365)


class Again(StrEnum):
    """Whether they would buy it again."""

    YES = "yes"
    PERHAPS = "perhaps"
    NO = "no"


class Sight(StrEnum):
    """Who sees a fact: who is in this conversation, every member of a government, or everybody."""

    CIRCLE = "circle"
    MEMBERS = "members"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, in markdown; `organisation` is none for a coordinator. Nobody reads what a coordinator hid."""

    id: int
    member_id: int
    who: str
    organisation: str | None
    text: str
    lang: str
    written_at: str
    hidden: bool = False
    organisation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whose name is known in a conversation."""

    id: int
    name: str
    organisation_id: int | None


def mentioned(text: str, known: Sequence[Known]) -> list[Known]:
    """Who is mentioned with @ and their name: all of it, or the first name if only one here is called so.

    Upper and lower case are the same, and an e-mail address mentions nobody.
    """
    firsts = [one.name.split()[0].casefold() for one in known]
    found = []
    for one, first in zip(known, firsts, strict=True):
        names = [one.name, *([one.name.split()[0]] if firsts.count(first) == 1 else [])]
        if any(re.search(rf"(?<![\w.])@{re.escape(name)}(?![\w@])", text, re.I) for name in names):
            found.append(one)
    return found


@dataclass(frozen=True, slots=True)
class Fact:
    """What a government uses, of whom, at what price a year (cents), until when, and whether it would again."""

    id: int
    about: About
    item_id: int
    organisation_id: int
    organisation: str
    product: str
    supplier: str
    cents_year: int | None
    contract_end: str | None
    again: Again | None
    sight: Sight
    revision: int


@dataclass(frozen=True, slots=True)
class FactForm:
    """What a person fills in about what they use, as typed."""

    product: str = ""
    supplier: str = ""
    cost_year: str = ""
    contract_end: str = ""
    again: str = ""
    sight: str = Sight.CIRCLE


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that a member follows: who wrote last (empty for a coordinator), when, and whether others wrote
    since the member looked.
    """

    about: About
    item_id: int
    title: str
    lang: str
    organisation: str
    at: str
    unread: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """How a member follows a conversation: with letters, muted, or not at all any more.

    They read it up to a message here; a letter may have told them of later ones. `follows` is false for who never did.
    """

    member_id: int
    read_id: int = 0
    told_id: int = 0
    told_at: str | None = None
    muted: bool = False
    left: bool = False
    follows: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """Contracts of several governments that end within a year of each other, from the first end to the last."""

    opens: date
    closes: date
    facts: tuple[Fact, ...]

    @property
    def organisations(self) -> tuple[str, ...]:
        """Who could buy together, who is first free first."""
        return tuple(dict.fromkeys(fact.organisation for fact in self.facts))


def windows(facts: list[Fact], *, today: date) -> list[Window]:
    """The chances to buy together, earliest first: each contract that has not ended is in one at most.

    A window begins with the first end that is in none yet and takes in every end within a year of it; contracts of
    one government alone make none.
    """
    ending = sorted(
        ((date.fromisoformat(fact.contract_end), fact) for fact in facts if fact.contract_end),
        key=lambda pair: (pair[0], pair[1].id),
    )
    left = [(end, fact) for end, fact in ending if end >= today]
    found = []
    while left:
        within = [(end, fact) for end, fact in left if end <= left[0][0] + WINDOW]
        if len({fact.organisation_id for _, fact in within}) > 1:
            found.append(Window(within[0][0], within[-1][0], tuple(fact for _, fact in within)))
            left = left[len(within) :]
        else:
            # Alone in its year; a later one of its own may still meet somebody.
            left = left[1:]
    return found
