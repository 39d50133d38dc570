"""Which texts are learnt from together: batches of one length for the sentences, batches of needs for the ideas."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def pools(chances: npt.NDArray[np.float64], *, size: int, seed: int, first: int = 0) -> Iterator[tuple[int, Integers]]:
    """Yield (number, rows drawn) without end; pool ``n`` of a seed is always the same: a run can go on there."""
    number = first
    while True:
        rng = np.random.default_rng([seed, number])
        yield number, rng.choice(len(chances), min(size, int((chances > 0).sum())), replace=False, p=chances)
        number += 1


def of_one_length(lengths: Integers, chosen: Integers, *, budget: int, most: int, seed: int) -> list[Integers]:
    """Split rows into batches of texts of about one length, in random order.

    Parameters
    ----------
    lengths : ndarray of shape (n,)
        Pieces per text.
    chosen : ndarray of int
        Rows to split.
    budget : int
        Most pieces in a batch, padding included.
    most : int
        Most texts in a batch.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(chosen)
    ordered = shuffled[np.argsort(lengths[shuffled], kind="stable")]
    batches: list[Integers] = []
    begin = 0
    while begin < len(ordered):
        end = min(begin + most, len(ordered))
        while end - begin > 1 and (end - begin) * int(lengths[ordered[end - 1]]) > budget:
            end -= max(1, (end - begin) // 16)
        batches.append(ordered[begin:end])
        begin = end
    return [batches[i] for i in rng.permutation(len(batches))]


@dataclass
class Needs:
    """Ideas written for training: texts that ask for the same thing, and texts that only look alike.

    Attributes
    ----------
    titles, descriptions, languages : list of n str
    needs : list of n int — texts with one number ask for the same thing; a hard negative has a number of its own
    near : dict — number of a need → rows of the hard negatives that look like it
    kin : dict — number of a need → the needs whose texts lie nearest, as of the last look; empty before the first
    """

    titles: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    needs: list[int] = field(default_factory=list)
    near: dict[int, list[int]] = field(default_factory=dict)
    kin: dict[int, list[int]] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """Return title and description of each as the service itself joins them."""
        return [joined(*pair) for pair in zip(self.titles, self.descriptions, strict=True)]

    def members(self) -> dict[int, list[int]]:
        """Return the rows of each need that at least two texts ask for."""
        rows: dict[int, list[int]] = defaultdict(list)
        for row, need in enumerate(self.needs):
            rows[need].append(row)
        return {need: found for need, found in rows.items() if len(found) > 1}


def joined(title: str, description: str) -> str:
    """Return the one text of an idea, joined as the service joins it."""
    return f"{title}. {description}"


def read_needs(file: Path, *, without: Sequence[str] = ()) -> Needs:
    """Read ideas written for training, one JSON object a line; topics in ``without`` are left out."""
    out = Needs()
    numbers: dict[str, int] = {}
    hard: list[tuple[int, str]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        idea = json.loads(line)
        row = len(out.titles)
        if idea["topic"] in without or idea.get("confusable_with") in without:
            continue
        if idea["kind"] == "hard_negative":
            name = f"{idea['topic']} hard {row}"
            hard.append((row, idea["confusable_with"]))
        else:
            name = idea["topic"]
        out.titles.append(idea["title"])
        out.descriptions.append(idea["description"])
        out.languages.append(idea["lang"])
        out.needs.append(numbers.setdefault(name, len(numbers)))
    for row, topic in hard:
        if topic in numbers:
            out.near.setdefault(numbers[topic], []).append(row)
    return out


def kin(vectors: npt.NDArray[np.float32], needs: Sequence[int], *, nearest: int = 10) -> dict[int, list[int]]:
    """Return the nearest needs of each need, by the mean of its texts.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        Unit rows of some texts.
    needs : sequence of n int
        The need of each.
    """
    numbers, places = np.unique(np.asarray(needs), return_inverse=True)
    means = np.zeros((len(numbers), vectors.shape[1]), dtype=np.float32)
    np.add.at(means, places, vectors)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = means @ means.T
    np.fill_diagonal(cosines, -1)
    order = np.argsort(-cosines, axis=1)[:, : min(nearest, len(numbers) - 1)]
    return {int(number): [int(numbers[other]) for other in found] for number, found in zip(numbers, order, strict=True)}


def drawn(needs: Needs, members: dict[int, list[int]], *, topics: int, rng: np.random.Generator) -> list[int]:
    """Draw needs for a batch, each with two of its kin: telling apart what is far apart teaches little."""
    chosen: dict[int, None] = {}
    for need in rng.permutation(list(members)):
        near = [one for one in needs.kin.get(int(need), []) if one in members]
        chosen |= dict.fromkeys([int(need), *(int(one) for one in rng.permutation(near)[:2])])
        if len(chosen) >= topics:
            break
    return list(chosen)[:topics]


def of_needs(needs: Needs, *, topics: int, each: int, seed: Sequence[int]) -> Integers:
    """Draw the rows of a batch: some needs, ``each`` texts of each in mixed languages, and a look-alike of each."""
    rng = np.random.default_rng(list(seed))
    members = needs.members()
    chosen: list[int] = []
    for need in drawn(needs, members, topics=topics, rng=rng):
        rows = rng.permutation(members[int(need)])
        # A second language before a second text of the same one: across languages is where the difficulty lies.
        by_language: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            by_language[needs.languages[row]].append(int(row))
        turns = [row for turn in range(each) for found in by_language.values() for row in found[turn : turn + 1]]
        mixed = rng.random() < 0.6
        chosen += turns[:each] if mixed else [int(row) for row in rows[:each]]
        look_alikes = needs.near.get(int(need), [])
        if look_alikes:
            chosen.append(int(rng.choice(look_alikes)))
    return np.unique(np.asarray(chosen, dtype=np.int64))
