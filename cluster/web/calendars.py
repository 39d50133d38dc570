"""Calendar files (RFC 5545): a deadline that a calendar can hold, and follow when it moves."""

from datetime import UTC, datetime

from cluster.web.languages import utc_now
from models.calls import Call

_OCTETS = 75


def deadline(call: Call, *, summary: str, description: str, address: str) -> str:
    """One event at the deadline of a call. Its UID stays, and SEQUENCE rises, when the deadline moves."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Medestanders//Oproepen//NL",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:oproep-{call.id}@medestanders",
        f"SEQUENCE:{call.sequence}",
        f"DTSTAMP:{_utc(call.updated_at or utc_now())}",
        f"DTSTART:{_utc(call.closes_at)}",
        f"SUMMARY:{_text(summary)}",
        f"DESCRIPTION:{_text(description)}",
        f"URL:{address}",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{fold(line)}\r\n" for line in lines)


def fold(line: str) -> str:
    """A content line in pieces of at most 75 octets, never through a character (RFC 5545, 3.1)."""
    pieces: list[str] = []
    piece, size = "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + letter, size + octets
    return "\r\n".join([*pieces, piece])


def _text(text: str) -> str:
    """A value of the type TEXT: what has a meaning in the format is escaped (RFC 5545, 3.3.11)."""
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\\n")


def _utc(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
