"""What every template can use: who asks, where it is, and labels for the words of the house."""

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Flask, g, request, url_for
from flask_babel import gettext

import cluster.access
import cluster.moderation
import cluster.project_requests
import cluster.waiting
import data.calls
from cluster.engine.texts import on_the_web
from cluster.web.context import db, member, services
from cluster.web.languages import language
from models.errors import N_
from models.people import Member

# What people do to a cluster, as its history and the ledger tell it.
_STEPS = {
    "moved": N_("Verplaatst"),
    "merged": N_("Samengevoegd"),
    "split": N_("Gesplitst"),
    "declined": N_("Suggestie afgewezen"),
    "locked": N_("Op slot gezet"),
    "unlocked": N_("Van slot gehaald"),
    "snoozed": N_("Uitgesteld"),
    "undone": N_("Ongedaan gemaakt"),
}

# Domain words, said in Dutch; one place, so that every page uses the same ones.
LABELS: dict[str, dict[str, str]] = {
    "stage": {"idee": N_("Idee"), "plan": N_("Plan"), "klaar": N_("Klaar om in te dienen"), "loopt": N_("Loopt")},
    "intent": {"need": N_("We zoeken dit"), "offer": N_("We bieden dit aan"), "experience": N_("We delen ervaring")},
    "seek": {
        "partners": N_("Partners"),
        "ervaring": N_("Ervaring"),
        "toepassing": N_("Een toepassing"),
        "medefinanciering": N_("Medefinanciering"),
    },
    "budget": {
        "<25k": N_("Minder dan € 25.000"),
        "25k-75k": N_("€ 25.000 tot € 75.000"),
        "75k-150k": N_("€ 75.000 tot € 150.000"),
        "150k-500k": N_("€ 150.000 tot € 500.000"),
        ">500k": N_("Meer dan € 500.000"),
    },
    "status": {
        "submitted": N_("Ingediend"),
        "approved": N_("Goedgekeurd"),
        "refused": N_("Niet goedgekeurd"),
        "unknown": N_("Uitkomst onbekend"),
    },
    "subject": {
        "idea": N_("Idee"),
        "project": N_("Project"),
        "cluster": N_("Cluster"),
        "municipality": N_("Gemeente"),
    },
    "often": {"digest": N_("In mijn nieuwsmail"), "off": N_("Niet")},
    "digest": {"daily": N_("Elke ochtend"), "weekly": N_("Elke maandagochtend"), "off": N_("Nooit")},
    "relation": {
        "same_need": N_("Zelfde nood"),
        "strongly_related": N_("Sterk verwant"),
        "related": N_("Verwant"),
    },
    "judgement": {
        "same": N_("Zelfde nood"),
        "related": N_("Verwant"),
        "different": N_("Niet verwant"),
        "unsure": N_("Onzeker"),
    },
    "role": {
        "lead": N_("We willen trekken"),
        "develop": N_("We ontwikkelen mee"),
        "buy": N_("We kopen mee aan"),
        "learn": N_("We willen eerst praten en leren"),
        "have": N_("We hebben het al en tonen het"),
    },
    "cluster": {
        "proposed": N_("Voorgesteld"),
        "accepted": N_("Aanvaard"),
        "rejected": N_("Verworpen"),
        "dissolved": N_("Vervallen"),
    },
    "cohesion": {
        "strong": N_("Sterke samenhang"),
        "fair": N_("Redelijke samenhang"),
        "loose": N_("Losse samenhang"),
    },
    "fit": {"strong": N_("Past heel goed"), "fair": N_("Past goed"), "loose": N_("Past misschien")},
    "cluster_event": {
        "proposed": N_("Voorgesteld"),
        "redrawn": N_("Samenstelling gewijzigd"),
        "dissolved": N_("Vervallen"),
        "accepted": N_("Aanvaard"),
        "renamed": N_("Naam gewijzigd"),
        "rejected": N_("Verworpen"),
        **_STEPS,
    },
    "run_phase": {
        "reading": N_("Teksten lezen"),
        "comparing": N_("Teksten vergelijken en groeperen"),
        "writing": N_("Voorstellen bewaren"),
    },
    "plan_invitation": {
        "asked": N_("Wacht op antwoord"),
        "accepted": N_("Doet mee"),
        "declined": N_("Doet niet mee"),
    },
    "introduction": {
        "asked": N_("Gevraagd"),
        "agreed": N_("In contact"),
        "declined": N_("Niet nu"),
        "withdrawn": N_("Ingetrokken"),
    },
    "language": {"nl": N_("Nederlands"), "fr": N_("Frans"), "en": N_("Engels"), "de": N_("Duits")},
    "lane": {
        "open": N_("Open ideeën"),
        "submitted": N_("Ingediende en andere projecten"),
        "approved": N_("Goedgekeurde projecten"),
    },
    "letter": {"queued": N_("Onderweg"), "sent": N_("Verstuurd"), "failed": N_("Niet aangekomen")},
    "organisation": {
        "municipality": N_("Gemeente"),
        "intermunicipal": N_("Samenwerkingsverband"),
        "province": N_("Provincie"),
        "other": N_("Ander bestuur"),
    },
    "member_role": {"member": N_("Medewerker"), "coordinator": N_("Coördinator")},
    "access": {"asked": N_("Wacht op antwoord"), "approved": N_("Toegelaten"), "declined": N_("Geweigerd")},
    "stands_for": {"added": N_("Erbij"), "removed": N_("Eraf")},
    "call": {
        "draft": N_("Ontwerp"),
        "coming": N_("Komt eraan"),
        "open": N_("Open"),
        "closed": N_("Afgesloten"),
    },
    "call_kind": {
        "concept": N_("Innovatief concept"),
        "thematic": N_("Thematisch project"),
        "transformation": N_("Transformatieproject"),
        "other": N_("Iets anders"),
    },
    "call_event": {
        "drafted": N_("Ontwerp gemaakt"),
        "edited": N_("Gegevens gewijzigd"),
        "opened": N_("Openbaar gemaakt"),
        "moved": N_("Deadline verschoven"),
        "closed": N_("Gesloten"),
    },
    "fate": {
        "new": N_("Nieuw"),
        "changed": N_("Wijzigt"),
        "unchanged": N_("Blijft gelijk"),
        "refused": N_("Geweigerd"),
    },
    "request": {
        "asked": N_("Gevraagd"),
        "looking": N_("Een coördinator zoekt"),
        "answered": N_("Beantwoord"),
        "unreachable": N_("Niet te bereiken"),
    },
    "column": {
        "id": N_("Nummer"),
        "title": N_("Titel"),
        "description": N_("Beschrijving"),
        "municipality": N_("Trekker"),
        "partners": N_("Partners"),
        "status": N_("Uitkomst"),
        "status_note": N_("Toelichting"),
        "theme": N_("Thema"),
        "call": N_("Oproep"),
        "subsidy_eur": N_("Subsidie"),
        "year": N_("Jaar"),
        "source": N_("Bronnen"),
        "remark": N_("Opmerking"),
        "programme": N_("Hoort bij"),
        "lang": N_("Taal"),
        "features": N_("Wat kan het?"),
        "cost_per_year_eur": N_("Kost per jaar"),
        "supplier": N_("Leverancier"),
        "how_to_join": N_("Hoe doe ik mee?"),
    },
    "field": {
        "title": N_("Titel"),
        "description": N_("Beschrijving"),
        "intent": N_("Wat is het?"),
        "stage": N_("Hoe ver staat het?"),
        "seeks": N_("Wat zoek je?"),
        "theme": N_("Thema"),
        "call_id": N_("Oproep"),
        "budget": N_("Budget"),
        "target_group": N_("Voor wie?"),
        "links": N_("Links"),
    },
    "ground": {
        "privacy": N_("Er staan persoonsgegevens in"),
        "wrong": N_("Het klopt niet of misleidt"),
        "offensive": N_("Het is kwetsend of ongepast"),
        "advertising": N_("Het is reclame"),
        "other": N_("Iets anders"),
    },
    "moderated": {
        "idea": N_("Idee"),
        "project": N_("Project"),
        "endorsement": N_("Bericht bij ‘ook wij’"),
        "message": N_("Bericht in een gesprek"),
    },
    "case": {"reported": N_("Gemeld"), "hidden": N_("Verborgen"), "shown": N_("Zichtbaar")},
    "happened": {
        "reported": N_("Gemeld"),
        "hidden": N_("Verborgen"),
        "dismissed": N_("Melding afgewezen"),
        "answered": N_("Antwoord van het bestuur"),
        "kept": N_("Blijft verborgen"),
        "shown": N_("Weer getoond"),
        "put_back": N_("Eerdere versie teruggezet"),
    },
    "act": {
        "signed_in": N_("Aangemeld"),
        "sign_in_failed": N_("Aanmelden mislukt"),
        "account_opened": N_("Account geopend"),
        "account_closed": N_("Account gesloten"),
        "account_reopened": N_("Account weer geopend"),
        "account_erased": N_("Account gewist"),
        "account_linked": N_("Gekoppeld aan de Vlaamse overheid"),
        "role_changed": N_("Rol of bestuur gewijzigd"),
        "password_changed": N_("Wachtwoord gewijzigd"),
        "email_changed": N_("E-mailadres gewijzigd"),
        "second_step_changed": N_("Tweede stap gewijzigd"),
        "moderated": N_("Melding of beslissing over een tekst"),
        "cluster_decided": N_("Beslissing over een cluster"),
        "members_exported": N_("Ledenlijst meegenomen"),
    },
    "act_about": {
        "member": N_("Lid"),
        "idea": N_("Idee"),
        "project": N_("Project"),
        "endorsement": N_("Bericht"),
        "message": N_("Bericht"),
        "cluster": N_("Cluster"),
    },
    "act_what": {
        "provider": N_("via de Vlaamse overheid"),
        "password": N_("wachtwoord"),
        "code": N_("code van de tweede stap"),
        "on": N_("ingesteld"),
        "off": N_("uitgezet"),
        "codes": N_("nieuwe herstelcodes"),
        "reset": N_("weggenomen"),
        "member": N_("medewerker"),
        "coordinator": N_("coördinator"),
        "member>coordinator": N_("van medewerker naar coördinator"),
        "coordinator>member": N_("van coördinator naar medewerker"),
        "member>member": N_("ander bestuur na een fusie"),
        "reported": N_("gemeld"),
        "hidden": N_("verborgen"),
        "dismissed": N_("melding afgewezen"),
        "answered": N_("antwoord van het bestuur"),
        "kept": N_("blijft verborgen"),
        "shown": N_("weer getoond"),
        "put_back": N_("eerdere versie teruggezet"),
        "accepted": N_("aanvaard"),
        "rejected": N_("verworpen"),
        "renamed": N_("naam gewijzigd"),
        **_STEPS,
    },
}


