"""calls."""

from flask import Blueprint

door = Blueprint("calls", __name__)
