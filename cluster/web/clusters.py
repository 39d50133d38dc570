"""clusters."""

from flask import Blueprint

door = Blueprint("clusters", __name__)
