"""Conversations of those in contact about an idea or an accepted cluster, and what they tell each other to use."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

import cluster.circles
import cluster.letters
import data.circles
import data.people
import data.threads
import data.work
from cluster.engine.language import language_of
from cluster.engine.texts import as_typed, cents, clean, day, one_line
from cluster.people import must_act, not_too_often, text_wrong
from data.store import transaction
from models.circles import About, Circle
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.people import Member
from models.reminders import day_of, morning_after
from models.threads import LINE_AT_MOST, TEXT_AT_MOST, Again, Fact, FactForm, Message, Reader, Sight

PER_PAGE = 30

# Who writes three messages in a row is told of in one letter; and nobody hears of one conversation twice a day.
TOLD_AFTER_S = 15 * 60
_IN_LETTER_AT_MOST = 10
_WRITE_AT_MOST = 30
_WINDOW_S = 15 * 60
_CENTS_AT_MOST = 10**11


@dataclass(frozen=True, slots=True)
class Thread:
    """A page of a conversation, newest message first, with all facts and how the reader follows it.

    Who left sees no messages until they come back. `id` is none as long as nobody wrote.
    """

    id: int | None
    circle: Circle
    reader: Reader
    messages: list[Message]
    has_more: bool
    facts: list[Fact]


def read(db: Database, *, member: Member | None, about: About, item_id: int, page: int) -> Thread:
    """The conversation, for those in contact and, about a cluster, for coordinators; nobody else knows of it."""
    circle = cluster.circles.within(db, member=member, about=about, item_id=item_id)
    assert member is not None
    thread_id = data.threads.of_item(db, about=about, item_id=item_id)
    if thread_id is None:
        return Thread(None, circle, Reader(member_id=member.id), [], False, [])
    reader = data.threads.reader(db, thread_id=thread_id, member_id=member.id)
    found = data.threads.messages(
        db, thread_id=thread_id, at_most=0 if reader.left else PER_PAGE + 1, after=(page - 1) * PER_PAGE
    )
    facts = [] if reader.left else data.threads.facts(db, about=about, item_id=item_id, sights=list(Sight))
    return Thread(thread_id, circle, reader, found[:PER_PAGE], len(found) > PER_PAGE, facts)


def write(
    db: Database,
    throttles: Database,
    *,
    member: Member | None,
    about: About,
    item_id: int,
    text: str,
    submission_key: str | None,
    moment: float,
) -> None:
    """Write a message; sent twice with one key it is written once. Who writes, is back in the conversation."""
    cluster.circles.within(db, member=member, about=about, item_id=item_id)
    assert member is not None
    text = clean(text)
    refuse(text_wrong("text", text, at_most=TEXT_AT_MOST, missing=N_("Schrijf eerst een bericht.")))
    not_too_often(throttles, keys={f"message:{member.id}": _WRITE_AT_MOST}, window_s=_WINDOW_S, moment=moment)
    lang = language_of(text)
    with transaction(db):
        cluster.circles.within(db, member=member, about=about, item_id=item_id)
        thread_id = data.threads.begin(db, about=about, item_id=item_id)
        values = {"thread_id": thread_id, "member_id": member.id, "organisation_id": member.organisation_id}
        message_id = data.threads.write(
            db, values={**values, "text": text, "lang": lang, "submission_key": submission_key}
        )
        if message_id is None:
            return
        reader = data.threads.reader(db, thread_id=thread_id, member_id=member.id)
        data.threads.follow(db, thread_id=thread_id, member_id=member.id, muted=reader.muted, left=False)
        _, last = data.threads.count_since(db, thread_id=thread_id, since=reader.told_id, not_by=member.id)
        data.threads.read_up_to(db, thread_id=thread_id, member_id=member.id, message_id=last)
        later = (datetime.now(UTC) + timedelta(seconds=TOLD_AFTER_S)).isoformat(timespec="seconds")
        _queue(db, thread_id, key=str(thread_id), not_before=later)


def follow(db: Database, *, member: Member | None, about: About, item_id: int, muted: bool, left: bool) -> None:
    """Mute a conversation, leave it, or come back; it changes nothing for colleagues."""
    with transaction(db):
        cluster.circles.within(db, member=member, about=about, item_id=item_id)
        assert member is not None
        thread_id = data.threads.begin(db, about=about, item_id=item_id)
        data.threads.follow(db, thread_id=thread_id, member_id=member.id, muted=muted, left=left)


def facts_for(db: Database, *, member: Member | None, about: About, item_id: int) -> list[Fact]:
    """What governments told about an idea or cluster and this reader may see outside the conversation."""
    sights = [Sight.PUBLIC] if member is None else [Sight.PUBLIC, Sight.MEMBERS]
    return data.threads.facts(db, about=about, item_id=item_id, sights=sights)


def own_fact(db: Database, *, member: Member | None, fact_id: int) -> Fact:
    """A fact of one's own organisation, to change or remove; for everybody else there is none."""
    _, organisation_id = must_act(member)
    found = data.threads.fact(db, fact_id=fact_id)
    if found is None or found.organisation_id != organisation_id:
        raise NotFound
    return found


