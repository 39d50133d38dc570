"""projects."""

from flask import Blueprint

door = Blueprint("projects", __name__)
