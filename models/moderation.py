"""Moderation: what people report, what coordinators decide, and the history of both."""

from dataclasses import dataclass
from enum import StrEnum

TEXT_AT_MOST = 2_000


class Subject(StrEnum):
    """What can be reported; an endorsement stands for the message in it, a message is one in a conversation."""

    IDEA = "idea"
    PROJECT = "project"
    ENDORSEMENT = "endorsement"
    MESSAGE = "message"


class Ground(StrEnum):
    """Why somebody reports something."""

    PRIVACY = "privacy"
    WRONG = "wrong"
    OFFENSIVE = "offensive"
    ADVERTISING = "advertising"
    OTHER = "other"


class CaseState(StrEnum):
    """Reported until a coordinator decides: hidden, or left to be seen."""

    REPORTED = "reported"
    HIDDEN = "hidden"
    SHOWN = "shown"


class Action(StrEnum):
    """What the history tells."""

    REPORTED = "reported"
    HIDDEN = "hidden"
    DISMISSED = "dismissed"
    ANSWERED = "answered"
    KEPT = "kept"
    SHOWN = "shown"
    PUT_BACK = "put_back"


class Decision(StrEnum):
    """What a coordinator may decide about a case."""

    HIDE = "hide"
    DISMISS = "dismiss"
    KEEP = "keep"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Item:
    """A reported idea, project or message as it stands; `organisation_id` is whose it is."""

    kind: Subject
    id: int
    title: str
    text: str
    lang: str
    organisation_id: int | None
    organisation: str
    author_id: int | None
    idea_id: int | None = None
    cluster_id: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All that was reported and decided about one item, whose title may be gone with its language.

    An answer belongs to the present round.
    """

    id: int
    kind: Subject
    item_id: int
    title: str
    lang: str | None
    organisation: str
    state: CaseState
    waiting: bool
    round: int
    reason: str | None
    answer: str | None
    answered_at: str | None
    reports: int
    revision: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Report:
    """One member's report; who it was, coordinators alone see."""

    id: int
    case_id: int
    member_id: int
    who: str
    organisation: str | None
    ground: Ground
    text: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history: who did what to which item, when and why."""

    id: int
    happened_at: str
    member_id: int | None
    who: str | None
    organisation: str | None
    action: Action
    kind: Subject
    item_id: int
    title: str
    lang: str | None
    reason: str | None
    case_id: int | None
