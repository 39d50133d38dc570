"""The start page, the language switch, and the doors for machines that watch over the service."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

import cluster.calls
import cluster.clusters
import cluster.contacts
import cluster.ideas
import cluster.projects
import data.calls
import data.work
from cluster.people import LOCALES
from cluster.web.context import db, index, member, services
from cluster.web.languages import language

door = Blueprint("pages", __name__)


@door.get("/")
def home() -> str:
    """What this is, what is new, and for a member what waits."""
    asking = member()
    return render_template(
        "home.html",
        ideas=cluster.ideas.newest(db(), at_most=6),
        counts=cluster.ideas.counts(db()),
        calls=cluster.calls.every(db()),
        waiting=cluster.contacts.waiting_for(db(), member=asking) if asking else [],
        proposals=cluster.clusters.waiting(db()) if asking and asking.is_coordinator else 0,
        lang=language(),
    )


@door.post("/language")
def set_language() -> ResponseReturnValue:
    """Read on in another language, at the same place."""
    if request.form.get("locale") in LOCALES:
        session["locale"] = request.form["locale"]
    return redirect(same_origin(request.form.get("next")) or url_for("pages.home"), code=303)


def same_origin(target: str | None) -> str | None:
    """The target if it is a path of this site, else none: nobody is sent elsewhere by a crafted link."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


@door.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Whether this process answers."""
    return {"status": "ok"}


@door.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Whether the service can do its work; each fault is named."""
    faults = {}
    try:
        data.calls.themes(db(), lang="nl")
    except Exception as error:  # any fault of the store means not ready
        faults["database"] = type(error).__name__
    if services().encoder.get() is None:
        # The type alone: the text of an exception may hold paths, and anybody may ask.
        faults["encoder"] = (services().encoder.error or "not loaded").split(":")[0]
    status = 503 if "database" in faults else 200
    return {"status": "ok" if not faults else "degraded", "faults": faults}, status


@door.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus figures, for callers on this machine only."""
    if request.remote_addr not in {"127.0.0.1", "::1"} or request.headers.get("X-Forwarded-For"):
        abort(404)
    registry = CollectorRegistry()
    for name, text, value in (
        ("medestanders_ideas", "Open ideas", cluster.ideas.counts(db())["ideas"]),
        ("medestanders_jobs_waiting", "Jobs not done", data.work.waiting(db())),
        ("medestanders_index_items", "Items in this process's index", len(index())),
    ):
        Gauge(name, text, registry=registry).set(value)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
