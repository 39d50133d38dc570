"""What everybody may know of this site: how accessible it is, what it keeps of people and why, its one cookie, and whom
to tell of a weakness.
"""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, current_app, render_template

import data.privacy
from cluster.sessions import ABSOLUTE_HOURS, IDLE_HOURS
from cluster.web.context import services
from models.errors import N_

door = Blueprint("information", __name__)

# What is kept, how long, and in which tables; a test holds this against the inventory, so that no table goes untold.
KEPT: tuple[tuple[str, str, frozenset[str]], ...] = (
    (
        N_("Je account: naam, e-mailadres, functie, bestuur en taal"),
        N_("Zolang je account bestaat. Wis je het, dan verdwijnen deze gegevens."),
        frozenset(
            {"members", "mailboxes", "identities", "second_steps", "recovery_codes", "members_without_reminders"}
            | {"address_changes"}
        ),
    ),
    (
        N_("Dat je aangemeld bent"),
        N_("Hoogstens %(hours)s uur."),
        frozenset({"sessions", "arrivals", "password_resets"}),
    ),
    (N_("Pogingen om aan te melden"), N_("%(sign_ins)s dagen."), frozenset({"sign_ins"})),
    (N_("E-mails die we je stuurden"), N_("%(letters)s dagen."), frozenset({"letters"})),
    (
        N_("Je concepten, je zoekopdrachten en wie je vermeldde"),
        N_("Tot je ze verwijdert, of tot je account gewist is."),
        frozenset({"idea_drafts", "saved_searches", "mentions"}),
    ),
    (
        N_("Uitnodigingen en vragen om toegang: naam, e-mailadres en functie"),
        N_("Tot wie erin staat, gewist wordt."),
        frozenset({"invitations", "access_requests"}),
    ),
    (
        N_("Wat je voor je bestuur schreef: ideeën, ‘ook wij’, berichten, bestanden, projecten en kostenplannen"),
        N_("Zolang je bestuur er iets aan heeft. Wis je je account, dan blijft het staan zonder jouw naam."),
        frozenset(
            {"ideas", "idea_versions", "endorsements", "introductions", "reminders", "outcomes", "messages"}
            | {"attachments", "thread_readers", "facts", "projects", "project_versions", "project_decisions"}
            | {"project_uploads", "contact_requests", "plan_versions", "plan_answers"}
            | {"adoptions", "idea_questions", "plan_invitations"}
        ),
    ),
    (
        N_("Wat je beoordeelde, meldde of als coördinator besliste"),
        N_("Zolang de beslissing telt. Wis je je account, dan blijft ze staan zonder jouw naam."),
        frozenset(
            {"judgements", "clusters", "cluster_history", "reports", "history", "call_history"}
            | {"stands_for_changes", "plain_words", "relation_fits"}
        ),
    ),
    (
        N_("Het logboek: wie zich aanmeldde en wat er met accounts en clusters gebeurde, met nummers en zonder namen"),
        N_("Altijd: zo kan iedereen nagaan dat er niets mee gebeurde."),
        frozenset({"ledger"}),
    ),
)


@door.get("/accessibility")
def accessibility() -> str:
    """The accessibility statement."""
    return render_template("accessibility.html", contact=services().settings.contact)


@door.get("/privacy")
def privacy() -> str:
    """What is kept of people, why and how long, and what they can do about it."""
    days = {"letters": data.privacy.LETTERS_DAYS, "sign_ins": data.privacy.SIGN_INS_DAYS, "hours": ABSOLUTE_HOURS}
    settings = services().settings
    return render_template(
        "privacy.html", kept=KEPT, days=days, contact=settings.contact, government=settings.oidc_issuer is not None
    )


@door.get("/cookies")
def cookies() -> str:
    """The one cookie there is, and what is in it."""
    name = current_app.config["SESSION_COOKIE_NAME"]
    return render_template("cookies.html", name=name, hours=ABSOLUTE_HOURS, idle=IDLE_HOURS)


@door.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a weakness, for those who look for one (RFC 9116)."""
    settings = services().settings
    if settings.contact is None:
        abort(404)
    # A file without maintenance is meant to run out; this one is as fresh as the service that answers.
    expires = (datetime.now(UTC) + timedelta(days=90)).isoformat(timespec="seconds")
    lines = [
        f"Contact: mailto:{settings.contact}",
        f"Expires: {expires}",
        f"Canonical: {settings.url}/.well-known/security.txt",
        "Preferred-Languages: nl, fr, en, de",
    ]
    return Response("\n".join([*lines, ""]), mimetype="text/plain")
