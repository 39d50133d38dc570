"""What brings governments together holds under duress: one line with a figure for each promise (`make soak`)."""
# ruff: noqa: F401, F811 - fixtures of the tests beside are borrowed, and named again as arguments

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP
from flask import Flask
from hypothesis import Phase, given, settings
from sqlite_utils import Database

import cluster.adoptions
import cluster.contacts
import cluster.digests
import cluster.ideas
import cluster.letters
import cluster.mail
import cluster.reminders
import data.people
import data.store
from cluster.engine.index import Index
from cluster.web import calendars, worker
from cluster.web.context import Services
from data.store import change, rows, transaction, value
from models.calls import BRUSSELS, Call, end_of_day
from models.ideas import IdeaForm
from models.people import Member
from models.reminders import AFTER_DAYS, Reminder, days_since
from tests.cluster.test_contacts import fifty_presses, path
from tests.cluster.test_letters import HEADERS, hostile_strings, introduction
from tests.web.test_contacts import STEPS, idea, no_address_before_consent
from tests.web.test_worker import MailServer, killed, later, mail, open_services, place, states, write

Who = Callable[[str], Member]
Figure = Callable[[str, str], None]
# What a mail server does to a letter the first time it sees it. After the last two it has the letter, and nobody knows.
MOODS = ("451 at data", "554 at data", "drop", "slow", "take and drop")


class Moody(MailServer):
    """A mail server that treats each letter badly once, each in another way, and then takes it."""

    def __init__(self, port: int = 0) -> None:
        self.moods: dict[str, str] = {}
        self.count = 0
        super().__init__(port)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.count += 1
        if self.count % 11 == 0:
            return "451 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.tried += 1
        content = envelope.content.decode()
        message_id = next(line for line in content.splitlines() if line.startswith("Message-ID:"))
        mood = "ok"
        if message_id not in self.moods:
            mood = self.moods[message_id] = MOODS[len(self.moods) % len(MOODS)]
        if mood in {"451 at data", "554 at data"}:
            return mood.replace(" at data", " not now")
        if mood == "slow":
            await asyncio.sleep(1)
        if mood == "take and drop":
            self.taken.append(message_id)
        if mood in {"drop", "take and drop"}:
            server.transport.close()
            return "250 OK"
        self.taken.append(message_id)
        return "250 OK"


@pytest.mark.parametrize("count", [21, pytest.param(700, marks=pytest.mark.soak)])
def test_no_letter_is_lost_to_a_mail_server(
    place: Services,
    mail: MailServer,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    figure: Figure,
) -> None:
    monkeypatch.setattr(cluster.mail, "_PATIENCE_S", 0.3)
    mail.stop()
    written = {f"Message-ID: {one}" for one in write(place.db(), count)}
    assert worker.work(place, once=True) == 0, "the mail server is down"
    server = Moody(mail.port)
    try:
        for _ in range(30):
            later(place.db())
            worker.work(place, once=True)
            if value(place.db(), "select count(*) from letters where state <> 'sent'") == 0:
                break
    finally:
        server.stop()
    taken = Counter(server.taken)
    twice = {one for one, times in taken.items() if times > 1}
    assert set(taken) == written
    assert max(taken.values()) <= 2
    assert {server.moods[one] for one in twice} <= {"slow", "take and drop"}
    told = f"{count} letters; down at first, then 451 to receivers, {', '.join(MOODS)}: 0 lost, "
    figure("mail server", told + f"{len(twice)} twice with the same Message-ID (their confirmation was lost)")


@pytest.mark.soak
def test_no_letter_is_lost_to_kills_of_the_worker(place: Services, mail: MailServer, figure: Figure) -> None:
    written, repeats = killed(place, mail, kills=200, letters_each=25)
    figure("kill -9 of the worker", f"200 kills, {written} letters: 0 lost, {repeats} came twice (at most one a kill)")


@pytest.mark.parametrize("times", [pytest.param(20, marks=pytest.mark.soak)])
def test_fifty_presses_at_once_stay_one(path: Path, times: int, figure: Figure) -> None:
    for _ in range(times):
        fifty_presses(path)
        db = data.store.connect(path)
        with transaction(db):
            for table in ("reminders", "introductions", "idea_seen", "endorsements", "letters", "jobs"):
                change(db, f"delete from {table}")
        data.store.close(db)
    figure("50 me-toos at once", f"{times} times: 1 introduction, 1 request; after 50 consents 1 letter to each")


