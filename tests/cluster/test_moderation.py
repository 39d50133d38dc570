"""Moderation: reported once, hidden with a reason, answered once a round, and never forgotten."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import data.clusters
import data.ideas
import data.matches
import data.projects
from cluster import contacts, ideas, moderation, project_requests, projects
from cluster.imports import Row
from data.moderation import Filter
from data.store import close, row, rows, transaction, value
from data.throttles import open_throttles
from models.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany
from models.ideas import IdeaForm, IdeaState
from models.matches import Kind
from models.moderation import Case, CaseState, Subject
from models.people import Member

Who = Callable[[str], Member]
POOL = IdeaForm(title="Zwembad online reserveren", description="Bel Jan op 0470 00 00 00.")
NOW = time.time()


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    close(found)


@pytest.fixture
def report(db: Database, throttles: Database) -> Callable[..., Case]:
    def send(member: Member, kind: Subject, item_id: int, *, ground: str = "privacy", text: str = "Een nummer") -> Case:
        return moderation.report(
            db, throttles, member=member, kind=kind, item_id=item_id, ground=ground, text=text, moment=NOW
        )

    return send


@pytest.fixture
def idea_id(db: Database, who: Who) -> int:
    return ideas.post(db, encoder=None, member=who("genk"), form=POOL)


@pytest.fixture
def project_id(db: Database) -> int:
    fields = {"id": "P", "title": "Zwembadproject", "description": "Zwembad van elders.", "municipality": "Genk"}
    projects.import_rows(db, rows=[Row(1, fields)])
    return int(value(db, "select id from projects"))


def decide(db: Database, who: Who, case: Case, decision: str, reason: str = "Er staat een nummer in.") -> Case:
    return moderation.decide(
        db, member=who("coordinator"), case_id=case.id, revision=case.revision, decision=decision, reason=reason
    )


def letters(db: Database) -> list[tuple[str, str]]:
    found = rows(db, "select recipient, subject from letters where dedupe_key like 'moderation:%' order by id")
    return [(item["recipient"].split("@")[0], item["subject"].split(":")[0]) for item in found]


def test_a_report_waits_for_a_coordinator_and_hides_nothing(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = report(who("aalter"), Subject.IDEA, idea_id)
    assert (case.state, case.waiting, case.title, case.organisation) == ("reported", True, POOL.title, "Genk")
    assert moderation.queue(db, member=who("coordinator"), which="waiting", page=1) == ([case], False)
    assert ideas.get(db, idea_id=idea_id, member=None).state is IdeaState.OPEN
    found = moderation.file(db, member=who("coordinator"), case_id=case.id)
    assert [(one.who, one.ground, one.text) for one in found.reports] == [("Aalter", "privacy", "Een nummer")]
    assert letters(db) == []


def test_a_member_reports_an_item_once(db: Database, who: Who, report: Callable[..., Case], idea_id: int) -> None:
    first = report(who("aalter"), Subject.IDEA, idea_id)
    assert report(who("aalter"), Subject.IDEA, idea_id, text="Nog eens") == first
    second = report(who("kortrijk"), Subject.IDEA, idea_id)
    assert (second.id, second.reports) == (first.id, 2)
    assert value(db, "select count(*) from history") == 2


def test_what_may_not_be_read_or_is_ones_own_is_not_reported(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    with pytest.raises(NotAllowed):
        report(who("genk"), Subject.IDEA, idea_id)
    contacts.endorse(db, member=who("kortrijk"), idea_id=idea_id, role="learn", message="Bel mij!")
    for name in ("aalter", "coordinator"):
        with pytest.raises(NotFound):
            report(who(name), Subject.ENDORSEMENT, 1)
    assert report(who("genk"), Subject.ENDORSEMENT, 1).kind is Subject.ENDORSEMENT
    ideas.withdraw(db, member=who("genk"), idea_id=idea_id)
    for kind, item_id in ((Subject.IDEA, idea_id), (Subject.PROJECT, 99), (Subject.ENDORSEMENT, 99)):
        with pytest.raises(NotFound):
            report(who("aalter"), kind, item_id)
    with pytest.raises(NotSignedIn):
        report(None, Subject.IDEA, idea_id)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"ground": "zomaar"}, "ground"),
        ({"ground": "other", "text": " "}, "text"),
        ({"text": "x" * 2_001}, "text"),
        ({"text": "caf\ufffd"}, "text"),
    ],
)
def test_a_report_without_a_ground_is_refused_at_the_field(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int, fields: dict[str, str], wrong: str
) -> None:
    with pytest.raises(Invalid) as refused:
        report(who("aalter"), Subject.IDEA, idea_id, **fields)
    assert refused.value.field == wrong
    assert value(db, "select count(*) from cases") == 0


def test_nobody_reports_without_end(db: Database, who: Who, report: Callable[..., Case]) -> None:
    form = IdeaForm(title="Idee", description="Tekst")
    found = [ideas.post(db, encoder=None, member=who("genk"), form=form) for _ in range(21)]
    for item_id in found[:20]:
        report(who("aalter"), Subject.IDEA, item_id)
    with pytest.raises(TooMany):
        report(who("aalter"), Subject.IDEA, found[20])
    report(who("aalter"), Subject.IDEA, found[0])  # what was reported already costs nothing
    report(who("kortrijk"), Subject.IDEA, found[20])


def test_a_hidden_idea_is_gone_for_all_but_its_organisation_and_coordinators(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    before = data.matches.all_public(db, encoder="none").seq
    case = decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "hide")
    assert (case.state, case.waiting, case.round) == ("hidden", False, 1)
    for member in (None, who("aalter")):
        with pytest.raises(NotFound):
            ideas.get(db, idea_id=idea_id, member=member)
        assert moderation.hidden_case(db, member=member, kind=Subject.IDEA, item_id=idea_id) is None
    for member in (who("genk"), who("coordinator")):
        assert ideas.get(db, idea_id=idea_id, member=member).state is IdeaState.HIDDEN
        assert moderation.hidden_case(db, member=member, kind=Subject.IDEA, item_id=idea_id) == case
    assert ideas.counts(db)["ideas"] == 0
    assert data.matches.matching(db, words=["zwembad"], at_most=9) == []
    changes = data.matches.changes_since(db, seq=before, encoder="none")
    assert changes is not None
    assert (Kind.IDEA, idea_id) in changes.gone
    with pytest.raises(NotAllowed):
        ideas.restore(db, member=who("genk"), idea_id=idea_id)


def test_a_hidden_project_is_gone_from_lists_search_suggestions_and_counts(
    db: Database, who: Who, report: Callable[..., Case], project_id: int
) -> None:
    before = data.matches.all_public(db, encoder="none").seq
    case = decide(db, who, report(who("aalter"), Subject.PROJECT, project_id), "hide")
    for member in (None, who("aalter")):
        with pytest.raises(NotFound):
            projects.get(db, project_id, member=member)
    for member in (who("genk"), who("coordinator")):
        assert projects.get(db, project_id, member=member).hidden
    assert data.projects.browse(db, wanted=data.projects.Filter(), at_most=9) == []
    assert data.projects.by_ids(db, ids=[project_id]) == {}
    assert data.matches.matching(db, words=["zwembad"], at_most=9) == []
    assert [data.matches.missing(db, kind=kind, encoder="none", at_most=9) for kind in Kind] == [[], []]
    assert data.clusters.items(db) == []
    assert ideas.counts(db)["projects"] == 0
    changes = data.matches.changes_since(db, seq=before, encoder="none")
    assert changes is not None
    assert (Kind.PROJECT, project_id) in changes.gone
    with pytest.raises(NotFound):
        project_requests.ask(db, member=who("aalter"), project_id=project_id, message="")
    decide(db, who, case, "show")
    assert projects.get(db, project_id).title == "Zwembadproject"
    assert data.matches.matching(db, words=["zwembad"], at_most=9) == [(Kind.PROJECT, project_id)]


def test_an_import_does_not_show_what_a_coordinator_hid(
    db: Database, who: Who, report: Callable[..., Case], project_id: int
) -> None:
    decide(db, who, report(who("aalter"), Subject.PROJECT, project_id), "hide")
    fields = {"id": "P", "title": "Zwembadproject 2", "description": "Anders.", "municipality": "Genk"}
    projects.import_rows(db, rows=[Row(1, fields)])
    assert row(db, "select title, hidden from projects") == {"title": "Zwembadproject 2", "hidden": 1}


def test_a_hidden_message_is_read_by_its_writers_alone(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    contacts.endorse(db, member=who("kortrijk"), idea_id=idea_id, role="learn", message="Bel mij!")
    decide(db, who, report(who("genk"), Subject.ENDORSEMENT, 1), "hide")
    for name, message in (("kortrijk", "Bel mij!"), ("genk", ""), ("aalter", "")):
        (said,) = contacts.endorsements(db, idea_id=idea_id, member=who(name))
        assert (said.message, said.hidden) == (message, True)
    assert contacts.get(db, member=who("genk"), introduction_id=1).message == ""
    assert contacts.get(db, member=who("kortrijk"), introduction_id=1).message == "Bel mij!"
    assert letters(db) == [("kortrijk", "Verborgen")]


def test_an_endorser_no_longer_reads_the_title_of_a_hidden_idea(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    contacts.endorse(db, member=who("kortrijk"), idea_id=idea_id, role="learn", message="")
    decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "hide")
    assert [one.idea_title for one in contacts.inbox(db, member=who("kortrijk")).sent] == [""]
    assert [one.idea_title for one in contacts.inbox(db, member=who("genk")).received] == [POOL.title]


def test_the_organisation_hears_the_reason_and_answers_once_a_round(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "hide", "Een <b>nummer</b>.")
    assert letters(db) == [("genk", "Verborgen")]
    assert "Een <b>nummer</b>." in value(db, "select body from letters where dedupe_key like 'moderation:%'")
    for _ in range(2):
        answered = moderation.answer(db, member=who("genk"), case_id=case.id, text="Het is zijn werknummer.")
    assert (answered.waiting, answered.answer) == (True, "Het is zijn werknummer.")
    with pytest.raises(Conflict):
        moderation.answer(db, member=who("genk"), case_id=case.id, text="En nog iets.")
    assert moderation.count_waiting(db, member=who("coordinator")) == 1
    kept = decide(db, who, answered, "keep", "Toch niet.")
    assert (kept.state, kept.waiting, kept.answer, kept.round) == ("hidden", False, None, 2)
    again = moderation.answer(db, member=who("genk"), case_id=case.id, text="En nog iets.")
    shown = decide(db, who, again, "show", "Goed zo.")
    assert (shown.state, shown.waiting) == ("shown", False)
    assert ideas.get(db, idea_id=idea_id, member=None).title == POOL.title
    assert [subject for _, subject in letters(db)] == ["Verborgen", "Blijft verborgen", "Weer zichtbaar"]
    with pytest.raises(Conflict):
        moderation.answer(db, member=who("genk"), case_id=case.id, text="Te laat.")


def test_who_reported_reads_what_became_of_it(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    def told() -> list[tuple[str, bool]]:
        found = rows(db, "select recipient, body from letters where dedupe_key like 'outcome:%' order by id")
        return [(item["recipient"].partition("@")[0], "> Zo is het." in item["body"]) for item in found]

    dismissed = decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "dismiss", "Zo is het.")
    assert told() == [("aalter", True)]
    # Another one reports it too: who was told that it stays hears nothing new until it is hidden.
    again = report(who("kortrijk"), Subject.IDEA, idea_id)
    assert again.revision > dismissed.revision
    left = decide(db, who, again, "dismiss", "Zo is het.")
    assert told()[1:] == [("kortrijk", True)]
    assert left.state == CaseState.SHOWN


def test_others_cannot_answer_nor_see_that_there_is_a_case(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = report(who("aalter"), Subject.IDEA, idea_id)
    with pytest.raises(NotFound):  # reported, not hidden: no business of theirs
        moderation.answer(db, member=who("genk"), case_id=case.id, text="Waarom?")
    decide(db, who, case, "hide")
    for name in ("aalter", "kortrijk"):
        with pytest.raises(NotFound):
            moderation.answer(db, member=who(name), case_id=case.id, text="Ik!")
    with pytest.raises(Invalid):
        moderation.answer(db, member=who("genk"), case_id=case.id, text="  ")


def test_a_withdrawn_idea_stays_withdrawn_when_it_is_shown_again(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = report(who("aalter"), Subject.IDEA, idea_id)
    ideas.withdraw(db, member=who("genk"), idea_id=idea_id)
    decide(db, who, decide(db, who, case, "hide"), "show")
    assert ideas.get(db, idea_id=idea_id, member=who("genk")).state is IdeaState.WITHDRAWN


def test_a_dismissed_report_leaves_all_as_it_is_and_a_new_one_opens_the_case_again(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "dismiss", "Dit mag.")
    assert (case.state, case.waiting) == (CaseState.SHOWN, False)
    assert ideas.get(db, idea_id=idea_id, member=None)
    assert letters(db) == []
    again = report(who("kortrijk"), Subject.IDEA, idea_id)
    assert (again.id, again.state, again.waiting) == (case.id, CaseState.REPORTED, True)


def test_of_two_coordinators_the_second_sees_what_the_first_decided(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = report(who("aalter"), Subject.IDEA, idea_id)
    hidden = decide(db, who, case, "hide")
    with pytest.raises(Conflict) as conflict:
        decide(db, who, case, "dismiss")
    assert conflict.value.current == hidden
    for decision in ("hide", "dismiss"):
        with pytest.raises(Conflict):
            decide(db, who, hidden, decision)
    assert value(db, "select count(*) from history") == 2


def test_only_coordinators_decide_and_always_with_a_reason(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = report(who("aalter"), Subject.IDEA, idea_id)
    for decision, reason, field in (
        ("hide", " ", "reason"),
        ("burn", "Weg!", "decision"),
        ("hide", "x" * 2_001, "reason"),
    ):
        with pytest.raises(Invalid) as refused:
            decide(db, who, case, decision, reason)
        assert refused.value.field == field
    with pytest.raises(NotAllowed):
        moderation.decide(
            db, member=who("genk"), case_id=case.id, revision=case.revision, decision="hide", reason="Weg"
        )
    for look in (
        lambda: moderation.queue(db, member=who("genk"), which="all", page=1),
        lambda: moderation.file(db, member=who("genk"), case_id=case.id),
        lambda: moderation.history(db, member=who("genk"), wanted=Filter(), page=1),
    ):
        with pytest.raises(NotAllowed):
            look()


def test_the_history_tells_who_when_what_and_why_and_is_never_rewritten(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int
) -> None:
    case = decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "hide")
    moderation.answer(db, member=who("genk"), case_id=case.id, text="Het is al weg.")
    events, _ = moderation.history(db, member=who("coordinator"), wanted=Filter(), page=1)
    assert [(one.action, one.who, one.reason) for one in events] == [
        ("answered", "Genk", "Het is al weg."),
        ("hidden", "Coordinator", "Er staat een nummer in."),
        ("reported", "Aalter", "Een nummer"),
    ]
    assert all(one.happened_at and one.title == POOL.title for one in events)
    for sql in ("update history set reason = ''", "delete from history"):
        with pytest.raises(sqlite3.IntegrityError), transaction(db):
            db.execute(sql)
    assert value(db, "select count(*) from history") == 3


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Filter(action="hidden"), 1),
        (Filter(kind="project"), 0),
        (Filter(kind="idea", item_id=1), 2),
        (Filter(member_id=1), 1),
        (Filter(since="2020-01-01"), 2),
        (Filter(until="2020-01-01"), 0),
    ],
)
def test_the_history_is_filtered(
    db: Database, who: Who, report: Callable[..., Case], idea_id: int, wanted: Filter, count: int
) -> None:
    decide(db, who, report(who("aalter"), Subject.IDEA, idea_id), "hide")
    assert who("aalter").id == 1
    events, has_more = moderation.history(db, member=who("coordinator"), wanted=wanted, page=1)
    assert (len(events), has_more) == (count, False)
