"""Adoption: the owner of an idea around which nothing moves is asked once what becomes of it, and may pass it on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlite_utils import Database

import cluster.circles
import cluster.contacts
import cluster.ideas
import cluster.letters
import data.adoptions
import data.contacts
import data.ideas
import data.people
import data.reminders
from cluster.people import must_act
from data.store import transaction
from models.adoptions import STILL_DAYS, Adoption, Offer, Still
from models.circles import About
from models.contacts import IntroductionState
from models.digests import Bundle, News, What
from models.errors import N_, Conflict, NotAllowed, NotFound
from models.ideas import Idea, IdeaState
from models.people import Member
from models.reminders import days_since

ASKED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an idea stands: since when nothing moved (for its owner alone), whether it is offered, who had it."""

    still_since: str | None
    offer: Offer | None
    history: list[Adoption]


def standing(db: Database, *, member: Member | None, idea: Idea, moment: datetime | None = None) -> Standing:
    """Where an idea stands that this reader may see; three queries at most."""
    moment = moment or datetime.now(UTC)
    since = None
    if member is not None and cluster.ideas.is_own(idea, member) and member.organisation_id:
        since = data.adoptions.still_since(
            db, idea_id=idea.id, organisation_id=member.organisation_id, before=before(moment)
        )
    return Standing(
        still_since=since if since and days_since(since, moment) >= STILL_DAYS else None,
        offer=data.adoptions.offered(db, idea_id=idea.id),
        history=data.adoptions.history(db, idea_id=idea.id),
    )


def news(db: Database, *, member: Member, moment: datetime | None = None) -> list[Bundle]:
    """The ideas about which a member is asked, if they want reminders, and the offers of which they hear; each once.

    Nobody is asked twice about one stillness, whatever a clock does.
    """
    if member.organisation_id is None:
        return []
    moment, who = moment or datetime.now(UTC), {"member_id": member.id, "organisation_id": member.organisation_id}
    asked = []
    if data.reminders.wants(db, member_id=member.id):
        asked = data.adoptions.unasked(db, before=before(moment), at_most=ASKED_AT_MOST, **who)
    return [
        *(_question(db, member, one) for one in asked if days_since(one.since, moment) >= STILL_DAYS),
        *(_offered(db, member.organisation_id, one) for one in data.adoptions.untold(db, **who)),
    ]


def before(moment: datetime) -> str:
    """Ideas that moved after this cannot have stood still for so many days of the calendar."""
    return (moment - timedelta(days=STILL_DAYS - 1)).isoformat(timespec="seconds")


def _question(db: Database, member: Member, still: Still) -> Bundle:
    told = partial(data.adoptions.ask, db, idea_id=still.idea_id, member_id=member.id, since=still.since)
    about = (still.idea_id, still.title, member.organisation or "", still.since)
    return Bundle(told, (News(What.STILL, "idea", *about, {"supporters": still.supporters, "days": STILL_DAYS}),))


def _offered(db: Database, organisation_id: int, offer: Offer) -> Bundle:
    told = partial(data.adoptions.told, db, offer=offer, organisation_id=organisation_id)
    about = (offer.idea_id, offer.title, offer.organisation, offer.offered_at)
    return Bundle(told, (News(What.OFFERED, "idea", *about),))


def keep(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Keep an idea of one's own organisation; nobody is asked again for as long. An offer is taken back."""
    asking, _ = must_act(member)
    with transaction(db):
        idea = cluster.ideas.own(db, member=asking, idea_id=idea_id)
        data.adoptions.take_back(db, idea_id=idea_id)
        data.adoptions.keep(db, idea_id=idea_id, member_id=asking.id, since=idea.updated_at)


def let_go(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Offer an open idea of one's own organisation to who endorses it; twice changes nothing.

    Saying so is the consent to be introduced to who adopts it.
    """
    asking, organisation_id = must_act(member)
    with transaction(db):
        if cluster.ideas.own(db, member=asking, idea_id=idea_id).state is not IdeaState.OPEN:
            raise Conflict(N_("Dit idee staat niet online. Zet het eerst weer online."))
        data.adoptions.offer(db, idea_id=idea_id, organisation_id=organisation_id, member_id=asking.id)


def adopt(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Make an idea on offer one's organisation's, as one of its endorsers; twice changes nothing.

    Both consented to meet: who let go by offering, who adopts now. All *ook wij* stay, and everybody is told; with
    the new owner each endorser gets into contact once they say so themselves.
    """
    asking, organisation_id = must_act(member)
    with transaction(db):
        idea = data.ideas.get(db, idea_id=idea_id)
        if idea is None or idea.state is not IdeaState.OPEN:
            raise NotFound
        if idea.organisation_id == organisation_id:
            return
        offer, said = _may_adopt(db, idea_id, organisation_id)
        _meet(db, endorsement_id=said, offer=offer)
        data.contacts.pass_on(db, idea_id=idea_id, former_id=offer.organisation_id, organisation_id=organisation_id)
        data.adoptions.adopt(db, offer=offer, organisation_id=organisation_id, member_id=asking.id)
        _tell(db, offer=offer, organisation_id=organisation_id, adopter=asking)


def _may_adopt(db: Database, idea_id: int, organisation_id: int) -> tuple[Offer, int]:
    """The offer, and the endorsement by which an organisation may take it up."""
    offer = data.adoptions.offered(db, idea_id=idea_id)
    if offer is None:
        raise Conflict(N_("Dit idee wordt niet meer aangeboden. Op de pagina van het idee zie je van wie het nu is."))
    said = data.contacts.of_organisation(db, idea_id=idea_id, organisation_id=organisation_id)
    if said is None or not said.active:
        raise NotAllowed(N_("Zeg eerst ‘ook wij’. Daarna kunnen jullie dit idee overnemen."))
    return offer, said.id


def _meet(db: Database, *, endorsement_id: int, offer: Offer) -> None:
    """Introduce who adopts to who let go, unless they met."""
    found = data.contacts.introduction_of(db, endorsement_id=endorsement_id)
    offered_by = data.people.get(db, member_id=offer.offered_by)
    poster = offered_by.id if offered_by and offered_by.active else data.contacts.poster(db, idea_id=offer.idea_id)
    if found is not None and found.state is not IntroductionState.AGREED and poster is not None:
        cluster.contacts.introduce(db, introduction_id=found.id, poster_member_id=poster)


def _tell(db: Database, *, offer: Offer, organisation_id: int, adopter: Member) -> None:
    """One letter to the former owner, and one to each other endorser."""
    said = data.contacts.endorsements(db, idea_id=offer.idea_id)
    told = {one.organisation_id: one.member_id for one in said if one.organisation_id != organisation_id}
    for party, member_id in {offer.organisation_id: offer.offered_by, **told}.items():
        known = data.people.get(db, member_id=member_id)
        if known is None or not known.active:
            known = cluster.circles.speaker(db, about=About.IDEA, item_id=offer.idea_id, organisation_id=party)
        if known is not None:
            cluster.letters.queue(
                db,
                to=known,
                template="adopted",
                dedupe_key=f"adopted:{offer.id}:{party}",
                offer=offer,
                adopter=adopter.organisation,
                owned=party == offer.organisation_id,
            )
