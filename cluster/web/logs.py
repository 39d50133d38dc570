"""Logs: one JSON object a line on stderr, ids only: no names, addresses or texts, and no addresses of pages either."""

import re
import secrets
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.tracebacks import ExceptionDictTransformer

from cluster.web.context import present, services

_log = structlog.get_logger()
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
# What these say is of the system; what another exception says may be what somebody typed.
_OF_THE_SYSTEM = {"OSError", "OperationalError", "DatabaseError", "IntegrityError", "BusyError", "MemoryError"}
_UNTOLD = {"static", "health.healthz", "health.readyz", "health.metrics"}


def configure() -> None:
    """Set up logging for a process; doing it twice changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20)),
            _without_texts,
            structlog.processors.JSONRenderer(),
        ],
        # Asked for at each line: who runs this may have put another stream in its place.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _without_texts(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of exceptions the kinds and the places in our files, and only of those of the system what they say."""
    for one in line.get("exception", []):
        if one["exc_type"] not in _OF_THE_SYSTEM:
            one["exc_value"] = ""
        one["exc_notes"] = []
    return line


def attach(app: Flask) -> None:
    """Give every request an id, which every line about it holds and the answer too; in production tell of each."""

    @app.before_request
    def _begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        # Only a proxy that we believe names requests: a visitor could make two look like one.
        believed = services().settings.trusted_proxies and _ID.fullmatch(given)
        g.request_id, g.began = given if believed else secrets.token_hex(8), time.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def _end(answer: Response) -> Response:
        if "request_id" not in g:  # a fault before anything else
            return answer
        answer.headers["X-Request-ID"] = g.request_id
        if not services().settings.demo and request.endpoint not in _UNTOLD:
            _log.info(
                "request",
                method=request.method,
                path=request.url_rule.rule if request.url_rule else None,
                status=answer.status_code,
                ms=round((time.monotonic() - g.began) * 1000),
                member=_member_id(),
            )
        return answer


def _member_id() -> int | None:
    """Who asked, if that is known by now: looking it up here could fail with what failed before."""
    found = present() if "_login_user" in g else None
    return found.member.id if found else None
