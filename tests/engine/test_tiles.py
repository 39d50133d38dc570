"""A map with a tile for each place."""

import json
from pathlib import Path

import numpy as np
import pytest

from cluster.engine import tiles

SEED = Path(__file__).resolve().parents[2] / "data" / "seed" / "organisations.jsonl"


@pytest.fixture(scope="module")
def flanders() -> tuple[np.ndarray, np.ndarray]:
    """Where the municipalities of today lie."""
    every = [json.loads(line) for line in SEED.read_text(encoding="utf8").splitlines()]
    today = [one for one in every if one["kind"] == "municipality" and one["valid_until"] is None]
    return np.array([one["lat"] for one in today]), np.array([one["lon"] for one in today])


def test_no_place_and_one_place_make_a_map() -> None:
    rows, columns = tiles.layout(np.zeros(0), np.zeros(0))
    assert (len(rows), len(columns)) == (0, 0)
    rows, columns = tiles.layout(np.array([51.0]), np.array([4.0]))
    assert (rows.tolist(), columns.tolist()) == ([0], [0])


def test_north_is_above_and_west_is_left() -> None:
    rows, columns = tiles.layout(np.array([51.2, 51.0, 51.0]), np.array([4.0, 3.8, 4.2]))
    assert rows[0] < rows[1] == rows[2]
    assert columns[1] < columns[2]


def test_places_at_one_point_take_tiles_of_their_own() -> None:
    rows, columns = tiles.layout(np.full(9, 51.0), np.full(9, 4.0))
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == 9


def test_every_municipality_has_a_tile_and_its_neighbours_are_near(flanders: tuple[np.ndarray, np.ndarray]) -> None:
    lat, lon = flanders
    rows, columns = tiles.layout(lat, lon)
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == len(lat) == 285
    assert max(rows.max(), columns.max()) < 40
    x = lon * np.cos(np.radians(51))
    apart = (lat[:, None] - lat) ** 2 + (x[:, None] - x) ** 2
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1)[:, :5]
    steps = np.maximum(np.abs(rows[:, None] - rows), np.abs(columns[:, None] - columns))
    found = np.take_along_axis(steps, nearest, axis=1)
    assert (found == 1).mean() > 0.75
    assert (found <= 2).mean() > 0.98


def test_the_order_of_the_places_does_not_matter(flanders: tuple[np.ndarray, np.ndarray]) -> None:
    lat, lon = flanders
    order = np.random.default_rng(7).permutation(len(lat))
    rows, columns = tiles.layout(lat, lon)
    again = tiles.layout(lat[order], lon[order])
    assert again[0].tolist() == rows[order].tolist()
    assert again[1].tolist() == columns[order].tolist()
