"""Requests: forms in another encoding and numbers beyond all bounds are read so that they can be refused."""

from typing import IO, Any
from urllib.parse import parse_qsl

import flask
from werkzeug.formparser import FormDataParser
from werkzeug.routing import IntegerConverter, Map

# A little more than a file may be, so that one that is too large can be refused at its field.
FILE_AT_MOST = 12 * 2**20
# And so for the files of a message or an idea together.
FILES_AT_MOST = 102 * 2**20
_WITH_FILES = {
    "project_uploads.bring_in": FILE_AT_MOST,
    "threads.write": FILES_AT_MOST,
    "attachments.bring": FILES_AT_MOST,
}


class _Parser(FormDataParser):
    def _parse_urlencoded(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any) -> Any:
        # Werkzeug keeps bytes it cannot decode as percent signs, which nobody could tell from typed text any more.
        items = parse_qsl(stream.read().decode(errors="replace"), keep_blank_values=True, errors="replace")
        return stream, self.cls(items), self.cls()


class Request(flask.Request):
    """A request whose form fields hold U+FFFD where bytes were not UTF-8."""

    form_data_parser_class = _Parser

    @property
    def max_content_length(self) -> int | None:
        """How large a request may be: only where files are brought in, as large as these may be."""
        known = _WITH_FILES.get(self.url_rule.endpoint) if self.url_rule is not None else None
        return known or super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        flask.Request.max_content_length.fset(self, value)  # type: ignore[attr-defined]


class Number(IntegerConverter):
    """An id in an address: one that the store cannot hold is simply not found."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**31 - 1)


# Who calls itself by several names is the first of these: Edge says that it is Chrome, and Chrome that it is Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac", "Mac"))
_LINUX = ("Linux", "Linux")  # Android says so too


def agent_of(given: str) -> str:
    """The browser and the system in a User-Agent, as people call them, and no more precisely; nothing if unknown."""
    found = (next((name for mark, name in known if mark in given), "") for known in (_BROWSERS, (*_SYSTEMS, _LINUX)))
    return ", ".join(name for name in found if name)


def agent() -> str:
    """The browser and the system of who asks."""
    return agent_of(flask.request.headers.get("User-Agent", ""))


def number(given: str | None) -> int | None:
    """A whole number as people and links write it; none for everything else, however long."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 10 else None
