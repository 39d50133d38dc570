"""The start page and the language switch."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

import cluster.clusters
import cluster.consortia
import cluster.drafts
import cluster.echoes
import cluster.ideas
import cluster.places
import cluster.waiting
from cluster.people import LOCALES
from cluster.web.context import db, member
from cluster.web.face import access_count, contact_count, reports_waiting, tell_access, tell_waiting
from models.people import Member
from models.waiting import Chores

door = Blueprint("pages", __name__)


# Counting stops beyond this: nobody on the start page needs to know whether there are 10,400 ideas or 10,500.
_COUNTED = 10_000
_NEWS = 5
_OWN = 3


@door.get("/")
def home() -> str:
    """What waits for a member and what is new for them; for a visitor what this is."""
    asking = member()
    if asking is None:
        active, others = cluster.places.taking_part(db())
        return render_template(
            "welcome.html",
            ideas=cluster.ideas.newest(db(), at_most=6),
            counts=cluster.ideas.counts(db(), at_most=_COUNTED + 1),
            at_most=_COUNTED,
            dots=[_dots(active), _dots(others)],
        )
    found, chores = cluster.waiting.of_member(db(), member=asking)
    tell_waiting(chores.at_contacts)
    if not asking.is_coordinator:
        tell_access(chores.access)
    news = cluster.places.news(db(), member=asking, at_most=_NEWS)
    return render_template(
        "home.html",
        waiting=found,
        queues=_queues(asking, chores),
        own=cluster.ideas.newest_of_own(db(), member=asking, at_most=_OWN + 1),
        own_at_most=_OWN,
        drafts=cluster.drafts.listed(db(), member=asking, at_most=3),
        echoes=cluster.echoes.newest(db(), member=asking),
        news=news,
        ideas=[] if news.near or news.ideas else cluster.ideas.newest(db(), at_most=6),
    )


def _queues(asking: Member, chores: Chores) -> list[tuple[str, int, str]]:
    """What waits for a member to decide: the words, how many there are, and where to go.

    Coordinators see every queue, also an empty one; others only what waits for their organisation.
    """
    if not asking.is_coordinator:
        queues = [
            (gettext("Contacten van een collega die vertrok"), chores.contacts, url_for("contacts.inbox")),
            (gettext("Vragen om toegang"), chores.access, url_for("access.browse")),
        ]
        return [queue for queue in queues if queue[1]]
    return [
        (gettext("Voorgestelde clusters om na te kijken"), cluster.clusters.waiting(db()), url_for("clusters.desk")),
        (gettext("Vragen om toegang"), access_count(), url_for("access.browse")),
        (gettext("Vragen om contact"), contact_count(), url_for("project_requests.browse")),
        (
            gettext("Uitnodigingen waarop niemand kan antwoorden"),
            cluster.consortia.count_unanswerable(db(), member=asking),
            url_for("consortia.browse"),
        ),
        (gettext("Meldingen"), reports_waiting(), url_for("moderation.browse")),
    ]


# Flanders on a picture of 200 wide: degrees of longitude are shorter than those of latitude, by cos 51°.
_WEST, _NORTH, _SCALE, _FLAT = 2.5, 51.52, 58.0, 0.629


def _dots(points: list[tuple[float, float]]) -> str:
    """A path with a round dot at each point: one tag for all of them keeps the page small."""
    return "".join(
        f"M{(lon - _WEST) * _SCALE:.1f} {(_NORTH - lat) * _SCALE / _FLAT:.1f}h0" for lat, lon in sorted(points)
    )


@door.post("/language")
def set_language() -> ResponseReturnValue:
    """Read on in another language, at the same place."""
    if request.form.get("locale") in LOCALES:
        session["locale"] = request.form["locale"]
    return redirect(same_origin(request.form.get("next")) or url_for("pages.home"), code=303)


def same_origin(target: str | None) -> str | None:
    """The target if it is a path of this site, else none: nobody is sent elsewhere by a crafted link."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None
