"""The login of the Flemish government (ACM/IDM): whom it vouches for, and in what capacity."""

from dataclasses import dataclass

from models.people import Role


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with the provider: its issuer, which claim holds the rights, and what each is called there."""

    issuer: str
    rights: str
    member: str
    coordinator: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the provider vouches for, known by `issuer` and `subject` together and by nothing else."""

    issuer: str
    subject: str
    name: str
    role: Role
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person without an account, and the e-mail address at which they confirmed to be reached, if they did."""

    person: Person
    organisation: str | None
    email: str | None
