"""The login provider of the Flemish government, by OpenID Connect: code flow, PKCE, RS256 and nothing else.

Where there is no such login, the libraries that speak it are not loaded either.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, current_app, request, url_for
from flask.typing import ResponseReturnValue

import cluster.sessions
from cluster.web.context import db, present, services
from models.errors import N_, NotAllowed, NotFound, Refusal, Unreachable
from models.government import Terms
from models.sessions import Means

_NAME = "government"
_PATIENCE_S = 10
_CLOCKS_DIFFER_S = 60
_DOUBTED = N_("De aanmelding is niet gelukt. Er is niets gewijzigd. Probeer het opnieuw, en begin bij ‘Aanmelden’.")
_AWAY = N_("De aanmelding van de Vlaamse overheid antwoordt niet. Probeer het straks opnieuw.")
_STOPPED = N_("Je hebt het aanmelden afgebroken, of de Vlaamse overheid liet je niet door. Probeer het opnieuw.")
_log = structlog.get_logger()


def attach(app: Flask) -> None:
    """Know the provider, if there is one; nothing is asked of it before somebody signs in."""
    settings = app.extensions["medestanders"].settings
    if settings.oidc_issuer is None:
        return
    from cluster.web.openid import OAuth, Provider

    client = OAuth(app).register(
        name=_NAME,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
        client_cls=Provider,
        client_kwargs={
            "scope": settings.oidc_scopes,
            "code_challenge_method": "S256",
            "default_timeout": _PATIENCE_S,
        },
    )
    client.issuer = settings.oidc_issuer


def terms() -> Terms:
    """What was agreed with the provider; NotFound where there is none."""
    settings = services().settings
    if settings.oidc_issuer is None or settings.oidc_rights is None:
        raise NotFound
    return Terms(settings.oidc_issuer, settings.oidc_rights, settings.oidc_member, settings.oidc_coordinator)


def send_there() -> ResponseReturnValue:
    """Send somebody to the provider to sign in."""
    home, client = services().settings.home, _client()
    try:
        found: ResponseReturnValue = client.authorize_redirect(home + url_for("government.callback"))
    except Exception as fault:
        raise _refusal(fault) from fault
    return found


def take_back() -> tuple[Mapping[str, Any], str]:
    """The verified claims of who comes back from the provider, and the ID token they stood in.

    Whatever is wrong with them is a Refusal, in words for who reads it, and a line in the log with the kind of fault.
    """
    client = _client()
    if "error" in request.args:
        raise NotAllowed(_STOPPED)
    if request.args.get("iss", client.issuer) != client.issuer:  # RFC 9207
        raise Refusal(_DOUBTED)
    try:
        token = client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": client.issuer},
                "aud": {"essential": True, "value": client.client_id},
            },
            leeway=_CLOCKS_DIFFER_S,
        )
        claims: Mapping[str, Any] = token["userinfo"]
        return claims, str(token["id_token"])
    except Exception as fault:
        raise _refusal(fault) from fault


def sign_out_address() -> str | None:
    """Where who signed in with the provider signs out there too; none for others, and when it does not answer."""
    who = present()
    if who is None or who.session.means is not Means.PROVIDER or services().settings.oidc_issuer is None:
        return None
    client = _client()
    try:
        found = client.create_logout_url(
            post_logout_redirect_uri=f"{services().settings.home}/",
            id_token_hint=cluster.sessions.hint(db(), session=who.session),
            client_id=client.client_id,
        )
    except Exception as fault:
        _log.warning("provider", fault=type(fault).__name__)
        return None
    return str(found["url"])


def _client() -> Any:
    terms()
    return current_app.extensions["authlib.integrations.flask_client"].create_client(_NAME)


def _refusal(fault: Exception) -> Refusal:
    """What somebody hears when the provider, or who came back from it, did not keep to what was agreed."""
    from cluster.web.openid import AWAY, DOUBTFUL

    _log.warning("provider", fault=type(fault).__name__, error=getattr(fault, "error", None))
    if isinstance(fault, AWAY):
        return Unreachable(_AWAY)
    if isinstance(fault, DOUBTFUL):
        return Refusal(_DOUBTED)
    raise fault
