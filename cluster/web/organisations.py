"""Organisations and members: lists for coordinators, one's own organisation, and closing an account."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.ledger
import cluster.organisations
import cluster.privacy
import cluster.second_steps
import data.people
from cluster.engine.texts import one_line
from cluster.web.context import db, services
from cluster.web.exports import response
from cluster.web.face import options
from cluster.web.languages import say
from cluster.web.matches import page_number
from cluster.web.people import asking, end_session, said
from cluster.web.requests import number
from data.people import MemberFilter, OrganisationFilter
from models.errors import Conflict, Invalid
from models.people import OrganisationKind, Role

door = Blueprint("organisations", __name__)

_TEXT_AT_MOST = 100
_YES_OR_NO = {"yes": True, "no": False}


def _text() -> str:
    return one_line(request.args.get("q", ""))[:_TEXT_AT_MOST]


def _wanted_organisations() -> OrganisationFilter:
    kind = request.args.get("kind")
    return OrganisationFilter(
        text=_text(),
        kind=kind if kind in set(OrganisationKind) else None,
        peopled=_YES_OR_NO.get(request.args.get("members", "")),
    )


def _wanted_members() -> MemberFilter:
    role = request.args.get("role")
    return MemberFilter(
        text=_text(),
        role=role if role in set(Role) else None,
        active=_YES_OR_NO.get(request.args.get("active", "")),
        organisation_id=number(request.args.get("organisation")),
    )


@door.get("/organisations")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """The organisations of today, with or without members; a filter that means nothing is left out."""
    wanted, page = _wanted_organisations(), page_number()
    found, has_more = cluster.organisations.browse(db(), member=asking(), wanted=wanted, page=page)
    return render_template(
        "people/organisations.html",
        organisations=found,
        wanted=wanted,
        page=page,
        has_more=has_more,
        kinds=options("organisation"),
    )


_EXPORTED = ("uri", "name", "kind", "province", "nis", "kbo", "ovo", "inhabitants")


@door.get("/organisations/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The organisations that fit, as a file."""
    found = cluster.organisations.every(db(), member=asking(), wanted=_wanted_organisations())
    rows = (
        {**{name: getattr(item.organisation, name) for name in _EXPORTED}, "members": item.members} for item in found
    )
    return response(format, "besturen", [(name, name) for name in (*_EXPORTED, "members")], rows)


@door.get("/organisations/<int:organisation_id>")
@login_required  # type: ignore[untyped-decorator]
def show(organisation_id: int) -> str:
    """An organisation as its members and coordinators see it: who works there, and for whom it speaks."""
    who = asking()
    found = cluster.organisations.get(db(), member=who, organisation_id=organisation_id)
    stands_for, _ = cluster.organisations.stands_for(db(), member=who, organisation_id=organisation_id)
    return render_template(
        "people/organisation.html",
        organisation=found,
        members=cluster.organisations.members(db(), member=who, organisation_id=organisation_id),
        stands_for=stands_for,
        changes=cluster.organisations.changes(db(), member=who, organisation_id=organisation_id),
    )


