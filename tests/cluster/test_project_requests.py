"""Questions for contact: asked once, taken up, answered, and the asker always knows how it stands."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.project_requests
import cluster.projects
import data.store
from cluster.imports import Row
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member, Role
from models.projects import RequestState
from tests.conftest import add_member

ROW = {"id": "P", "title": "Slim loket", "description": "Tekst", "municipality": "Genk"}


@pytest.fixture
def asked(db: Database, who: Callable[[str], Member]) -> int:
    """What Kortrijk asked about a project of Genk."""
    cluster.projects.import_rows(db, rows=[Row(1, ROW)])
    for _ in range(2):
        cluster.project_requests.ask(db, member=who("kortrijk"), project_id=1, message="Werkt het?")
    found = cluster.project_requests.asked(db, member=who("kortrijk"), kind=Kind.PROJECT, item_id=1)
    assert found is not None
    return found.id


def letters(db: Database) -> list[tuple[str, str]]:
    return [(item["recipient"], item["body"]) for item in data.store.rows(db, "select * from letters order by id")]


def test_a_question_waits_in_the_queue_once_with_a_letter_to_each_coordinator(
    db: Database, who: Callable[[str], Member], asked: int
) -> None:
    found, more, counts = cluster.project_requests.listed(
        db, member=who("coordinator"), state=RequestState.ASKED, page=1
    )
    assert [(one.id, one.organisation, one.message, one.lead_members) for one in found] == [
        (asked, "Kortrijk", "Werkt het?", 1)
    ]
    assert (more, counts[RequestState.ASKED], counts[RequestState.ANSWERED]) == (False, 1, 0)
    ((to, body),) = letters(db)
    assert to == "coordinator@test.example"
    assert f"/projects/requests/{asked}" in body
    contact = cluster.project_requests.asker(db, member=who("coordinator"), request=found[0])
    assert contact is not None
    assert contact.email == "kortrijk@test.example"


def test_the_asker_sees_every_state_and_gets_the_answer_by_letter_once(
    db: Database, who: Callable[[str], Member], asked: int
) -> None:
    coordinator, kortrijk = who("coordinator"), who("kortrijk")

    def standing() -> tuple[str, str]:
        found = cluster.project_requests.get(db, member=kortrijk, request_id=asked)
        return found.state.value, found.answer

    for _ in range(2):
        cluster.project_requests.take_up(db, member=coordinator, request_id=asked, revision=1)
    assert standing() == ("looking", "")
    with pytest.raises(Invalid):
        cluster.project_requests.answer(db, member=coordinator, request_id=asked, revision=2, text=" ", found=True)
    for _ in range(2):
        cluster.project_requests.answer(db, member=coordinator, request_id=asked, revision=2, text="Bel 1", found=True)
    assert standing() == ("answered", "Bel 1")
    cluster.project_requests.answer(db, member=coordinator, request_id=asked, revision=3, text="Niemand", found=False)
    assert standing() == ("unreachable", "Niemand")
    told = [body for to, body in letters(db) if to == "kortrijk@test.example"]
    assert ["> Bel 1" in body for body in told] == [True, False]


def test_a_colleague_gets_the_answer_once_the_asker_left(
    db: Database, who: Callable[[str], Member], asked: int
) -> None:
    organisation_id = who("kortrijk").organisation_id
    add_member(db, email="katrien@test.example", organisation_id=organisation_id, role=Role.MEMBER)
    data.store.change(db, "update members set active = 0 where email like 'kortrijk@%'")
    coordinator = who("coordinator")
    cluster.project_requests.answer(db, member=coordinator, request_id=asked, revision=1, text="Bel An.", found=True)
    to, body = letters(db)[-1]
    assert to == "katrien@test.example"
    assert "Bel An." in body


def test_of_two_coordinators_the_second_hears_what_stands(
    db: Database, who: Callable[[str], Member], asked: int
) -> None:
    coordinator = who("coordinator")
    cluster.project_requests.answer(db, member=coordinator, request_id=asked, revision=1, text="Eerst", found=True)
    with pytest.raises(Conflict):
        cluster.project_requests.answer(db, member=coordinator, request_id=asked, revision=1, text="Dan", found=True)
    with pytest.raises(Conflict):
        cluster.project_requests.take_up(db, member=coordinator, request_id=asked, revision=2)
    assert cluster.project_requests.get(db, member=coordinator, request_id=asked).answer == "Eerst"


def test_nobody_else_sees_or_answers_a_question(db: Database, who: Callable[[str], Member], asked: int) -> None:
    for name in ("genk", "aalter"):
        with pytest.raises(NotFound):
            cluster.project_requests.get(db, member=who(name), request_id=asked)
        with pytest.raises(NotAllowed):
            cluster.project_requests.answer(db, member=who(name), request_id=asked, revision=1, text="x", found=True)
        with pytest.raises(NotAllowed):
            cluster.project_requests.listed(db, member=who(name), state=RequestState.ASKED, page=1)
    assert cluster.project_requests.own(db, member=who("aalter"), page=1) == ([], False)
    (mine,), _ = cluster.project_requests.own(db, member=who("kortrijk"), page=1)
    with pytest.raises(NotAllowed):
        cluster.project_requests.asker(db, member=who("kortrijk"), request=mine)


def test_a_number_is_never_given_out_again_and_what_was_hidden_is_not_named(
    db: Database, who: Callable[[str], Member]
) -> None:
    idea_id = cluster.ideas.post(
        db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken.")
    )
    with data.store.transaction(db):
        db.execute(
            """update ideas set author_id = null,
            organisation_id = (select id from organisations where name = 'Streekverband') where id = ?""",
            [idea_id],
        )
    cluster.contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    cluster.contacts.withdraw(db, member=who("aalter"), idea_id=idea_id)
    cluster.contacts.endorse(db, member=who("kortrijk"), idea_id=idea_id, role="buy", message="")
    written = [body for to, body in letters(db) if to == "coordinator@test.example"]
    assert len(written) == 2
    assert "/projects/requests/1" in written[0]
    assert "/projects/requests/2" in written[1]

    with data.store.transaction(db):
        db.execute("update ideas set state = 'hidden' where id = ?", [idea_id])
    ((mine,), _) = cluster.project_requests.own(db, member=who("kortrijk"), page=1)
    assert (mine.title, mine.hidden) == ("", True)
    for_desk = cluster.project_requests.get(db, member=who("coordinator"), request_id=mine.id)
    assert for_desk.title == "Zwembad"
    cluster.project_requests.answer(
        db, member=who("coordinator"), request_id=mine.id, revision=mine.revision, text="Helaas.", found=False
    )
    subject, body = data.store.rows(db, "select subject, body from letters order by id")[-1].values()
    assert "Zwembad" not in subject + body
