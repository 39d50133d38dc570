"""The search page with its facets, and the searches that a member keeps."""

from urllib.parse import urlencode

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.searches
import data.searches
from cluster.engine.language import LANGUAGES
from cluster.engine.texts import one_line
from cluster.web.context import db, encoder, index, member
from cluster.web.exports import of_fields, response
from cluster.web.face import label, shipped, themes
from cluster.web.languages import say
from cluster.web.matches import not_too_often, page_number
from cluster.web.requests import number
from models.errors import N_, Invalid
from models.ideas import TITLE_AT_MOST, Intent
from models.projects import Status
from models.searches import FACETS, NAME_AT_MOST, QUERY_AT_MOST, Chosen, Found, Hit, SavedSearch, Subject

door = Blueprint("searches", __name__)

door.add_app_template_global(lambda hit: address(hit), "found_at")
door.add_app_template_global(lambda name, value, calls: value_label(name, value, calls), "facet_value")
door.add_app_template_global(lambda saved: address_of(saved), "saved_at")

_VALUES_AT_MOST = 12
# Of what was found, a file holds the best.
_EXPORTED_AT_MOST = 200
FACET_NAMES = {
    "kind": N_("Soort"),
    "theme": N_("Thema"),
    "call": N_("Oproep"),
    "status": N_("Stand van het project"),
    "intent": N_("Wat het is"),
    "province": N_("Provincie"),
    "lang": N_("Taal van de tekst"),
}
_LABELS = {"kind": "subject", "status": "status", "intent": "intent", "lang": "language"}


@door.get("/search")
def search() -> ResponseReturnValue:
    """Everything public that fits the words or the meaning of a query, with facets to narrow it."""
    not_too_often()
    query, chosen = one_line(request.args.get("q", ""))[:QUERY_AT_MOST], read_chosen()
    page = page_number()
    found = cluster.searches.search(db(), encoder=encoder(), index=index(), query=query, chosen=chosen, page=page)
    return _page(query, chosen, found, page)


_EXPORTED = ("kind", "id", "title", "organisation", "lang", "theme", "status", "intent", "province", "created_at")


@door.get("/search/export.<format>")
def export(format: str) -> Response:
    """What was found as a file, best first."""
    not_too_often()
    query, chosen = one_line(request.args.get("q", ""))[:QUERY_AT_MOST], read_chosen()

    found = cluster.searches.search(
        db(), encoder=encoder(), index=index(), query=query, chosen=chosen, per_page=_EXPORTED_AT_MOST
    )
    return of_fields(format, "gevonden", _EXPORTED, [hit.shown for hit in found.hits])


def _page(query: str, chosen: Chosen, found: Found, page: int, refused: Invalid | None = None) -> str:
    asking = member()
    kept = None
    if asking and (query or chosen.by_name):
        kept = data.searches.of_query(db(), member_id=asking.id, query=query, chosen=chosen)
    return render_template(
        "matches/search.html",
        query=query,
        chosen=chosen.by_name,
        found=found,
        page=page,
        facets=[
            (name, gettext(FACET_NAMES[name]), found.counts[name][:_VALUES_AT_MOST])
            for name in FACETS
            if name in found.counts
        ],
        facet_names={name: gettext(words) for name, words in FACET_NAMES.items()},
        kept=kept,
        asks=_asks,
        title=query[:TITLE_AT_MOST],
        named=_named(query, chosen, found),
        exported=_EXPORTED_AT_MOST,
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
    )


def _named(query: str, chosen: Chosen, found: Found) -> str:
    """A name for a search that is kept: what was typed, else what was chosen."""
    labels = [value_label(name, value, found.call_names) for name, value in chosen.by_name.items()]
    return (query or ", ".join(labels))[:NAME_AT_MOST]


def _asks(query: str, chosen: dict[str, str | int], **changes: str | int | None) -> str:
    """The address of a search with some facets changed, from its first page."""
    wanted = {name: value for name, value in {**chosen, **changes}.items() if value is not None}
    return url_for("searches.search") + "?" + urlencode({"q": query, **wanted} if query else wanted)


def read_chosen() -> Chosen:
    """The facets in the address or the form; what means nothing is left out."""
    given = request.values

    def among(name: str, values: object) -> str | None:
        value = given.get(name) or None
        return value if value and value in values else None  # type: ignore[operator]

    province = one_line(given.get("province", ""))[:100]
    return Chosen(
        kind=among("kind", set(Subject)),
        theme=among("theme", themes()),
        call=number(given.get("call")),
        status=among("status", set(Status)),
        intent=among("intent", set(Intent)),
        province=province or None,
        lang=among("lang", LANGUAGES),
    )