@pytest.mark.soak
def test_no_address_before_consent_over_many_histories(
    page: Callable[..., Any], app_db: Database, app: Flask, who: Who, idea: int, figure: Figure
) -> None:
    seen = Counter[str]()

    @settings(max_examples=250, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(steps=STEPS)
    def history(steps: list[tuple[str, str]]) -> None:
        no_address_before_consent(steps, page, app_db, who, idea)
        seen.update(histories=1, steps=len(steps))

    history()
    told = f"{seen['histories']} random histories of {seen['steps']} steps: 0 in pages, API, exports and letters"
    figure("address before consent", told)


class Keeping(MailServer):
    """A mail server that keeps the bytes of what it took."""

    def __init__(self, port: int = 0) -> None:
        self.contents: list[bytes] = []
        super().__init__(port)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.contents.append(envelope.content)
        return "250 OK"


@pytest.mark.parametrize("at_most", [40, pytest.param(10_000, marks=pytest.mark.soak)])
def test_hostile_words_add_no_header_on_the_wire(
    place: Services,
    mail: MailServer,
    at_most: int,
    figure: Figure,
) -> None:
    mail.stop()
    hostile = hostile_strings()[-at_most:]
    to = data.people.by_email(place.db(), email="aalter@test.example")
    assert to is not None
    with transaction(place.db()):
        for number, text in enumerate(hostile):
            about = introduction(title=text, message=text)
            key = f"hostile:{number}"
            cluster.letters.queue(place.db(), to=to, template="request", dedupe_key=key, introduction=about)
    server = Keeping(mail.port)
    try:
        assert worker.work(place, once=True) == len(hostile)
    finally:
        server.stop()
    assert len(server.contents) == len(hostile)
    for content in server.contents:
        received = cast(EmailMessage, message_from_bytes(content, policy=default))
        names = [name for name in received if name != "X-Peer"]
        assert sorted(names) == sorted(HEADERS), names
        assert received["To"] == "aalter@test.example"
    figure("hostile header strings", f"{len(hostile)} through a mail server: 0 extra headers")


def walk(db: Database, moments: list[datetime]) -> None:
    """What the worker does at each of these moments: questions that are due, and digests."""
    for moment in moments:
        due = "select id, payload from jobs where kind = 'reminder' and done_at is null and not_before <= ?"
        for job in rows(db, due, [moment.isoformat(timespec="seconds")]):
            with transaction(db):
                change(db, "update jobs set done_at = ? where id = ?", [moment.isoformat(), job["id"]])
            payload = data.store.rows(db, "select payload ->> 'what' as what from jobs where id = ?", [job["id"]])[0]
            found = value(db, "select payload ->> 'introduction_id' from jobs where id = ?", [job["id"]])
            cluster.reminders.remind(db, introduction_id=int(found), what=Reminder(payload["what"]), moment=moment)
        for member in rows(db, "select id from members order by id"):
            cluster.digests.write(db, index=Index(), member_id=member["id"], moment=moment)


# Both days on which the clock in Brussels changes, each with what happened a week, a month or ninety days before.
CHANGES = (date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28))


@pytest.mark.parametrize("walks", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_no_reminder_comes_twice_or_early_whatever_the_clock_does(
    db: Database, who: Who, walks: int, figure: Figure
) -> None:
    letters, pick = 0, random.Random(walks)
    for _ in range(walks):
        day = pick.choice(CHANGES)
        ago = pick.choice([7, 30, 90])
        began = datetime.combine(day - timedelta(days=ago), time(pick.randrange(24), 30), BRUSSELS).astimezone(UTC)
        _began(db, who, began)
        moment, moments = began, []
        for _ in range(60):
            # An hour to three days on, and now and then a clock that is set a day ahead or back.
            moment += timedelta(hours=pick.randrange(1, 72))
            moments.append(moment + timedelta(days=pick.choice([0, 0, 0, 1, -1])))
        walk(db, moments)
        found = rows(db, "select dedupe_key, recipient, body, created_at from letters")
        asked = Counter(one["dedupe_key"] for one in found if one["dedupe_key"].startswith("reminder:"))
        assert all(times == 1 for times in asked.values())
        assert sum("bewoog" in one["body"] for one in found) <= 1
        early = rows(db, "select what, asked_at from reminders")
        assert all(
            days_since(began.isoformat(), datetime.fromisoformat(one["asked_at"])) >= AFTER_DAYS[Reminder(one["what"])]
            for one in early
        )
        letters += len(found)
    figure(
        "clocks that jump",
        f"{walks} walks over both changes of the clock, {letters} letters: 0 reminders twice or early",
    )


def _began(db: Database, who: Who, moment: datetime) -> None:
    """At this moment Aalter asked Genk to meet, and Kortrijk and Genk agreed to; nothing else ever happened."""
    with transaction(db):
        for table in (
            "reminders",
            "outcomes",
            "idea_questions",
            "introductions",
            "idea_seen",
            "endorsements",
            "letters",
        ):
            change(db, f"delete from {table}")
        for table in ("jobs", "embeddings", "idea_versions", "ideas"):
            change(db, f"delete from {table}")
        change(db, "update members set digested_on = null")
    form = IdeaForm(title="Zwembad", description="Boeken.")
    idea_id = cluster.ideas.post(db, encoder=None, member=who("genk"), form=form)
    for name in ("kortrijk", "aalter"):
        cluster.contacts.endorse(db, member=who(name), idea_id=idea_id, role="buy", message="")
    met = next(
        one
        for one in cluster.contacts.inbox(db, member=who("genk")).received
        if one.endorser_organisation == "Kortrijk"
    )
    cluster.contacts.agree(db, member=who("genk"), introduction_id=met.id)
    at = moment.isoformat(timespec="seconds")
    with transaction(db):
        change(db, "update ideas set created_at = ?, updated_at = ?", [at, at])
        change(db, "update endorsements set created_at = ?, updated_at = ?", [at, at])
        change(db, "update introductions set asked_at = ?, answered_at = iif(answered_at is null, null, ?)", [at, at])
        change(db, "delete from letters")
        change(db, "update jobs set not_before = ? where kind = 'reminder'", [at])


def test_no_deadline_is_an_hour_off(figure: Figure) -> None:
    """The last second of each day of three years, as a calendar reads it from the file we give it."""
    day, days = date(2026, 1, 1), 0
    while day < date(2029, 1, 1):
        closes_at = end_of_day(day)
        call = Call(1, 1, "Oproep", "concept", "", closes_at, closes_at, 1, 80, "", "urn:1", None)
        text = calendars.deadline(call, summary="", description="", address="")
        found = re.search(r"DTSTART:(\d{8}T\d{6})Z", text)
        assert found is not None
        starts = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).astimezone(BRUSSELS)
        assert (starts.date(), starts.hour, starts.minute) == (day, 23, 59)
        day, days = day + timedelta(days=1), days + 1
    figure("deadlines", f"{days} days with all changes of the clock: 0 an hour off in the calendar file")
