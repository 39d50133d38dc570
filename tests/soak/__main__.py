"""`make soak`: measures each line of what "nothing is lost" and "nobody gets in" mean here, and prints a table of them.

`python -m tests.soak` measures all lines, a word after it those that hold the word. It ends with 1 when one failed.
"""

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.soak import faults

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Line:
    """What should be, as a sentence with its bound, and the tests that measure it: files, perhaps some of each."""

    should: str
    tests: tuple[str, ...]
    some: str = ""


NOTHING_IS_LOST = (
    Line(
        "8 processes × 1,000 transactions: exact, nobody hears 'locked', waits ≤ 500 ms", ("tests/data/test_store.py",)
    ),
    Line(
        "the web server killed 200 times, restarted 10 times amid writing: 0 lost", ("tests/soak/test_web_killed.py",)
    ),
    Line(
        "the worker killed 200 times over 5,000 letters: 0 lost, ≤ 1 repeat a kill",
        ("tests/soak/test_together.py", "tests/web/test_worker.py"),
        "kills or killed or sigterm",
    ),
    Line("leases: no job is lost, none is done by two", ("tests/data/test_work.py",)),
    Line("every write refused by the disk at every page (≥ 50): 0 half", ("tests/web/test_faults.py",)),
    Line("a full disk is read on, keeps what was typed, passes by itself", ("tests/soak/test_disk_full.py",)),
    Line(
        "mail server down, slow, 4xx, 5xx, dropping: 0 letters lost",
        ("tests/web/test_worker.py",),
        "not killed and not sigterm",
    ),
    Line(
        "letters, introductions, deadlines: mail server, presses at once, consent, headers, clocks",
        ("tests/soak/test_together.py",),
        "not kills",
    ),
    Line("login provider down: a page, no fault", ("tests/web/test_government.py",), "down or listens or away"),
    Line("encoder missing or corrupt: posting goes on, vectors follow", ("tests/web/test_without_encoder.py",)),
    Line("a clock that jumps: 0 lost, nobody shut out", ("tests/web/test_clock.py",)),
    Line(
        "a backup amid writing, restored elsewhere: equal",
        ("tests/cluster/test_backups.py", "tests/web/test_backup_commands.py"),
    ),
    Line("migrations killed at each statement, run again: the same schema", ("tests/data/test_migrations.py",)),
    Line("50 presses at once: 1 endorsement, 1 introduction, 1 letter", ("tests/cluster/test_contacts.py",)),
    Line(
        "two coordinators on one cluster: the second hears it",
        ("tests/cluster/test_steps.py", "tests/web/test_steps.py"),
    ),
    Line("10,000 steps of everybody beside a model: 0 divergences", ("tests/cluster/test_domain.py",)),
    Line(
        "a restart loses no request, the end of one ends all", ("tests/web/test_install.py", "tests/web/test_serve.py")
    ),
)
NOBODY_GETS_IN = (
    Line(
        "route × method × role; no unsafe address without a token; a read changes nothing",
        ("tests/web/test_access.py",),
    ),
    Line("tokens: missing, foreign: refused, nothing changed", ("tests/web/test_people.py",)),
    Line(
        "sessions: new at sign-in, ended everywhere, idle and absolute limits, cookie",
        ("tests/cluster/test_sessions.py", "tests/web/test_sessions.py"),
    ),
    Line("login provider: every lie a refusal page, no account", ("tests/web/test_government.py",)),
    Line("accounts: invitations, resets, throttles, nobody told apart", ("tests/cluster/test_people.py",)),
    Line(
        "throttles count over processes and restarts; nothing asks anything of another machine",
        ("tests/soak/test_workers.py",),
    ),
    Line("the second step", ("tests/cluster/test_second_steps.py", "tests/browser/test_security.py")),
    Line(
        "no header, cell or search is what somebody typed",
        ("tests/cluster/test_letters.py", "tests/web/test_exports.py", "tests/engine/test_queries.py"),
    ),
    Line("500 hostile texts in a real browser: 0 run", ("tests/browser/test_hostile.py",)),
    Line("the API as described, whatever is asked: 0 × 5xx", ("tests/web/test_api.py",)),
    Line(
        "imports: bombs, encodings, sizes refused",
        ("tests/cluster/test_imports.py", "tests/cluster/test_workbooks.py", "tests/web/test_commands.py"),
    ),
    Line(
        "the ledger tells every change to it; erased is nowhere",
        ("tests/cluster/test_ledger.py", "tests/cluster/test_privacy.py"),
    ),
)
_COUNTED = re.compile(r"^(\d+ (?:passed|failed|error)\b.*?)(?: in [\d.]+s.*)?$")
_PROGRESS = re.compile(r"^[.FEsx]*\s*(?:\[ *\d+%\])?$")


def measured(line: Line) -> tuple[bool, str]:
    """Whether a line holds, and its figures: what its tests tell, and how many there were."""
    missing = [test for test in line.tests if not (ROOT / test).exists()]
    if missing:
        return False, f"no {', '.join(missing)}"
    command = [sys.executable, "-m", "pytest", *line.tests, *(["-k", line.some] if line.some else [])]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        print(ended.stdout[-6_000:], file=sys.stderr)
    said = [text.strip() for text in ended.stdout.splitlines()]
    told = (
        []
        if ended.returncode
        else [text for text in said if text and not _PROGRESS.match(text) and "passed" not in text]
    )
    counted = [found[1] for text in said if (found := _COUNTED.match(text))]
    return ended.returncode == 0, "; ".join([*told, *counted]) or f"exit {ended.returncode}"


def main(wanted: str = "") -> int:
    """Measure what is wanted, print a row of each as it comes, and plant the faults."""
    held = True
    for heading, lines in (("Nothing is lost", NOTHING_IS_LOST), ("Nobody gets in", NOBODY_GETS_IN)):
        chosen = [line for line in lines if wanted in line.should]
        if chosen:
            print(f"\n## {heading}\n\n| what should be | holds | figures | seconds |\n|---|---|---|---|", flush=True)
        for line in chosen:
            began = time.monotonic()
            holds, figures = measured(line)
            held = held and holds
            print(
                f"| {line.should} | {'yes' if holds else 'NO'} | {figures} | {time.monotonic() - began:.0f} |",
                flush=True,
            )
    if not wanted:
        print("\n## Faults planted one at a time\n", flush=True)
        held = faults.main() == 0 and held
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
