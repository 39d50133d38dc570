"""Projects: work elsewhere that was submitted, approved, or is simply known to exist."""

from dataclasses import dataclass
from enum import StrEnum

FEATURES_AT_MOST = 5_000
JOIN_AT_MOST = 2_000
SUPPLIER_AT_MOST = 200
YEAR_AT_MOST = 20
NOTE_AT_MOST = 500
PARTNERS_AT_MOST = 100
PARTNER_AT_MOST = 200
ADDRESSES_AT_MOST = 20
ADDRESS_AT_MOST = 2_000
ANSWER_AT_MOST = 4_000


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
    revision: int
    idea_id: int | None
    cluster_id: int | None
    features: str
    cost_year_cents: int | None
    supplier: str
    how_to_join: str
    hidden: bool = False

    @property
    def text(self) -> str:
        """What the encoder reads."""
        return f"{self.title}. {self.summary}"


@dataclass(frozen=True, slots=True)
class ProjectForm:
    """What a person fills in about a project, as typed; `cluster.projects` reads it.

    Partners and links stand one a line. `status_source` and `status_on` tell where and when the status was read.
    """

    title: str = ""
    summary: str = ""
    lead: str = ""
    partners: str = ""
    theme: str = ""
    call: str = ""
    subsidy: str = ""
    year: str = ""
    links: str = ""
    programme: str = "yes"
    status: str = Status.UNKNOWN
    status_source: str = ""
    status_on: str = ""
    features: str = ""
    cost_year: str = ""
    supplier: str = ""
    how_to_join: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of a project's history of outcomes: what, when, read where, and who recorded it.

    `organisation` is none where a coordinator or an import did; `who` is for those who may edit the project.
    """

    status: Status
    happened_on: str | None
    source: str | None
    note: str
    who: str | None
    organisation: str | None
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Version:
    """How a project stood after one change: its fields by name."""

    revision: int
    written_at: str
    who: str | None
    fields: dict[str, object]


class Fate(StrEnum):
    """What an import would do with a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowFate:
    """What becomes of one row of a file: `changes` as (field, before, after), `wrong` as (field, message)."""

    line: int
    external_id: str
    title: str
    fate: Fate
    changes: tuple[tuple[str, str, str], ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()


class UploadState(StrEnum):
    """A file waits until a coordinator confirms or discards it; then the file itself is gone."""

    WAITING = "waiting"
    IMPORTED = "imported"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a coordinator brought in; `plan` is the fingerprint of what the dry run showed."""

    token: str
    member_id: int
    name: str
    format: str
    state: UploadState
    plan: str
    added: int
    changed: int
    unchanged: int
    refused: int
    ignored: dict[str, int]
    uploaded_at: str
    ended_at: str | None

    @property
    def ready(self) -> bool:
        """Whether confirming it would do something: nothing is refused, and something is new or changed."""
        return not self.refused and bool(self.added or self.changed)


class RequestState(StrEnum):
    """Where a question for contact stands; the asker sees it."""

    ASKED = "asked"
    LOOKING = "looking"
    ANSWERED = "answered"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """A question for contact about a project, or about an idea of a government where nobody has an account.

    `lead` is who is behind it, as far as known; `revision` is for compare-and-set. Of what a coordinator hid since,
    who asked sees neither title nor lead.
    """

    id: int
    project_id: int | None
    idea_id: int | None
    title: str
    lang: str
    lead: str
    lead_id: int | None
    lead_members: int
    organisation_id: int
    organisation: str
    member_id: int | None
    message: str
    state: RequestState
    answer: str
    revision: int
    asked_at: str
    changed_at: str
    hidden: bool = False
