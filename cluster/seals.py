"""Seals: secrets that must be read again stand encrypted, under a key that is not in the database.

The key is made of the one that signs sessions. Who has a copy of the database alone, reads nothing.
"""

import base64
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"medestanders: secrets in the database"


class Seals:
    """Closes with the first of these secrets, and opens with any: those after it were in use before."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets

    @cached_property
    def _keys(self) -> list[Fernet]:
        return [Fernet(_key(secret)) for secret in self._secrets]

    def close(self, text: str) -> str:
        """The text as it may stand in the database (Fernet: AES-128-CBC with HMAC-SHA256)."""
        return self._keys[0].encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """The text again; none when it was closed with another secret, or changed."""
        try:
            return MultiFernet(self._keys).decrypt(sealed).decode()
        except InvalidToken:
            return None

    def is_present(self, sealed: str) -> bool:
        """Whether it was closed with the secret in use now."""
        try:
            self._keys[0].decrypt(sealed)
        except InvalidToken:
            return False
        return True


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
