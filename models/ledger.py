"""The ledger: who came in, who decided what, and whose data left, in entries that nobody can change unseen."""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What is entered."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    ACCOUNT_OPENED = "account_opened"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_REOPENED = "account_reopened"
    ACCOUNT_ERASED = "account_erased"
    ACCOUNT_LINKED = "account_linked"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word, no secret
    EMAIL_CHANGED = "email_changed"
    SECOND_STEP_CHANGED = "second_step_changed"
    MODERATED = "moderated"
    CLUSTER_DECIDED = "cluster_decided"
    MEMBERS_EXPORTED = "members_exported"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ids alone, so that it can stay when a person's data go. `who` is the name as it is today, if any."""

    id: int
    happened_at: str
    member_id: int | None
    who: str | None
    act: Act
    about: str
    what: str