def label(group: str, code: str | None) -> str:
    """The words for a code, in the reader's language; empty for none."""
    return gettext(LABELS[group][str(code)]) if code else ""


def options(group: str) -> list[tuple[str, str]]:
    """All codes of a group with their words, for a select or a list of choices."""
    return [(code, gettext(words)) for code, words in LABELS[group].items()]


def themes() -> dict[str, str]:
    """Theme names by slug in the reader's language, read once per request."""
    if "themes" not in g:
        g.themes = {theme.slug: theme.name for theme in data.calls.themes(db(), lang=language())}
    found: dict[str, str] = g.themes
    return found


def shipped(text: str) -> tuple[str, str]:
    """A text about the programme or a call for this reader, and its language.

    What ships with the service is there in each language; what coordinators wrote is Dutch.
    """
    words = data.calls.shipped_words().get(text, {}).get(language())
    return (words, language()) if words else (text, "nl")


def _once(count: Callable[[Member], int]) -> Callable[[], int]:
    """What waits for who asks, counted once a request: the head of a page and the page itself may both tell it."""

    def counted() -> int:
        asking = member()
        if asking is None:
            return 0
        if count.__name__ not in g:
            setattr(g, count.__name__, count(asking))
        return int(getattr(g, count.__name__))

    return counted


