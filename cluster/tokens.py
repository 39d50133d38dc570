"""Secrets that go out in letters: long, random, and kept here as a hash alone."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta


def new() -> tuple[str, str]:
    """A secret for a letter, and its hash to keep."""
    token = secrets.token_urlsafe(32)
    return token, digest(token)


def digest(token: str) -> str:
    """The hash of a secret; a secret this long and random needs no slow one."""
    return hashlib.sha256(token.encode()).hexdigest()


def until(**spell: int) -> str:
    """The moment so many `days` or `hours` from now, as UTC ISO text with seconds."""
    return (datetime.now(UTC) + timedelta(**spell)).isoformat(timespec="seconds")
