"""A trained student as a folder that sentence-transformers loads: half precision on disk, full precision in memory.

Beside it lie the ranges by which `cluster.engine.encoder` has it multiply in eight bits.
"""

import copy
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cluster.engine import eight_bits
from cluster.engine.training import pieces

LONGEST = 256  # pieces; as the teacher, longer texts are the caller's to split


def write(model: Any, tokenizer: Any, folder: Path, *, texts: Sequence[str]) -> None:
    """Write model and tokenizer to ``folder``, replacing an encoder that stands there; other files are kept.

    ``texts`` show what the numbers between the layers come to; some hundreds will do.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import PreTrainedTokenizerFast

    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=LONGEST,
        pad_token=pieces.PAD,
        unk_token=pieces.UNKNOWN,
        cls_token=pieces.START,
        sep_token=pieces.END,
    )
    with tempfile.TemporaryDirectory() as place:
        part, whole = Path(place) / "part", Path(place) / "whole"
        copy.deepcopy(model).half().save_pretrained(part)
        wrapped.save_pretrained(part)
        _say_full_precision(part)
        layers = Transformer(str(part), max_seq_length=LONGEST)
        pooling = Pooling(layers.get_embedding_dimension(), pooling_mode="mean")
        encoder = SentenceTransformer(modules=[layers, pooling, Normalize()], device="cpu")
        encoder.half().save(str(whole), create_model_card=False)
        _say_full_precision(whole)
        _compact(whole / "tokenizer.json")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(whole, folder, dirs_exist_ok=True)
        measure(folder, texts)


def measure(folder: Path, texts: Sequence[str]) -> None:
    """Write the ranges for eight bits beside the encoder in ``folder``."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    ranges = json.dumps(eight_bits.measured(model, texts))
    (folder / eight_bits.RANGES).write_text(ranges + "\n", encoding="utf-8")


def _say_full_precision(folder: Path) -> None:
    """Have the half-precision file read into float32: processors without half-precision arithmetic are slow at it."""
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    config["dtype"] = "float32"
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _compact(file: Path) -> None:
    """Write a JSON file without white space: forty thousand pieces, one a line, are a third air."""
    file.write_text(
        json.dumps(json.loads(file.read_text(encoding="utf-8")), ensure_ascii=False, separators=(",", ":")),
        encoding="utf-8",
    )


def size(folder: Path) -> int:
    """Return the bytes of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
