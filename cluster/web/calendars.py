"""Calendar files (RFC 5545): a deadline that a calendar can hold, and follow when it moves; a proposal to meet."""

from datetime import UTC, datetime, time, timedelta

from cluster.web.languages import utc_now
from models.calls import BRUSSELS, Call
from models.contacts import Introduction
from models.reminders import day_of

_OCTETS = 75


def deadline(call: Call, *, summary: str, description: str, address: str) -> str:
    """One event at the deadline of a call. Its UID stays, and SEQUENCE rises, when the deadline moves."""
    return _event(
        f"UID:oproep-{call.id}@medestanders",
        f"SEQUENCE:{call.sequence}",
        f"DTSTAMP:{_utc(call.updated_at or utc_now())}",
        f"DTSTART:{_utc(call.closes_at)}",
        f"SUMMARY:{_text(summary)}",
        f"DESCRIPTION:{_text(description)}",
        f"URL:{address}",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
    )


def meeting(introduction: Introduction, *, moment: str, summary: str, description: str, address: str) -> str:
    """A proposal to meet for half an hour: on the fifth working day, at ten o'clock in Brussels."""
    day = day_of(moment)
    for _ in range(5):
        day += timedelta(days=3 if day.weekday() == 4 else 2 if day.weekday() == 5 else 1)
    starts = datetime.combine(day, time(10), BRUSSELS).astimezone(UTC)
    return _event(
        f"UID:kennismaking-{introduction.id}@medestanders",
        f"DTSTAMP:{_utc(utc_now())}",
        f"DTSTART:{_utc(starts.isoformat())}",
        "DURATION:PT30M",
        f"SUMMARY:{_text(summary)}",
        f"DESCRIPTION:{_text(description)}",
        f"URL:{address}",
        "STATUS:TENTATIVE",
    )


def _event(*about: str) -> str:
    """A calendar with one event."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Medestanders//Medestanders//NL", "CALSCALE:GREGORIAN")
    lines = (*head, "METHOD:PUBLISH", "BEGIN:VEVENT", *about, "END:VEVENT", "END:VCALENDAR")
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
