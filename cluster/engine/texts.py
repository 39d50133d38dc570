"""Texts as people paste them, made fit to keep."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from urllib.parse import urlsplit

# Control characters and lone surrogates come from PDFs and broken clipboards; nobody can see or mean them.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff]")


def clean(text: str) -> str:
    """The text in NFC with newlines as one character, without control characters and outer blanks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text)).strip()


def one_line(text: str) -> str:
    """A cleaned text on one line, for titles and names."""
    return re.sub(r"\s+", " ", clean(text))


def readable(text: str) -> bool:
    """False when bytes in another encoding were sent: what could not be decoded became U+FFFD."""
    return "\ufffd" not in text


_BELGIAN = re.compile(r"\d{1,3}(\.\d{3})+(,\d{1,2})?", re.A)
_ENGLISH = re.compile(r"\d{1,3}(,\d{3})+(\.\d{1,2})?", re.A)
_PLAIN = re.compile(r"\d{1,12}([.,]\d{1,2})?", re.A)


def cents(text: str) -> int | None:
    """An amount in euro as people write it ("€ 1.250,50", "1250.5"), in cents; none when it is no amount."""
    text = re.sub(r"[\s€]|EURO?", "", text, flags=re.I)
    if _BELGIAN.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _ENGLISH.fullmatch(text):
        text = text.replace(",", "")
    elif _PLAIN.fullmatch(text):
        text = text.replace(",", ".")
    else:
        return None
    found = int((Decimal(text) * 100).to_integral_value())
    return found if found <= 10**12 else None


def as_typed(amount: int | None) -> str:
    """An amount in cents as a person would type it in euro: without cents unless there are any; the way back."""
    if amount is None:
        return ""
    return str(amount // 100) if amount % 100 == 0 else f"{amount // 100},{amount % 100:02}"


def day(text: str) -> date | None:
    """A day as browsers and Belgians write it (2026-03-29, 29/03/2026); none when it is no day."""
    text = text.strip()
    if found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text, re.A):
        text = f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}"
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.A) else None
    except ValueError:
        return None


def hour(text: str) -> time | None:
    """A time of the day as browsers and Belgians write it (23:59, 23.59, 23u59, 9u); none when it is none."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.uh](\d{2})?)?(?::\d{2})?", text.strip().lower(), re.A)
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
        return None
    return time(int(found[1]), int(found[2] or 0))


def on_the_web(address: str) -> bool:
    """Whether it may stand in a link: http or https, a host with a dot, no sign-in data, nothing unseen."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises when it is no port
    except ValueError:
        return False
    plain = readable(address) and not re.search(r"[\s<>\"\\]", address)
    host = parts.hostname or ""
    return parts.scheme in {"http", "https"} and "." in host.strip(".") and "@" not in parts.netloc and plain


# What a spreadsheet takes for a formula, also after blanks and in full width; tabs and line ends can hide one.
_FORMULA = re.compile(r"['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take this text for a formula and run it."""
    return _FORMULA.match(text) is not None


def as_cell(text: str) -> str:
    """The text as a cell of a CSV file that no spreadsheet runs: an apostrophe goes before what could be a formula."""
    return f"'{text}" if is_formula(text) else text


def from_cell(cell: str) -> str:
    """The text that `as_cell` made this cell of; every other cell is its own text."""
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell


def joined(texts: Iterable[str]) -> str:
    """Several texts as one cell holds them: with | between them, and a backslash before a | that is part of a text."""
    return "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def parted(cell: str) -> list[str]:
    """The texts that `joined` made this cell of; a backslash before anything else is itself. No text holds a NUL."""
    return re.sub(r"\\\\|\\\||\|", lambda found: "\0" if found[0] == "|" else found[0][1:], cell).split("\0")
