"""Check that every language is complete: no key missing, unused or unclear, placeholders kept. Dutch is the key.

`python -m tests.translations` checks; `make messages` brings new keys into the catalogues.
"""

import re
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from cluster.people import LOCALES

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_PLACE = re.compile(r"%\((\w+)\)[sd]")
# French has a space that does not break before these and within « »; times of day and addresses have none.
_TOO_CLOSE = re.compile(r"(?<![\u00a0\u202f])(?:[;?!»€]|%%|:(?!//|\d\d))|«(?![\u00a0\u202f])")
# Punctuation that stands in a template outside a text is the same in every language, which French is not.
_LOOSE = re.compile(r"(?:[%}]\}|<(?!style)[^<>]*>)[:;!?](?=[\s<]|$)|[“”«»„](?=\{[{%])|(?<=[%}]\})[“”«»]", re.M)


def extracted() -> Catalog:
    """All keys of the code and the templates."""
    with (ROOT / "translations" / "babel.cfg").open(encoding="utf8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog(locale="nl", charset="utf-8")
    for name, line, message, _, context in extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS, directory_filter=lambda path: Path(path).name not in _SKIP
    ):
        catalog.add(message, locations=[(name, line)], context=context)
    return catalog


_SKIP = {".venv", "node_modules", ".git", "tests", "instance", "data", "static"}


def kept(language: str) -> Catalog:
    """A language's catalogue."""
    path = ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=language)


def faults(language: str) -> list[str]:
    """What is wrong with a language's catalogue, a line each."""
    catalog = kept(language)
    wanted = {message.id: message for message in extracted() if message.id}
    given = {message.id: message for message in catalog if message.id}
    found = [f"missing: {key!r} ({wanted[key].locations[0][0]})" for key in wanted if key not in given]
    found += [f"unused: {key!r}" for key in given if key not in wanted]
    found += [f"obsolete: {key!r}" for key in catalog.obsolete]
    return found + [f"{wrong}: {message.id!r}" for message in given.values() if (wrong := fault(message, language))]


def fault(message: Message, language: str = "") -> str | None:
    """What is wrong with one text, if anything."""
    keys = message.id if isinstance(message.id, tuple) else (message.id,)
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    if not all(texts):
        return "empty"
    if message.fuzzy:
        return "unclear (fuzzy)"
    if language == "fr" and any(map(_TOO_CLOSE.search, texts)):
        return "no space that does not break before : ; ? ! % € or within « »"
    same = [_places(own) == _places(text) for own, text in zip(keys, texts, strict=True)]
    return None if all(same) else "other placeholders"


def outside() -> list[str]:
    """The lines of all templates with punctuation outside a text, with the name of the file."""
    files = sorted((ROOT / "templates").rglob("*.*"))
    return [f"{file.name}: {line.strip()}" for file in files for line in loose(file.read_text(encoding="utf8"))]


def loose(template: str) -> list[str]:
    """The lines of a template with punctuation of our own outside a text, where no language can change it."""
    return [line for line in template.splitlines() if _LOOSE.search(line)]


def _places(text: str) -> set[str] | None:
    """What is filled in where; none for a text that nothing can be filled in, as one with a lone % in it."""
    found = set(_PLACE.findall(text))
    try:
        text % dict.fromkeys(found, 1)
    except (TypeError, ValueError):
        return None
    return found


def languages() -> list[str]:
    """The languages that readers may choose, but Dutch."""
    return [language for language in LOCALES if language != "nl"]


if __name__ == "__main__":
    wrong = {language: faults(language) for language in languages()}
    for language, lines in wrong.items():
        print(f"{language}: {len(lines) or 'no'} faults", *lines, sep="\n  ")
    lines = outside()
    print(f"templates: {len(lines) or 'no'} lines with punctuation outside a text", *lines, sep="\n  ")
    sys.exit(1 if lines or any(wrong.values()) else 0)
