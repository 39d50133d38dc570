"""What a run ends with: the development figures of the encoder beside those of the baselines."""

import json
from pathlib import Path

from cluster.engine import quality
from cluster.engine.quality import Labelled, Material
from cluster.engine.training.parallel import Parallel

MOST_BITEXT = 1000


def labelled(ideas: Path, related: Path | None) -> Labelled:
    """Read labelled ideas: every text may be found, ideas ask; see :class:`cluster.engine.quality.Labelled`."""
    found = [json.loads(line) for line in ideas.read_text(encoding="utf-8").splitlines()]
    pairs = json.loads(related.read_text(encoding="utf-8")) if related else []
    return Labelled(
        texts=[f"{idea['title']}. {idea['description']}" for idea in found],
        topics=[idea["topic"] if idea["kind"] in {"idea", "project"} else None for idea in found],
        languages=[idea["lang"] for idea in found],
        queries=[row for row, idea in enumerate(found) if idea["kind"] == "idea"],
        related=frozenset(frozenset(pair) for pair in pairs),
    )


def bitext(corpus: Parallel) -> dict[str, list[tuple[str, str]]]:
    """Return the held-out sentences of five words and more: ``nl-en`` → (Dutch, English) and so on, at most 1,000."""
    chosen: dict[str, list[tuple[str, str]]] = {}
    for language, pairs in corpus.dev.items():
        unique = {dutch: foreign for foreign, dutch in pairs if min(dutch.count(" "), foreign.count(" ")) >= 4}
        other_way = {foreign: dutch for dutch, foreign in unique.items()}
        chosen[f"nl-{language}"] = [(dutch, foreign) for foreign, dutch in other_way.items()][:MOST_BITEXT]
    return chosen


def material(
    scored: dict[str, list[tuple[str, str, float]]], corpus: Parallel, ideas: Path | None, related: Path | None
) -> Material:
    """Return the development material of a run."""
    return Material(
        scored={f"STS-{language}": pairs for language, pairs in scored.items()},
        bitext=bitext(corpus),
        labelled={"ideas": labelled(ideas, related)} if ideas else {},
    )


def write(folder: Path, measured: Material, file: Path) -> dict[str, dict[str, float]]:
    """Measure the encoder in ``folder`` beside the baselines; write the table to ``file`` and the figures in JSON."""
    from cluster.engine.encoder import load

    figures = quality.compare({"this encoder": load(str(folder)).encode, **quality.baselines()}, measured)
    file.write_text(quality.table(figures) + "\n", encoding="utf-8")
    file.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures
