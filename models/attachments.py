"""Attachments: files that belong to a message in a conversation, or to an idea."""

from dataclasses import dataclass

MB = 1024 * 1024
SIZE_AT_MOST = 10 * MB
COUNT_AT_MOST = 10
ORGANISATION_AT_MOST = 500 * MB
NAME_AT_MOST = 120

# What may be attached, by the ending of its name. Nothing here runs in a browser, and files with macros are others.
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as people see it; `digest` is the SHA-256 of its content and its name on disk."""

    id: int
    message_id: int | None
    idea_id: int | None
    organisation_id: int | None
    name: str
    type: str
    size: int
    digest: str
    added_at: str
