"""Tiles: a map on which every place has one tile of the same size, and neighbours stay near."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]

# Cells of the grid for each place: enough for holes and edges to stay, few enough for a map without gaps inside.
_ROOM = 1.5


def layout(lat: Floats, lon: Floats) -> tuple[Cells, Cells]:
    """The row and the column of the tile of each place, north on top.

    Each place takes one cell of a square grid over all of them, such that the sum of squared distances is smallest
    (linear assignment; cartograms of this kind: Eppstein et al. 2015). The same places give the same map, in whatever
    order they come.

    Parameters
    ----------
    lat, lon : ndarray of shape (n,), float64 — degrees; n may be 0

    Returns
    -------
    (ndarray, ndarray), each of shape (n,), int64 — from 0; no two places share a cell
    """
    n = len(lat)
    order = np.lexsort((lon, lat))
    # Degrees of longitude are shorter than those of latitude.
    x = (lon - lon.min(initial=180.0)) * np.cos(np.radians(lat.mean() if n else 0.0))
    y = lat.max(initial=-90.0) - lat
    width, height = max(x.max(initial=0.0), 1e-9), max(y.max(initial=0.0), 1e-9)
    side = max(np.sqrt(width * height / (_ROOM * max(n, 1))), max(width, height) / (_ROOM * max(n, 1)))
    columns, rows = int(np.ceil(width / side)) + 1, int(np.ceil(height / side)) + 1
    cell_rows, cell_columns = np.divmod(np.arange(rows * columns), columns)
    away = (y[order, None] / side - cell_rows) ** 2 + (x[order, None] / side - cell_columns) ** 2
    found = np.empty(n, dtype=np.int64)
    found[order] = linear_sum_assignment(away)[1]
    used_rows, used_columns = cell_rows[found], cell_columns[found]
    return used_rows - used_rows.min(initial=rows), used_columns - used_columns.min(initial=columns)
