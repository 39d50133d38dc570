"""Who acts: organisations (municipalities and the bodies that stand for them) and their members."""

from dataclasses import dataclass
from enum import StrEnum


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
    """A person with an account; acts for `organisation_id` (none for a coordinator of the programme)."""

    id: int
    organisation_id: int | None
    organisation: str | None
    email: str
    name: str
    function: str | None
    role: Role
    locale: str
    standing_consent: bool
    session_key: str
    active: bool
    demo: bool

    @property
    def is_coordinator(self) -> bool:
        """Whether this member reviews for the programme."""
        return self.role is Role.COORDINATOR


@dataclass(frozen=True, slots=True)
class Contact:
    """What two parties see of each other after both consented, and nobody before."""

    name: str
    function: str | None
    email: str
    organisation: str
