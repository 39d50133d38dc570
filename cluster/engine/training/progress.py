"""How far a long job is, said on the error stream: at most one line every ten seconds."""

import sys
import time


class Progress:
    """A counter that says where it is and when it should be ready."""

    def __init__(self, name: str, total: float) -> None:
        """Start counting towards ``total``."""
        self.name, self.total = name, total
        self.began = time.monotonic()
        self.spoke = 0.0
        self.first: float | None = None

    def at(self, done: float, note: str = "") -> None:
        """Say that ``done`` of the total is done, if the last line is ten seconds old or this is the end."""
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if now - self.spoke < 10 and done < self.total:
            return
        self.spoke = now
        made = max(done - self.first, 0)
        left = (now - self.began) / made * (self.total - done) if made else float("nan")
        sys.stderr.write(f"{self.name} {done:,.0f} of {self.total:,.0f} · {left / 60:.1f} min left {note}\n")
        sys.stderr.flush()
