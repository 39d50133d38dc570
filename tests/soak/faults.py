"""Plants faults in a copy of the code, one at a time, and tells whether the tests that should catch each do.

`python -m tests.soak.faults` plants all of them; a word after it only those whose name holds that word. It ends with 1
when one was missed. `tests/soak/mutants.py` does the same with every small change of a few modules.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """What somebody might do wrong: in which file, what stands there, what would stand, and which tests look."""

    name: str
    file: str
    good: str
    bad: str
    tests: tuple[str, ...]


def listed() -> list[Fault]:
    """The faults of `faults.txt`, in which a block tells of each."""
    _, *blocks = (ROOT / "tests" / "soak" / "faults.txt").read_text(encoding="utf-8").rstrip("\n").split("\n\n# ")
    return [_read(block.split("\n")) for block in blocks]


def _read(lines: list[str]) -> Fault:
    name, file, *rest = lines
    good, bad = ("\n".join(line[1:] for line in rest if line.startswith(sign)) for sign in "-+")
    return Fault(name, file, good, bad, tuple(line for line in rest if line.startswith("tests/")))


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the code in which anything may be broken."""
    with tempfile.TemporaryDirectory(prefix="medestanders-") as folder:
        place = Path(folder) / "code"
        left_out = shutil.ignore_patterns(
            *(".git", ".venv", "node_modules", "instance", "test-artefacts", "__pycache__", ".*_cache", ".hypothesis")
        )
        shutil.copytree(ROOT, place, ignore=left_out, symlinks=True)
        for kept in (".venv", "node_modules"):
            if (ROOT / kept).exists():
                (place / kept).symlink_to((ROOT / kept).resolve())
        yield place


def caught(place: Path, tests: Sequence[str]) -> bool:
    """Whether one of these tests fails in this copy; one that never ends fails too."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not soak", *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    if ended.returncode not in {0, 1}:
        raise RuntimeError(ended.stdout.decode()[-3_000:])
    return ended.returncode == 1


@contextmanager
def planted(place: Path, fault: Fault) -> Iterator[None]:
    """A copy with one fault in it; the code must hold what it spoils exactly once."""
    path = place / fault.file
    good = path.read_text(encoding="utf-8")
    if good.count(fault.good) != 1:
        raise LookupError(f"{fault.name}: {fault.file} holds this {good.count(fault.good)} times: {fault.good}")
    path.write_text(good.replace(fault.good, fault.bad), encoding="utf-8")
    yield
    path.write_text(good, encoding="utf-8")


def main(wanted: str = "") -> int:
    """Plant what is wanted, tell of each whether it was caught, and count."""
    faults = [one for one in listed() if wanted in one.name]
    missed = []
    with copied() as place:
        for fault in faults:
            with planted(place, fault):
                found = caught(place, fault.tests)
            print(f"{'caught' if found else 'MISSED'}  {fault.name}", flush=True)
            missed += [] if found else [fault.name]
        if caught(place, sorted({test for one in faults for test in one.tests})):
            print("the tests fail without any fault too: nothing above counts")
            return 1
    print(f"{len(faults) - len(missed)} of {len(faults)} faults caught")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
