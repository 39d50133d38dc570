"""contacts."""

from flask import Blueprint

door = Blueprint("contacts", __name__)
