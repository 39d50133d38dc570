"""What several web processes weigh together, the encoder loaded and every one of them asked.

`python -m tests.benchmarks.processes` fills a folder with COUNT ideas (10,000) and serves it with WORKERS processes
(1, then 3). Memory is the sum of proportional set sizes (PSS): what they share counts once. Prints figures.
"""

import multiprocessing
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import data.store
from cluster.engine.encoder import load
from tests.benchmarks.__main__ import furnish, grow
from tests.benchmarks.server import Server, serving
from tests.benchmarks.texts import Sentences, texts

COUNT = int(os.environ.get("COUNT", "10000"))
WORKERS = [int(count) for count in os.environ.get("WORKERS", "1,3").split(",")]
ASKED = 120


def fill(folder: Path) -> None:
    """Fill a folder, in a process of its own: what it has in memory must not be shared with what is weighed."""
    encoder = load(None)
    db = data.store.connect(folder / "medestanders.sqlite")
    furnish(db)
    grow(db, encoder, Sentences(encoder), texts(None), COUNT)
    data.store.close(db)


def ask_all(server: Server) -> None:
    """Ask so often and so many at once that every process has answered, and holds what it needs."""
    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(lambda at: server.similar(f"Idee {at}", f"Inwoners regelen zaak {at} zelf."), range(ASKED)))


def main() -> None:
    """Fill once, serve with each number of processes, and print what they weigh."""
    with tempfile.TemporaryDirectory() as folder:
        filler = multiprocessing.get_context("spawn").Process(target=fill, args=[Path(folder)])
        filler.start()
        filler.join()
        for workers in WORKERS:
            os.environ["MEDESTANDERS_WORKERS"] = str(workers)
            with serving(Path(folder)) as server:
                ask_all(server)
                each = ", ".join(f"{size:.0f}" for size in server.memory_each_mb())
                print(
                    f"{workers} processes, {COUNT:,} ideas: {server.memory_mb():.0f} MB together ({each}); "
                    f"first answer after {server.started_s:.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
