"""Organisations and their members: who works where, who leaves, and for whom a body speaks."""

from collections.abc import Collection

from sqlite_utils import Database

import cluster.letters
import cluster.project_requests
import data.contacts
import data.ledger
import data.people
import data.privacy
import data.sessions
from cluster.people import must_belong, must_coordinate
from data.people import MemberFilter, OrganisationFilter
from data.store import now, transaction
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from models.ledger import Act
from models.people import Member, Organisation, OrganisationKind, Staffed, StandsForChange

PER_PAGE = 50
_CHANGES_AT_MOST = 50
_EXPORTED_AT_MOST = 100_000
_ASKED_AT_MOST = 200


def browse(db: Database, *, member: Member | None, wanted: OrganisationFilter, page: int) -> tuple[list[Staffed], bool]:
    """One page of the organisations of today, for coordinators, and whether there are more."""
    must_coordinate(member)
    found = data.people.browse_organisations(db, wanted=wanted, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return found[:PER_PAGE], len(found) > PER_PAGE


def every(db: Database, *, member: Member | None, wanted: OrganisationFilter) -> list[Staffed]:
    """All organisations that fit, for coordinators to take along."""
    must_coordinate(member)
    return data.people.browse_organisations(db, wanted=wanted, at_most=_EXPORTED_AT_MOST)


def browse_members(
    db: Database, *, member: Member | None, wanted: MemberFilter, page: int
) -> tuple[list[Member], bool]:
    """One page of the members, for coordinators, and whether there are more."""
    must_coordinate(member)
    found = data.people.browse_members(db, wanted=wanted, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return found[:PER_PAGE], len(found) > PER_PAGE


def every_member(db: Database, *, member: Member | None, wanted: MemberFilter) -> list[Member]:
    """All members that fit, for coordinators to take along."""
    must_coordinate(member)
    return data.people.browse_members(db, wanted=wanted, at_most=_EXPORTED_AT_MOST)


def get(db: Database, *, member: Member, organisation_id: int) -> Organisation:
    """An organisation as its own members and coordinators see it."""
    must_belong(member, organisation_id)
    found = data.people.organisation(db, organisation_id=organisation_id)
    if found is None:
        raise NotFound
    return found


def members(db: Database, *, member: Member, organisation_id: int) -> list[Member]:
    """Who works for an organisation, those who left last; for its own members and coordinators."""
    must_belong(member, organisation_id)
    return data.people.of_organisation(db, organisation_id=organisation_id)


def one_member(db: Database, *, member: Member, member_id: int) -> Member:
    """A member, for coordinators and for oneself; nobody else learns whether there is one."""
    found = data.people.get(db, member_id=member_id)
    if found is None or not (member.is_coordinator or member.id == member_id):
        raise NotFound
    return found


def successors(db: Database, *, leaving: Member) -> list[Member]:
    """The colleagues who can take over from a member; none when the last one leaves."""
    if leaving.organisation_id is None:
        return []
    found = data.people.of_organisation(db, organisation_id=leaving.organisation_id)
    return [one for one in found if one.active and one.id != leaving.id]


def contacts_of(db: Database, *, leaving: Member) -> int:
    """In how many introductions a member is the contact person."""
    return data.contacts.count_of_member(db, member_id=leaving.id)


def leave(db: Database, *, member: Member, member_id: int, successor_id: int | None) -> bool:
    """Close an account: one's own, or as a coordinator anybody's. Ideas stay with the organisation.

    A colleague takes over what was asked and gets a letter; whose data others see in the place of who leaves, that
    colleague decides (`take_over`). When the last member leaves, the coordinators are told, and asked to find somebody
    for who waits for an answer. Sessions end at once.
    Returns false when the account was closed already; nothing changes then.
    """
    leaving = one_member(db, member=member, member_id=member_id)
    with transaction(db):
        colleagues = {one.id: one for one in successors(db, leaving=leaving)}
        if colleagues and successor_id not in colleagues:
            raise Invalid("successor", N_("Kies wie de contacten overneemt."))
        if leaving.is_coordinator and all(one.id == leaving.id for one in data.people.coordinators(db)):
            raise NotAllowed(N_("Dit is de laatste coördinator. Nodig eerst een andere uit."))
        if not data.people.set_active(db, member_id=leaving.id, active=False):
            return False
        data.sessions.end_all(db, member_id=leaving.id)
        data.ledger.add(db, act=Act.ACCOUNT_CLOSED, member_id=member.id, about=f"member:{leaving.id}", what="")
        successor = colleagues.get(successor_id or 0)
        if successor:
            _hand_over(db, leaving=leaving, successor=successor)
        elif leaving.organisation_id:
            _ask_coordinators(db, organisation_id=leaving.organisation_id)
            for coordinator in data.people.coordinators(db):
                cluster.letters.queue(
                    db,
                    to=coordinator,
                    template="last_member",
                    dedupe_key=f"last-member:{leaving.id}:{now()}:{coordinator.id}",
                    leaving=leaving,
                )
    return True


def _hand_over(db: Database, *, leaving: Member, successor: Member) -> None:
    moment = now()
    asked = data.contacts.hand_over_asked(db, member_id=leaving.id, to_id=successor.id)
    cluster.letters.queue(
        db,
        to=successor,
        template="handover",
        dedupe_key=f"handover:{leaving.id}:{successor.id}:{moment}",
        leaving=leaving,
        asked=asked,
        orphaned=len(data.contacts.without_contact(db, organisation_id=successor.organisation_id or 0, at_most=200)),
    )


def _ask_coordinators(db: Database, *, organisation_id: int) -> None:
    """Put what waits for an organisation without members into the coordinators' queue, where its askers see it."""
    for found in data.contacts.asked_of(db, organisation_id=organisation_id, at_most=_ASKED_AT_MOST):
        cluster.project_requests.ask_about_idea(
            db,
            idea_id=found.idea_id,
            organisation_id=found.endorser_organisation_id,
            member_id=found.endorser_member_id,
            message=found.message,
        )


def come_back(db: Database, *, member: Member | None, member_id: int) -> bool:
    """Open a closed account again, as a coordinator; false when it is open already. Who it is, gets a letter."""
    who = must_coordinate(member)
    with transaction(db):
        if data.people.get(db, member_id=member_id) is None:
            raise NotFound
        return reopen(db, member_id=member_id, by=who)


def reopen(db: Database, *, member_id: int, by: Member) -> bool:
    """Open a closed account and tell by letter; false when it is open already. The caller holds the transaction."""
    known = data.people.get(db, member_id=member_id)
    if known and data.privacy.is_erased(known.email):
        raise NotAllowed(N_("De persoonsgegevens van dit account zijn gewist. Het kan niet meer open."))
    if not data.people.set_active(db, member_id=member_id, active=True):
        return False
    data.ledger.add(db, act=Act.ACCOUNT_REOPENED, member_id=by.id, about=f"member:{member_id}", what="")
    found = data.people.get(db, member_id=member_id)
    assert found is not None
    cluster.letters.queue(db, to=found, template="reopened", dedupe_key=f"reopened:{member_id}:{now()}")
    return True


def stands_for(db: Database, *, member: Member, organisation_id: int) -> tuple[list[Organisation], int]:
    """The municipalities a body speaks for, and the number of the last change to them."""
    must_belong(member, organisation_id)
    found = data.people.stands_for(db, organisation_id=organisation_id)
    return found, data.people.stands_for_revision(db, body_id=organisation_id)


def changes(db: Database, *, member: Member, organisation_id: int, since: int = 0) -> list[StandsForChange]:
    """Who changed for whom a body speaks, latest first."""
    must_belong(member, organisation_id)
    return data.people.stands_for_changes(db, body_id=organisation_id, at_most=_CHANGES_AT_MOST, since=since)


def body(db: Database, *, member: Member, organisation_id: int) -> Organisation:
    """An organisation that may speak for municipalities; a municipality speaks for itself and is NotFound here."""
    found = get(db, member=member, organisation_id=organisation_id)
    if found.kind is OrganisationKind.MUNICIPALITY:
        raise NotFound
    return found


def speak_for(
    db: Database, *, member: Member, organisation_id: int, municipality_ids: Collection[int], revision: int
) -> bool:
    """Set for which municipalities a body speaks; false when that stands already.

    Every change is kept with who made it. Refused with a Conflict when somebody changed it since `revision`.
    """
    body(db, member=member, organisation_id=organisation_id)
    wanted = set(municipality_ids)
    if not wanted <= {one.id for one in data.people.municipalities(db)}:
        raise Invalid("municipalities", N_("Kies gemeenten uit de lijst."))
    with transaction(db):
        stands, last = stands_for(db, member=member, organisation_id=organisation_id)
        present = {one.id for one in stands}
        if wanted == present:
            return False
        if revision != last:
            raise Conflict(N_("Iemand paste deze lijst intussen aan. Kijk na wat er nu staat en bewaar opnieuw."))
        data.people.change_stands_for(
            db,
            body_id=organisation_id,
            added=sorted(wanted - present),
            removed=sorted(present - wanted),
            member_id=member.id,
        )
    return True
