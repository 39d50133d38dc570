"""Drafts: what a member typed and did not post or change yet. Nobody else ever sees one."""

import secrets
from dataclasses import dataclass, replace

from sqlite_utils import Database

import cluster.ideas
import data.drafts
import data.ideas
from cluster.people import must_act
from data.store import transaction
from models.errors import N_, Invalid, NotFound, refuse
from models.ideas import (
    DESCRIPTION_AT_MOST,
    LINKS_AT_MOST,
    TITLE_AT_MOST,
    Budget,
    DraftMark,
    IdeaDraft,
    IdeaForm,
    Intent,
    Seek,
    Stage,
)
from models.people import Member

DRAFTS_AT_MOST = 50
KEY_AT_MOST = 64

# A draft may be longer than what may be posted: it is shortened before posting, not before keeping.
_AT_MOST = {
    "title": 10 * TITLE_AT_MOST,
    "description": 5 * DESCRIPTION_AT_MOST,
    "target_group": 10 * TITLE_AT_MOST,
    "links": 2_500 * LINKS_AT_MOST,
}


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save.

    `draft` is what was kept (none for an empty form, for one that says what stands already, and for one that was
    posted already, as `idea_id`); `other` is what another device had kept meanwhile, which stays a draft of its own.
    """

    draft: IdeaDraft | None = None
    other: IdeaDraft | None = None
    idea_id: int | None = None


def save(
    db: Database,
    *,
    member: Member | None,
    form: IdeaForm,
    submission_key: str | None,
    mark: DraftMark,
    idea_id: int | None = None,
    base: int | None = None,
) -> Saved:
    """Keep a form as it is typed. Saying it twice changes nothing.

    With an `idea_id` it is a change of that idea of one's own organisation, typed from its revision `base` on; what
    stands there stays until the form itself is sent. When another device saved this draft meanwhile, both texts are
    kept: the later one becomes a draft of its own.
    """
    member, _ = must_act(member)
    form = _bounded(form)
    key = submission_key or secrets.token_urlsafe(16)
    about = {"idea_id": idea_id, "base": base} if idea_id else {}
    with transaction(db):
        stands = cluster.ideas.form_of(cluster.ideas.own(db, member=member, idea_id=idea_id)) if idea_id else None
        found = data.drafts.by_key(db, submission_key=key)
        if found and found.member_id != member.id:
            raise NotFound
        other = None
        if found is None:
            posted = None if idea_id else data.ideas.by_submission_key(db, submission_key=key)
            if posted or form == stands or _is_empty(form):
                return Saved(idea_id=posted)
            draft_id = _add(db, member=member, key=key, form=form, mark=mark, about=about)
        elif found.form == form:
            draft_id = found.id
        elif found.follows(mark) and form == stands:  # what was typed was taken back
            data.drafts.remove(db, draft_id=found.id)
            return Saved()
        elif found.follows(mark):
            draft_id = found.id
            data.drafts.save(db, draft_id=draft_id, form=form, writer=mark.writer, **about)
        else:
            other = found
            draft_id = _add(db, member=member, key=secrets.token_urlsafe(16), form=form, mark=mark, about=about)
        return Saved(draft=data.drafts.get(db, draft_id=draft_id), other=other)


def get(db: Database, *, member: Member | None, draft_id: int) -> IdeaDraft:
    """A draft of this member; anybody else's is not found."""
    member, _ = must_act(member)
    found = data.drafts.get(db, draft_id=draft_id)
    if found is None or found.member_id != member.id:
        raise NotFound(N_("Dit concept bestaat niet of niet meer."))
    return found


def changing(db: Database, *, member: Member | None, idea_id: int) -> list[IdeaDraft]:
    """This member's drafts of changes to an idea, last saved first."""
    member, _ = must_act(member)
    return data.drafts.of_idea(db, member_id=member.id, idea_id=idea_id)


def listed(db: Database, *, member: Member | None, at_most: int = DRAFTS_AT_MOST) -> list[IdeaDraft]:
    """A member's drafts, last saved first; none for who acts for nobody."""
    if member is None or member.organisation_id is None:
        return []
    return data.drafts.of_member(db, member_id=member.id, at_most=at_most)


def delete(db: Database, *, member: Member | None, draft_id: int) -> IdeaDraft:
    """Erase a draft for good, and return what it was."""
    with transaction(db):
        found = get(db, member=member, draft_id=draft_id)
        data.drafts.remove(db, draft_id=found.id)
    return found


def finish(db: Database, *, member: Member | None, submission_key: str | None, mark: DraftMark) -> None:
    """Erase the draft of a form whose text stands elsewhere now; one with a later text of another device stays."""
    member, _ = must_act(member)
    with transaction(db):
        data.drafts.finish(db, member_id=member.id, submission_key=submission_key, mark=mark)


def _add(
    db: Database, *, member: Member, key: str, form: IdeaForm, mark: DraftMark, about: dict[str, int | None]
) -> int:
    if data.drafts.count(db, member_id=member.id) >= DRAFTS_AT_MOST:
        raise Invalid(
            "draft",
            N_("Je hebt al %(count)s concepten. Verwijder er eerst een bij Mijn account; dit is nog niet bewaard."),
            count=DRAFTS_AT_MOST,
        )
    return data.drafts.add(db, member_id=member.id, submission_key=key, form=form, writer=mark.writer, **about)


def _is_empty(form: IdeaForm) -> bool:
    return not any((getattr(form, name) or "").strip() for name in _AT_MOST)


def _bounded(form: IdeaForm) -> IdeaForm:
    """The form as typed, with choices that are none left out; refused when a text is beyond all measure."""
    too_long = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
    refuse(
        [
            Invalid(name, too_long, count=len(text), at_most=at_most)
            for name, at_most in _AT_MOST.items()
            if len(text := getattr(form, name) or "") > at_most
        ]
    )
    return replace(
        form,
        theme=form.theme if form.theme and len(form.theme) <= KEY_AT_MOST else None,
        call_id=form.call_id if form.call_id and form.call_id > 0 else None,
        stage=form.stage if form.stage in set(Stage) else Stage.IDEA.value,
        intent=form.intent if form.intent in set(Intent) else Intent.NEED.value,
        budget=form.budget if form.budget in set(Budget) else None,
        seeks=tuple(seek.value for seek in Seek if seek in form.seeks),
    )
