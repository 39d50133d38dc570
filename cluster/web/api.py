"""The door for machines: it only reads, sees what the public sees, and describes itself in OpenAPI 3.1.

The description is made of the models that read questions and write answers, so it cannot tell anything else than what
happens.
"""

from typing import Annotated, Any, Literal

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import models_json_schema

import cluster.matches
from cluster.engine.texts import clean, one_line
from cluster.web.context import db, encoder, index
from cluster.web.errors import Problem
from cluster.web.face import themes
from cluster.web.matches import address, differences, not_too_often, reasons
from models.errors import N_, Invalid, refuse
from models.ideas import DESCRIPTION_AT_MOST, TITLE_AT_MOST
from models.matches import Asked, Kind, Match, Relation

door = Blueprint("api", __name__)

_AT_MOST = 100


def _whole(given: object) -> object:
    """10.0 is a whole number too: JSON knows one kind of number."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


class Question(BaseModel):
    """A text, and how many matches are wanted; the rest describes the text. Other fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")

    title: Annotated[str, Field(max_length=TITLE_AT_MOST)]
    description: Annotated[str, Field(max_length=DESCRIPTION_AT_MOST)]
    limit: Annotated[
        int, Field(ge=1, le=_AT_MOST, description="How many matches at most."), BeforeValidator(_whole)
    ] = 10
    theme: Annotated[str | None, Field(description="The key of a theme; an unknown one counts for nothing.")] = None
    call: Annotated[str | None, Field(description="The number of a call.")] = None
    intent: Annotated[
        Literal["need", "offer", "experience"] | None, Field(description="Whether the text asks, offers or tells.")
    ] = None
    lang: Annotated[str | None, Field(description="The language of the text: nl, fr, en or de.")] = None


class Found(BaseModel):
    """An idea or a project that resembles the text."""

    kind: Kind
    id: Annotated[int, Field(description="Unique within its kind.")]
    external_id: Annotated[str | None, Field(description="What it is called where it was imported from.")]
    title: str
    url: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    organisation: str
    status: Literal["open", "submitted", "approved", "refused", "unknown"]
    relation: Annotated[Relation | None, Field(description="How it relates, in words; null below the lowest bound.")]
    probability: Annotated[
        float | None, Field(ge=0, le=1, description="Of the same need; null where the encoder has no words.")
    ]
    score: Annotated[float, Field(description="Higher resembles more; comparable within one answer alone.")]
    reasons: Annotated[list[str], Field(description="Why, in the language asked for with Accept-Language.")]


class Answer(BaseModel):
    """What resembles the text, most alike first."""

    encoder: Annotated[str, Field(description="What read the text; empty when words alone were compared.")]
    matches: list[Found]


@door.post("/api/v1/similar")
def similar() -> Response:
    """Similar ideas and projects for a text. It only reads, ignores cookies, and sees what the public sees."""
    not_too_often()
    question = _question()
    found = cluster.matches.similar(
        db(),
        encoder=encoder(),
        index=index(),
        title=one_line(question.title),
        description=clean(question.description),
        limit=question.limit,
        asked=Asked(theme=question.theme if question.theme in themes() else None, intent=question.intent),
    )
    running = encoder()
    answer = Answer(encoder=running.name if running else "", matches=[_told(match) for match in found])
    return Response(answer.model_dump_json(), content_type="application/json")


def _question() -> Question:
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # brackets in brackets in brackets
        given = None
    if not isinstance(given, dict):
        raise Invalid("body", N_("Stuur een JSON-object (application/json) met minstens title en description."))
    try:
        return Question.model_validate(given)
    except ValidationError as error:
        fields = dict.fromkeys(str(wrong["loc"][0]) for wrong in error.errors())
        refuse([Invalid(field, _SAID.get(field, _WRONG)) for field in fields])
        raise


_WRONG = N_("Deze waarde kunnen we niet gebruiken.")
_SAID = {
    "title": N_("Geef een titel: tekst van hoogstens 200 tekens."),
    "description": N_("Geef een beschrijving: tekst van hoogstens 20.000 tekens."),
    "limit": N_("Geef een geheel getal van 1 tot 100."),
    "intent": N_("Kies need, offer of experience."),
}


def _told(match: Match) -> Found:
    return Found(
        kind=match.kind,
        id=match.id,
        external_id=match.external_id,
        title=match.title,
        url=address(match, external=True),
        organisation=match.organisation,
        status=match.status,  # type: ignore[arg-type] # another word than these would be a fault of ours
        relation=match.relation,
        probability=match.probability,
        score=match.score,
        reasons=[*reasons(match), *differences(match)],
    )


@door.get("/api/v1/openapi.json")
def description() -> Response:
    """This description."""
    models: list[tuple[type[BaseModel], Any]] = [(Question, "validation")]
    models += [(model, "serialization") for model in (Answer, Problem)]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    body = {
        "openapi": "3.1.0",
        "info": {
            "title": "Medestanders",
            "version": "1",
            "summary": "Find ideas and projects of municipalities that resemble a text.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": url_for("pages.home", _external=True)}],
        "paths": {
            url_for("api.similar"): {"post": _SIMILAR},
            url_for("api.description"): {"get": _DESCRIPTION},
        },
        "components": {"schemas": schemas["$defs"], "parameters": {"language": _LANGUAGE}},
    }
    return jsonify(body)


def _json(model: str, media: str = "application/json") -> dict[str, object]:
    return {media: {"schema": {"$ref": f"#/components/schemas/{model}"}}}


def _problem(description: str, **more: object) -> dict[str, object]:
    return {"description": description, "content": _json("Problem", "application/problem+json"), **more}


_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of sentences for people: nl, fr, en or de; Dutch without it.",
    "schema": {"type": "string"},
}
_WAIT = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_SIMILAR: dict[str, object] = {
    "operationId": "similar",
    "summary": "Ideas and projects that resemble a text",
    "description": "It only reads: nothing of the question is kept, cookies are ignored, and no key is needed.",
    "parameters": [{"$ref": "#/components/parameters/language"}],
    "requestBody": {"required": True, "content": _json("Question")},
    "responses": {
        "200": {"description": "What resembles the text, most alike first.", "content": _json("Answer")},
        "413": _problem("The question is too large."),
        "422": _problem("The question cannot be used; `errors` names each field."),
        "429": _problem("Too many questions in one second.", headers=_WAIT),
        "500": _problem("Something failed here; try again later."),
    },
}
_DESCRIPTION: dict[str, object] = {
    "operationId": "description",
    "summary": "This description, in OpenAPI 3.1",
    "responses": {
        "200": {"description": "An OpenAPI document.", "content": {"application/json": {"schema": {"type": "object"}}}},
        "500": _problem("Something failed here; try again later."),
    },
}
