"""Searches: what somebody asks the search box, what is found, and searches that are kept and warn."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum

NAME_AT_MOST = 120
QUERY_AT_MOST = 500
# Counts of a search say so when there is more.
COUNTED_AT_MOST = 1_000


class Subject(StrEnum):
    """What can be found; ids are unique within a subject."""

    IDEA = "idea"
    PROJECT = "project"
    CLUSTER = "cluster"
    MUNICIPALITY = "municipality"


Key = tuple[Subject, int]


@dataclass(frozen=True, slots=True)
class Group:
    """One word of a query with all that may be meant by it; folded.

    `exact` is the word as typed, `also` are other forms, compounds and corrections, `prefixes` what such words may
    begin with, and `together` the parts of a compound, each with its forms, that count when all are there. `loosely`
    are parts that are worth a look by themselves when nothing has all words. `put_right` is what a misspelt word meant.
    """

    exact: str
    also: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    loosely: tuple[str, ...] = ()
    put_right: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether anything but the very word counts too."""
        return bool(self.also or self.prefixes or self.together)


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it was understood: words, exact phrases that must be there, and phrases that must not."""

    groups: tuple[Group, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    without: tuple[tuple[str, ...], ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words as typed."""
        return tuple(group.exact for group in self.groups)

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.groups or self.phrases)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The facets that somebody chose; none means any. `kind` is a Subject."""

    kind: str | None = None
    theme: str | None = None
    call: int | None = None
    status: str | None = None
    intent: str | None = None
    province: str | None = None
    lang: str | None = None

    @property
    def by_name(self) -> dict[str, str | int]:
        """The chosen ones, by name of the facet."""
        return {name: value for name, value in asdict(self).items() if value is not None}


FACETS = ("kind", "theme", "call", "status", "intent", "province", "lang")


@dataclass(frozen=True, slots=True)
class Traits:
    """What facets know of something that is found; only what anyone may see has traits."""

    kind: str
    theme: str | None = None
    call: int | None = None
    call_name: str | None = None
    status: str | None = None
    intent: str | None = None
    province: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a text; `hit` when it is what was looked for."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card of a result tells. `detail` counts: me-toos, public members of a cluster, ideas of a municipality."""

    kind: Subject
    id: int
    title: str
    body: str
    organisation: str = ""
    lang: str = "nl"
    theme: str | None = None
    status: str | None = None
    intent: str | None = None
    province: str | None = None
    created_at: str | None = None
    demo: bool = False
    detail: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One result with its title and best fragment, in pieces so that a page can mark what was looked for."""

    shown: Shown
    title: tuple[Piece, ...]
    fragment: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results.

    `total` is at most COUNTED_AT_MOST, and `more` says that there are more; `counts` by facet are over these, most
    first, and `kinds` are theirs. `corrected` pairs what was typed with what was also looked for. `by_meaning` says
    that no text has the words, `words_only` that the encoder is missing.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    more: bool = False
    has_next: bool = False
    counts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    call_names: dict[int, str] = field(default_factory=dict)
    question: Question = Question()
    corrected: tuple[tuple[str, str], ...] = ()
    by_meaning: bool = False
    words_only: bool = False


class Often(StrEnum):
    """Whether a kept search tells what is new in its member's digest."""

    DIGEST = "digest"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that a member keeps. What was public by `seen` (a number that rises) is never told again."""

    id: int
    member_id: int
    name: str
    query: str
    chosen: Chosen
    often: Often
    seen: int
    created_at: str
    told_at: str | None
