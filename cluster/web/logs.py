"""Logs: one JSON object a line, ids only. Names and texts never get in, so tracebacks go without local variables."""

import logging

import structlog
from structlog.tracebacks import ExceptionDictTransformer


def configure() -> None:
    """Set up logging for a process; doing it twice changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