@door.route("/organisations/<int:organisation_id>/municipalities", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def municipalities(organisation_id: int) -> ResponseReturnValue:
    """Set for which municipalities a body speaks."""
    who = asking()
    cluster.organisations.body(db(), member=who, organisation_id=organisation_id)
    if request.method == "GET":
        return _municipalities(organisation_id)
    seen = number(request.form.get("revision")) or 0
    chosen = {number(given) or 0 for given in request.form.getlist("municipalities")}
    try:
        changed = cluster.organisations.speak_for(
            db(), member=who, organisation_id=organisation_id, municipality_ids=chosen, revision=seen
        )
    except Conflict as conflict:
        return _municipalities(organisation_id, chosen=chosen, overtaken=say(conflict), seen=seen), conflict.status
    except Invalid as refused:
        return _municipalities(organisation_id, chosen=chosen, errors=said(refused)), refused.status
    flash(gettext("De gemeenten zijn bewaard.") if changed else gettext("Er is niets veranderd."))
    return redirect(url_for("organisations.show", organisation_id=organisation_id), code=303)


def _municipalities(
    organisation_id: int,
    *,
    chosen: set[int] | None = None,
    overtaken: str = "",
    seen: int = 0,
    errors: dict[str, str] | None = None,
) -> str:
    who = asking()
    stands, revision = cluster.organisations.stands_for(db(), member=who, organisation_id=organisation_id)
    provinces: dict[str, list[object]] = {}
    for one in data.people.municipalities(db()):
        provinces.setdefault(one.province or "", []).append(one)
    return render_template(
        "people/municipalities.html",
        organisation=cluster.organisations.body(db(), member=who, organisation_id=organisation_id),
        provinces=sorted(provinces.items()),
        chosen={one.id for one in stands} if chosen is None else chosen,
        stands={one.id for one in stands},
        revision=revision,
        overtaken=overtaken,
        changes=cluster.organisations.changes(db(), member=who, organisation_id=organisation_id, since=seen)
        if overtaken
        else [],
        errors=errors or {},
    )


@door.get("/members")
@login_required  # type: ignore[untyped-decorator]
def members() -> str:
    """All members, for coordinators."""
    wanted, page = _wanted_members(), page_number()
    found, has_more = cluster.organisations.browse_members(db(), member=asking(), wanted=wanted, page=page)
    chosen = wanted.organisation_id and data.people.organisation(db(), organisation_id=wanted.organisation_id)
    return render_template(
        "people/members.html",
        members=found,
        wanted=wanted,
        organisation=chosen,
        page=page,
        has_more=has_more,
        roles=options("member_role"),
    )


_EXPORTED_MEMBERS = ("email", "name", "function", "organisation", "role", "locale", "active")


@door.get("/members/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export_members(format: str) -> Response:
    """The members that fit, as a file."""
    found = cluster.organisations.every_member(db(), member=asking(), wanted=_wanted_members())
    cluster.ledger.exported(db(), member=asking())
    rows = ({name: getattr(one, name) for name in _EXPORTED_MEMBERS} for one in found)
    return response(format, "leden", [(name, name) for name in _EXPORTED_MEMBERS], rows)


@door.get("/members/<int:member_id>")
@login_required  # type: ignore[untyped-decorator]
def member(member_id: int) -> str:
    """A member, and closing the account: for coordinators, and for oneself."""
    return _member(member_id)


@door.post("/members/<int:member_id>/disable")
@login_required  # type: ignore[untyped-decorator]
def disable(member_id: int) -> ResponseReturnValue:
    """Close an account; a colleague takes over."""
    who = asking()
    successor = number(request.form.get("successor"))
    try:
        cluster.organisations.leave(db(), member=who, member_id=member_id, successor_id=successor)
    except Invalid as refused:
        return _member(member_id, errors=said(refused)), refused.status
    if request.form.get("erase") == "yes":
        cluster.privacy.erase(db(), services().throttles(), member=who, member_id=member_id)
    if who.id == member_id:
        end_session()
        flash(gettext("Je account is gesloten. Jullie ideeën blijven bij je bestuur."))
        return redirect(url_for("pages.home"), code=303)
    flash(gettext("Het account is gesloten."))
    return redirect(url_for("organisations.member", member_id=member_id), code=303)


@door.post("/members/<int:member_id>/erase")
@login_required  # type: ignore[untyped-decorator]
def erase(member_id: int) -> ResponseReturnValue:
    """Erase who somebody is from a closed account."""
    cluster.privacy.erase(db(), services().throttles(), member=asking(), member_id=member_id)
    flash(gettext("De persoonsgegevens zijn gewist."))
    return redirect(url_for("organisations.member", member_id=member_id), code=303)


@door.post("/members/<int:member_id>/enable")
@login_required  # type: ignore[untyped-decorator]
def enable(member_id: int) -> ResponseReturnValue:
    """Open a closed account again."""
    cluster.organisations.come_back(db(), member=asking(), member_id=member_id)
    flash(gettext("Het account is weer open."))
    return redirect(url_for("organisations.member", member_id=member_id), code=303)


def _member(member_id: int, *, errors: dict[str, str] | None = None) -> str:
    found = cluster.organisations.one_member(db(), member=asking(), member_id=member_id)
    return render_template(
        "people/member.html",
        found=found,
        successors=cluster.organisations.successors(db(), leaving=found),
        contacts=cluster.organisations.contacts_of(db(), leaving=found),
        erased=cluster.privacy.is_erased(found),
        second_step=cluster.second_steps.is_asked(db(), member=found),
        values=request.form,
        errors=errors or {},
    )
