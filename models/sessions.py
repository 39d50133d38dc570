"""Sessions: where somebody is signed in, and how attempts to sign in went."""

from dataclasses import dataclass
from enum import StrEnum

from models.people import Member


class Means(StrEnum):
    """What somebody signed in with: a password here, or the login of the Flemish government."""

    PASSWORD = "password"  # noqa: S105 - a word, no secret
    PROVIDER = "provider"


class Outcome(StrEnum):
    """How an attempt to sign in went: in, or stopped at the password or at the code of the second step."""

    IN = "in"
    PASSWORD = "password"  # noqa: S105 - a word, no secret
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Session:
    """One place where a member is signed in; `agent` is the browser and the system, as people call them."""

    id: int
    means: Means
    agent: str
    started_at: str
    seen_at: str


@dataclass(frozen=True, slots=True)
class Present:
    """Who asks: the member, the session they ask in, and whether a second step stands for their account."""

    member: Member
    session: Session
    has_second_step: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """One attempt to sign in to an account."""

    happened_at: str
    outcome: Outcome
    means: Means
    agent: str
