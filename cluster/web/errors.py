"""The one table from refusals to answers; anything else is a bug and a 500 that loses nothing the person typed."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated

import structlog
from flask import Flask, Response, g, make_response, render_template, request, session
from flask_babel import force_locale, gettext
from flask_wtf.csrf import CSRFError
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from cluster.people import LOCALES
from cluster.web.languages import choose, of_browser, say
from data.store import closed_for_writing
from models.errors import N_, Invalid, Refusal, TooMany

_HTTP = {
    400: N_("Dit verzoek konden we niet lezen. Ga terug en probeer het opnieuw."),
    403: N_("Je hebt geen toegang tot deze pagina."),
    404: N_("Deze pagina bestaat niet of niet meer."),
    405: N_("Dat kan hier niet. Ga terug en gebruik de knoppen op de pagina."),
    413: N_("Dat is te groot om te versturen. Maak de tekst korter of splits het bestand."),
}
# For machines, which have no page to go back to.
_API = {
    404: N_("Dit adres bestaat niet. Alle adressen staan in /api/v1/openapi.json."),
    405: N_("Deze methode kan hier niet. Welke wel, staat in de header Allow."),
}
_BROKEN = N_("Er ging iets mis bij ons. Probeer het straks opnieuw.")
_CLOSED = N_("Er kan nu niets bewaard worden, lezen kan wel. Probeer het straks opnieuw.")
_CLOSED_FAULT = N_(
    "Er kan nu niets bewaard worden, lezen kan wel. "
    "Wat je typte, staat hieronder: kopieer het en probeer het straks opnieuw."
)
_LATER_S = 60
_FAULT = N_("Er ging iets mis bij ons. Wat je typte, staat hieronder: kopieer het en probeer het straks opnieuw.")
_log = structlog.get_logger()


class Wrong(BaseModel):
    """A field that cannot be accepted, and what to do about it."""

    field: str
    detail: str


class Problem(BaseModel):
    """What a machine hears when something cannot be done (RFC 9457): sentences in the language it asked for."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: Annotated[str | None, Field(description="The first field that is wrong, if it is about fields.")] = None
    errors: Annotated[list[Wrong], Field(description="Each field that is wrong.")] = []


def _answer(status: int, message: str, *, wrong: Sequence[Invalid] = ()) -> tuple[Response | str, int]:
    if _is_api():
        problem = Problem(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=message,
            field=wrong[0].field if wrong else None,
            errors=[Wrong(field=one.field, detail=say(one)) for one in wrong],
        )
        written = problem.model_dump_json(exclude_none=True)
        return Response(written, content_type="application/problem+json"), status
    return render_template("error.html", status=status, message=message, typed=typed()), status


def _is_api() -> bool:
    return request.path.startswith("/api/")


def typed() -> list[tuple[str, str]]:
    """What the person typed, by the words at the field, to be shown again: nothing typed is ever lost."""
    if request.method != "POST" or request.content_length is None or request.content_length > _SHOWN_AT_MOST:
        return []
    given = request.form.items(multi=True)
    return [
        (gettext(_AT[name]) if name in _AT else name, value)
        for name, value in given
        if name not in _NOT_TYPED and value.strip()
    ]


_AT = {
    "title": N_("Titel"),
    "description": N_("Beschrijving"),
    "target_group": N_("Voor wie?"),
    "links": N_("Links"),
    "text": N_("Wat is er mis?"),
    "answer": N_("Jullie antwoord"),
    "message": N_("Bericht"),
    "days": N_("Werkdagen van jullie mensen"),
    "name": N_("Naam"),
    "reason": N_("Waarom"),
    "email": N_("E-mailadres"),
    "function": N_("Functie"),
    "summary": N_("Beschrijving"),
    "lead": N_("Trekker"),
    "partners": N_("Partners"),
    "subsidy": N_("Subsidie"),
    "year": N_("Jaar"),
    "features": N_("Wat kan het?"),
    "cost_year": N_("Kost per jaar"),
    "supplier": N_("Leverancier"),
    "how_to_join": N_("Hoe doe ik mee?"),
    "status_source": N_("Bron"),
    "note": N_("Toelichting"),
    "kind_name": N_("Soort project"),
    "conditions": N_("Voorwaarden"),
    "realisation": N_("Uitvoering"),
    "remark": N_("Opmerking"),
    "reasons": N_("Redenen"),
    "split_name": N_("Naam van het nieuwe cluster"),
}
_NOT_TYPED = {
    *("csrf_token", "password", "current", "submission_key", "revision", "idea_id", "next", "action", "do", "locale"),
    *("status", "status_on", "programme", "kind", "themes", "opens_on", "closes_on", "closes_time"),
    *("writer", "draft_revision", "decision", "ground"),
    *("ceiling", "funding_percent", "source", "state", "found", "idea", "cluster"),
    *("intent", "stage", "seeks", "theme", "call", "budget", "role", "amount", "standing_consent"),
    *("organisation", "successor", "municipalities"),
    *("item", "from", "to", "back", "other", "leaving", "relation", "chosen", "chosen_reason", "what", "until", "seen"),
}
_SHOWN_AT_MOST = 512 * 1024


def _language() -> str:
    """The reader's language, also when the store cannot tell who reads."""
    try:
        return choose()
    except Exception:  # whatever is wrong, there is a page
        chosen = session.get("locale")
        return chosen if chosen in LOCALES else of_browser()


def attach(app: Flask) -> None:
    """Answer refusals and faults in the reader's language."""

    @app.errorhandler(Refusal)
    def _refused(refusal: Refusal) -> tuple[Response | str, int]:
        wrong = refusal.every if isinstance(refusal, Invalid) else ()
        body, status = _answer(refusal.status, say(refusal), wrong=wrong)
        if isinstance(refusal, TooMany) and isinstance(body, Response):
            body.headers["Retry-After"] = str(refusal.seconds)
        return body, status

    @app.errorhandler(CSRFError)
    def _forged(error: CSRFError) -> tuple[Response | str, int]:
        return _answer(
            400,
            gettext(
                "Dit formulier stond te lang open of kwam van een andere website. "
                "Er is niets bewaard. Open de pagina opnieuw en verstuur het nog eens."
            ),
        )

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | HTTPException:
        status = error.code or 500
        if status < 400:
            return error
        known = _HTTP | _API if _is_api() else _HTTP
        answer = make_response(_answer(status, gettext(known.get(status, _BROKEN))))
        if isinstance(error, MethodNotAllowed):
            answer.allow.update(error.valid_methods or ())
        return answer

    @app.errorhandler(Exception)
    def _fault(error: Exception) -> Response:
        closed = closed_for_writing(error)
        # Ids only, never what was typed: the traceback names the place, the form stays with the person.
        with suppress(OSError):  # the disk that is full may be that of the log too
            where = request.url_rule.rule if request.url_rule else None
            _log.exception("closed for writing" if closed else "fault", path=where, method=request.method)
        # The page itself asks nothing of the store, which may be what failed.
        with force_locale(_language()):
            written = typed()
            few, all_of_it = (_CLOSED, _CLOSED_FAULT) if closed and request.method == "POST" else (_BROKEN, _FAULT)
            status = 503 if closed else 500
            if _is_api():
                answer = make_response(_answer(status, gettext(few)))
            else:
                page = app.jinja_env.get_template("fault.html")
                message, number = gettext(all_of_it if written else few), g.get("request_id")
                answer = make_response(page.render(message=message, typed=written, number=number), status)
        if closed:
            answer.headers["Retry-After"] = str(_LATER_S)
        return answer
