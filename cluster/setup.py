"""Set-up: the schema, the reference data that ships, and the demonstration. Saying it twice changes nothing."""

import json
from typing import Any

from argon2 import PasswordHasher
from sqlite_utils import Database

import cluster.adoptions
import cluster.calls
import cluster.contacts
import cluster.ideas
import cluster.projects
import data.calls
import data.contacts
import data.ideas
import data.migrations
import data.people
import data.work
from cluster.imports import Row
from data.store import now, transaction
from models.errors import N_, NotAllowed, Refusal
from models.ideas import IdeaForm
from models.matches import Kind

SEED = data.calls.SEED


def migrate(db: Database) -> None:
    """Bring the schema up to date: all of it or nothing."""
    with transaction(db):
        data.migrations.migrate(db)


def seed(db: Database) -> dict[str, int]:
    """Add the reference data that is missing and tell how much of it is new, by kind.

    Facts about organisations are refreshed, but not for whom a body speaks once a person chose that; calls, projects
    and ideas that exist stay as people made them.
    """
    shipped = json.loads((SEED / "calls.json").read_text(encoding="utf-8"))
    return {
        "organisations": _organisations(db, _lines("organisations.jsonl"), _lines("mergers.jsonl")),
        "calls": cluster.calls.seed(
            db, themes=json.loads((SEED / "themes.json").read_text(encoding="utf-8")), calls=shipped["calls"]
        ),
        "projects": cluster.projects.seed(db, rows=_lines("projects.jsonl")),
        "ideas": _ideas(db, _lines("ideas.jsonl")),
    }


def seed_demo(db: Database, *, password: str) -> dict[str, int]:
    """Add the invented members, ideas and me-toos that are missing, all marked as demo, and tell how many."""
    shipped = json.loads((SEED / "demo.json").read_text(encoding="utf-8"))
    members = _members(db, shipped["members"], password)
    given = [
        Row(line, {**{name: idea[name] for name in idea if name not in {"external_id", "member"}}, **_demo_names(idea)})
        for line, idea in enumerate(shipped["ideas"], 1)
    ]
    ideas = cluster.ideas.import_rows(db, rows=given, demo=True)
    endorsements = sum(_endorse(db, endorsement) for endorsement in shipped["endorsements"])
    # Only with the ideas themselves: an offer that somebody took back stays so.
    for offer in shipped["offers"] if ideas.added else ():
        _offer(db, offer)
    return {"members": members, "ideas": ideas.added, "endorsements": endorsements}


def refuse_demo_members(db: Database) -> None:
    """Refuse when the database holds demo accounts: everybody knows their password."""
    if count := len(data.people.demo_members(db)):
        raise NotAllowed(
            N_(
                "Er staan %(count)s demo-accounts in deze databank, en iedereen kent hun wachtwoord. "
                "Gebruik in productie een nieuwe gegevensmap (MEDESTANDERS_DATA)."
            ),
            count=count,
        )


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SEED / name).read_text(encoding="utf-8").splitlines()]


def _organisations(db: Database, organisations: list[dict[str, Any]], mergers: list[dict[str, Any]]) -> int:
    with transaction(db):
        before = data.people.count_organisations(db)
        ids = {item["uri"]: data.people.add_organisation(db, values=item) for item in organisations}
        chosen = data.people.bodies_that_people_changed(db)
        for item in organisations:
            data.people.set_names(db, organisation_id=ids[item["uri"]], names=item["names"])
            if item["kind"] != "municipality" and ids[item["uri"]] not in chosen:
                data.people.set_stands_for(
                    db, body_id=ids[item["uri"]], municipality_ids=[ids[uri] for uri in item["stands_for"]]
                )
        for merger in mergers:
            for original in merger["originals"]:
                data.people.add_merger(
                    db,
                    original_id=ids[original],
                    resulting_id=ids[merger["resulting"]],
                    happened_on=merger["date"],
                    identity=merger["identity"],
                )
        return data.people.count_organisations(db) - before


def _ideas(db: Database, ideas: list[dict[str, Any]]) -> int:
    added = 0
    with transaction(db):
        for idea in ideas:
            if data.ideas.by_external_id(db, external_id=idea["external_id"]):
                continue
            form = IdeaForm(**{name: idea[name] for name in ("title", "description", "theme", "stage", "intent")})
            idea_id = data.ideas.add(
                db,
                form=form,
                lang="nl",
                organisation_id=None,
                author_id=None,
                external_id=idea["external_id"],
                source_url=idea["url"],
            )
            data.work.queue(
                db, kind="embed", key=f"{Kind.IDEA}:{idea_id}", payload={"kind": Kind.IDEA, "item_id": idea_id}
            )
            added += 1
    return added


def _members(db: Database, members: list[dict[str, Any]], password: str) -> int:
    # One hash for all: hashing is slow on purpose, and this password is no secret.
    password_hash = PasswordHasher().hash(password)
    added = 0
    with transaction(db):
        for member in members:
            if data.people.by_email(db, email=member["email"]):
                continue
            uri = member["organisation"]
            organisation = data.people.find_organisation(db, text=uri) if uri else None
            values = {
                **{name: member[name] for name in ("email", "name", "function", "role", "locale")},
                "organisation_id": organisation.id if organisation else None,
                "password_hash": password_hash,
                "standing_consent": int(member["standing_consent"]),
                "demo": 1,
                "created_at": now(),
            }
            data.people.add_member(db, values=values)
            added += 1
    return added


def _offer(db: Database, offer: dict[str, Any]) -> None:
    """Let the owner of an idea offer it to who endorses it."""
    idea = data.ideas.by_external_id(db, external_id=offer["idea"])
    member = data.people.by_email(db, email=offer["member"])
    if idea is not None and member is not None:
        cluster.adoptions.let_go(db, member=member, idea_id=idea.id)


def _demo_names(idea: dict[str, Any]) -> dict[str, str]:
    return {"id": idea["external_id"], "author": idea["member"]}


def _endorse(db: Database, endorsement: dict[str, Any]) -> bool:
    """Endorse once: one that somebody withdrew since stays withdrawn, and an idea that is gone is left alone."""
    idea = data.ideas.by_external_id(db, external_id=endorsement["idea"])
    member = data.people.by_email(db, email=endorsement["member"])
    if idea is None or member is None or member.organisation_id is None:
        return False
    if data.contacts.of_organisation(db, idea_id=idea.id, organisation_id=member.organisation_id):
        return False
    try:
        cluster.contacts.endorse(
            db,
            member=member,
            idea_id=idea.id,
            role=endorsement["role"],
            message=endorsement["message"] or "",
            amount=endorsement["amount"],
            days=endorsement["days"],
        )
    except Refusal:
        return False
    return True
