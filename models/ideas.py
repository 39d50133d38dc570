"""Ideas: what a municipality needs, offers or has learnt."""

from dataclasses import dataclass
from enum import StrEnum

TITLE_AT_MOST = 200
DESCRIPTION_AT_MOST = 20_000
TARGET_GROUP_AT_MOST = 200
LINKS_AT_MOST = 10
LINK_AT_MOST = 2_000
LABEL_AT_MOST = 120


class IdeaState(StrEnum):
    """Where an idea stands. Only open ideas are public; nothing is ever deleted by withdrawing."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    HIDDEN = "hidden"


class Stage(StrEnum):
    """How far the municipality is with it."""

    IDEA = "idee"
    PLAN = "plan"
    READY = "klaar"
    RUNNING = "loopt"


class Intent(StrEnum):
    """What the text is: somebody needs it, offers it, or tells how it went."""

    NEED = "need"
    OFFER = "offer"
    EXPERIENCE = "experience"


class Seek(StrEnum):
    """What the poster hopes to find."""

    PARTNERS = "partners"
    EXPERIENCE = "ervaring"
    APPLICATION = "toepassing"
    FUNDING = "medefinanciering"


class Budget(StrEnum):
    """Bands in euro; people rarely know more when they post."""

    UNDER_25K = "<25k"
    UNDER_75K = "25k-75k"
    UNDER_150K = "75k-150k"
    UNDER_500K = "150k-500k"
    OVER_500K = ">500k"


@dataclass(frozen=True, slots=True)
class Link:
    """An address on the web and the words it is shown with."""

    url: str
    label: str


def links_of(text: str) -> tuple[Link, ...]:
    """The links of a text that holds one a line: the address, then its words; without words it shows its address."""
    found = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return tuple(Link(url=parts[0], label=parts[1].strip() if len(parts) > 1 else parts[0]) for parts in found)


@dataclass(frozen=True, slots=True)
class Idea:
    """A posted idea. It belongs to the organisation; `author_id` is who wrote it (none when imported)."""

    id: int
    external_id: str | None
    organisation_id: int | None
    organisation: str
    province: str | None
    author_id: int | None
    title: str
    description: str
    theme: str | None
    call_id: int | None
    stage: Stage
    intent: Intent
    seeks: tuple[Seek, ...]
    budget: Budget | None
    target_group: str | None
    lang: str
    state: IdeaState
    source_url: str | None
    demo: bool
    revision: int
    created_at: str
    updated_at: str
    links: str = ""
    supporters: int = 0
    guessed_theme: str | None = None

    @property
    def topic(self) -> str | None:
        """The theme that a person chose, else what was guessed: lists go by it."""
        return self.theme or self.guessed_theme

    @property
    def linked(self) -> tuple[Link, ...]:
        """Where more can be read."""
        return links_of(self.links)

    @property
    def text(self) -> str:
        """What the encoder reads."""
        return f"{self.title}. {self.description}"


@dataclass(frozen=True, slots=True)
class IdeaForm:
    """What a person fills in to post or edit an idea; validated by `cluster.ideas`."""

    title: str
    description: str
    theme: str | None = None
    call_id: int | None = None
    stage: str = Stage.IDEA
    intent: str = Intent.NEED
    seeks: tuple[str, ...] = ()
    budget: str | None = None
    target_group: str | None = None
    links: str = ""


@dataclass(frozen=True, slots=True)
class DraftMark:
    """Which draft a form continues: the opened form that writes, and the revision it last knew (0 for none)."""

    writer: str
    revision: int


@dataclass(frozen=True, slots=True)
class IdeaDraft:
    """A form that is not sent yet: only its member sees it. `submission_key` is that of the form.

    With an `idea_id` it changes an idea that was posted, from its revision `base` on.
    """

    id: int
    member_id: int
    submission_key: str
    form: IdeaForm
    writer: str
    revision: int
    created_at: str
    saved_at: str
    idea_id: int | None = None
    base: int | None = None

    def follows(self, mark: DraftMark) -> bool:
        """Whether a form with this mark has seen all that stands here."""
        return self.revision == mark.revision or self.writer == mark.writer


@dataclass(frozen=True, slots=True)
class Version:
    """What an idea said from `written_at` until the next version; `who` is none when nobody may know."""

    idea_id: int
    revision: int
    member_id: int | None
    who: str | None
    written_at: str
    form: IdeaForm
