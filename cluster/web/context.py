"""What a request works with: the database of this thread, the encoder, the index, and who asks."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

from flask import current_app
from flask_login import UserMixin, current_user
from sqlite_utils import Database

import data.store
import data.throttles
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.engine.index import Index
from cluster.seals import Seals
from cluster.web.settings import Settings
from data.matches import Item
from models.people import Member
from models.sessions import Present


class SignedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of who asks. The cookie holds the secret of a session here, never who it is."""

    def __init__(self, present: Present, token: str) -> None:
        self.present = present
        self._token = token

    def get_id(self) -> str:
        """What the cookie holds."""
        return self._token


@dataclass
class Services:
    """Made once per process by the composition root."""

    settings: Settings
    encoder: LazyEncoder
    index: Index[Item]
    _own: threading.local = field(default_factory=threading.local)

    @cached_property
    def seals(self) -> Seals:
        """What closes and opens the secrets in the database."""
        return Seals(*self.settings.secrets())

    def db(self) -> Database:
        """The connection of this thread, opened at its first use (so after a fork) and kept."""
        if not hasattr(self._own, "db"):
            self._own.db = data.store.connect(self.settings.database)
        return cast(Database, self._own.db)

    def throttles(self) -> Database:
        """The throttle database of this thread."""
        if not hasattr(self._own, "throttles"):
            self._own.throttles = data.throttles.open_throttles(self.settings.data / "throttles.sqlite")
        return cast(Database, self._own.throttles)

    def close(self) -> None:
        """Close this thread's connections."""
        for name in ("db", "throttles"):
            if hasattr(self._own, name):
                data.store.close(getattr(self._own, name))
                delattr(self._own, name)


def services() -> Services:
    """The services of this application."""
    return cast(Services, current_app.extensions["medestanders"])


def db() -> Database:
    """The database, for a verb."""
    return services().db()


def encoder() -> Encoder | None:
    """The encoder, or none if it cannot be loaded: verbs then fall back to the words alone."""
    return services().encoder.get()


def index() -> Index[Item]:
    """The in-memory index of this process."""
    return services().index


def present() -> Present | None:
    """Who asks and in which session, if signed in."""
    return current_user.present if current_user.is_authenticated else None


def member() -> Member | None:
    """Who asks, if signed in."""
    found = present()
    return found.member if found else None


def root() -> Path:
    """The project's folder, which holds templates, static files and translations."""
    return Path(__file__).resolve().parents[2]
