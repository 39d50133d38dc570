"""Letters: outgoing mail that waits in the outbox until it is delivered."""

from dataclasses import dataclass
from enum import StrEnum


class LetterState(StrEnum):
    """Queued until the mail server took it; failed letters stay, with the error."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one person; `message_id` stays the same however often delivery is tried.

    `stops` names the letters that one click ends: of the digest, of reminders, or of one conversation.
    """

    id: int
    message_id: str
    recipient: str
    subject: str
    body: str
    lang: str
    state: LetterState
    attempts: int
    error: str | None
    created_at: str
    sent_at: str | None
    member_id: int | None = None
    stops: str | None = None
