"""Municipalities as readers meet them: in a list, as neighbours, and as companions that are alike."""

from dataclasses import dataclass
from enum import StrEnum

from models.clusters import Cluster
from models.contacts import EndorsementRole
from models.ideas import Idea
from models.people import Organisation
from models.projects import Project


@dataclass(frozen=True, slots=True)
class Card:
    """A government in a list; `ideas` are its open ones, counted up to a bound, `formerly` a name that was sought."""

    id: int
    kind: str
    name: str
    province: str | None
    inhabitants: int | None
    nis: str | None
    kbo: str | None
    ovo: str | None
    uri: str
    ideas: int
    formerly: str | None = None


class Size(StrEnum):
    """How large another municipality is beside one's own."""

    ALIKE = "alike"
    LARGER = "larger"
    SMALLER = "smaller"


@dataclass(frozen=True, slots=True)
class Tile:
    """A municipality on a map of tiles of one size, rows from the north and columns from the west."""

    id: int
    name: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Companion:
    """Another municipality and what it has in common: said in words, so that a reader can judge."""

    id: int
    name: str
    inhabitants: int | None
    size: Size | None
    km: float | None
    province: str | None
    same_province: bool
    themes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """The nearest municipalities, nearest first, and those that are most alike."""

    neighbours: tuple[Companion, ...]
    alike: tuple[Companion, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A *ook wij* as the public sees it: who, to which idea, and what they offer to do."""

    idea_id: int
    title: str
    lang: str
    poster: str
    organisation_id: int
    organisation: str
    role: EndorsementRole
    said_at: str


@dataclass(frozen=True, slots=True)
class Place:
    """Everything public about a government; each list holds the first few, `more` names those that go on."""

    organisation: Organisation
    merged_into: Organisation | None
    merged_on: str | None
    former: tuple[Organisation, ...]
    ideas: tuple[Idea, ...]
    endorsed: tuple[Said, ...]
    projects: tuple[Project, ...]
    clusters: tuple[Cluster, ...]
    bodies: tuple[Organisation, ...]
    members: tuple[Organisation, ...]
    around: Around | None
    more: frozenset[str]

    @property
    def inhabitants(self) -> int | None:
        """Its own inhabitants, or those of the municipalities it speaks for, each once."""
        if self.organisation.inhabitants is not None or not self.members:
            return self.organisation.inhabitants
        return sum(one.inhabitants or 0 for one in self.members)
