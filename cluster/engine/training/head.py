"""A last linear layer, learnt in seconds from the ideas: what tells needs apart counts more, style and language less.

The layers below stay as they are, so every idea is encoded once and each step can see a thousand of them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from cluster.engine.training import losses

Floats = npt.NDArray[np.float32]


def learn(
    vectors: Floats,
    needs: npt.NDArray[np.int64],
    *,
    seed: int,
    hold: float = 10.0,
    steps: int = 100,
    batch: int = 1200,
    rate: float = 1e-3,
) -> Floats:
    """Learn a matrix that brings texts of one need together without moving any vector far.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        Unit rows of the ideas.
    needs : ndarray of shape (n,)
        Texts with one number ask for the same thing.
    hold : float
        Weight of the squared distance between a vector before and after; keeps general meaning as it was.

    Returns
    -------
    ndarray of shape (d, d), float32
        To be multiplied from the right: ``vectors @ matrix``, rows to be made unit rows again.
    """
    generator = torch.Generator().manual_seed(seed)
    texts, numbers = torch.from_numpy(vectors), torch.from_numpy(needs)
    matrix = torch.eye(vectors.shape[1], requires_grad=True)
    optimiser = torch.optim.Adam([matrix], lr=rate)
    for _ in range(steps):
        chosen = torch.randperm(len(texts), generator=generator)[:batch]
        moved = functional.normalize(texts[chosen] @ matrix, dim=1)
        distance = ((moved - texts[chosen]) ** 2).sum(dim=1).mean()
        loss: Any = losses.same_need(moved, numbers[chosen]) + hold * distance
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    out: Floats = matrix.detach().numpy()
    return out
