"""PostgreSQL as Debian ships it, started in a temporary folder as a user without rights, spoken to through psql."""

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

# What Decidim takes for alike (decidim-proposals: similarity_threshold).
AT_LEAST = 0.25
LONGEST_S = 120

_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    "jit": "off",
    "pg_trgm.similarity_threshold": str(AT_LEAST),
    "statement_timeout": f"{LONGEST_S}s",
}
_DONE = "=done="


class Absent(Exception):
    """There is no PostgreSQL that could be started, and why."""


class Session:
    """One psql in a pipe: what is asked comes back as lines."""

    def __init__(self, command: list[str]) -> None:
        self._psql = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ask(self, sql: str) -> list[str]:
        """The rows of an answer, columns divided by |; raises RuntimeError with what the server said is wrong."""
        assert self._psql.stdin is not None
        assert self._psql.stdout is not None
        self._psql.stdin.write(f"{sql};\n\\echo {_DONE}\n")
        self._psql.stdin.flush()
        found = []
        for line in self._psql.stdout:
            if line.rstrip("\n") == _DONE:
                break
            found.append(line.rstrip("\n"))
        if wrong := next((line for line in found if "ERROR:" in line), None):
            raise RuntimeError(wrong)
        return found

    def add(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Copy rows into `ideas`."""
        assert self._psql.stdin is not None
        self._psql.stdin.write("copy ideas (id, title, body) from stdin;\n")
        for number, *said in rows:
            cells = [text.replace("\\", "\\\\").replace("\t", " ").replace("\n", "\\n") for text in said]
            self._psql.stdin.write("\t".join([str(number), *cells]) + "\n")
        self._psql.stdin.write("\\.\n")
        self.ask("select 1")

    def close(self) -> None:
        """End psql."""
        assert self._psql.stdin is not None
        self._psql.stdin.close()
        self._psql.wait(timeout=30)


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("\0", " ").replace("'", "''") + "'"


def _programs() -> Path:
    places = [Path("/usr/lib/postgresql") / version / "bin" for version in ("17", "16", "15", "14", "13")]
    found = shutil.which("initdb")
    for place in [*places, *([Path(found).resolve().parent] if found else [])]:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise Absent("there is no PostgreSQL here (Debian: apt install postgresql)")


@contextmanager
def postgres() -> Iterator[Session]:
    """A server of its own with an empty table `ideas` and pg_trgm; it and its folder are gone afterwards.

    Raises Absent when there is none, or it does not start.
    """
    programs = _programs()
    # It refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    if user:
        shutil.chown(folder, user)
    server = None
    try:
        as_user = {"user": user, "cwd": folder, "env": {**os.environ, "HOME": str(folder)}}
        made = subprocess.run(
            [programs / "initdb", "-D", folder / "data", "--locale=C.UTF-8", "-A", "trust", "-U", "bench"],
            capture_output=True, text=True, check=False, **as_user,
        )  # fmt: skip
        if made.returncode:
            raise Absent(f"PostgreSQL does not start: {made.stderr.strip() or made.stdout.strip()}")
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        log = (folder / "log").open("w")
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, *settings],
            stdout=log, stderr=log, **as_user,
        )  # fmt: skip
        command = [str(programs / "psql"), "-qAtX", "-h", str(folder), "-U", "bench", "-d", "postgres"]
        _wait(command, server, folder / "log")
        session = Session(command)
        try:
            session.ask("create extension pg_trgm")
            session.ask("create table ideas (id integer primary key, title text not null, body text not null)")
        except RuntimeError as wrong:
            raise Absent(f"PostgreSQL as {user or getpass.getuser()}: {wrong}") from None
        yield session
        session.close()
    finally:
        if server:
            # SIGTERM would wait for a session that is still open.
            server.send_signal(signal.SIGINT)
            server.wait(timeout=120)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(command: list[str], server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        if subprocess.run([*command, "-c", "select 1"], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.2)
    raise Absent(f"PostgreSQL does not start: {log.read_text()[-500:]}")


# The ways to find what is alike, each a name and the SQL for a title and a description.
def decidim(title: str, body: str) -> str:
    """As Decidim asks: every row is compared, the better of title and body counts."""
    alike = f"greatest(similarity(title, {literal(title)}), similarity(body, {literal(body)}))"
    return f"select id from ideas where {alike} >= {AT_LEAST} order by {alike} desc limit 10"


def trigrams_gin(title: str, body: str) -> str:
    """The same question through a GIN index on trigrams."""
    one, other = literal(title), literal(body)
    alike = f"greatest(similarity(title, {one}), similarity(body, {other}))"
    return f"select id from ideas where title % {one} or body % {other} order by {alike} desc limit 10"


def trigrams_gist(title: str, body: str) -> str:
    """The nearest by trigrams of title and body together, through a GiST index."""
    return f"select id from ideas order by (title || ' ' || body) <-> {literal(f'{title} {body}')} limit 10"


def full_text(title: str, body: str) -> str:
    """Any of the words, in their Dutch stems, best rank first, through a GIN index."""
    query = f"replace(plainto_tsquery('dutch', {literal(f'{title} {body}')})::text, '&', '|')::tsquery"
    words = "to_tsvector('dutch', title || ' ' || body)"
    ranked = f"where {words} @@ q order by ts_rank({words}, q) desc limit 10"
    return f"select id from ideas, (select {query} as q) as asked {ranked}"


WAYS = {
    "PostgreSQL trigrams, as Decidim": decidim,
    "PostgreSQL trigrams, GIN": trigrams_gin,
    "PostgreSQL trigrams, GiST": trigrams_gist,
    "PostgreSQL full text": full_text,
}
INDEXES = {
    "PostgreSQL trigrams, GIN": "create index grams on ideas using gin (title gin_trgm_ops, body gin_trgm_ops)",
    "PostgreSQL trigrams, GiST": (
        "create index near on ideas using gist ((title || ' ' || body) gist_trgm_ops (siglen=256))"
    ),
    "PostgreSQL full text": "create index words on ideas using gin (to_tsvector('dutch', title || ' ' || body))",
}
INDEX_NAMES = ("grams", "near", "words")
