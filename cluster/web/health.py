"""The doors for machines that watch over the service: whether it answers, whether it works, and figures."""

import os
import shutil
import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

import cluster.ideas
import data.calls
import data.health
import data.work
from cluster.web.context import Services, db, index, services

door = Blueprint("health", __name__)

# Below this a night of letters and drafts may not fit any more.
_FREE_AT_LEAST = 200 * 2**20
# A worker takes what is due within seconds; so long only one that is not there leaves it.
_DUE_AT_MOST_S = 15 * 60
# Without these nobody can do anything here; without the others only less.
_NEEDED = {"database", "schema"}

_SECONDS = Histogram(
    "medestanders_request_seconds",
    "Time that requests took",
    ["status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=None,
)


def attach(app: Flask) -> None:
    """Measure every request."""

    @app.after_request
    def _measure(answer: Response) -> Response:
        if "began" in g:
            _SECONDS.labels(f"{answer.status_code // 100}xx").observe(time.monotonic() - g.began)
        return answer


@door.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Whether this process answers."""
    return {"status": "ok"}


@door.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Whether the service can do its work; each fault is named, and 503 when nobody can do anything."""
    faults = dict(_faults(services()))
    status = 503 if _NEEDED & set(faults) else 200
    return {"status": "ok" if not faults else "degraded", "faults": faults}, status


def _faults(services: Services) -> Iterator[tuple[str, str]]:
    """What does not work, and how. Anybody may ask: never the text of an exception, which may hold paths."""
    try:
        data.calls.themes(services.db(), lang="nl")
        if data.health.pending(services.db()):
            yield "schema", "behind"
        if data.health.overdue_s(services.db()) > _DUE_AT_MOST_S:
            yield "worker", "behind"
    except Exception as error:  # any fault of the store means not ready
        yield "database", type(error).__name__
    try:
        if shutil.disk_usage(services.settings.data).free < _FREE_AT_LEAST:
            yield "disk", "nearly full"
        if not os.access(services.settings.data, os.W_OK):
            yield "folder", "read only"
    except OSError as error:
        yield "folder", type(error).__name__
    if services.encoder.get() is None:
        yield "encoder", (services.encoder.error or "not loaded").split(":")[0]


@door.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus figures, for callers on this machine only."""
    if request.remote_addr not in {"127.0.0.1", "::1"} or request.headers.get("X-Forwarded-For"):
        abort(404)
    registry = CollectorRegistry()
    registry.register(_Figures())
    # With several processes each writes what it measured into a folder, and whichever answers adds all of them.
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_SECONDS)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """What stands in the store now; the same whichever process answers."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One figure after the other."""
        found = data.health.figures(db())
        for name, text, value in (
            ("ideas", "Open ideas", cluster.ideas.counts(db())["ideas"]),
            ("jobs_waiting", "Jobs not done", data.work.waiting(db())),
            ("jobs_given_up", "Jobs that nobody tries any more", data.health.given_up(db())),
            ("jobs_overdue_seconds", "How long the oldest due job waits", data.health.overdue_s(db())),
            ("letters_queued", "Letters that wait", found["letters_queued"]),
            ("letters_failed", "Letters that were given up", found["letters_failed"]),
            ("members_active", "Open accounts", found["members_active"]),
            ("sessions", "Sessions that did not end", found["sessions"]),
            ("database_bytes", "Size of the database", found["database_bytes"]),
            ("disk_free_bytes", "Room for data", shutil.disk_usage(services().settings.data).free),
            ("index_items", "Items in the index of the process that answers", len(index())),
        ):
            yield GaugeMetricFamily(f"medestanders_{name}", text, value=value)
