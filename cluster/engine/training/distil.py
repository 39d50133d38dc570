"""The long part of the training: sentences towards the teacher, ideas towards ideas that ask for the same thing.

Every step is seeded by its place, the clock counts only time spent on steps, and everything needed to go on is in one
checkpoint file: a run that was stopped, paused or given more minutes goes on where it was.
"""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from cluster.engine.training import batches, losses, pieces, teacher
from cluster.engine.training.batches import Needs
from cluster.engine.training.pieces import Rows
from cluster.engine.training.progress import Progress

PIECES_AT_ONCE: Final = 1300


@dataclass(frozen=True)
class Recipe:
    """The figures of a run; minutes are minutes of training steps on the machine at hand."""

    minutes: float = 60.0
    seed: int = 0
    embedding_rate: float = 1e-3
    layer_rate: float = 1.5e-4
    flat_until: float = 0.3  # share of the run before the rates go down to zero in a straight line
    budget: int = PIECES_AT_ONCE  # pieces in a batch of sentences
    most: int = 64  # texts in a batch of sentences
    needs_every: int = 6  # steps; 0: never
    needs_topics: int = 12  # needs in a batch of ideas
    needs_weight: float = 0.4
    pairs_every: int = 4
    pairs_weight: float = 0.1
    average_every: int = 10
    average_over: float = 1000.0  # steps the running average of the weights looks back


@dataclass
class Material:
    """What is learnt from, already in pieces.

    Attributes
    ----------
    rows, targets, chances : the parallel texts, the row of ``teacher`` and the chance of each
    teacher : ndarray of shape (m, d), float16 — unit rows
    needs, whole, titles, descriptions : the ideas, and their texts in pieces
    left, right, gold : scored sentence pairs, score in [0, 1]
    """

    rows: Rows
    targets: npt.NDArray[np.int64]
    chances: npt.NDArray[np.float64]
    teacher: npt.NDArray[np.float16]
    needs: Needs | None = None
    whole: Rows | None = None
    titles: Rows | None = None
    descriptions: Rows | None = None
    left: Rows | None = None
    right: Rows | None = None
    gold: npt.NDArray[np.float32] | None = None


def vectors(model: Any, rows: Rows, chosen: npt.NDArray[np.int64]) -> Any:
    """Return the student's unit vectors of these rows, with gradients, shape (len(chosen), d).

    Texts of about one length are read together: one long idea would have every short one padded to its length.
    """
    places = np.arange(len(chosen))
    parts = batches.of_one_length(rows.lengths()[chosen], places, budget=PIECES_AT_ONCE, most=len(places), seed=0)
    read = []
    with teacher.half_precision():
        for part in parts:
            numbers, mask = rows.batch(chosen[part])
            read.append(losses.mean_of_pieces(model, torch.from_numpy(numbers), torch.from_numpy(mask)))
    return torch.cat(read)[torch.from_numpy(np.argsort(np.concatenate(parts)))]


def sentence_loss(model: Any, material: Material, chosen: npt.NDArray[np.int64]) -> Any:
    """Return the distillation loss of one batch of parallel texts."""
    targets = material.targets[chosen]
    goal = torch.from_numpy(material.teacher[targets].astype(np.float32))
    return losses.distillation(vectors(model, material.rows, chosen), goal, torch.from_numpy(targets))


