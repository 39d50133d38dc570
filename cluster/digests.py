"""Digests: all that is new for a member in one letter, grouped by idea, in the morning; nothing is told twice."""

import secrets
from datetime import UTC, datetime

from sqlite_utils import Database

import cluster.adoptions
import cluster.echoes
import cluster.letters
import cluster.plans
import cluster.searches
import cluster.threads
import cluster.versions
import data.digests
import data.people
import data.reminders
import data.threads
import data.work
from cluster.engine.index import Index
from data.matches import Item
from data.store import transaction
from models.digests import Bundle, Digest, due, groups
from models.errors import N_, Invalid, NotSignedIn
from models.people import Member
from models.reminders import day_of, morning_after


def write(db: Database, *, index: Index[Item], member_id: int, moment: datetime | None = None) -> int:
    """Write a member the digest that is due, and return how many things it tells of; none without news.

    How far each was told is noted in the transaction that writes the letter. Whose address takes no letters, hears
    of everything once it does.
    """
    moment = moment or datetime.now(UTC)
    today = day_of(moment)
    member = data.people.get(db, member_id=member_id)
    wish = data.digests.wish(db, member_id=member_id)
    if member is None or not member.active or member.bounced_at or not due(wish, today):
        return 0
    bundles = _bundles(db, index=index, member=member, moment=moment)
    with transaction(db):
        if data.digests.wish(db, member_id=member_id) != wish:
            return 0
        news = [one for bundle in bundles if bundle.told() for one in bundle.news]
        if news:
            data.digests.note(db, member_id=member_id, day=today.isoformat())
            cluster.letters.queue(
                db,
                to=member,
                template="digest",
                # How far each was told keeps it from being written twice; a day may come twice when a clock is set.
                dedupe_key=f"digest:{member_id}:{secrets.token_hex(8)}",
                stops="digest",
                groups=groups(news),
                digest=wish.digest,
            )
    return len(news)


def wanted(db: Database, *, member: Member) -> Digest:
    """How often a member wants a digest."""
    return data.digests.wish(db, member_id=member.id).digest


def choose(db: Database, *, index: Index[Item], member: Member | None, digest: str) -> None:
    """Set how often one hears of news; who had it off, hears of what is new from now on. Twice changes nothing."""
    if member is None:
        raise NotSignedIn
    if digest not in set(Digest):
        raise Invalid("digest", N_("Kies hoe vaak je nieuws krijgt."))
    was_off = wanted(db, member=member) is Digest.OFF
    missed = _bundles(db, index=index, member=member) if was_off and digest != Digest.OFF else []
    with transaction(db):
        for bundle in missed:
            bundle.told()
        data.digests.choose(db, member_id=member.id, digest=Digest(digest))


def stop(db: Database, *, member_id: int, what: str) -> None:
    """End the letters that one click in one of them ends: digests, reminders, or those of one conversation.

    Twice changes nothing; each can be had again by who signs in.
    """
    kind, _, number = what.partition("-")
    with transaction(db):
        if kind == "digest":
            data.digests.choose(db, member_id=member_id, digest=Digest.OFF)
        elif kind == "reminders":
            data.reminders.want(db, member_id=member_id, wanted=False)
        elif kind == "thread":
            data.threads.mute(db, thread_id=int(number), member_id=member_id)


def morning(db: Database, *, moment: datetime | None = None) -> None:
    """Queue the digests that are due, one job for each member."""
    today = day_of(moment or datetime.now(UTC))
    with transaction(db):
        for member_id, wish in data.digests.wishes(db).items():
            if due(wish, today):
                data.work.queue(db, kind="digest", key=str(member_id), payload={"member_id": member_id})


def wake(db: Database, *, moment: datetime | None = None) -> None:
    """Make sure that a next morning waits, also after a clock was set; when one does, nothing is written."""
    at = next_morning(moment or datetime.now(UTC))
    if not data.work.waits(db, kind="digests", by=at):
        with transaction(db):
            data.work.queue(db, kind="digests", key=at[:10], not_before=at)


def next_morning(moment: datetime) -> str:
    """The first seven o'clock in Brussels after a moment, as it is stored."""
    today = morning_after(moment, days=0)
    return today if datetime.fromisoformat(today) > moment else morning_after(moment, days=1)


def _bundles(db: Database, *, index: Index[Item], member: Member, moment: datetime | None = None) -> list[Bundle]:
    return [
        *cluster.echoes.news(db, member=member),
        *cluster.versions.news(db, member=member),
        *cluster.threads.news(db, member=member),
        *cluster.plans.news(db, member=member),
        *cluster.adoptions.news(db, member=member, moment=moment),
        *cluster.searches.news(db, index=index, member=member),
    ]
