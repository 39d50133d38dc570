"""Authlib's client as it must be for the login of the Flemish government; loaded where there is such a login alone."""

from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.flask_client.apps import FlaskOAuth2App
from joserfc.errors import JoseError
from requests import RequestException

__all__ = ["AWAY", "DOUBTFUL", "OAuth", "Provider"]

# What is raised when the provider does not answer, and when what it or somebody else says cannot be believed.
AWAY = (RequestException,)
DOUBTFUL = (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, RuntimeError)


class Provider(FlaskOAuth2App):  # type: ignore[misc]
    """A client that takes nobody's word for who the provider is or with what it signs."""

    issuer: str

    def load_server_metadata(self) -> dict[str, Any]:
        """What the provider says of itself, once it is the one that was agreed."""
        found: dict[str, Any] = super().load_server_metadata()
        if found.get("issuer") != self.issuer:
            found.pop("_loaded_at", None)
            raise AuthlibBaseError(error="another_issuer")
        # What the provider offers is not for us to choose from: this is what was agreed.
        found["id_token_signing_alg_values_supported"] = ["RS256"]
        return found
