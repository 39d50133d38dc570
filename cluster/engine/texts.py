"""Texts as people paste them, made fit to keep."""

import re
import unicodedata
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
