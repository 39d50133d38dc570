"""Turns: writers of all processes and threads go one after the other, in the order in which they came.

SQLite lets waiting writers draw lots (measured: of 8 busy ones some hear "database is locked" after five seconds), and
so does one `flock`: whoever just let go is the first to take it again (longest wait 70 to 780 ms; here 33 to 83).
So everyone draws a number, locks the byte of that number, and waits until the byte before it is free: a queue after
Craig (1993) and Magnusson, Landin and Hagersten (1994). The locks belong to an open file, so a process that dies lets
go of its number by itself.
"""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Locks of an open file description exist on Linux; elsewhere SQLite's own waiting does, less fairly.
_SET = getattr(fcntl, "F_OFD_SETLK", None)
_DRAWING = 2**62
_PAUSE_S = 0.001


class Queue:
    """One place in the queue of a file, for one thread at a time."""

    def __init__(self, path: Path | str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        """Leave the queue for good."""
        os.close(self._file)

    @contextmanager
    def turn(self, *, at_most_s: float) -> Iterator[None]:
        """Wait for those who came earlier, but no longer than this: one that was stopped must not stop everybody.

        A courtesy, not a guard: what must exclude others holds a lock of its own inside.
        """
        until = time.monotonic() + at_most_s
        try:
            number = self._draw(until)
            if number is not None:
                self._wait(number - 1, until)
            yield
        finally:
            self._set(fcntl.F_UNLCK, 0, 0)

    def _draw(self, until: float) -> int | None:
        if not self._wait(_DRAWING, until):
            return None
        number = int.from_bytes(os.pread(self._file, 8, 0), "little") + 1
        os.pwrite(self._file, number.to_bytes(8, "little"), 0)
        self._set(fcntl.F_WRLCK, number, 1)
        self._set(fcntl.F_UNLCK, _DRAWING, 1)
        return number

    def _wait(self, place: int, until: float) -> bool:
        while not self._set(fcntl.F_WRLCK, place, 1):
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_S)
        return True

    def _set(self, kind: int, start: int, length: int) -> bool:
        """Lock or unlock bytes of the file (0: to the end); false when another holds one of them."""
        if _SET is None:
            return True
        try:
            fcntl.fcntl(self._file, _SET, struct.pack("hhqqi0q", kind, os.SEEK_SET, start, length, 0))
        except BlockingIOError:
            return False
        return True
