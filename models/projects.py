"""Projects: work elsewhere that was submitted, approved, or is simply known to exist."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What is known of the outcome; unknown stays unknown."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Partner:
    """One of the governments behind a project; `organisation_id` is none where only a name is known."""

    name: str
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class Project:
    """A project with its source; amounts in euro cents."""

    id: int
    external_id: str | None
    title: str
    summary: str
    programme: bool
    status: Status
    status_note: str | None
    lead_id: int | None
    lead: str
    theme: str | None
    theme_derived: bool
    call_id: int | None
    subsidy_cents: int | None
    year: str | None
    remark: str | None
    urls: tuple[str, ...]
    lang: str
    demo: bool
    updated_at: str
    hidden: bool = False

    @property
    def text(self) -> str:
        """What the encoder reads."""
        return f"{self.title}. {self.summary}"
