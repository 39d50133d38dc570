"""Read what encoders are measured on: labelled ideas, scored pairs of sentences, sentences with a translation."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.engine.quality import Labelled
from cluster.engine.retrieval import Case

MOST_BITEXT = 1000


def labelled(ideas: Path, related: Path | None = None) -> Labelled:
    """Read labelled ideas, JSON lines, as :class:`cluster.engine.quality.Labelled`: all may be found, ideas ask.

    Raises ValueError naming the line that cannot be read.
    """
    return _labelled(_ideas(ideas), related)


def case(ideas: Path, related: Path | None = None) -> tuple[list[dict[str, Any]], Case]:
    """Read labelled ideas for measuring the whole of matching: the rows as they stand, and what is known of them.

    Raises ValueError naming the line that cannot be read.
    """
    found = _ideas(ideas)
    known = Case(
        labelled=_labelled(found, related),
        kinds=[idea["kind"] for idea in found],
        confusable=[idea.get("confusable_with") or None for idea in found],
    )
    return found, known


def _ideas(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of ideas: JSON lines, or a table (CSV), such as a taxonomy of processes."""
    if file.suffix.lower() == ".csv":
        return _table(file)
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            one = json.loads(line)
            found.append({**one, **{name: one[name] for name in ("title", "description", "kind", "topic", "lang")}})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{file}, line {number}: {error!r}") from None
    return found


def _table(file: Path) -> list[dict[str, Any]]:
    """The rows of a table with the columns title and topic, and perhaps description and lang (else Dutch).

    A row without topic belongs with nothing; where nothing describes it, its title does.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"title", "topic"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{file}: the first line must name the columns title and topic")
        return [
            {
                "title": one["title"],
                "description": one.get("description") or one["title"],
                "lang": one.get("lang") or "nl",
                "topic": one["topic"],
                "kind": "idea" if one["topic"] else "noise",
            }
            for one in rows
            if one["title"]
        ]


def _labelled(found: list[dict[str, Any]], related: Path | None) -> Labelled:
    pairs = json.loads(related.read_text(encoding="utf-8")) if related else []
    return Labelled(
        texts=[f"{idea['title']}. {idea['description']}" for idea in found],
        topics=[idea["topic"] if idea["kind"] in {"idea", "project"} else None for idea in found],
        languages=[idea["lang"] for idea in found],
        queries=[row for row, idea in enumerate(found) if idea["kind"] == "idea"],
        related=frozenset(frozenset(pair) for pair in pairs),
    )


def scored(file: Path) -> list[tuple[str, str, float]]:
    """Read scored pairs: CSV of sentence, sentence, score, or the tab-separated table of SICK with its headings.

    Raises ValueError naming the line that cannot be read.
    """
    with file.open(encoding="utf-8", newline="") as lines:
        heading = lines.readline()
        if "sentence_A" in heading and "\t" in heading:
            names = heading.rstrip("\r\n").split("\t")
            columns = [names.index(name) for name in ("sentence_A", "sentence_B", "relatedness_score")]
            table: Iterator[list[str]] = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        else:
            lines.seek(0)
            columns, table = [0, 1, 2], csv.reader(lines)
        out = []
        for number, cells in enumerate(table, start=1):
            try:
                left, right, score = (cells[column] for column in columns)
                out.append((left, right, float(score)))
            except (ValueError, IndexError) as error:
                raise ValueError(f"{file}, row {number}: {error}") from None
    return out


def scored_of(folder: Path, split: str) -> dict[str, list[tuple[str, str, float]]]:
    """Return language → scored pairs of one split (``train`` or ``dev``) of every ``stsb-<language>-<split>.csv``."""
    return {file.name.split("-")[1]: scored(file) for file in sorted(folder.glob(f"stsb-*-{split}.csv"))}


def bitext(file: Path, *, at_most: int | None = 2 * MOST_BITEXT) -> list[tuple[str, str]]:
    """Read the (Dutch, foreign) sentences of a ``*.<language>-nl.tsv``: foreign text, tab, Dutch text."""
    lines = file.read_text(encoding="utf-8").splitlines()
    pairs = [(dutch.strip(), foreign.strip()) for foreign, _, dutch in (line.partition("\t") for line in lines)]
    return [pair for pair in pairs if all(pair)][:at_most]


def distinct(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the (Dutch, foreign) sentences of five words and more, each once on either side, at most 1,000."""
    by_dutch = {dutch: foreign for dutch, foreign in pairs if min(dutch.count(" "), foreign.count(" ")) >= 4}
    by_foreign = {foreign: dutch for dutch, foreign in by_dutch.items()}
    return [(dutch, foreign) for foreign, dutch in by_foreign.items()][:MOST_BITEXT]
