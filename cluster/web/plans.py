"""Cost plans: the page with who pays what, the form, versions side by side, and the dossier with its files."""

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, cast

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.calls
import cluster.circles
import cluster.consortia
import cluster.plan_forms
import cluster.plans
from cluster.engine import costs
from cluster.web.context import db, member
from cluster.web.exports import response
from cluster.web.languages import euro, say, utc_now
from cluster.web.matches import page_number
from cluster.web.requests import number
from models.circles import About, Circle, Party
from models.consortia import Check
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from models.plans import ITEMS_AT_MOST, TIERS_AT_MOST, Answer, Change, Content, Figures, Key, Plan, PlanForm
from models.reminders import day_of

door = Blueprint("plans", __name__)

KEYS = {
    Key.EQUAL: N_("Allemaal evenveel"),
    Key.INHABITANTS: N_("Per inwoner"),
    Key.TIERS: N_("In schijven volgens het aantal inwoners"),
    Key.USE: N_("Volgens gebruik"),
    Key.WEIGHTS: N_("Met eigen gewichten"),
    Key.FIXED: N_("Met vaste bedragen"),
}
CHANGED = {
    "title": N_("Naam van het project"),
    "summary": N_("Samenvatting"),
    "starts_on": N_("Begin"),
    "ends_on": N_("Einde"),
    "theme": N_("Thema"),
    "call_name": N_("Oproep"),
    "percent": N_("Deel dat de oproep betaalt"),
    "ceiling": N_("Hoogste subsidie"),
    "key": N_("Verdeelsleutel"),
    "lead": N_("Wie indient"),
    "tiers": N_("Schijven"),
    "day_cents": N_("Waarde van een werkdag"),
    "item": N_("Kost"),
    "partner": N_("Doet mee"),
    "task": N_("Taak"),
    "weight": N_("Gewicht of gebruik"),
    "at_least": N_("Betaalt minstens"),
    "at_most": N_("Betaalt hoogstens"),
    "fixed": N_("Vast bedrag"),
    "days": N_("Werkdagen van eigen mensen"),
    "alone": N_("Kost zonder partners"),
    "inhabitants": N_("Inwoners"),
}
_ROWS_MORE = 3

door.add_app_template_filter(lambda cents: "" if cents is None else euro(cents / 100), "cents")
door.add_app_template_filter(lambda cents: more_or_less(cents), "more_or_less")

door.add_app_template_global(lambda about, item_id: _together(About(about), item_id), "together")


def _together(about: About, item_id: int) -> dict[str, Any] | None:
    """What the reader may do with those in contact; none for who is not among them."""
    if member() is None:
        return None
    try:
        circle = cluster.circles.within(db(), member=member(), about=about, item_id=item_id)
    except NotFound:
        return None
    known, plan_id = cluster.plans.of_item(db(), member=member(), about=about, item_id=item_id)
    return {
        "names": ", ".join(party.name for party in circle.parties),
        "plan": plan_id,
        "may_start": circle.open and not known,
    }


@door.get("/plans")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """The plans of one's organisation; for a coordinator all of them."""
    page = page_number()
    plans, has_more = cluster.plans.listed(db(), member=member(), page=page)
    to_start = cluster.plans.to_start(db(), member=member()) if page == 1 else []
    return render_template("clusters/plans.html", plans=plans, page=page, has_more=has_more, to_start=to_start)


