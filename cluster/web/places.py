"""The pages of municipalities, intermunicipal bodies and provinces."""

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

import cluster.places
import data.people
from cluster.web.context import db
from cluster.web.exports import response
from cluster.web.face import themes
from cluster.web.languages import in_sentence, number
from cluster.web.matches import page_number
from models.clusters import Cluster
from models.places import Companion, Size

door = Blueprint("places", __name__)

door.add_app_template_global(lambda companion: why(companion), "why_companion")


@door.get("/municipalities")
def browse() -> str:
    """All governments by name: municipalities first asked for, bodies and provinces too."""
    text, kind, province = _wanted()
    page = page_number()
    found, has_more = cluster.places.search(db(), text=text, kind=kind, province=province, page=page)
    return render_template(
        "people/places.html",
        places=found,
        has_more=has_more,
        page=page,
        text=text,
        kind=kind,
        province=province,
        kinds=cluster.places.KINDS,
        provinces=data.people.provinces(db()),
    )


def _wanted() -> tuple[str, str | None, str | None]:
    given = request.args
    kind = given.get("kind", "municipality" if not given.get("text") else "")
    return given.get("text", "")[:100], kind or None, given.get("province") or None


@door.get("/municipalities/export.<format>")
def export(format: str) -> Response:
    """The same governments as a file."""
    text, kind, province = _wanted()
    columns = [(name, name) for name in cluster.places.EXPORTED]
    return response(format, "besturen", columns, cluster.places.exported(db(), text=text, kind=kind, province=province))


@door.get("/municipalities/<int:organisation_id>")
def show(organisation_id: int) -> str:
    """One government: what it does, who speaks for it, who is near and who is like it."""
    place = cluster.places.get(db(), organisation_id=organisation_id)
    return render_template("people/place.html", place=place, organisation=place.organisation, language_of=_language)


def _language(found: Cluster) -> str:
    languages = [one.lang for one in found.members]
    return "nl" if "nl" in languages or not languages else languages[0]


def why(companion: Companion) -> str:
    """What another municipality has in common, as a person would say it."""
    said = []
    if companion.size:
        words = {
            Size.ALIKE: gettext("ongeveer even groot (%(count)s inwoners)", count=number(companion.inhabitants)),
            Size.LARGER: gettext("groter (%(count)s inwoners)", count=number(companion.inhabitants)),
            Size.SMALLER: gettext("kleiner (%(count)s inwoners)", count=number(companion.inhabitants)),
        }
        said.append(words[companion.size])
    if companion.km is not None:
        said.append(gettext("%(km)s km verder", km=number(max(1, round(companion.km)))))
    if companion.same_province:
        said.append(gettext("ook in %(province)s", province=companion.province))
    if companion.themes:
        names = [in_sentence(themes()[slug]) for slug in companion.themes if slug in themes()]
        listed = gettext("%(most)s en %(last)s", most=", ".join(names[:-1]), last=names[-1]) if names[1:] else names[0]
        said.append(gettext("ook bezig met %(themes)s", themes=listed))
    return ", ".join(said)