def add_fact(db: Database, *, member: Member | None, about: About, item_id: int, form: FactForm) -> int:
    """Tell what one's organisation uses; told twice in the same words, it is kept once."""
    asking, organisation_id = must_act(member)
    cluster.circles.within(db, member=asking, about=about, item_id=item_id)
    values = _checked(form)
    with transaction(db):
        cluster.circles.within(db, member=asking, about=about, item_id=item_id)
        thread_id = data.threads.begin(db, about=about, item_id=item_id)
        for fact in data.threads.facts(db, about=about, item_id=item_id, sights=list(Sight)):
            if fact.organisation_id == organisation_id and all(
                getattr(fact, name) == given for name, given in values.items()
            ):
                return fact.id
        keys = {"thread_id": thread_id, "organisation_id": organisation_id, "member_id": asking.id}
        return data.threads.add_fact(db, values={**values, **keys})


def change_fact(db: Database, *, member: Member | None, fact_id: int, revision: int, form: FactForm) -> Fact:
    """Change what one's organisation told; what a colleague changed meanwhile comes with the refusal."""
    own_fact(db, member=member, fact_id=fact_id)
    values = _checked(form)
    with transaction(db):
        found = own_fact(db, member=member, fact_id=fact_id)
        assert member is not None
        if all(getattr(found, name) == given for name, given in values.items()):
            return found
        given = {**values, "member_id": member.id}
        if not data.threads.change_fact(db, fact_id=fact_id, revision=revision, values=given):
            raise Conflict(N_("Een collega wijzigde dit intussen. Hieronder zie je wat er nu staat."), current=found)
    return own_fact(db, member=member, fact_id=fact_id)


def remove_fact(db: Database, *, member: Member | None, fact_id: int) -> Fact:
    """Take back what one's organisation told; coordinators may take away what does not belong in public."""
    with transaction(db):
        found = data.threads.fact(db, fact_id=fact_id)
        if (
            found is None
            or member is None
            or not (member.is_coordinator or found.organisation_id == member.organisation_id)
        ):
            raise NotFound
        data.threads.remove_fact(db, fact_id=fact_id)
    return found


def form_of(fact: Fact) -> FactForm:
    """The form that would tell this."""
    return FactForm(
        product=fact.product,
        supplier=fact.supplier,
        cost_year=as_typed(fact.cents_year),
        contract_end=fact.contract_end or "",
        again=fact.again or "",
        sight=fact.sight,
    )


