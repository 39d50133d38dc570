"""Texts as people paste them, made fit to keep."""

import re
import unicodedata

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
