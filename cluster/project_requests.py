"""Questions for contact about projects, and about ideas behind which nobody has an account.

Organisations ask them, coordinators take them up and answer.
"""

from dataclasses import replace

from sqlite_utils import Database

import cluster.letters
import cluster.projects
import data.people
import data.project_requests
from cluster.engine.texts import clean, readable
from cluster.people import must_act, must_coordinate
from data.store import now, transaction
from models.contacts import MESSAGE_AT_MOST
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from models.matches import Kind
from models.people import Contact, Member
from models.projects import ANSWER_AT_MOST, ContactRequest, RequestState
from models.waiting import COUNTED_AT_MOST

PER_PAGE = 20


def ask(db: Database, *, member: Member | None, project_id: int, message: str) -> None:
    """Ask the coordinators to bring one's organisation in contact with who is behind a project.

    It goes into their queue, and each of them gets one letter with the asker in it, who consents by asking. Asking
    again changes nothing.
    """
    asking, organisation_id = must_act(member)
    message = _text("message", message, at_most=MESSAGE_AT_MOST)
    moment = now()
    with transaction(db):
        if cluster.projects.get(db, project_id).lead_id == organisation_id:
            raise NotAllowed(N_("Dit is een project van je eigen bestuur."))
        keys = {"organisation_id": organisation_id, "member_id": asking.id}
        _add(db, kind=Kind.PROJECT, item_id=project_id, **keys, message=message, moment=moment)


def ask_about_idea(db: Database, *, idea_id: int, organisation_id: int, member_id: int, message: str) -> None:
    """Inside the caller's transaction: who said *ook wij* where nobody can answer (any more), asks the coordinators."""
    keys = {"organisation_id": organisation_id, "member_id": member_id}
    _add(db, kind=Kind.IDEA, item_id=idea_id, **keys, message=message, moment=now())


def _add(
    db: Database, *, kind: Kind, item_id: int, organisation_id: int, member_id: int, message: str, moment: str
) -> None:
    added = data.project_requests.add(
        db,
        kind=kind,
        item_id=item_id,
        organisation_id=organisation_id,
        member_id=member_id,
        message=message,
        moment=moment,
    )
    if added is None:
        return
    contact = data.people.contact(db, member_id=member_id)
    for coordinator in data.people.coordinators(db):
        cluster.letters.queue(
            db,
            to=coordinator,
            template="contact",
            dedupe_key=f"contact:{added.id}:{coordinator.id}",
            request=added,
            contact=contact,
        )


def asked(db: Database, *, member: Member | None, kind: Kind, item_id: int) -> ContactRequest | None:
    """What the member's organisation asked about a project or an idea, and where that stands; none if it did not."""
    if member is None or member.organisation_id is None:
        return None
    found = data.project_requests.of_organisation_about(
        db, kind=kind, item_id=item_id, organisation_id=member.organisation_id
    )
    return _seen(found) if found else None


def listed(
    db: Database, *, member: Member | None, state: RequestState, page: int
) -> tuple[list[ContactRequest], bool, dict[RequestState, int]]:
    """One page of the coordinators' queue in one state, whether there is more, and how many are in each state."""
    must_coordinate(member)
    found = data.project_requests.queue(db, state=state, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return found[:PER_PAGE], len(found) > PER_PAGE, data.project_requests.counts(db, at_most=COUNTED_AT_MOST)


def count_waiting(db: Database, *, member: Member | None) -> int:
    """How many questions no coordinator took up yet; none for who is no coordinator."""
    if member is None or not member.is_coordinator:
        return 0
    return data.project_requests.counts(db, at_most=COUNTED_AT_MOST)[RequestState.ASKED]


def own(db: Database, *, member: Member | None, page: int) -> tuple[list[ContactRequest], bool]:
    """One page of what the member's organisation asked, newest first, and whether there is more."""
    _, organisation_id = must_act(member)
    found = data.project_requests.of_organisation(
        db, organisation_id=organisation_id, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE
    )
    return [_seen(one) for one in found[:PER_PAGE]], len(found) > PER_PAGE


def _seen(request: ContactRequest) -> ContactRequest:
    """A question as who asked it sees it: without the title of what a coordinator hid since."""
    return replace(request, title="", lead="") if request.hidden else request


def get(db: Database, *, member: Member | None, request_id: int) -> ContactRequest:
    """A question, for coordinators and for the organisation that asked; nobody else learns that it exists."""
    if member is None:
        raise NotAllowed
    found = data.project_requests.get(db, request_id=request_id)
    if found is None or not (member.is_coordinator or found.organisation_id == member.organisation_id):
        raise NotFound
    return found if member.is_coordinator else _seen(found)


def asker(db: Database, *, member: Member | None, request: ContactRequest) -> Contact | None:
    """Who asked, for coordinators: asking was the consent. None where only the organisation is known."""
    must_coordinate(member)
    return data.people.contact(db, member_id=request.member_id) if request.member_id else None


def take_up(db: Database, *, member: Member | None, request_id: int, revision: int) -> None:
    """Tell the asker that somebody is looking. Saying it twice changes nothing."""
    _write(db, member=member, request_id=request_id, revision=revision, state=RequestState.LOOKING, answer="")


def answer(db: Database, *, member: Member | None, request_id: int, revision: int, text: str, found: bool) -> None:
    """Answer a question, or say that nobody can be reached (`found` is false); the asker gets a letter.

    The same answer twice changes nothing; a corrected one goes out again.
    """
    must_coordinate(member)
    text = _text("answer", text, at_most=ANSWER_AT_MOST)
    if not text:
        empty = N_("Schrijf wat je vond, of wat je probeerde.")
        raise Invalid("answer", empty)
    state = RequestState.ANSWERED if found else RequestState.UNREACHABLE
    _write(db, member=member, request_id=request_id, revision=revision, state=state, answer=text)


def _write(
    db: Database, *, member: Member | None, request_id: int, revision: int, state: RequestState, answer: str
) -> None:
    who = must_coordinate(member)
    moment = now()
    with transaction(db):
        standing = get(db, member=who, request_id=request_id)
        if (standing.state, standing.answer) == (state, answer):
            return
        if state is RequestState.LOOKING and standing.state is not RequestState.ASKED:
            raise Conflict(N_("Een collega was je voor. Hieronder zie je wat er nu staat."), current=standing)
        written = data.project_requests.write(
            db,
            request_id=request_id,
            revision=revision,
            state=state,
            answer=answer,
            member_id=who.id,
            moment=moment,
        )
        if not written:
            raise Conflict(N_("Een collega was je voor. Hieronder zie je wat er nu staat."), current=standing)
        to = _reader(db, standing)
        if state is RequestState.LOOKING or to is None:
            return
        cluster.letters.queue(
            db,
            to=to,
            template="answer",
            dedupe_key=f"answer:{request_id}:{revision}",
            request=_seen(standing),
            found=state is RequestState.ANSWERED,
            answer=answer,
        )


def _reader(db: Database, request: ContactRequest) -> Member | None:
    """Who gets the answer: who asked, or a colleague once that one left."""
    asked = data.people.get(db, member_id=request.member_id) if request.member_id else None
    if asked and asked.active:
        return asked
    return next(iter(data.people.colleagues(db, organisation_id=request.organisation_id, at_most=1)), None)


def _text(field: str, text: str, *, at_most: int) -> str:
    text = clean(text)
    if len(text) > at_most:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        raise Invalid(field, said, count=len(text), at_most=at_most)
    if not readable(text):
        raise Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))
    return text
