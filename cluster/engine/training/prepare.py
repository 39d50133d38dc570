"""Everything that is worked out once, before the first step, and kept in the folder of the run."""

import json
import shutil
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from cluster.engine import materials
from cluster.engine.training import distil, parallel, pieces, start, teacher
from cluster.engine.training.batches import Needs, read_needs
from cluster.engine.training.distil import Material
from cluster.engine.training.parallel import Parallel

SENTENCE_PIECES = 128
IDEA_PIECES = 256
VOCABULARY = 40_000
# Of the texts drawn, in a run that goes on from an encoder.
IDEAS_SHARE = 0.15


@dataclass(frozen=True)
class Inputs:
    """The files a rebuild starts from."""

    parallel: Path
    pairs: Path
    ideas: Path
    kinds: Collection[str]
    begin: Path | None = None  # an encoder to go on from, with its vocabulary; none: from the teacher


def sentences(inputs: Inputs) -> Parallel:
    """Read the parallel texts, without the sentences that the scored development pairs are measured on."""
    dev = materials.scored_of(inputs.pairs, "dev").values()
    return parallel.read(
        inputs.parallel, kinds=inputs.kinds, never=[text for pairs in dev for pair in pairs for text in pair[:2]]
    )


def vocabulary(corpus: Parallel, needs: Needs, file: Path, *, seed: int, draws: int = 500_000) -> Any:
    """Return the tokenizer of this run: read from ``file``, or learnt from a weighted draw of all languages."""
    if not file.exists():
        english = np.asarray([language == "en" for language in corpus.languages])
        chances = corpus.chances() * np.where(english, 3, 1)
        drawn = np.random.default_rng(seed).choice(len(corpus.texts), draws, p=chances / chances.sum())
        texts = [corpus.texts[i] for i in drawn] + needs.texts() * 8
        pieces.train(texts, size=VOCABULARY).save(str(file))
    return Tokenizer.from_file(str(file))


def in_pieces(corpus: Parallel, tokenizer: Any, file: Path) -> pieces.Rows:
    """Return the parallel texts in pieces: read from ``file``, or worked out and written there."""
    if not file.exists():
        pieces.rows(tokenizer, corpus.texts, longest=SENTENCE_PIECES).save(file)
    return pieces.Rows.load(file)


def material(inputs: Inputs, out: Path, *, seed: int) -> tuple[Material, Any, Parallel]:
    """Return what is learnt from, the tokenizer, and the parallel texts with their development split."""
    out.mkdir(parents=True, exist_ok=True)
    corpus = sentences(inputs)
    needs = read_needs(inputs.ideas)
    if inputs.begin and not (out / "tokenizer.json").exists():
        shutil.copy(inputs.begin / "tokenizer.json", out)
    tokenizer = vocabulary(corpus, needs, out / "tokenizer.json", seed=seed)
    goal = teacher.vectors(corpus.english, out / "teacher.npy")
    pairs = [pair for split in materials.scored_of(inputs.pairs, "train").values() for pair in split]
    made = Material(
        rows=in_pieces(corpus, tokenizer, out / "rows.npz"),
        targets=np.asarray(corpus.targets, dtype=np.int64),
        chances=corpus.chances(),
        teacher=goal,
        needs=needs,
        whole=pieces.rows(tokenizer, needs.texts(), longest=IDEA_PIECES),
        titles=pieces.rows(tokenizer, needs.titles, longest=IDEA_PIECES),
        descriptions=pieces.rows(tokenizer, needs.descriptions, longest=IDEA_PIECES),
        **distil.scored(tokenizer, pairs),
    )
    if inputs.begin:
        texts = needs.texts() + needs.titles
        # A run may go on with more ideas: their vectors are not those of fewer.
        file = out / f"ideas-{zlib.crc32(json.dumps(texts).encode()):08x}.npy"
        reread(made, teacher.vectors(texts, file, by=inputs.begin))
    return made, tokenizer, corpus


def reread(made: Material, goal: npt.NDArray[np.float16], *, share: float = IDEAS_SHARE) -> None:
    """Add the ideas and their titles to the texts that are drawn, towards what the encoder begun with makes of them.

    The teacher has read no long texts in these languages; an encoder that was trained before has.
    """
    if made.whole is None or made.titles is None:
        raise ValueError("no ideas to read again")
    made.targets = np.concatenate([made.targets, len(made.teacher) + np.arange(len(goal))])
    made.teacher = np.concatenate([made.teacher, goal])
    made.chances = np.concatenate([(1 - share) * made.chances, np.full(len(goal), share / len(goal))])
    made.rows = made.rows.followed_by(made.whole).followed_by(made.titles)


def untrained(made: Material, tokenizer: Any, file: Path, *, seed: int, draws: int = 1_200_000) -> Any:
    """Return the student before training: the teacher's layers reading the new pieces through the mapped embedding."""
    bert = teacher.load()[0].auto_model
    words = bert.embeddings.word_embeddings.weight.detach().numpy().copy()
    theirs = json.loads(teacher.load().tokenizer.backend_tokenizer.to_str())["model"]["vocab"]
    ours = tokenizer.get_vocab()
    if not file.exists():
        np.save(file, static(made, len(ours), seed=seed, draws=draws))
    embedding = start.mapped(np.load(file), words, start.shared_words(ours, theirs))
    return start.student(bert, embedding, {ours[piece]: theirs[piece] for piece in pieces.SPECIAL})


def student(inputs: Inputs, made: Material, tokenizer: Any, out: Path, *, layers: int, seed: int) -> Any:
    """Return the student before its first step: an encoder to go on from, or the teacher's layers; so many of them."""
    if inputs.begin is None:
        whole = untrained(made, tokenizer, out / "static.npy", seed=seed)
    else:
        whole = teacher.layers(inputs.begin)
    return start.thinned(whole, layers)


def static(made: Material, size: int, *, seed: int, draws: int) -> npt.NDArray[np.float32]:
    """Return the static vectors of the pieces, shape (size, d)."""
    return start.static_vectors(made.rows, made.targets, made.teacher, made.chances, size=size, draws=draws, seed=seed)
