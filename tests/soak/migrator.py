"""A program for the tests of the migrations: migrates a database, and kills itself at the statement it is told to.

With `0` it waits for a line on its input instead and then migrates to the end.
"""

import os
import signal
import sys

from data.migrations import migrate
from data.store import close, connect, transaction


def migrate_until(path: str, statement: int) -> None:
    """Migrate, with a `kill -9` just before the given statement (counted from 1)."""
    db = connect(path)
    if statement == 0:
        print("ready", flush=True)
        sys.stdin.readline()
    seen = 0

    def count(_: str) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    db.conn.set_trace_callback(count)
    with transaction(db):
        migrate(db)
    db.conn.set_trace_callback(None)
    close(db)


if __name__ == "__main__":
    migrate_until(sys.argv[1], int(sys.argv[2]))
