"""api."""

from flask import Blueprint

door = Blueprint("api", __name__)


def similar() -> str:
    return ""