@_once
def waiting_count(asking: Member) -> int:
    """How much waits at the contacts: introductions to answer, new contacts, and conversations to read."""
    return cluster.waiting.at_contacts(db(), member=asking)


def tell_waiting(count: int) -> None:
    """A page that knows how much waits need not have it counted again for its head."""
    g.waiting_count = count


@_once
def access_count(asking: Member) -> int:
    """How many questions for access wait for a decision."""
    return cluster.access.count_waiting(db(), member=asking)


def tell_access(count: int) -> None:
    """A page that knows how many wait for access need not have them counted again."""
    g.access_count = count


@_once
def reports_waiting(asking: Member) -> int:
    """How many reports wait for a decision."""
    return cluster.moderation.count_waiting(db(), member=asking)


@_once
def contact_count(asking: Member) -> int:
    """How many questions for contact no coordinator took up yet."""
    return cluster.project_requests.count_waiting(db(), member=asking)


def attach(app: Flask) -> None:
    """Give templates their words."""
    app.jinja_env.tests["on_the_web"] = on_the_web

    def here(**changes: object) -> str:
        """The address of this page with some of its query changed; the start page for what is no page to return to."""
        if request.method != "GET" or request.url_rule is None:
            return url_for("pages.home")
        query = urlencode({**request.args.to_dict(flat=False), **changes}, doseq=True)
        return request.path + (f"?{query}" if query else "")

    def file_of(endpoint: str, format: str, **fixed: object) -> str:
        """The address of a list as a file, narrowed as this page is."""
        chosen = {name: given for name, given in request.args.items() if name not in {"page", "sort"} and given}
        query = urlencode({**chosen, **fixed})
        return url_for(endpoint, format=format) + (f"?{query}" if query else "")

    @app.context_processor
    def _everywhere() -> dict[str, object]:
        settings = services().settings
        return {
            "asking": member(),
            "demo_mode": settings.demo,
            "mailbox_open": settings.demo and settings.smtp_url is None,
        }

    app.jinja_env.globals |= {
        "here": here,
        "file_of": file_of,
        "waiting_count": waiting_count,
        "access_count": access_count,
        "reports_waiting": reports_waiting,
        "contact_count": contact_count,
        "label": label,
        "options": options,
        "theme_names": themes,
        "shipped": shipped,
    }
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
