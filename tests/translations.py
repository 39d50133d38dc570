"""Check that every language is complete: no key missing, unused or unclear, placeholders kept. Dutch is the key.

`python tests/translations.py` checks; `make messages` brings new keys into the catalogues.
"""

import re
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_PLACE = re.compile(r"%\(\w+\)[sd]")


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
    for key, message in given.items():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        keys = key if isinstance(key, tuple) else (key,)
        if not all(texts):
            found.append(f"empty: {key!r}")
        elif message.fuzzy:
            found.append(f"unclear (fuzzy): {key!r}")
        elif set(_PLACE.findall(" ".join(texts))) != set(_PLACE.findall(" ".join(keys))):
            found.append(f"other placeholders: {key!r}")
    return found


def languages() -> list[str]:
    """The languages with a catalogue."""
    return sorted(path.parents[1].name for path in (ROOT / "translations").glob("*/LC_MESSAGES/messages.po"))


if __name__ == "__main__":
    wrong = {language: faults(language) for language in languages()}
    for language, lines in wrong.items():
        print(f"{language}: {len(lines) or 'no'} faults", *lines, sep="\n  ")
    sys.exit(1 if any(wrong.values()) else 0)
