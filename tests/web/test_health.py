"""What watches over the service hears of each fault, and learns no name."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.web.health
from cluster.engine.encoder import LazyEncoder
from data.store import transaction
from data.work import queue

ROOT = Path(__file__).resolve().parents[2]


def ready(app: Flask) -> tuple[int, dict[str, str]]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, answer.get_json()["faults"]


def test_all_is_well(app: Flask) -> None:
    assert ready(app) == (200, {})


def test_a_database_that_is_gone_or_old_stops_everything(app: Flask, app_db: Database) -> None:
    app_db.execute("delete from _sqlite_migrations where name = '080_addresses'")
    assert ready(app) == (503, {"schema": "behind"})
    app_db.execute("alter table themes rename to elsewhere")
    assert ready(app) == (503, {"database": "OperationalError"})


def test_a_worker_that_is_gone_shows(app: Flask, app_db: Database) -> None:
    with transaction(app_db):
        queue(app_db, kind="letter", key="1", payload={})
        app_db.execute("update jobs set not_before = '2020-01-01T00:00:00+00:00'")
    assert ready(app) == (200, {"worker": "behind"})
    app_db.execute("update jobs set leased_until = '2999-01-01T00:00:00+00:00'")
    assert ready(app) == (200, {})


def test_a_disk_that_fills_and_a_folder_that_is_gone_show(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.web.health, "_FREE_AT_LEAST", 2**62)
    assert ready(app) == (200, {"disk": "nearly full"})
    app.extensions["medestanders"].settings.data = Path("/nowhere")
    assert ready(app) == (200, {"folder": "FileNotFoundError"})


def test_an_encoder_that_does_not_load_shows_without_its_path(app: Flask) -> None:
    def broken() -> Any:
        raise OSError("/srv/secret/encoder is broken")

    app.extensions["medestanders"].encoder = LazyEncoder(broken)
    assert ready(app) == (200, {"encoder": "OSError"})


def test_figures_tell_what_stands_and_how_long_requests_take(app: Flask, page: Callable[..., Any]) -> None:
    page("genk").submit("/ideas/new", title="Zwembad", description="Baan boeken.")
    told = app.test_client().get("/metrics").get_data(as_text=True)
    for line in ("medestanders_ideas 1.0", "medestanders_members_active 4.0", "medestanders_sessions 1.0",
                 "medestanders_jobs_given_up 0.0", "medestanders_letters_failed 0.0"):  # fmt: skip
        assert f"\n{line}\n" in told
    assert 'medestanders_request_seconds_count{status="3xx"}' in told
    assert "genk" not in told


def test_whichever_process_answers_tells_of_all(tmp_path: Path) -> None:
    program = f"""
import sys, pathlib
sys.path.insert(0, {str(ROOT)!r})
from cluster.web.health import _SECONDS
_SECONDS.labels("2xx").observe(0.2)
if sys.argv[1:]:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    print(generate_latest(registry).decode())
"""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    second = subprocess.run([sys.executable, "-c", program, "tell"], env=environment, check=True, capture_output=True)
    assert 'medestanders_request_seconds_count{status="2xx"} 2.0' in second.stdout.decode()
