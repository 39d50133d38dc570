"""Rebuild the encoder: ``python -m cluster.engine.training --parallel DIR --pairs DIR --ideas FILE --out DIR``."""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

from cluster.engine.training.sources import KINDS


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m cluster.engine.training", description=__doc__)
    parser.add_argument("--parallel", type=Path, required=True, help="folder of *.en-nl.tsv, *.fr-nl.tsv, *.de-nl.tsv")
    parser.add_argument("--pairs", type=Path, required=True, help="folder of stsb-<language>-<train|dev>.csv")
    parser.add_argument("--ideas", type=Path, required=True, help="ideas written for training, JSON lines")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run; the encoder is written to OUT/encoder"
    )
    parser.add_argument("--dev-ideas", type=Path, help="labelled ideas to measure on, JSON lines")
    parser.add_argument("--dev-related", type=Path, help="pairs of related topics among them, JSON")
    parser.add_argument(
        "--licences", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of source to learn from"
    )
    parser.add_argument("--layers", type=int, default=6, help="how many of the six: the first and the last ones")
    parser.add_argument(
        "--begin", type=Path, help="an encoder to go on from, with its vocabulary, for the teacher's layers"
    )
    parser.add_argument("--resume", action="store_true", help="go on at the checkpoint in OUT")
    parser.add_argument("--threads", type=int, default=0, help="processor threads (0: as many as there are cores)")
    for one in ("minutes", "needs_weight", "pairs_weight", "flat_until", "embedding_rate", "layer_rate"):
        parser.add_argument("--" + one.replace("_", "-"), type=float)
    for one in ("seed", "needs_every", "needs_topics", "pairs_every"):
        parser.add_argument("--" + one.replace("_", "-"), type=int)
    return parser


def main(line: list[str]) -> int:
    """Prepare, train, export and report."""
    given = arguments().parse_args(line)
    import torch

    from cluster.engine import materials
    from cluster.engine.encoder import load
    from cluster.engine.training import distil, export, prepare, report
    from cluster.engine.training.batches import kin

    if given.threads:
        torch.set_num_threads(given.threads)
    names = {one.name for one in fields(distil.Recipe)}
    recipe = distil.Recipe(
        **{name: value for name, value in vars(given).items() if name in names and value is not None}
    )
    checkpoint = given.out / "checkpoint.pt"
    if checkpoint.exists() and not given.resume:
        sys.stderr.write(f"{checkpoint} exists: say --resume to go on there, or choose another --out\n")
        return 1
    inputs = prepare.Inputs(given.parallel, given.pairs, given.ideas, tuple(given.licences), given.begin)
    made, tokenizer, corpus = prepare.material(inputs, given.out, seed=recipe.seed)
    model, blank = (
        prepare.student(inputs, made, tokenizer, given.out, layers=given.layers, seed=recipe.seed) for _ in range(2)
    )
    state = distil.begin(model, recipe)
    if given.resume and checkpoint.exists():
        distil.restore(state, checkpoint)
    folder = given.out / "encoder"

    def deploy(now: distil.State) -> None:
        assert made.needs is not None
        texts = made.needs.texts()
        export.write(distil.average_model(now, blank), tokenizer, folder, texts=texts[:: len(texts) // 300 + 1])
        look()

    def look() -> None:
        """See which needs the encoder takes for kin now; four texts of each tell."""
        assert made.needs is not None
        rows = [row for members in made.needs.members().values() for row in members[:4]]
        texts = made.needs.texts()
        vectors = load(str(folder)).encode([texts[row] for row in rows])
        made.needs.kin = kin(vectors, [made.needs.needs[row] for row in rows])

    if state.step:
        look()
    if not distil.run(state, made, recipe, checkpoint=checkpoint, each_checkpoint=deploy):
        sys.stderr.write("stopped: --resume goes on here\n")
        return 1
    measured = report.material(materials.scored_of(given.pairs, "dev"), corpus, given.dev_ideas, given.dev_related)
    report.write(folder, measured, given.out / "report.md")
    settings = distil.settings(recipe) | {"licences": given.licences, "texts read": state.texts, "steps": state.step}
    (given.out / "recipe.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    (given.out / "sources.json").write_text(json.dumps(corpus.used, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write((given.out / "report.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
