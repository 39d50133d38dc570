"""A program for the tests of the store: counts in a database, one transaction per count, when told to on its input.

Prints `ready` once it is connected, and when done its longest wait for a transaction in milliseconds. With `hold` for
a number it enters one transaction, writes, prints `held`, and stays there until it reads another line.
"""

import sys
import time

from data.store import change, close, connect, transaction, value


def count(path: str, times: int) -> float:
    """Read, add one and write, so many times; returns the longest wait in seconds."""
    db = connect(path)
    print("ready", flush=True)
    sys.stdin.readline()
    longest = 0.0
    for _ in range(times):
        asked = time.perf_counter()
        with transaction(db):
            longest = max(longest, time.perf_counter() - asked)
            seen = value(db, "select n from counter")
            change(db, "update counter set n = ?", [seen + 1])
            db.execute("insert into counted (n) values (?)", [seen])
    close(db)
    return longest


def hold(path: str) -> None:
    """Write in a transaction and stay in it until told to go on."""
    db = connect(path)
    with transaction(db):
        change(db, "update counter set n = n + 1")
        print("held", flush=True)
        sys.stdin.readline()
    close(db)


if __name__ == "__main__":
    where, what = sys.argv[1:]
    if what == "hold":
        hold(where)
    else:
        print(f"{count(where, int(what)) * 1000:.1f}", flush=True)
