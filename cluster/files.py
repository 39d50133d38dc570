"""Files on disk: what a file really is, and keeping it under the hash of its content, whole or not at all."""

import hashlib
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.attachments import SIZE_AT_MOST, TYPES

_BLOCK = 64 * 1024
# Documents are zip files that hold a part of this name.
_OFFICE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_OPEN = {"odt", "ods", "odp"}


@dataclass(frozen=True, slots=True)
class Given:
    """A file as somebody brings it in."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that stands on disk."""

    name: str
    type: str
    size: int
    digest: str


def place(folder: Path, digest: str) -> Path:
    """Where the content with this hash stands."""
    return folder / digest[:2] / digest


def keep(folder: Path, *, name: str, stream: BinaryIO, wanted: str) -> Kept | None:
    """Keep a file of this type, and return what stands on disk by then; none when its content is something else.

    It is written beside its place and moved there once it is whole and on the disk. Keeping it twice keeps one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hashed, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix="new-", delete=False) as file:
        written = Path(file.name)
        try:
            while block := stream.read(_BLOCK):
                hashed.update(block)
                size += len(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
            if size > SIZE_AT_MOST or not is_a(wanted, written):
                return None
            digest = hashed.hexdigest()
            at = place(folder, digest)
            at.parent.mkdir(exist_ok=True)
            written.chmod(0o600)
            written.replace(at)
            for changed in (at.parent, folder):
                _to_disk(changed)
            return Kept(name, TYPES[wanted], size, digest)
        finally:
            written.unlink(missing_ok=True)


def size_of(stream: BinaryIO) -> int:
    """How many bytes a stream holds; it is read from its beginning afterwards."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return size


def is_a(wanted: str, path: Path) -> bool:
    """Whether a file holds what the ending of its name says, by its first bytes or the parts of its zip."""
    with path.open("rb") as file:
        start = file.read(1024)
    if wanted == "pdf":
        return b"%PDF-" in start
    if wanted == "png":
        return start.startswith(b"\x89PNG\r\n\x1a\n")
    if wanted in {"jpg", "jpeg"}:
        return start.startswith(b"\xff\xd8\xff")
    if wanted == "webp":
        return start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    try:
        with zipfile.ZipFile(path) as parts:
            names = set(parts.namelist())
            if wanted in _OPEN:
                about = parts.infolist()[0]
                plain = about.filename == "mimetype" and about.file_size <= 100
                return plain and parts.read(about) == TYPES[wanted].encode()
            macros = any(name.endswith("vbaProject.bin") for name in names)
            return "[Content_Types].xml" in names and _OFFICE[wanted] in names and not macros
    # What a broken archive raises is as varied as what can be broken in one; a file that cannot be read is refused.
    except (zipfile.BadZipFile, NotImplementedError, OSError, IndexError, ValueError, RuntimeError):
        return False


def old(folder: Path, *, seconds: float) -> Iterator[Path]:
    """The files in a folder that were not written or kept again for so long, also those that never became whole."""
    for path in folder.rglob("*"):
        if path.is_file() and time.time() - path.stat().st_mtime > seconds:
            yield path


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
