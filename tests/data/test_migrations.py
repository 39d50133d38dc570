"""The schema ends the same, however often, by how many at once, and after whatever interruption it is made."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from data.migrations import migrate, migrations
from data.store import close, connect, row, rows, transaction, value

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """An empty database file."""
    db = connect(tmp_path / "new.sqlite")
    yield db
    close(db)


def schema(db: Database) -> list[dict[str, object]]:
    """Everything that is made in a database, as it was said."""
    return rows(db, "select type, name, tbl_name, sql from sqlite_master order by type, name")


@pytest.fixture(scope="module")
def whole() -> list[dict[str, object]]:
    """The schema as it is when nothing goes wrong."""
    db = connect(":memory:")
    with transaction(db):
        migrate(db)
    found = schema(db)
    close(db)
    return found


def migrator(path: Path, statement: int) -> "subprocess.Popen[str]":
    """Start a process that migrates, and kills itself just before the given statement."""
    command = [sys.executable, "-m", "tests.soak.migrator", str(path), str(statement)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def statements() -> int:
    """How many statements a migration runs, triggers of the schema's own bookkeeping included."""
    seen: list[str] = []
    db = connect(":memory:")
    db.conn.set_trace_callback(seen.append)
    with transaction(db):
        migrate(db)
    close(db)
    return len(seen)


def test_migrating_twice_changes_nothing(store: Database, whole: list[dict[str, object]]) -> None:
    with transaction(store):
        migrate(store)
    before, steps = store.conn.total_changes, rows(store, "select * from _sqlite_migrations")
    with transaction(store):
        migrate(store)
    assert store.conn.total_changes == before
    assert rows(store, "select * from _sqlite_migrations") == steps
    assert schema(store) == whole


def test_a_migration_that_fails_leaves_nothing_and_ends_the_same_when_run_again(
    store: Database, whole: list[dict[str, object]]
) -> None:
    """SQLite is interrupted after ever more work, until the migration gets through."""
    left = 0

    def enough() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    store.conn.set_progress_handler(enough, 100)
    failed = 0
    for steps in range(1_000):
        left = steps * 10
        try:
            with transaction(store):
                migrate(store)
            break
        except sqlite3.OperationalError:
            failed += 1
        left = 1_000_000
        assert schema(store) == []
    left = 1_000_000
    assert failed >= 3
    assert schema(store) == whole


def test_a_migration_killed_at_any_statement_ends_the_same_when_run_again(
    tmp_path: Path, whole: list[dict[str, object]]
) -> None:
    every = statements()
    for statement in (1, every // 3, every * 2 // 3, every):
        killed_then_run_again(tmp_path / f"{statement}.sqlite", statement, whole)


@pytest.mark.soak
def test_a_migration_killed_at_each_statement_ends_the_same_when_run_again(
    tmp_path: Path, whole: list[dict[str, object]]
) -> None:
    for statement in range(1, statements() + 1):
        killed_then_run_again(tmp_path / f"{statement}.sqlite", statement, whole)


def killed_then_run_again(path: Path, statement: int, whole: list[dict[str, object]]) -> None:
    """Kill a migration, look that nothing of it is there, run it again, and look that all of it is."""
    with migrator(path, statement) as killed:
        assert killed.wait(timeout=60) == -9
    db = connect(path)
    assert schema(db) == []
    with transaction(db):
        migrate(db)
    assert schema(db) == whole
    assert value(db, "pragma integrity_check") == "ok"
    close(db)


def test_several_processes_may_migrate_the_same_new_database_at_once(
    tmp_path: Path, whole: list[dict[str, object]]
) -> None:
    path = tmp_path / "shared.sqlite"
    together = [migrator(path, 0) for _ in range(4)]
    for one in together:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in together:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in together:
        one.communicate(timeout=60)
    assert [one.returncode for one in together] == [0] * 4
    db = connect(path)
    assert schema(db) == whole
    close(db)


def test_every_table_is_strict(db: Database) -> None:
    found = rows(db, "select name, strict from pragma_table_list where type = 'table' and name not like 'sqlite_%'")
    assert len(found) > 20
    assert [item["name"] for item in found if not item["strict"]] == []


def test_a_value_of_the_wrong_type_is_refused(db: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), transaction(db):
        db.execute("insert into call_deadlines (call_id, position, closes_at) values (1, 'first', '2021-11-12')")


def test_every_reference_points_at_a_table_that_is_there(db: Database) -> None:
    tables = {item["name"] for item in rows(db, "select name from sqlite_master where type = 'table'")}
    references = [
        (table, item["table"])
        for table in sorted(tables)
        for item in rows(db, "select * from pragma_foreign_key_list(?)", [table])
    ]
    assert len(references) > 20
    assert [pair for pair in references if pair[1] not in tables] == []
    assert row(db, "pragma foreign_key_check") is None


def test_reports_and_the_history_outlive_the_step_that_lets_messages_be_reported(store: Database) -> None:
    with transaction(store):
        migrations.apply(store, stop_before="071_messages")
        made = "'2026-01-01T00:00:00+00:00'"
        store.execute(
            f"""insert into members (id, email, name, role, created_at)
            values (1, 'a@b.example', 'A', 'coordinator', {made})"""
        )
        store.execute(
            f"""insert into cases (id, kind, item_id, title, organisation, created_at, updated_at)
            values (7, 'idea', 3, 'T', 'Genk', {made}, {made})"""
        )
        store.execute(f"insert into reports values (5, 7, 1, 'wrong', 'Nee', {made})")
        store.execute(f"insert into history values (9, {made}, 1, 'reported', 'idea', 3, 'T', 'Nee', 7)")
    before = [rows(store, f"select * from {table}") for table in ("cases", "reports", "history")]
    with transaction(store):
        migrate(store)
    assert [rows(store, f"select * from {table}") for table in ("cases", "reports", "history")] == before
    assert rows(store, "pragma foreign_key_check") == []
    with pytest.raises(sqlite3.DatabaseError, match="never erased"):
        store.execute("delete from history")
