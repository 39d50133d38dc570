"""Files at messages and ideas: brought in, taken away, and handed out as downloads that no browser opens in place."""

from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.attachments
import cluster.files
import cluster.ideas
from cluster.files import Given
from cluster.web.context import db, member, services
from cluster.web.languages import number, say
from cluster.web.people import asking
from models.attachments import TYPES, Attachment
from models.errors import Invalid, NotFound

door = Blueprint("attachments", __name__)

ACCEPTED = ",".join(f".{ending}" for ending in TYPES)
# Whatever a file is, it can do nothing here, even when somebody opens it in a browser.
_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

door.add_app_template_global(lambda idea_id: cluster.attachments.of_idea(db(), idea_id=idea_id), "files_of_idea")
door.add_app_template_global(lambda: ACCEPTED, "accepted_files")
door.add_app_template_filter(lambda size: _size(size), "size")


def folder() -> Path:
    """Where files stand: outside of what the web server hands out by itself."""
    return services().settings.data / "attachments"


def given() -> list[Given]:
    """The files of this form; a field that was left empty is none."""
    return [Given(one.filename, one.stream) for one in request.files.getlist("files") if one.filename]  # type: ignore[arg-type]


@door.get("/attachments/<int:attachment_id>")
def download(attachment_id: int) -> Response:
    """One file, for who may read what it stands at."""
    found = cluster.attachments.get(db(), member=member(), attachment_id=attachment_id)
    path = cluster.files.place(folder(), found.digest)
    if not path.is_file():
        raise NotFound
    answer = send_file(path.resolve(), mimetype=found.type, as_attachment=True, download_name=found.name, etag=False)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@door.route("/ideas/<int:idea_id>/attachments", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def bring(idea_id: int) -> ResponseReturnValue:
    """Attach files to an idea of one's own, or see which there are."""
    idea = cluster.ideas.own(db(), member=asking(), idea_id=idea_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            cluster.attachments.bring_to_idea(db(), folder(), member=member(), idea_id=idea_id, files=given())
        except Invalid as refused:
            errors = together(refused)
        else:
            flash(gettext("De bestanden staan erbij. Wie het idee ziet, kan ze downloaden."))
            return redirect(url_for("attachments.bring", idea_id=idea_id), code=303)
    return render_template("ideas/attachments.html", idea=idea, errors=errors), 422 if errors else 200


@door.post("/attachments/<int:attachment_id>/remove")
@login_required  # type: ignore[untyped-decorator]
def remove(attachment_id: int) -> ResponseReturnValue:
    """Take a file of one's own government away."""
    found = cluster.attachments.remove(db(), member=member(), attachment_id=attachment_id)
    flash(gettext("%(name)s is weg.", name=found.name))
    return redirect(_back(found), code=303)


def together(refused: Invalid) -> dict[str, str]:
    """What is wrong by field; of one field, everything."""
    said: dict[str, str] = {}
    for wrong in refused.every:
        said[wrong.field] = " ".join(filter(None, (said.get(wrong.field), say(wrong))))
    return said


def _back(found: Attachment) -> str:
    if found.idea_id is not None:
        return url_for("attachments.bring", idea_id=found.idea_id)
    item = cluster.attachments.conversation(db(), attachment=found)
    return url_for("threads.show", about=item[0], item_id=item[1])


def _size(size: int) -> str:
    """A size as people say it."""
    return f"{number(round(size / 1024**2, 1))} MB" if size >= 100 * 1024 else f"{max(1, size // 1024)} kB"
