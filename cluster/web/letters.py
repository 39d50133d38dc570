"""letters."""

from flask import Blueprint

door = Blueprint("letters", __name__)
