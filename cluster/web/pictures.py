"""Pictures drawn on the server: where everything stands in an SVG. Each has a table beside it that says the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cluster.places
from cluster.web.context import db

TILE = 10
_GAP = 1.5
# A circle of this many units, with room around it for the numbers.
_RADIUS, _MIDDLE = 110.0, 140.0


@dataclass(frozen=True, slots=True)
class TileMap:
    """A map with one tile for each municipality: those that are meant one by one, all others as one path."""

    width: int
    height: int
    side: float
    meant: list[tuple[int, int, str]]
    others: str


def tile_map(organisation_ids: Sequence[int]) -> TileMap | None:
    """The map on which these municipalities are meant; none where none of them has a place on it."""
    wanted, side = set(organisation_ids), TILE - _GAP
    tiles = cluster.places.tiles(db())
    meant = [(one.column * TILE, one.row * TILE, one.name) for one in tiles if one.id in wanted]
    if not meant:
        return None
    others = "".join(
        f"M{one.column * TILE} {one.row * TILE}h{side}v{side}h-{side}z" for one in tiles if one.id not in wanted
    )
    width = max(one.column for one in tiles) + 1
    height = max(one.row for one in tiles) + 1
    return TileMap(width * TILE, height * TILE, side, meant, others)


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars side by side for each moment in a row: which one, left, top and height; `middles` for words below."""

    width: float
    height: float
    floor: float
    thick: float
    bars: list[tuple[int, float, float, float]]
    middles: list[float]


def columns(counts: Sequence[Sequence[int]]) -> Columns:
    """Bars for so many counts at each moment, on one scale."""
    thick, gap, floor = 8.0, 6.0, 100.0
    most = max(1, *(max(together) for together in counts))
    step = thick * len(counts[0]) + gap
    bars = [
        (kind, at * step + gap / 2 + kind * thick, round(floor * (1 - count / most), 1), round(floor * count / most, 1))
        for at, together in enumerate(counts)
        for kind, count in enumerate(together)
        if count
    ]
    middles = [at * step + step / 2 for at in range(len(counts))]
    return Columns(len(counts) * step, floor + 18, floor, thick, bars, middles)


@dataclass(frozen=True, slots=True)
class Graph:
    """Members on a circle, the central one on top, and lines between those that are alike; thicker means more."""

    size: float
    dots: list[tuple[float, float]]
    lines: list[tuple[float, float, float, float, float]]


def graph(count: int, relations: Sequence[tuple[int, int, float]]) -> Graph:
    """The graph of so many members and these relations between their places in the list."""
    turns = [2 * math.pi * at / max(count, 1) for at in range(count)]
    dots = [
        (round(_MIDDLE + _RADIUS * math.sin(turn), 1), round(_MIDDLE - _RADIUS * math.cos(turn), 1)) for turn in turns
    ]
    lines = [(*dots[a], *dots[b], round(1 + 5 * value, 1)) for a, b, value in reversed(relations)]
    return Graph(2 * _MIDDLE, dots, lines)
