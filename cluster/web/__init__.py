"""The door: `create_app`, the single place where everything is put together."""

from contextlib import suppress
from functools import partial

from flask import Flask
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import cluster.sessions
import data.store
from cluster.engine.encoder import LazyEncoder, load
from cluster.engine.index import Index
from cluster.web import (
    access,
    addresses,
    adoptions,
    api,
    assessments,
    assets,
    attachments,
    calls,
    clusters,
    commands,
    consortia,
    contacts,
    drafts,
    errors,
    face,
    fits,
    government,
    health,
    ideas,
    information,
    invitations,
    languages,
    ledger,
    letters,
    logs,
    mailboxes,
    matches,
    moderation,
    organisations,
    pages,
    people,
    places,
    plans,
    programme,
    project_requests,
    project_uploads,
    projects,
    reminders,
    searches,
    second_steps,
    sessions,
    steps,
    style,
    threads,
    versions,
)
from cluster.web.context import Services, SignedIn, root, services
from cluster.web.requests import Number, Request
from cluster.web.security import guard
from cluster.web.settings import Settings, read_settings
from models.sessions import Means

# 20,000 characters of four bytes, percent-encoded, with room for the other fields.
_FORM_AT_MOST = 512 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """The application, with its settings from the environment unless given."""
    settings = settings or read_settings()
    logs.configure()
    settings.data.mkdir(parents=True, exist_ok=True)
    app = Flask("cluster.web", template_folder=str(root() / "templates"), static_folder=None)
    app.request_class = Request
    app.url_map.converters["int"] = Number
    app.extensions["medestanders"] = Services(
        settings=settings, encoder=LazyEncoder(partial(load, settings.encoder)), index=Index(settings.snapshot)
    )
    app.config.update(
        SECRET_KEY=settings.session_secret(),
        SECRET_KEY_FALLBACKS=settings.secrets()[1:],
        SESSION_COOKIE_NAME="session" if settings.demo else "__Host-session",
        SESSION_COOKIE_SECURE=not settings.demo,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=cluster.sessions.ABSOLUTE_HOURS * 3600,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=_FORM_AT_MOST,
        MAX_FORM_MEMORY_SIZE=_FORM_AT_MOST,
        WTF_CSRF_TIME_LIMIT=cluster.sessions.ABSOLUTE_HOURS * 3600,
        WTF_CSRF_SSL_STRICT=not settings.demo,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    logs.attach(app)
    health.attach(app)
    csrf = CSRFProtect(app)
    csrf.exempt(api.similar)
    csrf.exempt(letters.unsubscribe)
    _sign_in_with_sessions(app)
    languages.attach(app)
    face.attach(app)
    assets.attach(app)
    errors.attach(app)
    guard(app, provider=settings.oidc_issuer)
    second_steps.attach(app)
    government.attach(app)
    rooms = (
        pages,
        health,
        people,
        sessions,
        second_steps,
        government,
        places,
        invitations,
        access,
        organisations,
        mailboxes,
        addresses,
        ideas,
        adoptions,
        projects,
        project_requests,
        project_uploads,
        calls,
        contacts,
        clusters,
        steps,
        letters,
        matches,
        api,
        assessments,
        fits,
        drafts,
        versions,
        moderation,
        ledger,
        searches,
        plans,
        consortia,
        threads,
        reminders,
        attachments,
        programme,
        information,
        style,
    )
    for door in rooms:
        app.register_blueprint(door.door)
    commands.attach(app)
    return app


def _sign_in_with_sessions(app: Flask) -> None:
    manager = LoginManager(app)
    manager.login_view = "people.sign_in"
    manager.login_message = None
    manager.unauthorized_handler(people.ask_to_sign_in)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def _load(token: str) -> SignedIn | None:
        found = cluster.sessions.present(services().db(), token=token)
        settings = services().settings
        # Everybody knows the demo's password: in production its accounts are nobody.
        if found is None or (found.member.demo and not settings.demo):
            return None
        if not settings.local_accounts and found.session.means is Means.PASSWORD:
            return None
        with suppress(data.store.Error):  # a store that is busy or full keeps nobody from reading
            cluster.sessions.keep(services().db(), session=found.session)
        return SignedIn(found, token)
