"""Conversations of those in contact about an idea or an accepted cluster, and what they tell each other to use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlite_utils import Database

import cluster.attachments
import cluster.circles
import cluster.letters
import data.attachments
import data.circles
import data.people
import data.threads
from cluster.engine.language import language_of
from cluster.engine.texts import as_typed, cents, clean, day, one_line
from cluster.files import Given
from cluster.people import must_act, not_too_often, text_wrong
from data.store import transaction
from models.attachments import Attachment
from models.circles import About, Circle
from models.digests import Bundle, News, What
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.people import Member
from models.threads import (
    LINE_AT_MOST,
    TEXT_AT_MOST,
    Again,
    Conversation,
    Fact,
    FactForm,
    Known,
    Message,
    Reader,
    Sight,
    mentioned,
)

PER_PAGE = 30

_FOLLOWED_AT_MOST = 20
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
    files: dict[int, list[Attachment]] = field(default_factory=dict)
    known: list[Known] = field(default_factory=list)

    def is_new(self, message: Message) -> bool:
        """Whether somebody else wrote it since the reader looked last; for who does not follow it nothing is."""
        reader = self.reader
        return reader.follows and message.id > reader.read_id and message.member_id != reader.member_id


def read(db: Database, *, member: Member | None, about: About, item_id: int, page: int) -> Thread:
    """The conversation, for those in contact and, about a cluster, for coordinators; nobody else knows of it."""
    circle = cluster.circles.within(db, member=member, about=about, item_id=item_id)
    assert member is not None
    thread_id = data.threads.of_item(db, about=about, item_id=item_id)
    if thread_id is None:
        return Thread(None, circle, Reader(member_id=member.id, follows=False), [], False, [])
    reader = data.threads.reader(db, thread_id=thread_id, member_id=member.id)
    found = data.threads.messages(
        db, thread_id=thread_id, at_most=0 if reader.left else PER_PAGE + 1, after=(page - 1) * PER_PAGE
    )
    facts = [] if reader.left else data.threads.facts(db, about=about, item_id=item_id, sights=list(Sight))
    shown = [one for one in found[:PER_PAGE] if not one.hidden]
    files = data.attachments.of_messages(db, ids=[one.id for one in shown])
    files.sort(key=lambda one: (one.message_id or 0, one.id))
    return Thread(
        thread_id,
        circle,
        reader,
        found[:PER_PAGE],
        len(found) > PER_PAGE,
        facts,
        {key or 0: list(some) for key, some in groupby(files, key=lambda one: one.message_id)},
        _known(db, thread_id, member=member, about=about, item_id=item_id),
    )


def open_up(db: Database, *, member: Member | None, thread: Thread) -> None:
    """Note that a member sees the newest messages of a conversation: they are no news any more, here or in a letter."""
    newest = max((one.id for one in thread.messages), default=0)
    if member is None or thread.id is None or newest <= thread.reader.read_id:
        return
    with transaction(db):
        data.threads.read_up_to(db, thread_id=thread.id, member_id=member.id, message_id=newest)


def followed(db: Database, *, member: Member) -> list[Conversation]:
    """The conversations that a member follows, those with something to read first, then the newest; one query."""
    return data.threads.conversations(
        db,
        member_id=member.id,
        organisation_id=member.organisation_id,
        coordinates=member.is_coordinator,
        at_most=_FOLLOWED_AT_MOST,
    )


def is_unread(db: Database, *, member: Member | None, about: About, item_id: int) -> bool:
    """Whether others wrote in the conversation about something since this member looked."""
    return member is not None and any(
        one.unread and (one.about, one.item_id) == (about, item_id) for one in followed(db, member=member)
    )


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
    files: Sequence[Given] = (),
    folder: Path | None = None,
) -> int:
    """Write a message and return its id; sent twice with one key it is written once. Who writes, is back in the
    conversation.

    Files come with it or nothing is written at all; they are kept in `folder`. Who is mentioned hears of it at once,
    unless they muted or left the conversation; the others with their digest.
    """
    cluster.circles.within(db, member=member, about=about, item_id=item_id)
    assert member is not None
    text = clean(text)
    refuse(text_wrong("text", text, at_most=TEXT_AT_MOST, missing=N_("Schrijf eerst een bericht.")))
    not_too_often(throttles, keys={f"message:{member.id}": _WRITE_AT_MOST}, window_s=_WINDOW_S, moment=moment)
    lang = language_of(text)
    kept = cluster.attachments.keep(folder, files=files) if folder and files else []
    with transaction(db):
        circle = cluster.circles.within(db, member=member, about=about, item_id=item_id)
        thread_id = data.threads.begin(db, about=about, item_id=item_id)
        values = {"thread_id": thread_id, "member_id": member.id, "organisation_id": member.organisation_id}
        if (known := data.threads.by_key(db, submission_key=submission_key)) is not None:
            return known
        message_id = data.threads.write(
            db, values={**values, "text": text, "lang": lang, "submission_key": submission_key}
        )
        reader = data.threads.reader(db, thread_id=thread_id, member_id=member.id)
        data.threads.follow(db, thread_id=thread_id, member_id=member.id, muted=reader.muted, left=False)
        last = data.threads.last(db, thread_id=thread_id)
        data.threads.read_up_to(db, thread_id=thread_id, member_id=member.id, message_id=last)
        if folder:
            cluster.attachments.add(db, folder, member=member, kept=kept, message_id=message_id)
        _let_hear(db, thread_id, circle)
        _mention(db, thread_id, circle, member=member, message_id=message_id, text=text)
    return message_id


def follow(db: Database, *, member: Member | None, about: About, item_id: int, muted: bool, left: bool) -> None:
    """Mute a conversation, leave it, or come back; it changes nothing for colleagues."""
    with transaction(db):
        cluster.circles.within(db, member=member, about=about, item_id=item_id)
        assert member is not None
        thread_id = data.threads.begin(db, about=about, item_id=item_id)
        data.threads.follow(db, thread_id=thread_id, member_id=member.id, muted=muted, left=left)


def muted(db: Database, *, member: Member) -> list[Circle]:
    """The circles whose conversation a member muted or left, as far as they are still in them."""
    own = cluster.circles.today(db, organisation_id=member.organisation_id)
    found = (
        data.circles.get(db, about=about, item_id=item_id)
        for about, item_id in data.threads.muted(db, member_id=member.id)
    )
    return [circle for circle in found if circle is not None and circle.gathers and _hears(circle, member, own)]


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


def news(db: Database, *, member: Member) -> list[Bundle]:
    """What others wrote in the conversations that a member follows, since they last heard."""
    own = cluster.circles.today(db, organisation_id=member.organisation_id)
    found = []
    for unread in data.threads.unread(db, member_id=member.id):
        circle = data.circles.get(db, about=unread.about, item_id=unread.item_id)
        if circle is None or not circle.gathers or not _hears(circle, member, own):
            continue
        told = partial(
            data.threads.told,
            db,
            thread_id=unread.thread_id,
            member_id=member.id,
            since=unread.since,
            message_id=unread.last,
        )
        messages = data.threads.news(
            db, thread_id=unread.thread_id, since=unread.since, member_id=member.id, at_most=_IN_LETTER_AT_MOST
        )
        details = {"count": unread.count, "messages": messages}
        about = (unread.about, unread.item_id, circle.title, "", unread.at)
        found.append(Bundle(told, (News(What.MESSAGES, *about, details),)))
    return found


def _hears(circle: Circle, member: Member, own: int | None) -> bool:
    return circle.has(own) or (member.is_coordinator and circle.about is About.CLUSTER)


def _let_hear(db: Database, thread_id: int, circle: Circle) -> None:
    """One of each government hears of a conversation, unless they said otherwise."""
    for party in circle.parties:
        speaker = data.circles.speaker(db, about=circle.about, item_id=circle.item_id, organisation_id=party.id)
        if speaker is not None:
            data.threads.hear(db, thread_id=thread_id, member_id=speaker)


def _known(db: Database, thread_id: int, *, member: Member, about: About, item_id: int) -> list[Known]:
    """Whom a member may mention: whose name they know here and who is still in the circle."""
    found = data.threads.mentionable(
        db,
        thread_id=thread_id,
        idea_id=item_id if about is About.IDEA else None,
        organisation_id=member.organisation_id,
    )
    return [one for one in found if one.id != member.id]


def _mention(db: Database, thread_id: int, circle: Circle, *, member: Member, message_id: int, text: str) -> None:
    """Write who is mentioned a letter at once; none who muted or left the conversation, or is out of the circle."""
    known = _known(db, thread_id, member=member, about=circle.about, item_id=circle.item_id)
    for one in mentioned(text, known):
        to = data.people.get(db, member_id=one.id)
        reader = data.threads.reader(db, thread_id=thread_id, member_id=one.id)
        own = cluster.circles.today(db, organisation_id=to.organisation_id) if to else None
        if to is None or reader.muted or reader.left or not _hears(circle, to, own):
            continue
        data.threads.hear(db, thread_id=thread_id, member_id=to.id)
        data.threads.mention(db, message_id=message_id, member_id=to.id)
        cluster.letters.queue(
            db,
            to=to,
            template="mention",
            dedupe_key=f"mention:{message_id}:{to.id}",
            stops=f"thread-{thread_id}",
            circle=circle,
            who=member,
            text=text,
        )
