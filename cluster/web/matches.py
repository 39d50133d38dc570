"""What is similar: the panel while typing, what people answer beside it, and the words that count for nothing."""

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import login_required

import cluster.matches
import data.ideas
import data.store
import data.throttles
from cluster.engine import lexical, relations
from cluster.engine.texts import clean, one_line
from cluster.web.context import db, encoder, index, member, services
from cluster.web.face import label, themes
from cluster.web.languages import language, say
from cluster.web.languages import number as grouped
from cluster.web.requests import number
from data.matches import Item
from models.clusters import Judgement
from models.errors import N_, Invalid, NotFound, TooMany
from models.ideas import DESCRIPTION_AT_MOST, TARGET_GROUP_AT_MOST, TITLE_AT_MOST, Intent, Stage
from models.matches import Asked, Kind, Lane, Match

door = Blueprint("matches", __name__)

_PER_LANE = 4
_AT_LEAST = 3


def in_lanes(matches: list[Match], answers: Mapping[Item, Judgement] | None = None) -> dict[Lane, list[Match]]:
    """Matches by lane, best first: those with a relation in words, filled up to three with what may be related.

    What people answered counts before what was computed: not related is not shown, the same need and related are.
    """
    said = answers or {}
    matches = [match for match in matches if said.get((match.kind, match.id)) is not Judgement.DIFFERENT]
    named = [match for match in matches if match.relation or (match.kind, match.id) in said]
    maybe = [match for match in matches if match not in named and _may_be(match)]
    named += maybe[: max(0, _AT_LEAST - len(named))]
    found: dict[Lane, list[Match]] = {lane: [] for lane in Lane}
    for match in named:
        if len(found[match.lane]) < _PER_LANE:
            found[match.lane].append(match)
    return found


def _may_be(match: Match) -> bool:
    # Without a fit a score is no chance, and only orders.
    return match.probability is None or match.score >= relations.MAYBE_AT_LEAST


@door.post("/ideas/<int:idea_id>/judgements")
@login_required  # type: ignore[untyped-decorator]
def judge(idea_id: int) -> ResponseReturnValue:
    """Keep what a person says about an idea and something that was suggested beside it."""
    kind, item_id = request.form.get("kind"), number(request.form.get("item_id"))
    if kind not in set(Kind) or item_id is None:
        raise NotFound
    judgement = request.form.get("judgement", "")
    cluster.matches.judge(db(), member=member(), idea_id=idea_id, other=(Kind(kind), item_id), judgement=judgement)
    flash(gettext("Dank je. We onthouden wat je zei, en stellen er beter door voor."))
    return redirect(url_for("ideas.show", idea_id=idea_id, _anchor="similar-title"), code=303)