@door.route("/plans/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new() -> ResponseReturnValue:
    """Make the plan of an idea or cluster; leads to the plan when there is one already."""
    about, item_id = _asked_about()
    _, known = cluster.plans.of_item(db(), member=member(), about=about, item_id=item_id)
    if known is not None and request.method == "GET":
        return redirect(url_for("plans.show", plan_id=known), code=303)
    if request.method == "GET":
        circle = cluster.plans.startable(db(), member=member(), about=about, item_id=item_id)
        return _form(cluster.plans.blank(db(), circle=circle, member=member()), circle=circle)
    form = _read_form()
    circle = cluster.circles.within(db(), member=member(), about=about, item_id=item_id)
    try:
        if drawn := _without_saving(form, circle, None):
            return drawn
        plan_id = cluster.plans.start(db(), member=member(), about=about, item_id=item_id, form=form)
    except Invalid as refused:
        return _form(form, circle=circle, refused=refused), refused.status
    except Conflict as conflict:
        return _form(form, circle=circle, plan=cast(Plan, conflict.current), conflict=conflict), conflict.status
    except NotAllowed as refused:
        return _form(form, circle=circle, refused=Invalid("partners", refused.message)), refused.status
    flash(
        gettext(
            "Het kostenplan is bewaard. De andere besturen zien het op hun overzicht en in hun volgende nieuwsmail."
        )
    )
    return redirect(url_for("plans.show", plan_id=plan_id), code=303)


def _asked_about() -> tuple[About, int]:
    for about in About:
        item_id = number(request.values.get(about))
        if item_id is not None:
            return about, item_id
    raise NotFound


@door.get("/plans/<int:plan_id>")
@login_required  # type: ignore[untyped-decorator]
def show(plan_id: int) -> str:
    """What the plan says now, who accepted it, and what would be if somebody left or joined."""
    return _page(cluster.plans.get(db(), member=member(), plan_id=plan_id))


@door.route("/plans/<int:plan_id>/edit", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit(plan_id: int) -> ResponseReturnValue:
    """Write the next version."""
    plan = cluster.plans.get(db(), member=member(), plan_id=plan_id)
    circle = cluster.circles.get(db(), about=plan.about, item_id=plan.item_id)
    if request.method == "GET":
        return _form(cluster.plan_forms.form_of(plan.content), circle=circle, plan=plan)
    form, seen = _read_form(), _number()
    try:
        if drawn := _without_saving(form, circle, plan):
            return drawn
        written = cluster.plans.edit(db(), member=member(), plan_id=plan_id, number=seen, form=form)
    except Invalid as refused:
        return _form(form, circle=circle, plan=plan, seen=seen, refused=refused), refused.status
    except Conflict as conflict:
        return _form(form, circle=circle, plan=cast(Plan, conflict.current), conflict=conflict), conflict.status
    flash(
        gettext("Er is niets veranderd.")
        if written == plan.version.number
        else gettext(
            "Versie %(number)s is bewaard. Elk bestuur moet ze aanvaarden, en ziet dat op zijn overzicht en in zijn "
            "volgende nieuwsmail.",
            number=written,
        )
    )
    return redirect(url_for("plans.show", plan_id=plan_id), code=303)


def _without_saving(form: PlanForm, circle: Circle, plan: Plan | None) -> str | None:
    """The form once more, with more rows or with what it comes to, when a button asked for just that."""
    do = request.form.get("do")
    seen = _number()
    if do == "rows":
        empty = tuple({"what": "", "year": "", "amount": "", "each": ""} for _ in range(_ROWS_MORE))
        return _form(replace(form, items=(*form.items, *empty)), circle=circle, plan=plan, seen=seen)
    if do == "preview":
        content = cluster.plans.preview(db(), member=member(), circle=circle, plan=plan, form=form)
        return _form(form, circle=circle, plan=plan, seen=seen, content=content)
    return None


@door.post("/plans/<int:plan_id>/answer")
@login_required  # type: ignore[untyped-decorator]
def answer(plan_id: int) -> ResponseReturnValue:
    """Accept the version that was read, or say what must be different."""
    accepted, reason = request.form.get("do") == "accept", request.form.get("reason", "")
    try:
        cluster.plans.answer(db(), member=member(), plan_id=plan_id, number=_number(), accepted=accepted, reason=reason)
    except Invalid as refused:
        return _page(
            cluster.plans.get(db(), member=member(), plan_id=plan_id), refused=refused, typed=reason
        ), refused.status
    except Conflict as conflict:
        return _page(cast(Plan, conflict.current), conflict=conflict, typed=reason), conflict.status
    flash(
        gettext("Jullie aanvaardden deze versie.")
        if accepted
        else gettext("Je antwoord is bewaard. Wie meedoet, ziet wat er anders moet.")
    )
    return redirect(url_for("plans.show", plan_id=plan_id), code=303)


@door.post("/plans/<int:plan_id>/leave")
@login_required  # type: ignore[untyped-decorator]
def leave(plan_id: int) -> ResponseReturnValue:
    """Take one's organisation out of the plan."""
    reason = request.form.get("leave_reason", "")
    try:
        cluster.plans.leave(db(), member=member(), plan_id=plan_id, number=_number(), reason=reason)
    except Invalid as refused:
        plan = cluster.plans.get(db(), member=member(), plan_id=plan_id)
        return _page(plan, refused=Invalid("leave_reason", refused.message, **refused.values), left=reason), 422
    except Conflict as conflict:
        return _page(cast(Plan, conflict.current), conflict=conflict, left=reason), conflict.status
    flash(gettext("Jullie doen niet meer mee aan dit kostenplan. De anderen lezen het in hun volgende nieuwsmail."))
    return redirect(url_for("plans.browse"), code=303)


@door.get("/plans/<int:plan_id>/versions")
@login_required  # type: ignore[untyped-decorator]
def versions(plan_id: int) -> str:
    """All versions, newest first."""
    page = page_number()
    plan, found, has_more = cluster.plans.versions(db(), member=member(), plan_id=plan_id, page=page)
    return render_template("clusters/plan_versions.html", plan=plan, versions=found, page=page, has_more=has_more)


@door.get("/plans/<int:plan_id>/versions/<int:version>")
@login_required  # type: ignore[untyped-decorator]
def version(plan_id: int, version: int) -> str:
    """One version, and what it changed since the one before, or since `from`."""
    since = number(request.args.get("from"))
    plan, after, before, changes = cluster.plans.compare(
        db(), member=member(), plan_id=plan_id, number=version, since=since
    )
    figures = costs.figures(after.content)
    return render_template(
        "clusters/plan_version.html",
        plan=plan,
        version=after,
        before=before,
        changes=changes,
        moved=costs.moved(costs.figures(before.content) if before else None, figures),
        **_drawn(after.content, figures),
    )


@door.get("/plans/<int:plan_id>/dossier")
@login_required  # type: ignore[untyped-decorator]
def dossier(plan_id: int) -> str:
    """What the application form asks, filled in, to print or to copy."""
    plan = cluster.plans.get(db(), member=member(), plan_id=plan_id)
    said = cluster.plans.answers(db(), plan=plan)
    return render_template(
        "clusters/dossier.html",
        plan=plan,
        call=_call(plan.content),
        said=said,
        agreed=cluster.plans.agreed(plan, said),
        **_drawn(plan.content, costs.figures(plan.content)),
    )


@door.get("/plans/<int:plan_id>/partners.<format>")
@login_required  # type: ignore[untyped-decorator]
def partners(plan_id: int, format: str) -> Response:
    """Who takes part and pays what, as a file."""
    plan = cluster.plans.get(db(), member=member(), plan_id=plan_id)
    columns = [
        ("name", gettext("Bestuur")),
        ("lead", gettext("Dient in")),
        ("task", gettext("Taak")),
        ("inhabitants", gettext("Inwoners")),
        ("pays", gettext("Betaalt (euro)")),
        ("days", gettext("Werkdagen")),
        ("given", gettext("Waarde van de werkdagen (euro)")),
        ("alone", gettext("Zonder partners (euro)")),
        ("saves", gettext("Bespaart (euro)")),
        ("answer", gettext("Aanvaard op")),
    ]
    said = cluster.plans.answers(db(), plan=plan)
    return response(format, f"partners-{plan.content.title}", columns, _partner_rows(plan, said))


def _partner_rows(plan: Plan, said: dict[int, Any]) -> Iterator[dict[str, object]]:
    for share in costs.figures(plan.content).shares:
        answered = said.get(share.partner.organisation_id)
        yield {
            "name": share.partner.name,
            "lead": gettext("ja") if share.partner.organisation_id == plan.content.lead_id else "",
            "task": share.partner.task,
            "inhabitants": share.partner.inhabitants,
            "pays": _euros(share.pays),
            "days": share.partner.days,
            "given": _euros(share.given),
            "alone": _euros(share.alone),
            "saves": _euros(share.saves),
            "answer": day_of(answered.answered_at).isoformat() if answered and answered.accepted else "",
        }


@door.get("/plans/<int:plan_id>/costs.<format>")
@login_required  # type: ignore[untyped-decorator]
def items(plan_id: int, format: str) -> Response:
    """The costs by item and year, as a file."""
    plan = cluster.plans.get(db(), member=member(), plan_id=plan_id)
    columns = [
        ("what", gettext("Kost")),
        ("year", gettext("Jaar")),
        ("amount", gettext("Bedrag (euro)")),
        ("each", gettext("Voor elk bestuur apart")),
        ("total", gettext("Samen (euro)")),
    ]
    content = plan.content
    rows = (
        {
            "what": item.what,
            "year": item.year,
            "amount": _euros(item.cents),
            "each": gettext("ja") if item.each else "",
            "total": _euros(item.cents * (len(content.partners) if item.each else 1)),
        }
        for item in content.items
    )
    return response(format, f"kosten-{content.title}", columns, rows)


def _euros(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents) / 100


def more_or_less(cents: int) -> str:
    """An amount with its sign in front: that is what a difference is about."""
    sign = "+" if cents > 0 else "−" if cents < 0 else ""
    return sign + euro(abs(cents) / 100)


def _number() -> int:
    return number(request.form.get("number")) or 0


_ITEM = re.compile(r"item-(\d{1,3})-", re.A)
_TIER = re.compile(r"tier-(\d)-", re.A)
_PARTNER = re.compile(r"partner-(\d{1,9})-([a-z_]+)", re.A)


def _read_form() -> PlanForm:
    given = request.form
    plain = {name: given.get(name, "") for name, kind in PlanForm.__annotations__.items() if kind is str}
    partners: dict[int, dict[str, str]] = {}
    for name, value in given.items():
        if found := _PARTNER.fullmatch(name):
            partners.setdefault(int(found[1]), {})[found[2]] = value
    return PlanForm(
        **plain,
        items=_rows(_ITEM, "item", ("what", "year", "amount", "each"), ITEMS_AT_MOST),
        tiers=_rows(_TIER, "tier", ("up_to", "weight"), TIERS_AT_MOST),
        partners=partners,
    )


def _rows(pattern: re.Pattern[str], kind: str, names: tuple[str, ...], at_most: int) -> tuple[dict[str, str], ...]:
    last = max((int(found[1]) for name in request.form if (found := pattern.match(name))), default=-1)
    return tuple(
        {name: request.form.get(f"{kind}-{at}-{name}", "") for name in names} for at in range(min(last + 1, at_most))
    )


def _values(form: PlanForm) -> dict[str, str]:
    """What was typed, by the names of the fields."""
    found = {name: value for name, value in asdict(form).items() if isinstance(value, str)}
    for kind, rows in (("item", form.items), ("tier", form.tiers)):
        found |= {f"{kind}-{at}-{name}": value for at, row in enumerate(rows) for name, value in row.items()}
    found |= {f"partner-{key}-{name}": value for key, row in form.partners.items() for name, value in row.items()}
    return found


def _form(
    form: PlanForm,
    *,
    circle: Circle,
    plan: Plan | None = None,
    seen: int | None = None,
    content: Content | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
) -> str:
    """The form; after a conflict what stands now is shown beside it, and saving again replaces that."""
    overtook: list[Change] = []
    if conflict and plan and 0 < (began := _number()) < plan.version.number:
        _, _, _, overtook = cluster.plans.compare(
            db(), member=member(), plan_id=plan.id, number=plan.version.number, since=began
        )
    rows = len(form.items)
    return render_template(
        "clusters/plan_form.html",
        values=_values(form),
        rows=min(max(rows if request.method == "POST" else rows + _ROWS_MORE, 4), ITEMS_AT_MOST),
        rows_at_most=ITEMS_AT_MOST,
        tiers=TIERS_AT_MOST,
        parties=cluster.plans.parties(db(), plan=plan, circle=circle),
        circle=circle,
        plan=plan,
        number=(seen if seen is not None else plan.version.number) if plan else 0,
        calls=cluster.calls.every(db()),
        year=int(utc_now()[:4]),
        keys=[(key, gettext(words)) for key, words in KEYS.items()],
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
        overtook=overtook,
        preview=content is not None,
        **(_drawn(content, costs.figures(content)) if content else {"changed_words": CHANGED, "key_names": KEYS}),
    )


def _page(
    plan: Plan,
    *,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
    typed: str = "",
    left: str = "",
) -> str:
    asking = member()
    said = cluster.plans.answers(db(), plan=plan)
    own = cluster.circles.today(db(), organisation_id=asking.organisation_id) if asking else None
    takes_part = any(one.organisation_id == own for one in plan.content.partners)
    may_join = cluster.plans.may_join(db(), plan=plan)
    return render_template(
        "clusters/plan.html",
        plan=plan,
        call=_call(plan.content),
        said=said,
        mine=said.get(own) if own and takes_part else None,
        takes_part=takes_part,
        agreed=cluster.plans.agreed(plan, said),
        lacking=lacking(plan, said),
        may_join=may_join,
        outlook=_outlook(plan, may_join),
        conflict=conflict,
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        values={"reason": typed, "leave_reason": left},
        **_drawn(plan.content, costs.figures(plan.content)),
    )


def _outlook(plan: Plan, may_join: list[Any]) -> cluster.plans.Outlook | None:
    """What would be if the partner or government chosen in the address left or joined."""
    leaves, joins = number(request.args.get("without")), number(request.args.get("with"))
    parties = {one.organisation_id: one for one in plan.content.partners}
    if leaves in parties:
        one = parties[leaves]
        party = Party(one.organisation_id, one.name, one.inhabitants)
        return cluster.plans.outlook(plan.content, party=party, leaves=True)
    chosen = next((one for one in may_join if one.id == joins), None)
    return cluster.plans.outlook(plan.content, party=chosen, leaves=False) if chosen else None


def _drawn(content: Content, figures: Figures) -> dict[str, Any]:
    """What every view of a content needs: its figures, and the bars on a scale of 100."""
    longest = max((max((one.pays or 0) + one.given, one.alone) for one in figures.shares), default=0) or 1

    def part(cents: int | None) -> float:
        return round(100 * (cents or 0) / longest, 2)

    return {
        "content": content,
        "figures": figures,
        "bars": [(one.partner.name, part(one.pays), part(one.given), part(one.alone)) for one in figures.shares],
        "key_words": gettext(KEYS[content.key]),
        "changed_words": CHANGED,
        "key_names": KEYS,
    }


def lacking(plan: Plan, said: dict[int, Answer]) -> list[Check]:
    """What the plan does not have yet, as its consortium page tells it."""
    return [one for one in checks(plan, said) if not one.met]


def checks(plan: Plan, said: dict[int, Answer]) -> list[Check]:
    """What the plan has and lacks for its call."""
    covered = cluster.consortia.municipalities(db(), content=plan.content)
    return cluster.consortia.checks(content=plan.content, call=_call(plan.content), covered=covered, said=said)


def _call(content: Content) -> Any:
    """The call, as it is now, if it still can be seen."""
    try:
        return cluster.calls.get(db(), content.call_id) if content.call_id else None
    except NotFound:
        return None
