"""The door: `create_app`, the single place where everything is put together."""

from functools import partial

from flask import Flask
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import data.people
from cluster.engine.encoder import LazyEncoder, load
from cluster.engine.index import Index
from cluster.web import (
    access,
    assessments,
    attachments,
    calls,
    clusters,
    commands,
    contacts,
    drafts,
    errors,
    face,
    ideas,
    invitations,
    languages,
    letters,
    logs,
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
    threads,
    versions,
)
from cluster.web.context import Services, SignedIn, root, services
from cluster.web.requests import Number, Request
from cluster.web.security import guard
from cluster.web.settings import Settings, read_settings

# 20,000 characters of four bytes, percent-encoded, with room for the other fields.
_FORM_AT_MOST = 512 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """The application, with its settings from the environment unless given."""
    settings = settings or read_settings()
    logs.configure()
    settings.data.mkdir(parents=True, exist_ok=True)
    app = Flask("cluster.web", template_folder=str(root() / "templates"), static_folder=str(root() / "static"))
    app.request_class = Request
    app.url_map.converters["int"] = Number
    app.extensions["medestanders"] = Services(
        settings=settings, encoder=LazyEncoder(partial(load, settings.encoder)), index=Index(settings.snapshot)
    )
    app.config.update(
        SECRET_KEY=settings.session_secret(),
        SESSION_COOKIE_NAME="session" if settings.demo else "__Host-session",
        SESSION_COOKIE_SECURE=not settings.demo,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=8 * 3600,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=_FORM_AT_MOST,
        MAX_FORM_MEMORY_SIZE=_FORM_AT_MOST,
        WTF_CSRF_TIME_LIMIT=8 * 3600,
        WTF_CSRF_SSL_STRICT=not settings.demo,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf = CSRFProtect(app)
    csrf.exempt(matches.similar_api)
    csrf.exempt(letters.unsubscribe)
    _sign_in_with_session_keys(app)
    languages.attach(app)
    face.attach(app)
    errors.attach(app)
    guard(app)
    rooms = (
        pages,
        people,
        places,
        invitations,
        access,
        organisations,
        ideas,
        projects,
        project_requests,
        project_uploads,
        calls,
        contacts,
        clusters,
        letters,
        matches,
        assessments,
        drafts,
        versions,
        moderation,
        searches,
        plans,
        threads,
        reminders,
        attachments,
        programme,
    )
    for door in rooms:
        app.register_blueprint(door.door)
    commands.attach(app)
    return app


def _sign_in_with_session_keys(app: Flask) -> None:
    manager = LoginManager(app)
    manager.login_view = "people.sign_in"
    manager.login_message = None
    manager.unauthorized_handler(people.ask_to_sign_in)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def _load(session_key: str) -> SignedIn | None:
        found = data.people.by_session_key(services().db(), session_key=session_key)
        # Everybody knows the demo's password: in production its accounts are nobody.
        return SignedIn(found) if found and (services().settings.demo or not found.demo) else None