@door.route("/matches/words", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def words() -> ResponseReturnValue:
    """The words that count for nothing when texts are compared, for coordinators."""
    if request.method == "GET":
        return _words(None, {})
    given = request.form.get("words", "")
    try:
        count = cluster.matches.set_plain_words(db(), member=member(), text=given)
    except Invalid as refused:
        return _words(given, {refused.field: say(refused)}), refused.status
    flash(ngettext("Bewaard: %(num)s woord telt niet mee.", "Bewaard: %(num)s woorden tellen niet mee.", count))
    return redirect(url_for("matches.words"), code=303)


def _words(given: str | None, errors: dict[str, str]) -> str:
    listed, frequent = cluster.matches.plain_words(db(), index=index(), member=member())
    values = {"words": "\n".join(listed) if given is None else given}
    return render_template("matches/words.html", values=values, errors=errors, frequent=frequent)


@door.post("/ideas/similar")
def panel() -> ResponseReturnValue:
    """The three lanes for what is being typed; asked again at every pause."""
    not_too_often()
    own = number(request.form.get("idea_id"))
    matches = cluster.matches.similar(
        db(),
        encoder=encoder(),
        index=index(),
        title=one_line(request.form.get("title", ""))[:TITLE_AT_MOST],
        description=clean(request.form.get("description", ""))[:DESCRIPTION_AT_MOST],
        limit=24,
        exclude=(Kind.IDEA, own) if own else None,
        asked=_asked_by_form(),
    )
    idea = data.ideas.get(db(), idea_id=own) if own else None
    answers = cluster.matches.answers(db(), member=member(), idea=idea) if idea else {}
    return render_template("matches/lanes.html", lanes=in_lanes(matches, answers), words_only=encoder() is None)


def _asked_by_form() -> Asked:
    """What the form says beside the text; words that mean nothing differ from nothing."""
    given, asking = request.form, member()
    return Asked(
        theme=given.get("theme") if given.get("theme") in themes() else None,
        stage=given.get("stage") if given.get("stage") in set(Stage) else None,
        intent=given.get("intent") if given.get("intent") in set(Intent) else None,
        target_group=one_line(given.get("target_group", ""))[:TARGET_GROUP_AT_MOST] or None,
        organisation_id=asking.organisation_id if asking else None,
    )


def page_number() -> int:
    """The page asked for: 1 for what is no sensible number."""
    return min(max(number(request.args.get("page")) or 1, 1), 10_000)


def not_too_often() -> None:
    """Refuse who asks more often per second than the setting allows."""
    key = f"similar:{request.remote_addr}"
    uses = 0
    with suppress(data.store.Error):  # a store that is busy or full keeps nobody from reading
        uses = data.throttles.count(services().throttles(), key=key, window_s=1, moment=time.time())
    if uses > services().settings.similar_per_second:
        raise TooMany(N_("Te veel vragen in één seconde. Probeer het zo meteen opnieuw."), seconds=1)


def address(match: Match, *, external: bool = False) -> str:
    """Where a match can be read."""
    if match.kind is Kind.IDEA:
        return url_for("ideas.show", idea_id=match.id, _external=external)
    return url_for("projects.show", project_id=match.id, _external=external)


def marked(sentence: str, terms: Sequence[str]) -> list[tuple[str, bool]]:
    """A quoted sentence in pieces: those that are a shared term, in whatever form, and those between."""
    stems = {lexical.stem(lexical.fold(term)) for term in terms}
    pieces = re.split(r"(\w+)", sentence)
    return [(piece, lexical.stem(lexical.fold(piece)) in stems) for piece in pieces if piece]


def differences(match: Match) -> list[str]:
    """What is different, in the reader's language."""
    found = []
    for one in match.explanation.differences:
        if one.field == "theme":
            found.append(gettext("Ander thema: %(theirs)s.", theirs=themes().get(one.theirs, one.theirs)))
        elif one.field == "target_group":
            found.append(gettext("Andere doelgroep: %(theirs)s.", theirs=one.theirs))
        elif one.field == "stage":
            found.append(gettext("Hoe ver het daar staat: %(theirs)s.", theirs=label("stage", one.theirs)))
        else:
            theirs, mine = grouped(int(one.theirs)), grouped(int(one.mine))
            found.append(gettext("Andere schaal: %(theirs)s inwoners, bij jullie %(mine)s.", theirs=theirs, mine=mine))
    if match.lang != language():
        found.append(gettext("Geschreven in het %(language)s.", language=label("language", match.lang)))
    return found


def reasons(match: Match) -> list[str]:
    """Why a match is suggested, in the reader's language, most telling first."""
    found = []
    if match.intent == Intent.OFFER:
        found.append(gettext("Zij bieden dit aan."))
    elif match.intent == Intent.EXPERIENCE:
        found.append(gettext("Zij delen hun ervaring."))
    if match.explanation.terms:
        found.append(gettext("Beide noemen: %(terms)s.", terms=", ".join(match.explanation.terms)))
    elif match.relation:
        found.append(gettext("De teksten betekenen ongeveer hetzelfde, in andere woorden."))
    return found


for told in (reasons, differences, marked):
    door.add_app_template_global(told)
