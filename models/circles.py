"""Circles: the governments that work on one thing together, an idea or an accepted cluster."""

from dataclasses import dataclass
from enum import StrEnum


class About(StrEnum):
    """What a circle gathers around."""

    IDEA = "idea"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Party:
    """A government in a circle; of a body, `inhabitants` are those of the municipalities it speaks for."""

    id: int
    name: str
    inhabitants: int | None


@dataclass(frozen=True, slots=True)
class Circle:
    """Who is in contact about an idea (its poster, and who said *ook wij* once both agreed), or is behind a cluster.

    `open` tells whether the idea is open, or the cluster accepted: only then may something new begin. The title is
    empty when a coordinator hid the idea.
    """

    about: About
    item_id: int
    title: str
    lang: str
    open: bool
    theme: str | None
    call_id: int | None
    parties: tuple[Party, ...]

    @property
    def gathers(self) -> bool:
        """Whether it is there: two parties at least, nothing hidden, and of clusters only the accepted."""
        return len(self.parties) > 1 and bool(self.title) and (self.open or self.about is About.IDEA)

    def has(self, organisation_id: int | None) -> bool:
        """Whether a government is in it."""
        return any(party.id == organisation_id for party in self.parties)