def value_label(name: str, value: str | int, calls: dict[int, str]) -> str:
    """The words for a value of a facet."""
    if name in _LABELS:
        return label(_LABELS[name], str(value))
    if name == "theme":
        return themes().get(str(value), str(value))
    if name == "call":
        return shipped(calls.get(int(value)) or "")[0] or gettext("Oproep %(number)s", number=value)
    return str(value)


def address(hit: Hit) -> str:
    """Where what was found can be read."""
    kind, number_ = hit.shown.kind, hit.shown.id
    if kind is Subject.IDEA:
        return url_for("ideas.show", idea_id=number_)
    if kind is Subject.PROJECT:
        return url_for("projects.show", project_id=number_)
    if kind is Subject.CLUSTER:
        return url_for("clusters.show", cluster_id=number_)
    return url_for("places.show", organisation_id=number_)


def address_of(saved: SavedSearch) -> str:
    """Where a kept search can be asked again."""
    return _asks(saved.query, saved.chosen.by_name)


@door.route("/searches", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def saved() -> ResponseReturnValue:
    """The searches that a member keeps; a post keeps one more."""
    asking = member()
    assert asking is not None
    if request.method == "GET":
        return _saved_page()
    query, chosen = one_line(request.form.get("q", ""))[:QUERY_AT_MOST], read_chosen()
    typed = {"name": request.form.get("name", ""), "often": request.form.get("often", "")}
    try:
        _, new = cluster.searches.save(db(), member=asking, query=query, chosen=chosen, **typed)
    except Invalid as refused:
        fresh = {"query": query, "chosen": chosen, **typed}
        return _saved_page(fresh=fresh, refused=refused), 422
    flash(
        gettext("Je zoekopdracht is bewaard. Wat er al staat, melden we niet; wat nieuw is wel.")
        if new
        else gettext("Deze zoekopdracht bewaarde je al.")
    )
    return redirect(url_for("searches.saved"), code=303)


@door.get("/searches/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export_saved(format: str) -> Response:
    """The same searches as a file."""
    asking = member()
    assert asking is not None
    fields = ("name", "query", *FACETS, "often", "created_at", "told_at")
    rows = (
        {**{name: getattr(one, name, None) for name in fields}, **one.chosen.by_name}
        for one in cluster.searches.saved_of(db(), member=asking)
    )
    return response(format, "zoekopdrachten", [(name, name) for name in fields], rows)


@door.post("/searches/<int:search_id>")
@login_required  # type: ignore[untyped-decorator]
def change(search_id: int) -> ResponseReturnValue:
    """Rename a kept search, or set how often it warns."""
    asking = member()
    assert asking is not None
    typed = {"name": request.form.get("name", ""), "often": request.form.get("often", "")}
    try:
        cluster.searches.change(db(), member=asking, search_id=search_id, **typed)
    except Invalid as refused:
        return _saved_page(typed={search_id: typed}, refused=refused, at=search_id), 422
    flash(gettext("Je wijzigingen zijn bewaard."))
    return redirect(url_for("searches.saved"), code=303)


@door.post("/searches/<int:search_id>/remove")
@login_required  # type: ignore[untyped-decorator]
def remove(search_id: int) -> ResponseReturnValue:
    """Forget a kept search."""
    asking = member()
    assert asking is not None
    cluster.searches.remove(db(), member=asking, search_id=search_id)
    flash(gettext("Je zoekopdracht is gewist."))
    return redirect(url_for("searches.saved"), code=303)


def _saved_page(
    *,
    typed: dict[int, dict[str, str]] | None = None,
    fresh: dict[str, object] | None = None,
    refused: Invalid | None = None,
    at: int = 0,
) -> str:
    asking = member()
    assert asking is not None
    wrong = {one.field: say(one) for one in refused.every} if refused else {}
    chosen = fresh["chosen"] if fresh else None
    return render_template(
        "matches/saved.html",
        saved=cluster.searches.saved_of(db(), member=asking),
        typed=typed or {},
        fresh=fresh,
        fresh_chosen=chosen.by_name if isinstance(chosen, Chosen) else {},
        errors={f"{name}-{at}" if at else name: said for name, said in wrong.items()},
        facet_names={name: gettext(words) for name, words in FACET_NAMES.items()},
        calls={},
    )
