"""Drafts: kept as typed, one's own, and never lost between two devices."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlite_utils import Database

from cluster import drafts, ideas
from cluster.drafts import DRAFTS_AT_MOST, Saved
from data.store import rows, value
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.ideas import DraftMark, IdeaDraft, IdeaForm
from models.people import Member

Who = Callable[[str], Member]
POOL = IdeaForm(title="Zwembad reserveren", description="Banen boeken.", seeks=("partners",), links="https://a.be plan")
LAPTOP, PHONE = DraftMark("laptop", 0), DraftMark("phone", 0)


def keep(db: Database, member: Member, form: IdeaForm, *, key: str = "key", mark: DraftMark = LAPTOP) -> Saved:
    return drafts.save(db, member=member, form=form, submission_key=key, mark=mark)


def kept(db: Database, member: Member, form: IdeaForm, *, key: str = "key", mark: DraftMark = LAPTOP) -> IdeaDraft:
    found = keep(db, member, form, key=key, mark=mark).draft
    assert found is not None
    return found


def test_a_draft_is_resumed_as_it_was_typed(db: Database, who: Who) -> None:
    typed = replace(POOL, title="  Zwem\n", description="", links="dit is geen adres")
    draft = kept(db, who("genk"), typed)
    assert drafts.get(db, member=who("genk"), draft_id=draft.id).form == typed
    assert drafts.listed(db, member=who("genk")) == [draft]


def test_saving_the_same_twice_changes_nothing(db: Database, who: Who) -> None:
    first = kept(db, who("genk"), POOL)
    assert kept(db, who("genk"), POOL) == first
    assert kept(db, who("genk"), POOL, mark=PHONE) == first


def test_an_empty_form_is_no_draft_but_a_draft_may_be_emptied(db: Database, who: Who) -> None:
    empty = IdeaForm(title=" ", description="\n")
    assert keep(db, who("genk"), empty) == Saved()
    kept(db, who("genk"), POOL)
    assert kept(db, who("genk"), empty, mark=DraftMark("laptop", 1)).form == empty


def test_of_two_devices_the_later_save_becomes_a_draft_of_its_own(db: Database, who: Who) -> None:
    member = who("genk")
    first = kept(db, member, POOL)
    seen = DraftMark("phone", first.revision)
    laptop = kept(db, member, replace(POOL, description="Van de laptop."), mark=DraftMark("laptop", first.revision))
    saved = keep(db, member, replace(POOL, description="Van de telefoon."), mark=seen)
    assert saved.other == laptop
    assert saved.draft is not None
    assert saved.draft.submission_key != laptop.submission_key
    texts = {draft.form.description for draft in drafts.listed(db, member=member)}
    assert texts == {"Van de laptop.", "Van de telefoon."}
    # From here on each goes on with its own.
    further = DraftMark("phone", saved.draft.revision)
    assert keep(db, member, POOL, key=saved.draft.submission_key, mark=further).other is None


def test_an_answer_that_got_lost_is_no_second_device(db: Database, who: Who) -> None:
    kept(db, who("genk"), POOL)
    saved = keep(db, who("genk"), replace(POOL, title="Verder getypt"), mark=LAPTOP)
    assert saved.other is None
    assert len(drafts.listed(db, member=who("genk"))) == 1


def test_a_draft_is_its_members_alone(db: Database, who: Who) -> None:
    draft = kept(db, who("genk"), POOL)
    for other in ("aalter", "coordinator"):
        assert drafts.listed(db, member=who(other)) == []
        with pytest.raises((NotFound, NotAllowed)):
            drafts.get(db, member=who(other), draft_id=draft.id)
        with pytest.raises((NotFound, NotAllowed)):
            drafts.delete(db, member=who(other), draft_id=draft.id)
        with pytest.raises((NotFound, NotAllowed)):
            keep(db, who(other), POOL)
    assert drafts.get(db, member=who("genk"), draft_id=draft.id) == draft


def test_a_draft_is_nowhere_else(db: Database, who: Who) -> None:
    kept(db, who("genk"), POOL)
    for table in ("ideas", "texts", "item_changes", "embeddings", "jobs"):
        assert value(db, f"select count(*) from {table}") == 0


def test_a_deleted_draft_is_gone(db: Database, who: Who) -> None:
    draft = kept(db, who("genk"), POOL)
    drafts.delete(db, member=who("genk"), draft_id=draft.id)
    assert rows(db, "select * from idea_drafts") == []
    with pytest.raises(NotFound):
        drafts.delete(db, member=who("genk"), draft_id=draft.id)


def test_posting_erases_the_draft_and_a_late_save_makes_no_new_one(db: Database, who: Who) -> None:
    member = who("genk")
    draft = kept(db, member, POOL)
    mark = DraftMark("laptop", draft.revision)
    for _ in range(2):
        idea_id = ideas.post(db, encoder=None, member=member, form=POOL, submission_key="key", mark=mark)
    assert drafts.listed(db, member=member) == []
    assert keep(db, member, replace(POOL, title="Nog iets"), mark=mark) == Saved(idea_id=idea_id)
    assert value(db, "select count(*) from ideas") == 1


def test_posting_leaves_what_another_device_wrote_meanwhile(db: Database, who: Who) -> None:
    member = who("genk")
    first = kept(db, member, POOL)
    later = replace(POOL, description="Veel meer tekst.")
    kept(db, member, later, mark=DraftMark("phone", first.revision))
    mark = DraftMark("laptop", first.revision)
    ideas.post(db, encoder=None, member=member, form=POOL, submission_key="key", mark=mark)
    (left,) = drafts.listed(db, member=member)
    assert left.form == later
    # Posting that one too is a change of what stands, not a second idea.
    phone = DraftMark("phone", left.revision)
    with pytest.raises(Conflict):
        ideas.post(db, encoder=None, member=member, form=later, submission_key="key", mark=phone)
    drafts.finish(db, member=member, submission_key="key", mark=phone)
    assert drafts.listed(db, member=member) == []


def test_there_is_an_end_to_how_much_is_kept(db: Database, who: Who) -> None:
    for number in range(DRAFTS_AT_MOST):
        kept(db, who("genk"), POOL, key=f"key-{number}")
    with pytest.raises(Invalid, match="concepten"):
        keep(db, who("genk"), POOL, key="one more")
    with pytest.raises(Invalid) as refused:
        keep(db, who("genk"), replace(POOL, description="x" * 200_000), key="key-0")
    assert refused.value.field == "description"


def test_choices_that_are_none_are_left_out(db: Database, who: Who) -> None:
    odd = replace(POOL, stage="x", intent="y", budget="z", seeks=("partners", "q"), theme="t" * 99, call_id=-1)
    form = kept(db, who("genk"), odd).form
    assert (form.stage, form.intent, form.budget, form.seeks) == ("idee", "need", None, ("partners",))
    assert (form.theme, form.call_id) == (None, None)


def posted(db: Database, member: Member) -> int:
    return ideas.post(db, encoder=None, member=member, form=POOL)


def change(db: Database, member: Member, form: IdeaForm, *, idea_id: int, mark: DraftMark = LAPTOP) -> Saved:
    return drafts.save(db, member=member, form=form, submission_key="edit", mark=mark, idea_id=idea_id, base=1)


def test_a_change_is_kept_beside_what_stands(db: Database, who: Who) -> None:
    member = who("genk")
    idea_id = posted(db, member)
    typed = replace(POOL, description="Banen en kleedhokjes boeken.")
    draft = change(db, member, typed, idea_id=idea_id).draft
    assert draft is not None
    assert (draft.idea_id, draft.base, draft.form) == (idea_id, 1, typed)
    assert drafts.changing(db, member=member, idea_id=idea_id) == [draft]
    assert ideas.form_of(ideas.get(db, idea_id=idea_id, member=None)) == POOL
    # Typed back to what stands, there is nothing left to go on with.
    assert change(db, member, POOL, idea_id=idea_id, mark=DraftMark("laptop", 1)) == Saved()
    assert drafts.changing(db, member=member, idea_id=idea_id) == []


def test_a_form_that_says_what_stands_is_no_draft(db: Database, who: Who) -> None:
    assert change(db, who("genk"), POOL, idea_id=posted(db, who("genk"))) == Saved()


def test_only_the_ideas_own_organisation_drafts_a_change(db: Database, who: Who) -> None:
    idea_id = posted(db, who("genk"))
    for other in ("aalter", "coordinator"):
        with pytest.raises(NotAllowed):
            change(db, who(other), replace(POOL, title="Van ons"), idea_id=idea_id)
    assert value(db, "select count(*) from idea_drafts") == 0
