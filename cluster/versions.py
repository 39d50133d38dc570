"""Versions of an idea: who may read them, how they differ, and telling endorsers what changed in substance."""

from dataclasses import dataclass
from functools import partial

from sqlite_utils import Database

import cluster.ideas
import data.ideas
import data.versions
from cluster.engine.difference import Passage, passages, share_changed
from models.digests import Bundle, News, What
from models.errors import NotFound
from models.ideas import Idea, IdeaForm, Version
from models.people import Member

PER_PAGE = 20

# A text that changed by more than this share of its words says something else.
SHARE_AT_LEAST = 0.1
FIELDS = (*("title", "description", "intent", "stage", "seeks", "theme", "call_id", "budget", "target_group", "links"),)
_TEXTS = ("title", "description", "target_group", "links")


@dataclass(frozen=True, slots=True)
class Difference:
    """What one field said before and after; `passages` shows it word by word, for texts alone."""

    field: str
    before: object
    after: object
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A version in a list, and which fields it changed (none for the first one)."""

    version: Version
    changed: tuple[str, ...]


def edited_at(db: Database, *, idea: Idea) -> str | None:
    """When the present text was written, if it is not the first one; anybody may know."""
    return data.versions.written_at(db, idea_id=idea.id) if idea.revision > 1 else None


def readable_from(db: Database, *, idea: Idea, member: Member | None) -> int | None:
    """From which version a reader may see the history; none for who may not.

    The organisation and the coordinators see all of it; who said *ook wij* sees what changed since.
    """
    if member is None:
        return None
    if member.is_coordinator or cluster.ideas.is_own(idea, member):
        return 1
    if member.organisation_id is None:
        return None
    return data.versions.since(db, idea_id=idea.id, organisation_id=member.organisation_id)


def listed(db: Database, *, idea_id: int, member: Member | None, page: int) -> tuple[Idea, list[Listed], bool]:
    """One page of the versions a reader may see, newest first, and whether there are more."""
    idea, first = _readable(db, idea_id=idea_id, member=member)
    found = data.versions.listed(db, idea_id=idea_id, at_least=first, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    before = {version.revision: version.form for version in found}
    shown = [
        Listed(version, changed(before.get(version.revision - 1, version.form), version.form))
        for version in found[:PER_PAGE]
    ]
    return idea, shown, len(found) > PER_PAGE


def compare(
    db: Database, *, idea_id: int, member: Member | None, revision: int, since: int | None = None
) -> tuple[Idea, Version, Version | None, list[Difference]]:
    """An idea, a version of it, the version it is compared with (the one before, or `since`) and how they differ."""
    idea, first = _readable(db, idea_id=idea_id, member=member)
    after = data.versions.get(db, idea_id=idea_id, revision=revision)
    wanted = since if since is not None else revision - 1
    before = data.versions.get(db, idea_id=idea_id, revision=wanted) if wanted >= first else None
    if after is None or revision < first or wanted >= revision or (since is not None and before is None):
        raise NotFound
    return idea, after, before, differences(before.form, after.form) if before else []


def differences(before: IdeaForm, after: IdeaForm) -> list[Difference]:
    """How two forms differ, field by field; nothing about fields that are the same."""
    return [
        Difference(
            field=name,
            before=getattr(before, name),
            after=getattr(after, name),
            passages=tuple(passages(getattr(before, name) or "", getattr(after, name) or "")) if name in _TEXTS else (),
        )
        for name in changed(before, after)
    ]


def changed(before: IdeaForm, after: IdeaForm) -> tuple[str, ...]:
    """The fields that differ, in the order of the form."""
    return tuple(name for name in FIELDS if getattr(before, name) != getattr(after, name))


def substance(before: IdeaForm, after: IdeaForm) -> tuple[str, ...]:
    """The fields that changed so that the idea is another one; a mended word is none."""
    texts = [
        name
        for name in ("title", "description")
        if share_changed(getattr(before, name), getattr(after, name)) > SHARE_AT_LEAST
    ]
    return (*texts, *(name for name in ("intent", "stage", "budget") if getattr(before, name) != getattr(after, name)))


def news(db: Database, *, member: Member) -> list[Bundle]:
    """The ideas a member hears of that changed in substance since; what was changed back is no news."""
    found = []
    for seen in data.versions.behind(db, member_id=member.id):
        idea = data.ideas.get(db, idea_id=seen.idea_id)
        version = data.versions.get(db, idea_id=seen.idea_id, revision=seen.revision)
        if idea is None or version is None:
            continue
        present = cluster.ideas.form_of(idea)
        fields = substance(version.form, present)
        if fields:
            told = partial(
                data.versions.told,
                db,
                idea_id=idea.id,
                organisation_id=seen.organisation_id,
                since=seen.revision,
                revision=idea.revision,
            )
            details = {"before": version.form, "after": present, "fields": fields, "since": seen.revision}
            details["revision"] = idea.revision
            found.append(
                Bundle(
                    told,
                    (
                        News(
                            What.CHANGED, "idea", idea.id, idea.title, idea.organisation or "", idea.updated_at, details
                        ),
                    ),
                )
            )
    return found


def _readable(db: Database, *, idea_id: int, member: Member | None) -> tuple[Idea, int]:
    idea = cluster.ideas.get(db, idea_id=idea_id, member=member)
    first = readable_from(db, idea=idea, member=member)
    if first is None:
        raise NotFound
    return idea, first
