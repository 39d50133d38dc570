"""Static files under names that carry a hash of what is in them, and answers compressed for who can unpack them."""

import gzip
import hashlib
import mimetypes
import re
import secrets
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from flask import Flask, Response, abort, request, url_for

from cluster.web.context import root

_HASHED = re.compile(r"(.+)\.[0-9a-f]{12}(\.\w+)")
# Smaller answers fit in one packet as they are.
_WORTH_IT = 1_000
# A guess about a secret in a page shows in the length of what is compressed; so that length wavers.
_WAVERS = 100


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file as it is sent: its name with the hash, its content, and its content compressed."""

    name: str
    type: str
    content: bytes
    packed: bytes


@cache
def _read(path: Path, changed: float) -> Asset:
    content = path.read_bytes()
    name = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(name, kind, content, gzip.compress(content, mtime=0))


def find(name: str) -> Asset | None:
    """The static file with this name, with or without a hash in it; none where there is no such file."""
    path = root() / "static" / _HASHED.sub(r"\1\2", name)
    return _read(path, path.stat().st_mtime) if path.is_file() else None


def address(name: str) -> str:
    """Where a static file is fetched: the address changes with the content, so that it may be kept for ever."""
    asset = find(name)
    assert asset is not None, name
    return url_for("static", name=asset.name)


def _serve(name: str) -> Response:
    asset = find(name) or abort(404)
    unpacks = bool(request.accept_encodings.quality("gzip"))
    answer = Response(asset.packed if unpacks else asset.content, mimetype=asset.type)
    if unpacks:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    # A name from before the last change answers what stands now, and is asked again.
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if name == asset.name else "no-cache"
    answer.set_etag(asset.name, weak=True)
    answer.make_conditional(request)
    return answer


def _compress(answer: Response) -> Response:
    if answer.mimetype != "text/html" or answer.is_streamed or "Content-Encoding" in answer.headers:
        return answer
    answer.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") and len(answer.get_data()) >= _WORTH_IT:
        packed = BytesIO()
        filler = "x" * secrets.randbelow(_WAVERS)
        with gzip.GzipFile(filler, "wb", compresslevel=6, fileobj=packed, mtime=0) as file:
            file.write(answer.get_data())
        answer.set_data(packed.getvalue())
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def attach(app: Flask) -> None:
    """Serve the static files, and compress every page."""
    app.add_url_rule("/static/<name>", "static", _serve)
    app.after_request(_compress)
    app.jinja_env.globals["asset"] = address