def _checked(form: FactForm) -> dict[str, Any]:
    product, supplier = one_line(form.product), one_line(form.supplier)
    wrong = text_wrong("product", product, at_most=LINE_AT_MOST, missing=N_("Schrijf wat jullie gebruiken."))
    wrong += text_wrong("supplier", supplier, at_most=LINE_AT_MOST)
    amount = cents(form.cost_year) if form.cost_year.strip() else None
    if form.cost_year.strip() and (amount is None or amount > _CENTS_AT_MOST):
        wrong.append(Invalid("cost_year", N_("Schrijf een bedrag, zoals 12.500 of 12500,50.")))
    end = day(form.contract_end) if form.contract_end.strip() else None
    if form.contract_end.strip() and (end is None or not 2000 <= end.year <= 2100):
        wrong.append(Invalid("contract_end", N_("Schrijf een datum zoals 29/03/2026.")))
    if form.again and form.again not in set(Again):
        wrong.append(Invalid("again", N_("Kies een van de mogelijkheden.")))
    if form.sight not in set(Sight):
        wrong.append(Invalid("sight", N_("Kies wie dit mag zien.")))
    refuse(wrong)
    return {
        "product": product,
        "supplier": supplier,
        "cents_year": amount,
        "contract_end": end.isoformat() if end else None,
        "again": form.again or None,
        "sight": form.sight,
    }


def tell(db: Database, *, thread_id: int, moment: datetime | None = None) -> None:
    """Write who follows a conversation one letter about all that others wrote since they last heard.

    Twice changes nothing. Who had a letter about it today hears of the rest tomorrow morning, in one letter.
    """
    moment = moment or datetime.now(UTC)
    with transaction(db):
        found = data.threads.about(db, thread_id=thread_id)
        circle = data.circles.get(db, about=found[0], item_id=found[1]) if found else None
        if circle is None or not circle.gathers:
            return
        later = False
        for reader in _followers(db, thread_id, circle):
            count, last = data.threads.count_since(
                db, thread_id=thread_id, since=reader.told_id, not_by=reader.member_id
            )
            if not count:
                continue
            if reader.told_at and day_of(reader.told_at) == day_of(moment):
                later = True
            else:
                _write(db, thread_id, circle, reader, count=count, last=last, moment=moment)
        if later:
            # Under a key of its own: under that of the work in hand it would be due at once.
            key = f"{thread_id}:{day_of(moment).isoformat()}"
            _queue(db, thread_id, key=key, not_before=morning_after(moment, days=1))


def _followers(db: Database, thread_id: int, circle: Circle) -> list[Reader]:
    """Who hears of a conversation: one of each government, and whoever wrote; none who left or muted it."""
    known = {one.member_id: one for one in data.threads.readers(db, thread_id=thread_id)}
    for party in circle.parties:
        speaker = data.circles.speaker(db, about=circle.about, item_id=circle.item_id, organisation_id=party.id)
        if speaker is not None:
            known.setdefault(speaker, Reader(member_id=speaker))
    return [one for one in known.values() if not (one.muted or one.left)]


def _write(
    db: Database, thread_id: int, circle: Circle, reader: Reader, *, count: int, last: int, moment: datetime
) -> None:
    to = data.people.get(db, member_id=reader.member_id)
    own = cluster.circles.today(db, organisation_id=to.organisation_id) if to else None
    if to is None or not (circle.has(own) or (to.is_coordinator and circle.about is About.CLUSTER)):
        return
    cluster.letters.queue(
        db,
        to=to,
        template="thread",
        dedupe_key=f"thread:{thread_id}:{to.id}:{last}",
        circle=circle,
        count=count,
        messages=data.threads.news(
            db, thread_id=thread_id, since=reader.told_id, not_by=to.id, at_most=_IN_LETTER_AT_MOST
        ),
    )
    told_at = moment.isoformat(timespec="seconds")
    data.threads.read_up_to(db, thread_id=thread_id, member_id=to.id, message_id=last, told_at=told_at)


def _queue(db: Database, thread_id: int, *, key: str, not_before: str) -> None:
    data.work.queue(db, kind="thread", key=key, payload={"thread_id": thread_id}, not_before=not_before)
