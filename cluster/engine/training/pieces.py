"""A word-piece vocabulary for four languages at once (Unigram; Kudo 2018), and texts as rows of piece numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL: Final = (PAD, UNKNOWN, START, END)


def train(texts: Iterable[str], *, size: int = 40_000) -> Tokenizer:
    """Learn a vocabulary of ``size`` pieces: NFKC, lower case, white space folded, digits one by one."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits(individual_digits=True)]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=list(SPECIAL), unk_token=UNKNOWN, max_piece_length=18
    )
    tokenizer.train_from_iterator(texts, trainer)
    start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", pair=f"{START} $A {END} $B {END}", special_tokens=[(START, start), (END, end)]
    )
    return tokenizer


@dataclass(frozen=True)
class Rows:
    """Texts as piece numbers, one after the other.

    Attributes
    ----------
    pieces : ndarray of shape (total,), int32
    starts : ndarray of shape (n + 1,), int64 — text ``i`` is ``pieces[starts[i]:starts[i + 1]]``
    """

    pieces: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.starts) - 1

    def lengths(self) -> npt.NDArray[np.int64]:
        """Return the number of pieces of each text, shape (n,)."""
        return np.diff(self.starts)

    def batch(self, chosen: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return piece numbers padded with zero and the mask of real pieces, both of shape (len(chosen), longest)."""
        lengths = self.lengths()[chosen]
        longest = int(lengths.max(initial=1))
        numbers = np.zeros((len(chosen), longest), dtype=np.int64)
        mask = np.arange(longest)[None, :] < lengths[:, None]
        for row, one in enumerate(chosen):
            numbers[row, : lengths[row]] = self.pieces[self.starts[one] : self.starts[one + 1]]
        return numbers, mask.astype(np.int64)

    def followed_by(self, other: "Rows") -> "Rows":
        """Return these rows and then the others."""
        return Rows(
            np.concatenate([self.pieces, other.pieces]),
            np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
        )

    def save(self, file: Path) -> None:
        """Write to a ``.npz`` file."""
        np.savez(file, pieces=self.pieces, starts=self.starts)

    @classmethod
    def load(cls, file: Path) -> "Rows":
        """Read what :meth:`save` wrote."""
        with np.load(file) as stored:
            return cls(stored["pieces"], stored["starts"])


def rows(tokenizer: Any, texts: Sequence[str], *, longest: int) -> Rows:
    """Cut texts into pieces, start and end marks included, at most ``longest`` of them."""
    tokenizer.enable_truncation(longest)
    parts: list[npt.NDArray[np.int32]] = []
    for begin in range(0, len(texts), 10_000):
        encoded = tokenizer.encode_batch(list(texts[begin : begin + 10_000]))
        parts.extend(np.asarray(one.ids, dtype=np.int32) for one in encoded)
    tokenizer.no_truncation()
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Rows(np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32), starts)
