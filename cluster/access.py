"""Access: somebody of an organisation without an account asks for one; a coordinator or a colleague decides."""

from dataclasses import dataclass

from sqlite_utils import Database

import cluster.invitations
import cluster.letters
import cluster.organisations
import cluster.tokens
import data.access
import data.invitations
import data.people
from cluster.engine.texts import clean, one_line
from cluster.people import NAME_AT_MOST, email_wrong, must_belong, not_too_often, text_wrong
from data.store import transaction
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.people import AccessRequest, AccessState, Invitation, Member
from models.waiting import COUNTED_AT_MOST

MESSAGE_AT_MOST = 2_000
REASON_AT_MOST = 1_000
PER_PAGE = 50
_HOUR_S = 3600
_PER_ADDRESS = 10
_PER_EMAIL = 3


@dataclass(frozen=True, slots=True)
class AccessForm:
    """What somebody fills in who asks for access."""

    organisation_id: int | None
    email: str
    name: str
    function: str
    message: str


def ask(db: Database, throttles: Database, *, form: AccessForm, locale: str, address: str, moment: float) -> None:
    """Ask for access to an organisation. The asker gets a letter with a link to how it stands.

    The same question twice is asked once. Who has an account already is told so by letter only.
    """
    email, name, function, message = (
        form.email.strip(),
        one_line(form.name),
        one_line(form.function),
        clean(form.message),
    )
    chosen = form.organisation_id and data.people.organisation(db, organisation_id=form.organisation_id)
    wrong = []
    if not chosen or chosen.valid_until:
        wrong.append(Invalid("organisation", N_("Kies een bestuur uit de lijst.")))
    wrong += text_wrong("name", name, at_most=NAME_AT_MOST, missing=N_("Schrijf je naam."))
    wrong += text_wrong("function", function, at_most=NAME_AT_MOST, missing=N_("Schrijf wat je doet bij het bestuur."))
    wrong += email_wrong(email)
    wrong += text_wrong("message", message, at_most=MESSAGE_AT_MOST)
    refuse(wrong)
    keys = {f"access:{email.lower()}": _PER_EMAIL, f"access-from:{address}": _PER_ADDRESS}
    not_too_often(throttles, keys=keys, window_s=_HOUR_S, moment=moment)
    assert chosen
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        known = data.people.by_email(db, email=email)
        if known and known.active:
            cluster.letters.queue(db, to=known, template="access_known", dedupe_key=f"access-known:{token_hash}")
            return
        if data.access.waiting_for(db, email=email, organisation_id=chosen.id):
            return
        values = {"organisation_id": chosen.id, "email": email, "name": name, "function": function}
        values |= {"message": message, "locale": locale, "token_hash": token_hash}
        request_id = data.access.add(db, values=values)
        found = data.access.get(db, request_id=request_id)
        assert found is not None
        key = f"access-received:{request_id}"
        cluster.letters.queue(
            db, to=found.guest, template="access_received", dedupe_key=key, request=found, token=token
        )
        colleagues = data.people.of_organisation(db, organisation_id=chosen.id)
        for to in {one.id: one for one in [*data.people.coordinators(db), *colleagues]}.values():
            key = f"access-asked:{request_id}:{to.id}"
            cluster.letters.queue(db, to=to, template="access_asked", dedupe_key=key, request=found)


def by_token(db: Database, *, token: str) -> tuple[AccessRequest, Invitation | None]:
    """How a question stands, for who asked it, with the invitation it led to."""
    found = data.access.by_token(db, token_hash=cluster.tokens.digest(token))
    if found is None:
        raise NotFound(N_("Deze link klopt niet. Kijk na of je hem helemaal overnam uit je e-mail."))
    return found, data.invitations.of_request(db, request_id=found.id)


def listed(db: Database, *, member: Member, state: AccessState, page: int) -> tuple[list[AccessRequest], bool]:
    """One page of the questions in a state: all for a coordinator, else those for one's organisation; and if more."""
    must_belong(member, member.organisation_id)
    found = data.access.listed(
        db, state=state, organisation_id=_scope(member), at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE
    )
    return found[:PER_PAGE], len(found) > PER_PAGE


def count_waiting(db: Database, *, member: Member) -> int:
    """How many questions this member may decide on."""
    return data.access.count_waiting(db, organisation_id=_scope(member), at_most=COUNTED_AT_MOST)


def get(db: Database, *, member: Member, request_id: int) -> AccessRequest:
    """One question, for coordinators and members of the organisation it is for."""
    found = data.access.get(db, request_id=request_id)
    if found is None:
        raise NotFound
    must_belong(member, found.organisation_id)
    return found


def approve(db: Database, *, member: Member, request_id: int) -> AccessRequest:
    """Invite who asked. Twice changes nothing; what somebody else declined meanwhile is a Conflict.

    Who had an account there before gets that one back from a coordinator.
    """
    with transaction(db):
        found = get(db, member=member, request_id=request_id)
        if found.state is not AccessState.APPROVED:
            _decide(db, found, state=AccessState.APPROVED, member=member)
            known = data.people.by_email(db, email=found.email)
            if known and known.organisation_id == found.organisation_id and (known.active or member.is_coordinator):
                if not cluster.organisations.reopen(db, member_id=known.id, by=member):
                    key = f"access-known:{found.id}"
                    cluster.letters.queue(db, to=known, template="access_known", dedupe_key=key)
            else:
                cluster.invitations.write(
                    db,
                    guest=found.guest,
                    by=member,
                    organisation_id=found.organisation_id,
                    function=found.function,
                    request_id=found.id,
                )
    return get(db, member=member, request_id=request_id)


def decline(db: Database, *, member: Member, request_id: int, reason: str) -> AccessRequest:
    """Say no, with the reason, in a letter to who asked. Twice changes nothing."""
    reason = clean(reason)
    get(db, member=member, request_id=request_id)
    missing = N_("Schrijf waarom. Wie toegang vroeg, krijgt dit te lezen.")
    refuse(text_wrong("reason", reason, at_most=REASON_AT_MOST, missing=missing))
    with transaction(db):
        found = get(db, member=member, request_id=request_id)
        if found.state is not AccessState.DECLINED:
            _decide(db, found, state=AccessState.DECLINED, member=member, reason=reason)
            key = f"access-declined:{found.id}"
            cluster.letters.queue(
                db, to=found.guest, template="access_declined", dedupe_key=key, request=found, reason=reason
            )
    return get(db, member=member, request_id=request_id)


def _decide(
    db: Database, found: AccessRequest, *, state: AccessState, member: Member, reason: str | None = None
) -> None:
    if not data.access.decide(db, request_id=found.id, state=state, member_id=member.id, reason=reason):
        raise Conflict(
            N_("%(name)s besliste intussen al iets anders over deze vraag. Wat er nu staat, zie je hieronder."),
            current=found,
            name=found.decided_by or "?",
        )


def _scope(member: Member) -> int | None:
    return None if member.is_coordinator else member.organisation_id or -1
