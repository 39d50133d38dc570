"""Commands."""

from flask import Flask


def attach(app: Flask) -> None:
    """Attach."""
