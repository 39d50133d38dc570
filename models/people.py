"""Who acts: organisations (municipalities and the bodies that stand for them) and their members."""

from dataclasses import dataclass
from enum import StrEnum

from models.letters import LetterState


class Role(StrEnum):
    """What a member may do: a member acts for one organisation, a coordinator for the programme."""

    MEMBER = "member"
    COORDINATOR = "coordinator"


class OrganisationKind(StrEnum):
    """What an organisation is, after the classes of `besluit:Bestuurseenheid`."""

    MUNICIPALITY = "municipality"
    INTERMUNICIPAL = "intermunicipal"
    PROVINCE = "province"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A local government; `uri` is its key, names and codes change (LBLOD, OSLO Organisatie)."""

    id: int
    uri: str
    kind: OrganisationKind
    name: str
    province: str | None = None
    nis: str | None = None
    kbo: str | None = None
    ovo: str | None = None
    inhabitants: int | None = None
    lat: float | None = None
    lon: float | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    successor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person with an account; acts for `organisation_id` (none for a coordinator of the programme).

    `bounced_at` is since when no letter arrives at the address, `bounce` what the mail server said of it.
    """

    id: int
    organisation_id: int | None
    organisation: str | None
    email: str
    name: str
    function: str | None
    role: Role
    locale: str
    standing_consent: bool
    active: bool
    demo: bool
    bounced_at: str | None = None
    bounce: str | None = None

    @property
    def is_coordinator(self) -> bool:
        """Whether this member reviews for the programme."""
        return self.role is Role.COORDINATOR


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody without an account to whom a letter goes, in the language of `locale`."""

    email: str
    name: str
    locale: str
    id: None = None
    active: bool = True


class InvitationState(StrEnum):
    """Open until somebody accepts or withdraws it; an open one stops working when it expires."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to open an account for an organisation (none: as coordinator of the programme).

    `letters` counts how often it was sent; `letter` is how the last one fared.
    """

    id: int
    organisation_id: int | None
    organisation: str | None
    role: Role
    email: str
    name: str
    function: str
    locale: str
    state: InvitationState
    invited_by: str | None
    letters: int
    letter: LetterState | None
    created_at: str
    expires_at: str

    @property
    def guest(self) -> Guest:
        """To whom its letter goes."""
        return Guest(email=self.email, name=self.name, locale=self.locale)


class AccessState(StrEnum):
    """Asked until a coordinator or a member of the organisation decides."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Somebody without an account asks to act for an organisation."""

    id: int
    organisation_id: int
    organisation: str
    members: int
    email: str
    name: str
    function: str
    message: str
    locale: str
    state: AccessState
    reason: str | None
    asked_at: str
    decided_by: str | None
    decided_at: str | None

    @property
    def guest(self) -> Guest:
        """To whom its letters go."""
        return Guest(email=self.email, name=self.name, locale=self.locale)


@dataclass(frozen=True, slots=True)
class Staffed:
    """An organisation and how many active members it has."""

    organisation: Organisation
    members: int


@dataclass(frozen=True, slots=True)
class StandsForChange:
    """A municipality that a body began or stopped to speak for, and who said so."""

    id: int
    municipality: str
    action: str
    who: str | None
    happened_at: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A shared mailbox that stands for a member's own address, and one that was asked and did not confirm yet."""

    email: str | None = None
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """What two parties see of each other after both consented, and nobody before."""

    name: str
    function: str | None
    email: str
    organisation: str
