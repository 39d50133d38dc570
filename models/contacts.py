"""Me too: endorsements, and the introductions that follow from them."""

from dataclasses import dataclass
from enum import StrEnum

MESSAGE_AT_MOST = 2_000


class EndorsementRole(StrEnum):
    """What the endorsing organisation offers to do."""

    LEAD = "lead"
    DEVELOP = "develop"
    BUY = "buy"
    LEARN = "learn"
    HAVE = "have"


class IntroductionState(StrEnum):
    """Asked until the poster answers; contact data is visible only when agreed."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Endorsement:
    """One organisation's *ook wij* on one idea; `hidden` tells that a coordinator hid its message.

    `introduced` tells whether it asked to meet who has the idea now: after an adoption, only once it said so again.
    """

    id: int
    idea_id: int
    organisation_id: int
    organisation: str
    member_id: int
    role: EndorsementRole
    amount: str | None
    days: int | None
    message: str
    active: bool
    created_at: str
    hidden: bool = False
    introduced: bool = True


@dataclass(frozen=True, slots=True)
class Introduction:
    """The contact between the poster of an idea and one endorser; `former` when another has the idea since.

    An imported idea may have no organisation; `poster_has_account` tells whether anybody can answer at all. Each side
    has seen it once its contact person looked at it since both agreed.
    """

    id: int
    endorsement_id: int
    idea_id: int
    idea_title: str
    idea_lang: str
    poster_organisation_id: int | None
    poster_organisation: str
    poster_member_id: int | None
    poster_has_account: bool
    endorser_organisation_id: int
    endorser_organisation: str
    endorser_member_id: int
    role: EndorsementRole
    message: str
    state: IntroductionState
    asked_at: str
    answered_at: str | None
    idea_hidden: bool = False
    message_hidden: bool = False
    former: bool = False
    poster_seen: bool = False
    endorser_seen: bool = False


@dataclass(frozen=True, slots=True)
class Inbox:
    """An organisation's introductions: those asked of it, and those it asked; what waits comes first."""

    received: tuple[Introduction, ...]
    sent: tuple[Introduction, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """What an idea gathered: organisations, inhabitants (each municipality counted once) and candidate leads.

    Amounts are sums of bands: zero to zero until two named one, without upper end when somebody named the last.
    """

    organisations: int
    inhabitants: int
    leads: int
    amount_low_eur: int
    amount_high_eur: int | None
