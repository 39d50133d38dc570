"""What a run ends with: the development figures of the encoder beside those of the baselines."""

import json
from pathlib import Path

from cluster.engine import materials, quality
from cluster.engine.quality import Material
from cluster.engine.training.parallel import Parallel


def bitext(corpus: Parallel) -> dict[str, list[tuple[str, str]]]:
    """Return the held-out sentences: ``nl-en`` → (Dutch, English) of each, and so on."""
    return {
        f"nl-{language}": materials.distinct([(dutch, foreign) for foreign, dutch in pairs])
        for language, pairs in corpus.dev.items()
    }


def material(
    scored: dict[str, list[tuple[str, str, float]]], corpus: Parallel, ideas: Path | None, related: Path | None
) -> Material:
    """Return the development material of a run."""
    return Material(
        scored={f"STS-{language}": pairs for language, pairs in scored.items()},
        bitext=bitext(corpus),
        labelled={"ideas": materials.labelled(ideas, related)} if ideas else {},
    )


def write(folder: Path, measured: Material, file: Path) -> dict[str, dict[str, float]]:
    """Measure the encoder in ``folder`` beside the baselines; write the table to ``file`` and the figures in JSON."""
    from cluster.engine.encoder import load

    figures = quality.compare({"this encoder": load(str(folder)).encode, **quality.baselines()}, measured)
    file.write_text(quality.table(figures) + "\n", encoding="utf-8")
    file.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures
