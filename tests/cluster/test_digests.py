"""Digests: everything that is new for who wants it, nothing twice, in the morning of a clock that jumps."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import cluster.contacts
import cluster.digests
import cluster.ideas
import cluster.searches
import cluster.threads
import data.contacts
import data.digests
import data.people
import data.throttles
from cluster.engine.index import Index
from data.store import change, close, connect, rows, transaction, value
from models.circles import About
from models.digests import Digest, News, What, Wish, due, groups
from models.errors import Invalid, Refusal
from models.ideas import IdeaForm
from models.people import Member
from models.searches import Chosen
from tests.conftest import hear

Who = Callable[[str], Member]
MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
NAMES = ("aalter", "genk", "kortrijk")


def post(db: Database, member: Member, title: str) -> int:
    form = IdeaForm(title=title, description="Wie zwemt, boekt een baan.")
    return cluster.ideas.post(db, encoder=None, member=member, form=form)


@pytest.fixture
def throttles() -> Iterator[Database]:
    db = data.throttles.open_throttles(Path(":memory:"))
    yield db
    close(db)


def say(db: Database, throttles: Database, member: Member, idea_id: int, text: str) -> None:
    where = {"about": About.IDEA, "item_id": idea_id}
    cluster.threads.write(db, throttles, member=member, text=text, submission_key=None, moment=0, **where)


def meet(db: Database, endorser: Member, poster: Member, idea_id: int) -> None:
    cluster.contacts.endorse(db, member=endorser, idea_id=idea_id, role="learn", message="")
    asked = cluster.contacts.inbox(db, member=poster).received
    for one in asked:
        if one.idea_id == idea_id and one.endorser_organisation_id == endorser.organisation_id:
            cluster.contacts.agree(db, member=poster, introduction_id=one.id)


def digests(db: Database, name: str) -> list[str]:
    sql = "select body from letters where dedupe_key like 'digest:%' and recipient like ? order by id"
    return [item["body"] for item in rows(db, sql, [f"{name}@%"])]


def test_one_letter_tells_all_by_idea_the_latest_first(db: Database, who: Who, throttles: Database) -> None:
    pool, bikes = post(db, who("genk"), "Zwembad"), post(db, who("genk"), "Fietsen")
    chosen = Chosen()
    cluster.searches.save(db, member=who("aalter"), name="Hitte", query="hitteplan", chosen=chosen, often="digest")
    for idea_id in (pool, bikes):
        meet(db, who("aalter"), who("genk"), idea_id)
    say(db, throttles, who("genk"), pool, "Dag Aalter")
    for idea_id, stage in ((bikes, "plan"), (pool, "loopt")):
        idea = cluster.ideas.get(db, idea_id=idea_id, member=None)
        form = replace(cluster.ideas.form_of(idea), stage=stage)
        cluster.ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea_id, revision=1, form=form)
    with transaction(db):
        change(db, "update ideas set updated_at = '2099-01-01T00:00:00+00:00' where id = ?", [bikes])
    post(db, who("kortrijk"), "Hitteplan")
    assert hear(db) == ["aalter"]
    assert hear(db) == ["aalter"]
    subject = value(db, "select subject from letters where dedupe_key like 'digest:%'")
    assert subject == "Nieuws over “Fietsen” en 2 meer"
    [body] = digests(db, "aalter")
    order = [body.index(text) for text in ("\nFietsen (Genk)", "\nZwembad", "> Dag Aalter")]
    assert order == sorted(order)
    assert body.count("\nZwembad") == 1, "all about one idea stands together"
    assert "zoekopdracht “Hitte”" in body
    assert "medestanders:/unsubscribe/digest" in body


def test_who_wants_none_gets_none_and_hears_later_only_of_what_comes(
    db: Database, who: Who, throttles: Database
) -> None:
    pool = post(db, who("genk"), "Zwembad")
    meet(db, who("aalter"), who("genk"), pool)
    cluster.digests.choose(db, index=Index(), member=who("aalter"), digest="off")
    say(db, throttles, who("genk"), pool, "Gemist")
    assert hear(db) == []
    cluster.digests.choose(db, index=Index(), member=who("aalter"), digest="daily")
    say(db, throttles, who("genk"), pool, "Gehoord")
    assert hear(db) == ["aalter"]
    [body] = digests(db, "aalter")
    assert "Gehoord" in body
    assert "Gemist" not in body
    with pytest.raises(Invalid):
        cluster.digests.choose(db, index=Index(), member=who("aalter"), digest="hourly")


def test_one_click_ends_what_it_names_and_no_more(db: Database, who: Who, throttles: Database) -> None:
    pool = post(db, who("genk"), "Zwembad")
    meet(db, who("aalter"), who("genk"), pool)
    say(db, throttles, who("genk"), pool, "Dag")
    cluster.digests.stop(db, member_id=who("aalter").id, what="thread-1")
    assert hear(db) == []
    assert [one.item_id for one in cluster.threads.muted(db, member=who("aalter"))] == [pool]
    assert cluster.digests.wanted(db, member=who("aalter")) is Digest.DAILY
    cluster.digests.stop(db, member_id=who("aalter").id, what="digest")
    cluster.digests.stop(db, member_id=who("aalter").id, what="digest")
    assert cluster.digests.wanted(db, member=who("aalter")) is Digest.OFF
    assert cluster.digests.wanted(db, member=who("genk")) is Digest.DAILY


def test_whose_address_takes_no_letters_hears_of_everything_once_it_does(
    db: Database, who: Who, throttles: Database
) -> None:
    pool = post(db, who("genk"), "Zwembad")
    meet(db, who("aalter"), who("genk"), pool)
    with transaction(db):
        change(db, "update members set bounced_at = '2026-01-01T00:00:00+00:00' where email like 'aalter@%'")
    say(db, throttles, who("genk"), pool, "Eerst")
    assert hear(db) == []
    with transaction(db):
        change(db, "update members set bounced_at = null")
    say(db, throttles, who("genk"), pool, "Dan")
    assert hear(db) == ["aalter"]
    assert all(word in digests(db, "aalter")[0] for word in ("> Eerst", "> Dan"))


def test_what_was_hidden_meanwhile_is_not_told(db: Database, who: Who, throttles: Database) -> None:
    pool = post(db, who("genk"), "Zwembad")
    meet(db, who("aalter"), who("genk"), pool)
    say(db, throttles, who("genk"), pool, "Dag")
    with transaction(db):
        change(db, "update ideas set state = 'hidden' where id = ?", [pool])
    assert hear(db) == []


@pytest.mark.parametrize(
    ("digest", "last", "today", "may"),
    [
        (Digest.DAILY, None, "2026-03-02", True),
        (Digest.DAILY, "2026-03-02", "2026-03-02", False),
        (Digest.DAILY, "2026-03-01", "2026-03-02", True),
        (Digest.DAILY, "2031-03-01", "2026-03-02", True),  # the clock was years ahead
        (Digest.WEEKLY, "2026-03-01", "2026-03-02", True),  # Sunday, Monday
        (Digest.WEEKLY, "2026-03-02", "2026-03-08", False),
        (Digest.WEEKLY, "2026-03-03", "2026-03-09", True),  # the worker was late last week
        (Digest.WEEKLY, "2025-12-29", "2026-01-04", False),  # one week, two years
        (Digest.OFF, None, "2026-03-02", False),
    ],
)
def test_a_digest_is_due_once_a_day_or_a_week(digest: Digest, last: str | None, today: str, may: bool) -> None:
    assert due(Wish(digest, last), date.fromisoformat(today)) is may


@pytest.mark.parametrize(
    ("moment", "morning"),
    [
        ("2026-01-10T05:59:59", "2026-01-10T06:00:00"),  # winter: 7 in Brussels is 6 in UTC
        ("2026-01-10T06:00:00", "2026-01-11T06:00:00"),
        ("2026-03-28T12:00:00", "2026-03-29T05:00:00"),  # that night the clock goes forward
        ("2026-03-29T00:30:00", "2026-03-29T05:00:00"),
        ("2026-10-24T12:00:00", "2026-10-25T06:00:00"),  # that night it goes back
        ("2026-10-25T00:30:00", "2026-10-25T06:00:00"),
        ("2026-10-24T22:30:00", "2026-10-25T06:00:00"),  # past midnight in Brussels, still yesterday in UTC
        ("2026-12-31T23:30:00", "2027-01-01T06:00:00"),
    ],
)
def test_the_morning_is_that_of_brussels(moment: str, morning: str) -> None:
    assert cluster.digests.next_morning(datetime.fromisoformat(f"{moment}+00:00")) == f"{morning}+00:00"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
@settings(max_examples=300, deadline=None)
def test_every_morning_comes_within_a_day_and_an_hour(moment: datetime) -> None:
    present = moment.replace(tzinfo=UTC)
    wait = datetime.fromisoformat(cluster.digests.next_morning(present)) - present
    assert timedelta(0) < wait <= timedelta(hours=25)


def mornings(db: Database) -> list[str]:
    sql = "select not_before from jobs where kind = 'digests' and done_at is null order by not_before"
    return [item["not_before"] for item in rows(db, sql)]


def test_a_morning_always_lies_ahead_also_after_the_clock_was_set(db: Database) -> None:
    for _ in range(2):
        cluster.digests.wake(db, moment=MONDAY)
    assert mornings(db) == ["2026-03-03T06:00:00+00:00"]
    # A clock five years ahead did the work of this morning and queued the next one, far away.
    with transaction(db):
        change(db, "update jobs set done_at = not_before")
    cluster.digests.wake(db, moment=datetime(2031, 3, 3, 6, 0, tzinfo=UTC))
    assert mornings(db) == ["2031-03-04T06:00:00+00:00"]
    cluster.digests.wake(db, moment=MONDAY)
    assert mornings(db)[0] == "2026-03-03T06:00:00+00:00"


def test_a_morning_asks_for_one_digest_of_each_who_may_have_one(db: Database, who: Who) -> None:
    cluster.digests.choose(db, index=Index(), member=who("genk"), digest="off")
    cluster.digests.choose(db, index=Index(), member=who("kortrijk"), digest="weekly")
    with transaction(db):
        data.digests.note(db, member_id=who("aalter").id, day="2026-03-02")
        data.digests.note(db, member_id=who("kortrijk").id, day="2026-03-02")
    for _ in range(2):
        cluster.digests.morning(db, moment=MONDAY)
    asked = "select key from jobs where kind = 'digest' order by key"
    assert [int(item["key"]) for item in rows(db, asked)] == [who("coordinator").id]


def test_news_about_one_thing_stands_together() -> None:
    def one(item_id: int, at: str, what: What = What.CHANGED) -> News:
        return News(what, "idea", item_id, f"Idee {item_id}", "Genk", at)

    found = groups([one(1, "1"), one(2, "3"), one(1, "2", What.MESSAGES)])
    assert [(group.item_id, [news.at for news in group.news]) for group in found] == [(2, ["3"]), (1, ["2", "1"])]


@pytest.fixture
def template(db: Database, who: Who, tmp_path: Path) -> Path:
    """A place where Genk posted three ideas and Aalter keeps a search, to be copied for every example."""
    for number in range(3):
        post(db, who("genk"), f"Zwembad {number}")
    for name in ("aalter", "kortrijk"):
        given = {"name": "Z", "query": "zwembad", "chosen": Chosen(), "often": "digest"}
        cluster.searches.save(db, member=who(name), **given)  # type: ignore[arg-type]
    path = tmp_path / "template.sqlite"
    copy = connect(path)
    db.conn.backup(copy.conn)
    close(copy)
    return path


STEPS = ("meet", "say", "say", "change", "post", "mute", "follow", "off", "daily", "weekly", "digest", "digest", "jump")
step = st.tuples(st.sampled_from(STEPS), st.sampled_from(NAMES), st.integers(1, 3), st.integers(-40, 40))


@given(st.lists(step, min_size=8, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_nothing_is_told_twice_and_nothing_is_left_untold(
    template: Path, steps: list[tuple[str, str, int, int]]
) -> None:
    """Everything told carries a number of its own; whoever wants digests hears all that was for them, once.

    No digest names an address of who did not agree to be introduced.
    """
    with TemporaryDirectory() as folder:
        db = connect(shutil.copy(template, Path(folder) / "copy.sqlite"))
        db.execute("pragma synchronous = off")
        throttles = data.throttles.open_throttles(Path(":memory:"))
        told = Told(db, throttles)
        for what, name, at, days in steps:
            told.step(what, name, at, days)
        told.moment += timedelta(days=8)
        told.step("digest", "genk", 1, 0)
        told.check()
        close(throttles)
        close(db)


class Told:
    """A small model of what should be told: for every number, who must hear it, and who may not any more."""

    def __init__(self, db: Database, throttles: Database) -> None:
        self.db, self.throttles, self.moment = db, throttles, MONDAY
        self.must: dict[str, set[str]] = {name: set() for name in NAMES}
        self.met: dict[int, set[str]] = {at: {"genk"} for at in (1, 2, 3)}
        self.number = 100
        self.quiet: set[tuple[str, int]] = set()

    def who(self, name: str) -> Member:
        found = data.people.by_email(self.db, email=f"{name}@test.example")
        assert found is not None
        return found

    def step(self, what: str, name: str, at: int, days: int) -> None:
        with suppress(Refusal):
            getattr(self, f"_{what}")(name, at, days)

    def _next(self) -> str:
        self.number += 1
        return f"nr{self.number}."

    def _hears(self, name: str) -> bool:
        return cluster.digests.wanted(self.db, member=self.who(name)) is not Digest.OFF

    def _meet(self, name: str, at: int, days: int) -> None:
        if name != "genk" and name not in self.met[at]:
            meet(self.db, self.who(name), self.who("genk"), at)
            self.met[at].add(name)

    def _say(self, name: str, at: int, days: int) -> None:
        text = self._next()
        say(self.db, self.throttles, self.who(name), at, text)
        # Who writes knows what came before; who joined later hears of a conversation from its beginning.
        for other in self.met[at] - {name}:
            if self._hears(other) and (other, at) not in self.quiet:
                self.must[other].add(text)
        before = {item["text"] for item in rows(self.db, _TEXTS, [at])}
        self.must[name] -= before - self._told(name)

    def _change(self, name: str, at: int, days: int) -> None:
        idea = cluster.ideas.get(self.db, idea_id=at, member=None)
        form = replace(cluster.ideas.form_of(idea), title=f"{self._next()} heel anders {self.number * 7}")
        cluster.ideas.edit(
            self.db, encoder=None, member=self.who("genk"), idea_id=at, revision=idea.revision, form=form
        )

    def _post(self, name: str, at: int, days: int) -> None:
        number = self._next()
        post(self.db, self.who(name), f"Zwembad {number}")
        for other in ("aalter", "kortrijk"):
            if other != name and self._hears(other):
                self.must[other].add(number)

    def _mute(self, name: str, at: int, days: int) -> None:
        where = {"about": About.IDEA, "item_id": at}
        cluster.threads.follow(self.db, member=self.who(name), muted=True, left=False, **where)
        self.quiet.add((name, at))
        self.must[name] -= {item["text"] for item in rows(self.db, _TEXTS, [at])} - self._told(name)

    def _follow(self, name: str, at: int, days: int) -> None:
        where = {"about": About.IDEA, "item_id": at}
        cluster.threads.follow(self.db, member=self.who(name), muted=False, left=False, **where)
        self.quiet.discard((name, at))

    def _off(self, name: str, at: int, days: int) -> None:
        self._choose(name, "off")
        self.must[name] &= self._told(name)

    def _daily(self, name: str, at: int, days: int) -> None:
        self._choose(name, "daily")

    def _weekly(self, name: str, at: int, days: int) -> None:
        self._choose(name, "weekly")

    def _choose(self, name: str, digest: str) -> None:
        cluster.digests.choose(self.db, index=Index(), member=self.who(name), digest=digest)

    def _digest(self, name: str, at: int, days: int) -> None:
        hear(self.db, self.moment)
        self.moment += timedelta(days=1)

    def _jump(self, name: str, at: int, days: int) -> None:
        self.moment += timedelta(days=days)

    def _texts(self, name: str) -> list[str]:
        return [
            word for body in digests(self.db, name) for word in re.findall(r"(?:^> |Zwembad )(nr\d+\.)", body, re.M)
        ]

    def _told(self, name: str) -> set[str]:
        return set(self._texts(name))

    def check(self) -> None:
        for name in NAMES:
            texts = self._texts(name)
            assert len(texts) == len(set(texts)), f"{name} was told twice"
            if self._hears(name):
                assert self.must[name] <= set(texts), f"{name} was not told"
            changes = [item for body in digests(self.db, name) for item in re.findall(r"versions/\d+\?from=\d+", body)]
            assert len(changes) == len(set(zip(changes, self._ideas(name), strict=True))), f"{name}: a change twice"
            for body in digests(self.db, name):
                assert not re.findall(r"[\w.]+@test\.example", body)

    def _ideas(self, name: str) -> list[str]:
        return [item for body in digests(self.db, name) for item in re.findall(r"ideas/(\d+)/versions", body)]


_TEXTS = "select text from messages g join threads t on t.id = g.thread_id where t.idea_id = ?"
