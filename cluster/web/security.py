"""Security headers on every answer, errors and static files included."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)


def guard(app: Flask, *, provider: str | None) -> None:
    """Set the headers after every request; signing out may lead on to the login provider, if there is one."""
    policy = _POLICY
    if provider:
        parts = urlsplit(provider)
        policy = policy.replace("form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}")

    @app.after_request
    def _headers(answer: Response) -> Response:
        headers = answer.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if request.is_secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        headers.setdefault("Cache-Control", "no-store")
        if request.endpoint != "static":
            headers.add("Vary", "Cookie")
        return answer
