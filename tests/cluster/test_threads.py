"""Conversations: who reads and writes them, how they are followed, one letter a day, and facts that line up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import data.store
import data.throttles
from cluster import contacts, ideas, threads, waiting
from data.store import change, insert, now, rows, transaction, value
from models.circles import About
from models.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from models.ideas import IdeaForm
from models.people import Member, Role
from models.threads import Fact, FactForm, Sight, windows
from models.waiting import What
from tests.conftest import add_member, hear

Who = Callable[[str], Member]
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def met(db: Database, who: Who) -> int:
    """An idea of Genk about which it is in contact with Aalter; Kortrijk only asked."""
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken."))
    for name in ("aalter", "kortrijk"):
        contacts.endorse(db, member=who(name), idea_id=idea_id, role="buy", message="")
    introduction = next(
        one for one in contacts.inbox(db, member=who("genk")).received if one.endorser_organisation == "Aalter"
    )
    contacts.agree(db, member=who("genk"), introduction_id=introduction.id)
    return idea_id


@pytest.fixture
def throttles() -> Iterator[Database]:
    found = data.throttles.open_throttles(Path(":memory:"))
    yield found
    data.store.close(found)


@pytest.fixture
def say(db: Database, throttles: Database, who: Who, met: int) -> Callable[..., int]:
    def write(name: str, text: str, key: str | None = None, about: About = About.IDEA, item_id: int = met) -> int:
        return threads.write(
            db, throttles, member=who(name), about=about, item_id=item_id, text=text, submission_key=key, moment=0
        )

    return write


def read(db: Database, member: Member | None, item_id: int, about: About = About.IDEA) -> list[str]:
    return [one.text for one in threads.read(db, member=member, about=about, item_id=item_id, page=1).messages]


def letters(db: Database) -> list[str]:
    found = rows(db, "select recipient from letters where dedupe_key like 'digest:%' order by id")
    return [item["recipient"].split("@")[0] for item in found]


def test_those_in_contact_read_what_each_writes_newest_first(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    say("genk", "Dag!\r\n\r\nWanneer bellen we?")
    say("aalter", "Dinsdag?")
    for name in ("genk", "aalter"):
        assert read(db, who(name), met) == ["Dinsdag?", "Dag!\n\nWanneer bellen we?"]
    [last, _] = threads.read(db, member=who("genk"), about=About.IDEA, item_id=met, page=1).messages
    assert (last.who, last.organisation) == ("Aalter", "Aalter")


@pytest.mark.parametrize("name", [None, "kortrijk", "coordinator"])
def test_nobody_else_reads_or_writes(
    db: Database, who: Who, met: int, say: Callable[..., int], name: str | None
) -> None:
    say("genk", "Onder ons.")
    member = who(name) if name else None
    with pytest.raises(NotFound):
        read(db, member, met)
    with pytest.raises(NotFound):
        threads.follow(db, member=member, about=About.IDEA, item_id=met, muted=True, left=False)
    if name:
        with pytest.raises(NotFound):
            say(name, "Ik ook!")
    assert value(db, "select count(*) from messages") == 1


def test_behind_an_accepted_cluster_all_may_talk_and_coordinators_too(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    with transaction(db):
        made = "insert into clusters (state, name, created_at, updated_at) values ('accepted', 'Zwemmen', ?, ?)"
        cluster_id = insert(db, made, [now(), now()])
        db.execute(
            "insert into cluster_members (cluster_id, kind, item_id, position) values (?, 'idea', ?, 0)",
            [cluster_id, met],
        )
    for name in ("genk", "kortrijk", "coordinator"):
        say(name, f"Dag van {name}", about=About.CLUSTER, item_id=cluster_id)
    assert len(read(db, who("aalter"), cluster_id, About.CLUSTER)) == 3
    assert unread(db, who("aalter")) == [(About.CLUSTER, cluster_id, "")], "the last to write was a coordinator"
    assert unread(db, who("coordinator")) == []
    say("genk", "Nog iets", about=About.CLUSTER, item_id=cluster_id)
    assert unread(db, who("coordinator")) == [(About.CLUSTER, cluster_id, "Genk")]
    with transaction(db):
        change(db, "update clusters set state = 'dissolved'")
    assert unread(db, who("aalter")) == unread(db, who("coordinator")) == []
    with transaction(db):
        change(db, "update clusters set state = 'accepted'")
    assert read(db, who("aalter"), met) == [], "what is said of the cluster stays there"


def test_a_double_press_writes_once_and_empty_words_never(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    for _ in range(2):
        assert say("genk", "Eén keer.", key="zelfde") == 1
    for wrong in (" \n ", "x" * 5_001, "\ufffd"):
        with pytest.raises(Invalid) as refused:
            say("genk", wrong)
        assert refused.value.field == "text"
    assert read(db, who("genk"), met) == ["Eén keer."]


def test_nobody_floods_a_conversation(db: Database, say: Callable[..., int]) -> None:
    for number in range(30):
        say("genk", f"Bericht {number}")
    with pytest.raises(TooMany):
        say("genk", "Nog een")
    assert value(db, "select count(*) from messages") == 30


def test_what_others_wrote_comes_in_one_letter(db: Database, met: int, say: Callable[..., int]) -> None:
    say("genk", "Een")
    say("genk", "Twee\nregels")
    for _ in range(2):
        hear(db, MONDAY)
    assert letters(db) == ["aalter"]
    [letter] = rows(db, "select subject, body from letters where dedupe_key like 'digest:%'")
    assert letter["subject"] == "Nieuws over “Zwembad”"
    assert "2 nieuwe berichten in het gesprek" in letter["body"]
    assert "> Een\n" in letter["body"]
    assert "> Twee\n> regels" in letter["body"]
    assert f"/conversations/idea/{met}" in letter["body"]


def test_the_rest_of_a_day_is_told_the_next_morning_and_nothing_twice(db: Database, say: Callable[..., int]) -> None:
    say("genk", "Een")
    hear(db, MONDAY)
    for number in range(3):
        say("genk", f"Later {number}")
        hear(db, MONDAY + timedelta(hours=number))
    assert letters(db) == ["aalter"]
    for _ in range(2):
        hear(db, MONDAY + timedelta(days=1))
    assert letters(db) == ["aalter", "aalter"]
    body = value(db, "select body from letters where dedupe_key like 'digest:%' order by id desc")
    assert "Later 0" in body
    assert "> Een" not in body


def test_who_answers_knows_what_came_before(db: Database, say: Callable[..., int]) -> None:
    say("genk", "Een")
    say("aalter", "Gezien!")
    hear(db, MONDAY)
    assert letters(db) == ["genk"]


def test_who_muted_or_left_gets_no_letters_until_they_come_back(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    threads.follow(db, member=who("aalter"), about=About.IDEA, item_id=met, muted=True, left=False)
    say("genk", "Een")
    hear(db, MONDAY)
    assert read(db, who("aalter"), met) == ["Een"]
    threads.follow(db, member=who("aalter"), about=About.IDEA, item_id=met, muted=False, left=True)
    say("genk", "Twee")
    hear(db, MONDAY + timedelta(days=1))
    assert letters(db) == []
    assert read(db, who("aalter"), met) == []
    threads.follow(db, member=who("aalter"), about=About.IDEA, item_id=met, muted=False, left=False)
    hear(db, MONDAY + timedelta(days=2))
    assert letters(db) == ["aalter"]
    assert read(db, who("aalter"), met) == ["Twee", "Een"]


def test_who_is_out_of_the_circle_gets_no_letter(db: Database, who: Who, met: int, say: Callable[..., int]) -> None:
    say("genk", "Ik ga voor Kortrijk werken.")
    elsewhere = who("kortrijk").organisation_id
    with transaction(db):
        change(db, "update members set organisation_id = ? where email like 'genk@%'", [elsewhere])
    say("aalter", "Nog iemand?")
    hear(db, MONDAY)
    assert letters(db) == []


def unread(db: Database, member: Member) -> list[tuple[About, int, str]]:
    """What waits to be read, which the menu counts and the list of conversations marks just so."""
    found = [one for one in waiting.of_member(db, member=member)[0] if one.what is What.WROTE]
    marked = {(one.about, one.item_id) for one in threads.followed(db, member=member) if one.unread}
    assert {(one.about, one.item_id) for one in found} == marked
    if member.organisation_id:
        others = {What.ASKED, What.AGREED, What.MET}
        counted = [one for one in waiting.of_member(db, member=member)[0] if one.what in others]
        assert waiting.at_contacts(db, member=member) - len(counted) == len(found)
    return [(one.about, one.item_id, one.organisation) for one in found]


def look(db: Database, member: Member, item_id: int, about: About = About.IDEA) -> None:
    thread = threads.read(db, member=member, about=about, item_id=item_id, page=1)
    threads.open_up(db, member=member, thread=thread)


def test_what_others_wrote_waits_until_the_conversation_was_opened_and_no_letter_tells_it_then(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    say("genk", "Een")
    assert unread(db, who("aalter")) == [(About.IDEA, met, "Genk")]
    assert unread(db, who("genk")) == []
    assert unread(db, who("kortrijk")) == []
    for _ in range(2):
        look(db, who("aalter"), met)
    assert unread(db, who("aalter")) == []
    hear(db, MONDAY)
    assert letters(db) == []
    say("aalter", "Twee")
    hear(db, MONDAY + timedelta(days=1))
    assert letters(db) == ["genk"]
    assert unread(db, who("genk")) == [(About.IDEA, met, "Aalter")], "told in a letter is not read yet"
    say("genk", "Drie")
    assert unread(db, who("genk")) == []


def test_opening_a_conversation_follows_nothing(db: Database, who: Who, met: int, say: Callable[..., int]) -> None:
    add_member(db, email="collega@test.example", organisation_id=who("aalter").organisation_id, role=Role.MEMBER)
    say("genk", "Een")
    look(db, who("collega"), met)
    say("genk", "Twee")
    assert unread(db, who("collega")) == []
    hear(db, MONDAY)
    assert letters(db) == ["aalter"]


def test_who_muted_reads_it_here_and_who_left_or_may_not_read_it_any_more_is_told_nothing(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    say("genk", "Een")
    for muted, left, waits in ((True, False, 1), (False, True, 0), (False, False, 1)):
        threads.follow(db, member=who("aalter"), about=About.IDEA, item_id=met, muted=muted, left=left)
        assert len(unread(db, who("aalter"))) == waits
    for sql in (
        "update ideas set state = 'hidden'",
        "update messages set hidden = 1",
        "update members set organisation_id = (select id from organisations where name = 'Kortrijk') "
        "where email like 'aalter@%'",
        "update organisations set successor_id = (select id from organisations where name = 'Genk') "
        "where name = 'Aalter'",
    ):
        db.execute("begin")
        assert change(db, sql)
        assert unread(db, who("aalter")) == [], sql
        db.execute("rollback")
        assert len(unread(db, who("aalter"))) == 1


def test_after_a_merger_the_new_municipality_still_sees_what_others_wrote(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    say("genk", "Een")
    with transaction(db):
        change(
            db,
            """update organisations set successor_id = (select id from organisations where name = 'Kortrijk')
            where name = 'Aalter'""",
        )
    look(db, who("genk"), met)
    assert len(unread(db, who("aalter"))) == 1


USES = FactForm(product="Boeker", supplier="Zwemsoft nv", cost_year="12.500", contract_end="2027-06-30", again="no")


def test_a_fact_is_kept_once_and_seen_by_whom_its_teller_chose(db: Database, who: Who, met: int) -> None:
    for sight in Sight:
        form = replace(USES, product=f"Voor {sight}", sight=sight)
        first, second = (
            threads.add_fact(db, member=who("genk"), about=About.IDEA, item_id=met, form=form) for _ in range(2)
        )
        assert first == second

    def seen(member: Member | None) -> list[str]:
        found = threads.facts_for(db, member=member, about=About.IDEA, item_id=met)
        return [fact.product for fact in found]

    assert seen(None) == ["Voor public"]
    assert seen(who("kortrijk")) == ["Voor members", "Voor public"]
    inside = threads.read(db, member=who("aalter"), about=About.IDEA, item_id=met, page=1).facts
    assert {fact.product for fact in inside} == {"Voor circle", "Voor members", "Voor public"}
    assert (inside[0].cents_year, inside[0].contract_end, inside[0].again) == (1_250_000, "2027-06-30", "no")


def test_only_ones_own_fact_is_changed_and_not_over_a_colleague(db: Database, who: Who, met: int) -> None:
    fact_id = threads.add_fact(db, member=who("genk"), about=About.IDEA, item_id=met, form=USES)
    with pytest.raises(NotFound):
        threads.change_fact(db, member=who("aalter"), fact_id=fact_id, revision=1, form=USES)
    with pytest.raises(NotFound):
        threads.remove_fact(db, member=who("aalter"), fact_id=fact_id)
    with pytest.raises(NotAllowed):
        threads.own_fact(db, member=who("coordinator"), fact_id=fact_id)
    changed = threads.change_fact(
        db, member=who("genk"), fact_id=fact_id, revision=1, form=replace(USES, cost_year="13000,50")
    )
    assert (changed.cents_year, changed.revision) == (1_300_050, 2)
    assert threads.form_of(changed).cost_year == "13000,50"
    with pytest.raises(Conflict):
        threads.change_fact(db, member=who("genk"), fact_id=fact_id, revision=1, form=replace(USES, product="Anders"))
    threads.remove_fact(db, member=who("genk"), fact_id=fact_id)
    assert value(db, "select count(*) from facts") == 0


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("product", " "),
        ("supplier", "x" * 121),
        ("cost_year", "veel"),
        ("contract_end", "morgen"),
        ("again", "soms"),
        ("sight", "vrienden"),
    ],
)
def test_what_is_wrong_with_a_fact_is_said_at_its_field(
    db: Database, who: Who, met: int, field: str, typed: str
) -> None:
    changes: dict[str, Any] = {field: typed}
    with pytest.raises(Invalid) as refused:
        threads.add_fact(db, member=who("genk"), about=About.IDEA, item_id=met, form=replace(USES, **changes))
    assert [one.field for one in refused.value.every] == [field]


TODAY = date(2026, 1, 1)


def facts(*ends: tuple[str, str | None]) -> list[Fact]:
    return [
        Fact(number, About.IDEA, 1, ord(name), name, "P", "", None, end, None, Sight.CIRCLE, 1)
        for number, (name, end) in enumerate(ends)
    ]


def test_ends_within_a_year_are_a_chance_to_buy_together() -> None:
    [found] = windows(facts(("B", "2027-03-01"), ("A", "2026-06-30"), ("C", None)), today=TODAY)
    assert (found.opens, found.closes, found.organisations) == (date(2026, 6, 30), date(2027, 3, 1), ("A", "B"))


@pytest.mark.parametrize(
    "ends",
    [
        [],
        [("A", "2026-06-30")],
        [("A", "2026-06-30"), ("A", "2026-07-30")],
        [("A", "2026-06-30"), ("B", "2027-07-01")],
        [("A", "2025-12-31"), ("B", "2026-01-02")],
    ],
)
def test_one_government_alone_a_long_time_between_or_an_end_that_passed_is_no_chance(
    ends: list[tuple[str, str | None]],
) -> None:
    assert windows(facts(*ends), today=TODAY) == []


def test_each_contract_is_in_one_chance_at_most() -> None:
    found = windows(
        facts(("A", "2026-01-01"), ("B", "2026-12-31"), ("C", "2027-01-02"), ("D", "2028-01-02")), today=TODAY
    )
    assert [one.organisations for one in found] == [("A", "B"), ("C", "D")]


def test_who_is_alone_in_a_year_does_not_hide_a_later_meeting() -> None:
    found = windows(facts(("A", "2026-01-01"), ("A", "2026-12-01"), ("B", "2027-06-01")), today=TODAY)
    assert [(one.opens, one.organisations) for one in found] == [(date(2026, 12, 1), ("A", "B"))]


def test_a_cluster_that_is_not_accepted_has_no_conversation(
    db: Database, who: Who, met: int, say: Callable[..., int]
) -> None:
    with transaction(db):
        cluster_id = insert(
            db,
            "insert into clusters (state, name, created_at, updated_at) values ('accepted', 'Z', ?, ?)",
            [now(), now()],
        )
        insert(
            db,
            "insert into cluster_members (cluster_id, kind, item_id, position) values (?, 'idea', ?, 0)",
            [cluster_id, met],
        )
    say("genk", "Hallo", about=About.CLUSTER, item_id=cluster_id)
    for state in ("proposed", "rejected", "dissolved"):
        with transaction(db):
            change(db, "update clusters set state = ? where id = ?", [state, cluster_id])
        with pytest.raises(NotFound):
            read(db, who("genk"), cluster_id, About.CLUSTER)
        with pytest.raises(NotFound):
            say("genk", "Nog iets", about=About.CLUSTER, item_id=cluster_id)
        hear(db)
    assert letters(db) == []


def test_coordinators_take_away_what_does_not_belong_in_public(db: Database, who: Who, met: int) -> None:
    told = FactForm(product="SPAM http://x", sight="public")
    fact_id = threads.add_fact(db, member=who("aalter"), about=About.IDEA, item_id=met, form=told)
    with pytest.raises(NotFound):
        threads.remove_fact(db, member=who("kortrijk"), fact_id=fact_id)
    threads.remove_fact(db, member=who("coordinator"), fact_id=fact_id)
    assert threads.facts_for(db, member=None, about=About.IDEA, item_id=met) == []
