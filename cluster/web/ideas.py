"""ideas."""

from flask import Blueprint

door = Blueprint("ideas", __name__)
