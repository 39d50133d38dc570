"""Ideas: what a municipality needs, offers or has learnt."""

from dataclasses import dataclass
from enum import StrEnum

TITLE_AT_MOST = 200
DESCRIPTION_AT_MOST = 20_000
TARGET_GROUP_AT_MOST = 200


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
    supporters: int = 0

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
