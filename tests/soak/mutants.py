"""Changes a few modules in every small way, one at a time, in a copy; counts the changes that their tests notice.

`python -m tests.soak.mutants` does all of them, for hours; a word after it the modules whose path holds the word, and a
number after that only every so-many-th change. What nobody noticed is printed: it is a test that lacks, or a change
that makes no difference.
"""

import ast
import importlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from tests.soak.faults import ROOT, copied

# The quickest first: most changes are noticed there.
WORKER = ("tests/data/test_work.py", "tests/web/test_worker.py")
LETTERS = ("tests/data/test_letters.py", "tests/cluster/test_letters.py", "tests/web/test_worker.py")
SESSIONS = (
    *("tests/data/test_sessions.py", "tests/cluster/test_sessions.py", "tests/cluster/test_second_steps.py"),
    *("tests/web/test_sessions.py", "tests/cluster/test_people.py"),
)
CIRCLES = (
    *("tests/data/test_circles.py", "tests/cluster/test_circles.py", "tests/cluster/test_threads.py"),
    *("tests/cluster/test_plans.py", "tests/web/test_access.py"),
)
MODULES = {
    "data/store.py": ("tests/data/test_store.py", "tests/data/test_work.py", "tests/web/test_faults.py"),
    "data/turns.py": ("tests/data/test_turns.py", "tests/data/test_store.py"),
    "data/work.py": WORKER,
    "cluster/work.py": WORKER,
    "data/letters.py": LETTERS,
    "cluster/letters.py": LETTERS,
    "data/sessions.py": SESSIONS,
    "cluster/sessions.py": SESSIONS,
    "cluster/tokens.py": SESSIONS,
    "cluster/circles.py": CIRCLES,
    "data/circles.py": CIRCLES,
}
PATIENCE_S = 240

_OPERATORS = {
    **{b"==": b"!=", b"!=": b"==", b"<": b"<=", b"<=": b"<", b">": b">=", b">=": b">"},
    **{b"in": b"not in", b"not in": b"in", b"is": b"is not", b"is not": b"is", b"and": b"or", b"or": b"and"},
}
_SQL = re.compile(rb"\b(?:select|update|delete|insert|exists)\b")
_IN_SQL = {
    b" and ": b" or ",
    b" or ": b" and ",
    b" is null": b" is not null",
    b" is not null": b" is null",
    b" = ": b" <> ",
    b" < ": b" > ",
    b" <= ": b" < ",
    b" > ": b" < ",
    b" + 1": b" + 2",
    b" desc": b" asc",
}


def changes(source: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Every small change of a module: from where to where, and what would stand there."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            yield from _turned(source, span(node.left)[1], span(node.comparators[0])[0])
        elif isinstance(node, ast.BoolOp):
            for one, other in pairwise(node.values):
                yield from _turned(source, span(one)[1], span(other)[0])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield span(node)[0], span(node)[0] + len(b"not "), b""
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            low, high = span(node.test)
            yield low, high, b"(not (" + source[low:high] + b"))"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield *span(node.value), b"None"
        elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            yield *span(node), b"pass"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield *span(node), str(not node.value).encode()
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield *span(node), str(node.value + 1).encode()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _in_sql(source, *span(node))


def _turned(source: bytes, low: int, high: int) -> Iterator[tuple[int, int, bytes]]:
    """The operator between two operands, which may stand in brackets, as its opposite."""
    word = source[low:high].strip(b" ()\n")
    at = low + source[low:high].index(word)
    yield at, at + len(word), _OPERATORS[word]


def _in_sql(source: bytes, low: int, high: int) -> Iterator[tuple[int, int, bytes]]:
    if not source[low:high].startswith((b'"""', b'"', b'f"')) or not _SQL.match(
        source[low:high].lstrip(b'f"').lstrip()
    ):
        return
    for word, other in _IN_SQL.items():
        for found in re.finditer(re.escape(word), source[low:high]):
            yield low + found.start(), low + found.end(), other


def noticed(place: Path, tests: tuple[str, ...]) -> bool:
    """Whether one of these tests fails in the copy; run in a fork, which has all libraries but none of our code."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = _tested(place, tests)
        finally:
            os._exit(status)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(ProcessLookupError):  # what it started may live on
        os.killpg(child, signal.SIGKILL)
    return ended != 0


def _tested(place: Path, tests: tuple[str, ...]) -> int:
    os.setsid()
    signal.alarm(PATIENCE_S)
    os.chdir(place)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.path.insert(0, str(place))
    for name in [one for one in sys.modules if one.partition(".")[0] in {"tests", "cluster", "data", "models"}]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not soak", *tests]))


def main(wanted: str = "", every: str = "1") -> int:
    """Change what is wanted, tell what nobody noticed, and the share that was noticed."""
    for library in ("numpy", "scipy.sparse", "flask", "sqlite_utils", "aiosmtpd.controller", "bs4"):
        importlib.import_module(library)
    caught = total = 0
    with copied() as place:
        for module, tests in MODULES.items():
            if wanted not in module:
                continue
            if noticed(place, tests):
                print(f"{module}: its tests fail without any change")
                return 1
            source, before = (ROOT / module).read_bytes(), (caught, total)
            for low, high, other in sorted(set(changes(source)))[:: int(every)]:
                (place / module).write_bytes(source[:low] + other + source[high:])
                total += 1
                if noticed(place, tests):
                    caught += 1
                else:
                    line = source[:low].count(b"\n") + 1
                    text = source.splitlines()[line - 1].strip().decode()
                    print(
                        f"  {module}:{line}: {source[low:high].decode()!r} → {other.decode()!r} in {text}", flush=True
                    )
            (place / module).write_bytes(source)
            print(f"{module}: {caught - before[0]} of {total - before[1]} changes noticed", flush=True)
    print(f"{caught} of {total} changes noticed: {caught / max(total, 1):.0%}")
    return 0 if caught >= 0.85 * total else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
