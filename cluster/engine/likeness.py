"""Which places are near, and which are alike: distances on a sphere and a small score that can be told in words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# What counts most when people look for companions: a budget of the same order, then the same subjects, then a drive.
SIZE, THEMES, NEARNESS, PROVINCE = 0.5, 0.2, 0.2, 0.1

# At this distance nearness has fallen to 1/e: about half an hour by car.
REACH_KM = 30.0

_EARTH_KM = 6371.0088  # mean radius (IUGG)


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of n places.

    Attributes
    ----------
    inhabitants : ndarray of shape (n,), float64 — nan where unknown
    lat, lon : ndarray of shape (n,), float64 — degrees (WGS 84), nan where unknown
    provinces : ndarray of shape (n,), int64 — one number for each province, -1 where unknown
    themes : ndarray of shape (n, t), bool — which themes a place has been busy with; t may be 0
    """

    inhabitants: Floats
    lat: Floats
    lon: Floats
    provinces: NDArray[np.int64]
    themes: Flags


def distances(lat: Floats, lon: Floats, *, at: int) -> Floats:
    """How far places lie from one of them, as the crow flies (haversine formula).

    Parameters
    ----------
    lat, lon : ndarray of shape (n,), float64 — degrees, nan where unknown
    at : int — the place to measure from, in [0, n)

    Returns
    -------
    ndarray of shape (n,), float64 — kilometres, nan where either point is unknown
    """
    here, there = np.radians(lat[at]), np.radians(lat)
    across = np.radians(lon - lon[at])
    half = np.sin((there - here) / 2) ** 2 + np.cos(here) * np.cos(there) * np.sin(across / 2) ** 2
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(half)), dtype=np.float64)


def likeness(places: Places, *, at: int) -> Floats:
    """How much places are like one of them: size, earlier themes, distance and province, weighed.

    Size is the smaller number of inhabitants over the larger; themes are compared by the Jaccard index; nearness falls
    by distance as exp(-km / REACH_KM). What is unknown of either place adds nothing.

    Parameters
    ----------
    places : Places — n places
    at : int — the place to compare with, in [0, n)

    Returns
    -------
    ndarray of shape (n,), float64 — in [0, 1]
    """
    mine, all_sizes = places.inhabitants[at], places.inhabitants
    sizes = np.divide(np.minimum(all_sizes, mine), np.maximum(all_sizes, mine))
    nearness = np.exp(-distances(places.lat, places.lon, at=at) / REACH_KM)
    same = (places.provinces == places.provinces[at]) & (places.provinces >= 0)
    both = (places.themes & places.themes[at]).sum(axis=1)
    either = (places.themes | places.themes[at]).sum(axis=1)
    score = SIZE * np.nan_to_num(sizes) + NEARNESS * np.nan_to_num(nearness) + PROVINCE * same
    return np.asarray(score + THEMES * both / np.maximum(either, 1), dtype=np.float64)


def first(values: Floats, *, at_most: int, without: int) -> NDArray[np.int64]:
    """The places with the smallest values, without one of them; of equals the first comes first.

    Parameters
    ----------
    values : ndarray of shape (n,), float64 — nan is never among the first
    at_most : int
    without : int — a place that is left out, in [0, n)

    Returns
    -------
    ndarray of shape (m,), int64 — m ≤ at_most
    """
    order = np.argsort(values, kind="stable")
    kept = order[(order != without) & ~np.isnan(values[order])]
    return np.asarray(kept[:at_most], dtype=np.int64)
