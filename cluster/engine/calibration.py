"""Calibration: whether probabilities keep what they promise, and how sure a share of a few answers is."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `count`, with Wilson's interval; all three figures are nan for none of none."""

    hits: int
    count: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs of about the same probability: what was promised (`mean`), and what came true."""

    mean: float
    share: Share


def share(hits: int, count: int, *, z: float = 1.959964) -> Share:
    """A share with its 95 % interval (Wilson 1927), which keeps within [0, 1] for however few."""
    if not count:
        return Share(hits, count, math.nan, math.nan, math.nan)
    value, square = hits / count, z * z / count
    centre = (value + square / 2) / (1 + square)
    reach = z / (1 + square) * math.sqrt(value * (1 - value) / count + square / (4 * count))
    return Share(hits, count, value, max(0.0, centre - reach), min(1.0, centre + reach))


def parts(count: int, *, bins: int) -> list[slice]:
    """Cut `count` things in order into at most so many parts of equal mass; none is empty."""
    edges = np.linspace(0, count, min(bins, count) + 1).round().astype(int)
    return [slice(low, high) for low, high in pairwise(edges.tolist())]


def reliability(probabilities: Floats, came_true: Flags, *, bins: int = 10) -> list[Bin]:
    """The reliability curve in bins of equal mass, lowest probability first.

    Parameters
    ----------
    probabilities : ndarray of shape (m,), float64 — in [0, 1]
    came_true : ndarray of shape (m,), bool
    """
    order = np.argsort(probabilities, kind="stable")
    promised, answers = probabilities[order], came_true[order]
    return [
        Bin(float(promised[part].mean()), share(int(answers[part].sum()), len(answers[part])))
        for part in parts(len(promised), bins=bins)
    ]


def calibration_error(probabilities: Floats, came_true: Flags, *, bins: int = 10) -> float:
    """Expected calibration error in bins of equal mass (Nguyen and O'Connor 2015), in [0, 1]; nan for no pairs."""
    if not len(probabilities):
        return math.nan
    order = np.argsort(probabilities, kind="stable")
    gaps = (probabilities - came_true)[order]
    return float(sum(abs(gaps[part].sum()) for part in parts(len(gaps), bins=bins)) / len(gaps))


def brier(probabilities: Floats, came_true: Flags) -> float:
    """The mean squared error of probabilities (Brier 1950), in [0, 1]; nan for no pairs."""
    return float(((probabilities - came_true) ** 2).mean()) if len(probabilities) else math.nan


def brier_of_base_rate(came_true: Flags) -> float:
    """What always saying how often it comes true would score; nan for no pairs."""
    rate = float(came_true.mean()) if len(came_true) else math.nan
    return rate * (1 - rate)
