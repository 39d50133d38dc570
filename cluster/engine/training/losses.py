"""The three things the student is asked for, each as one figure to make smaller."""

from typing import Any

import torch
from torch.nn import functional


def mean_of_pieces(model: Any, numbers: Any, mask: Any) -> Any:
    """Return unit rows (n, d): the mean of the last layer over the real pieces of each text; inputs are (n, pieces)."""
    hidden = model(input_ids=numbers, attention_mask=mask).last_hidden_state.float()
    real = mask.unsqueeze(-1).float()
    return functional.normalize((hidden * real).sum(dim=1) / real.sum(dim=1).clamp(min=1), dim=1)


def distillation(mine: Any, goal: Any, same: Any, *, contrast: float = 0.1, scale: float = 20.0) -> Any:
    """Return 1 - cosine to the teacher's vector, plus ``contrast`` times the cross-entropy of picking it in the batch.

    Parameters
    ----------
    mine, goal : tensor of shape (n, d)
        Unit rows of student and teacher.
    same : tensor of shape (n,)
        Number of the English sentence; rows that share one are no negatives of each other.
    """
    order = torch.arange(len(mine))
    logits = scale * mine @ goal.T
    twins = (same[:, None] == same[None, :]) & (order[:, None] != order[None, :])
    logits = logits.masked_fill(twins, float("-inf"))
    return (1 - (mine * goal).sum(dim=1)).mean() + contrast * functional.cross_entropy(logits, order)


def same_need(vectors: Any, needs: Any, *, scale: float = 20.0) -> Any:
    """Return the supervised contrastive loss with several positives (Khosla et al. 2020).

    Parameters
    ----------
    vectors : tensor of shape (n, d)
        Unit rows.
    needs : tensor of shape (n,)
        Rows with one number are positives of each other, all others negatives.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool)
    chances = functional.log_softmax((scale * vectors @ vectors.T).masked_fill(itself, float("-inf")), dim=1)
    positive = (needs[:, None] == needs[None, :]) & ~itself
    found = positive.sum(dim=1)
    per_row = -chances.masked_fill(~positive, 0).sum(dim=1) / found.clamp(min=1)
    return per_row[found > 0].mean()


def matching(left: Any, right: Any, *, scale: float = 20.0) -> Any:
    """Return the symmetric in-batch cross-entropy of rows that belong together, such as title and description."""
    logits = scale * left @ right.T
    order = torch.arange(len(left))
    return (functional.cross_entropy(logits, order) + functional.cross_entropy(logits.T, order)) / 2


def ordering(cosines: Any, gold: Any, *, scale: float = 20.0) -> Any:
    """Return CoSENT (Su 2022): pairs that people call more alike should get the higher cosine; both inputs (n,)."""
    worse = scale * (cosines[None, :] - cosines[:, None])  # [i, j]: how far pair j is above pair i
    wrong = worse[gold[:, None] > gold[None, :]]
    return torch.logsumexp(torch.cat([torch.zeros(1), wrong]), dim=0)