def needs_loss(model: Any, material: Material, seed: tuple[int, int], *, topics: int) -> Any:
    """Return the loss of one batch of ideas: twice the same need together, then title with description, in turn."""
    needs = material.needs
    if needs is None or material.whole is None or material.titles is None or material.descriptions is None:
        raise ValueError("no ideas to learn from")
    if seed[1] % 3 == 2:
        rng = np.random.default_rng([*seed, 1])
        chosen = rng.choice(len(needs.needs), min(32, len(needs.needs)), replace=False).astype(np.int64)
        return losses.matching(vectors(model, material.titles, chosen), vectors(model, material.descriptions, chosen))
    chosen = batches.of_needs(needs, topics=topics, each=3, seed=seed)
    which = [material.whole, material.whole, material.descriptions][seed[1] // 3 % 3]
    numbers = torch.as_tensor([needs.needs[row] for row in chosen])
    return losses.same_need(vectors(model, which, chosen), numbers)


def pairs_loss(model: Any, material: Material, seed: tuple[int, int]) -> Any:
    """Return the CoSENT loss of one batch of scored pairs."""
    if material.left is None or material.right is None or material.gold is None:
        raise ValueError("no scored pairs to learn from")
    chosen = np.random.default_rng([*seed, 2]).choice(len(material.gold), 48, replace=False).astype(np.int64)
    cosines = (vectors(model, material.left, chosen) * vectors(model, material.right, chosen)).sum(dim=1)
    return losses.ordering(cosines, torch.from_numpy(material.gold[chosen]))


def endless(
    material: Material, recipe: Recipe, pool: int, place: int
) -> Iterator[tuple[int, int, npt.NDArray[np.int64]]]:
    """Yield (pool, place in it, rows) of the sentence batches, from the given place on."""
    lengths = material.rows.lengths()
    for number, chosen in batches.pools(material.chances, size=20_000, seed=recipe.seed, first=pool):
        parts = batches.of_one_length(lengths, chosen, budget=recipe.budget, most=recipe.most, seed=number)
        for at in range(place, len(parts)):
            yield number, at, parts[at]
        place = 0


@dataclass
class State:
    """Where a run is: all of it goes into the checkpoint."""

    model: Any
    average: dict[str, Any]
    embedding: Any
    layers: Any
    step: int = 0
    pool: int = 0
    place: int = 0
    seconds: float = 0.0
    texts: int = 0


def begin(model: Any, recipe: Recipe) -> State:
    """Return the state before the first step; the embedding learns sparsely, with its own rate."""
    torch.manual_seed(recipe.seed)
    # The fused attention of torch takes twice the time of the plain one going backwards in bfloat16 on a processor.
    model.set_attn_implementation("eager")
    # Drawing which attention to drop takes longer than all the rest of a step with long texts (1.2 of 1.4 seconds).
    for layer in model.encoder.layer:
        layer.attention.self.dropout.p = 0.0
    inner = model.embeddings.word_embeddings.weight
    others = [weight for weight in model.parameters() if weight is not inner and weight.requires_grad]
    return State(
        model=model,
        average={name: weight.detach().clone() for name, weight in model.state_dict().items()},
        embedding=torch.optim.SparseAdam([inner], lr=recipe.embedding_rate),
        layers=torch.optim.AdamW(others, lr=recipe.layer_rate, weight_decay=0.01, fused=True),
    )


def save(state: State, file: Path) -> None:
    """Write a checkpoint; a run killed while writing keeps the one before."""
    whole = {name: value for name, value in vars(state).items() if name not in {"model", "embedding", "layers"}}
    whole |= {part: getattr(state, part).state_dict() for part in ("model", "embedding", "layers")}
    torch.save(whole, file.with_suffix(".new"))
    file.with_suffix(".new").replace(file)


def restore(state: State, file: Path) -> None:
    """Set a state to a checkpoint."""
    whole = torch.load(file, weights_only=True)
    for part in ("model", "embedding", "layers"):
        getattr(state, part).load_state_dict(whole.pop(part))
    for name, value in whole.items():
        setattr(state, name, value)


def rate(done: float, flat_until: float) -> float:
    """Return the share of the full learning rate at a share ``done`` of the run: level, then down to a hundredth."""
    return max(0.01, min(1.0, (1 - done) / (1 - flat_until)))


def update_average(state: State, recipe: Recipe) -> None:
    """Move the running average of the weights towards the weights; it forgets faster at the start."""
    share = min(1.0, recipe.average_every / min(recipe.average_over, 1 + state.step / 4))
    for name, weight in state.model.state_dict().items():
        if weight.dtype.is_floating_point:
            state.average[name].lerp_(weight, share)


def step(state: State, material: Material, recipe: Recipe, chosen: npt.NDArray[np.int64]) -> dict[str, float]:
    """Make one step and return its losses by name."""
    done = state.seconds / (60 * recipe.minutes)
    state.embedding.param_groups[0]["lr"] = recipe.embedding_rate * rate(done, recipe.flat_until)
    state.layers.param_groups[0]["lr"] = (
        recipe.layer_rate * rate(done, recipe.flat_until) * min(1, (state.step + 1) / 100)
    )
    state.embedding.zero_grad()
    state.layers.zero_grad()
    state.model.eval()  # no dropout towards a fixed goal
    parts = {"sentences": (sentence_loss(state.model, material, chosen), 1.0)}
    place = (recipe.seed, state.step)
    state.model.train()  # few texts, read many times
    if material.needs and recipe.needs_every and state.step % recipe.needs_every == 0:
        turn = (recipe.seed, state.step // recipe.needs_every)
        parts["needs"] = (needs_loss(state.model, material, turn, topics=recipe.needs_topics), recipe.needs_weight)
    if material.left and recipe.pairs_every and state.step % recipe.pairs_every == 0:
        parts["pairs"] = (pairs_loss(state.model, material, place), recipe.pairs_weight)
    for loss, weight in parts.values():
        (weight * loss).backward()
    torch.nn.utils.clip_grad_norm_(state.layers.param_groups[0]["params"], 1.0)
    state.embedding.step()
    state.layers.step()
    return {name: float(loss.detach()) for name, (loss, _) in parts.items()}


def run(
    state: State, material: Material, recipe: Recipe, *, checkpoint: Path, each_checkpoint: Callable[[State], None]
) -> bool:
    """Train until the recipe's minutes are used, with a checkpoint every five of them and at SIGTERM.

    Parameters
    ----------
    each_checkpoint : callable
        Called with the state after every checkpoint, to export or to measure.

    Returns
    -------
    bool
        Whether the minutes are used; if not, the run was asked to stop and can go on later.
    """
    progress = Progress("training, seconds", 60 * recipe.minutes)
    smooth: dict[str, float] = {}
    saved = state.seconds
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    for pool, place, chosen in endless(material, recipe, state.pool, state.place):
        if stop or state.seconds >= 60 * recipe.minutes:
            break
        began = time.monotonic()
        for name, loss in step(state, material, recipe, chosen).items():
            smooth[name] = 0.98 * smooth.get(name, loss) + 0.02 * loss
        state.step, state.pool, state.place, state.texts = state.step + 1, pool, place + 1, state.texts + len(chosen)
        if state.step % recipe.average_every == 0:
            update_average(state, recipe)
        # A process that was stopped from outside for a while has not trained in that while.
        state.seconds += min(time.monotonic() - began, 5.0)
        told = " ".join(f"{name} {loss:.4f}" for name, loss in smooth.items())
        progress.at(state.seconds, f"· step {state.step} · {state.texts:,} texts · {told}")
        if state.seconds - saved >= 300:
            saved = state.seconds
            save(state, checkpoint)
            each_checkpoint(state)
    save(state, checkpoint)
    each_checkpoint(state)
    return not stop


def settings(recipe: Recipe) -> dict[str, object]:
    """Return the recipe as plain figures, for the report."""
    return dict(asdict(recipe))


def average_model(state: State, blank: Any) -> Any:
    """Return ``blank`` (a model of the same shape) carrying the averaged weights."""
    blank.load_state_dict(state.average)
    return blank


def scored(tokenizer: Any, pairs: list[tuple[str, str, float]]) -> dict[str, Any]:
    """Return the fields of Material for scored pairs with scores from 0 to 5."""
    return {
        "left": pieces.rows(tokenizer, [pair[0] for pair in pairs], longest=128),
        "right": pieces.rows(tokenizer, [pair[1] for pair in pairs], longest=128),
        "gold": np.asarray([pair[2] for pair in pairs], dtype=np.float32) / 5,
    }
