"""Me too: once per organisation, nobody's address before both consent, one letter each."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

import cluster.contacts as contacts
import cluster.people
import cluster.project_requests as project_requests
import cluster.waiting as waiting
import data.ideas
import data.letters
import data.migrations
import data.people
import data.store
from data.store import change, rows, transaction, value
from models.contacts import EndorsementRole, Introduction, IntroductionState, Support
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member, Role
from models.projects import RequestState
from models.waiting import What
from tests.conftest import add_member, asked_of, furnish

Who = Callable[[str], Member]


def post(db: Database, author: Member | None, title: str = "Digitale balie") -> int:
    """An open idea of the author's organisation; of none when there is no author."""
    with transaction(db):
        return data.ideas.add(
            db,
            form=IdeaForm(title=title, description="Eén balie voor alle diensten."),
            lang="nl",
            organisation_id=author.organisation_id if author else None,
            author_id=author.id if author else None,
        )


def say(db: Database, member: Member, idea_id: int, **more: str) -> Introduction:
    """*Ook wij*, and the introduction that stands afterwards."""
    endorsement = contacts.endorse(
        db, member=member, idea_id=idea_id, **{"role": "develop", "message": "Graag!", **more}
    )
    found = data.contacts.introduction_of(db, endorsement_id=endorsement.id)
    assert found is not None
    return found


def letters(db: Database) -> list[tuple[str, str]]:
    """Who gets which kind of letter."""
    found = rows(db, "select recipient, dedupe_key from letters order by id")
    return [(row["recipient"].split("@")[0], row["dedupe_key"].split(":")[0]) for row in found]


def consent_always(db: Database, member: Member) -> None:
    preferences = cluster.people.Preferences(locale="nl", standing_consent=True)
    cluster.people.set_preferences(db, member=member, preferences=preferences)


def test_me_too_asks_the_poster_in_one_letter_without_the_endorsers_address(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, who("aalter")), message="Wij kampen hiermee.\nAl jaren.")
    assert found.state is IntroductionState.ASKED
    assert found.poster_member_id == who("aalter").id
    assert letters(db) == [("aalter", "request")]
    letter = data.letters.recent(db, at_most=1)[0]
    assert "Genk" in letter.subject
    assert "Digitale balie" in letter.subject
    assert "We ontwikkelen mee" in letter.body
    assert "> Wij kampen hiermee.\n> Al jaren." in letter.body
    assert "genk@" not in letter.subject + letter.body


def test_pressing_twice_changes_nothing_and_returns_what_stands(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    first = contacts.endorse(db, member=who("genk"), idea_id=idea, role="lead", message="Eerst")
    again = contacts.endorse(db, member=who("genk"), idea_id=idea, role="learn", message="Nog eens")
    assert again == first
    assert letters(db) == [("aalter", "request")]
    assert value(db, "select count(*) from jobs where kind = 'letter'") == 1


def test_an_organisation_cannot_endorse_its_own_idea(db: Database, who: Who) -> None:
    idea = post(db, who("genk"))
    with pytest.raises(NotAllowed, match="eigen bestuur"):
        say(db, who("genk"), idea)
    assert value(db, "select count(*) from endorsements") == 0


@pytest.mark.parametrize("state", ["withdrawn", "hidden"])
def test_only_open_ideas_can_be_endorsed(db: Database, who: Who, state: str) -> None:
    idea = post(db, who("aalter"))
    with transaction(db):
        change(db, "update ideas set state = ? where id = ?", [state, idea])
    for number in (idea, 999):
        with pytest.raises(NotFound):
            say(db, who("genk"), number)


def test_visitors_and_coordinators_cannot_endorse(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    for member in (None, who("coordinator")):
        with pytest.raises(NotAllowed):
            contacts.endorse(db, member=member, idea_id=idea, role="lead", message="")


def test_every_wrong_value_is_named_at_once(db: Database, who: Who) -> None:
    with pytest.raises(Invalid) as refused:
        contacts.endorse(db, member=who("genk"), idea_id=1, role="boss", message="x" * 2001, amount="veel", days="3½")
    assert [wrong.field for wrong in refused.value.every] == ["role", "message", "amount", "days"]


@pytest.mark.parametrize("days", ["0", "2001", "-1", "1e3", "٣", "9" * 30, "1 2"])
def test_days_are_a_whole_number_within_reason(db: Database, who: Who, days: str) -> None:
    with pytest.raises(Invalid) as refused:
        contacts.endorse(db, member=who("genk"), idea_id=1, role="lead", message="", days=days)
    assert refused.value.field == "days"


def test_an_endorsement_can_be_changed_without_another_letter(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    first = say(db, who("genk"), idea)
    changed = contacts.change(
        db, member=who("genk"), idea_id=idea, role="lead", message="Wij trekken.", amount="<25k", days=" 12 "
    )
    assert (changed.id, changed.role, changed.message) == (first.endorsement_id, EndorsementRole.LEAD, "Wij trekken.")
    assert (changed.amount, changed.days) == ("<25k", 12)
    assert len(letters(db)) == 1


def test_changing_a_withdrawn_endorsement_is_a_conflict(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    say(db, who("genk"), idea)
    contacts.withdraw(db, member=who("genk"), idea_id=idea)
    with pytest.raises(Conflict):
        contacts.change(db, member=who("genk"), idea_id=idea, role="lead", message="")


def test_after_consent_each_gets_one_letter_with_the_other_in_it(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, who("aalter")))
    for _ in range(2):
        agreed = contacts.agree(db, member=who("aalter"), introduction_id=found.id)
    assert agreed.state is IntroductionState.AGREED
    assert letters(db) == [("aalter", "request"), ("aalter", "introduction"), ("genk", "introduction")]
    to_genk, to_aalter = data.letters.recent(db, at_most=2)
    assert "aalter@test.example" in to_genk.body
    assert "genk@test.example" in to_aalter.body


def test_letters_are_in_the_receivers_language(db: Database, who: Who) -> None:
    cluster.people.set_preferences(
        db, member=who("aalter"), preferences=cluster.people.Preferences(locale="en", standing_consent=False)
    )
    say(db, who("genk"), post(db, who("aalter")))
    assert data.letters.recent(db, at_most=1)[0].lang == "en"


def test_standing_consent_introduces_at_once(db: Database, who: Who) -> None:
    consent_always(db, who("aalter"))
    found = say(db, who("genk"), post(db, who("aalter")))
    assert found.state is IntroductionState.AGREED
    assert letters(db) == [("aalter", "introduction"), ("genk", "introduction")]
    contact = contacts.contacts_of(db, member=who("genk"), introduction_id=found.id)
    assert contact is not None
    assert contact.email == "aalter@test.example"


def test_both_see_the_others_contact_only_after_consent_and_nobody_else_ever(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, who("aalter")))
    for name in ("genk", "aalter"):
        assert contacts.contacts_of(db, member=who(name), introduction_id=found.id) is None
    contacts.agree(db, member=who("aalter"), introduction_id=found.id)
    seen = {name: contacts.contacts_of(db, member=who(name), introduction_id=found.id) for name in ("genk", "aalter")}
    assert {name: contact.name for name, contact in seen.items() if contact} == {"genk": "Aalter", "aalter": "Genk"}
    with pytest.raises(NotFound):
        contacts.contacts_of(db, member=who("kortrijk"), introduction_id=found.id)
    with pytest.raises(NotAllowed):
        contacts.contacts_of(db, member=who("coordinator"), introduction_id=found.id)


def test_only_the_posters_organisation_answers(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, who("aalter")))
    for answer in (contacts.agree, contacts.decline):
        with pytest.raises(NotAllowed):
            answer(db, member=who("genk"), introduction_id=found.id)
        with pytest.raises(NotFound):
            answer(db, member=who("kortrijk"), introduction_id=found.id)
        with pytest.raises(NotFound):
            answer(db, member=who("aalter"), introduction_id=999)


def test_a_colleague_who_agrees_becomes_the_contact_person(db: Database, who: Who) -> None:
    add_member(db, email="collega@test.example", organisation_id=who("aalter").organisation_id, role=Role.MEMBER)
    found = say(db, who("genk"), post(db, who("aalter")))
    contacts.agree(db, member=who("collega"), introduction_id=found.id)
    contact = contacts.contacts_of(db, member=who("genk"), introduction_id=found.id)
    assert contact is not None
    assert contact.email == "collega@test.example"
    assert all("aalter@" not in letter.body for letter in data.letters.recent(db, at_most=9))


def test_declining_shows_nothing_and_can_become_a_yes(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, who("aalter")))
    for _ in range(2):
        assert contacts.decline(db, member=who("aalter"), introduction_id=found.id).state == "declined"
    assert contacts.contacts_of(db, member=who("genk"), introduction_id=found.id) is None
    assert contacts.agree(db, member=who("aalter"), introduction_id=found.id).state == "agreed"
    with pytest.raises(Conflict):
        contacts.decline(db, member=who("aalter"), introduction_id=found.id)


def test_withdrawing_ends_an_open_introduction_and_saying_it_again_revives_it(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    found = say(db, who("genk"), idea)
    for _ in range(2):
        contacts.withdraw(db, member=who("genk"), idea_id=idea)
    assert asked_of(db, who("aalter")) == []
    with pytest.raises(Conflict, match="ingetrokken"):
        contacts.agree(db, member=who("aalter"), introduction_id=found.id)
    again = say(db, who("genk"), idea, role="learn")
    assert (again.id, again.state, again.role) == (found.id, "asked", "learn")
    assert letters(db) == [("aalter", "request")]


def test_a_no_outlives_withdrawing_and_saying_it_again(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    found = say(db, who("genk"), idea)
    contacts.decline(db, member=who("aalter"), introduction_id=found.id)
    contacts.withdraw(db, member=who("genk"), idea_id=idea)
    assert contacts.get(db, member=who("genk"), introduction_id=found.id).state == "withdrawn"
    assert say(db, who("genk"), idea).state == "declined"


def test_an_agreed_introduction_stays_visible_after_withdrawing(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    found = say(db, who("genk"), idea)
    contacts.agree(db, member=who("aalter"), introduction_id=found.id)
    contacts.withdraw(db, member=who("genk"), idea_id=idea)
    add_member(db, email="collega@test.example", organisation_id=who("genk").organisation_id, role=Role.MEMBER)
    assert say(db, who("collega"), idea).state == "agreed"
    assert len(letters(db)) == 3
    contact = contacts.contacts_of(db, member=who("aalter"), introduction_id=found.id)
    assert contact is not None
    assert contact.email == "genk@test.example"  # the one that the letter named


def test_withdrawing_what_was_never_said_is_not_found(db: Database, who: Who) -> None:
    with pytest.raises(NotFound):
        contacts.withdraw(db, member=who("genk"), idea_id=post(db, who("aalter")))


def test_without_an_account_the_introduction_waits_for_the_first_member(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    with transaction(db):
        change(db, "update members set active = 0 where email = 'aalter@test.example'")
    found = say(db, who("genk"), idea)
    assert (found.poster_member_id, found.poster_has_account) == (None, False)
    assert letters(db) == [("coordinator", "contact")]
    add_member(db, email="nieuw@test.example", organisation_id=found.poster_organisation_id, role=Role.MEMBER)
    assert [item.id for item in asked_of(db, who("nieuw"))] == [found.id]
    contacts.agree(db, member=who("nieuw"), introduction_id=found.id)
    assert letters(db)[1:] == [("nieuw", "introduction"), ("genk", "introduction")]
    # Nobody needs to look for anybody any more.
    assert project_requests.count_waiting(db, member=who("coordinator")) == 0


def test_where_nobody_can_answer_the_coordinators_get_a_question_and_the_asker_sees_its_state(
    db: Database, who: Who
) -> None:
    idea = post(db, None)
    for _ in range(2):
        say(db, who("genk"), idea)
    ((asked,), _, _) = project_requests.listed(db, member=who("coordinator"), state=RequestState.ASKED, page=1)
    assert (asked.idea_id, asked.project_id, asked.organisation, asked.lead) == (idea, None, "Genk", "")
    project_requests.answer(
        db, member=who("coordinator"), request_id=asked.id, revision=1, text="We zoeken nog.", found=False
    )
    told = project_requests.asked(db, member=who("genk"), kind=Kind.IDEA, item_id=idea)
    assert told is not None
    assert (told.state, told.answer) == ("unreachable", "We zoeken nog.")
    assert letters(db) == [("coordinator", "contact"), ("genk", "answer")]


def test_withdrawing_takes_the_question_to_the_coordinators_back(db: Database, who: Who) -> None:
    idea = post(db, None)
    say(db, who("genk"), idea)
    contacts.withdraw(db, member=who("genk"), idea_id=idea)
    assert project_requests.own(db, member=who("genk"), page=1) == ([], False)


def test_an_idea_without_an_organisation_can_be_endorsed_and_waits(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, None))
    assert (found.poster_organisation_id, found.state) == (None, "asked")
    assert waiting.of_member(db, member=who("coordinator"))[0] == []


def test_the_inbox_holds_both_sides_and_what_waits_comes_first(db: Database, who: Who) -> None:
    first, second = (post(db, who("aalter"), title) for title in ("Een", "Twee"))
    answered = say(db, who("genk"), first)
    contacts.agree(db, member=who("aalter"), introduction_id=answered.id)
    asked = say(db, who("kortrijk"), second)
    inbox = contacts.inbox(db, member=who("aalter"))
    assert [item.id for item in inbox.received] == [asked.id, answered.id]
    assert inbox.sent == ()
    assert [item.id for item in contacts.inbox(db, member=who("genk")).sent] == [answered.id]
    assert [item.id for item in asked_of(db, who("aalter"))] == [asked.id]


def news(db: Database, member: Member) -> list[tuple[What, str, int]]:
    found, chores = waiting.of_member(db, member=member)
    assert chores.at_contacts == waiting.at_contacts(db, member=member) == len(found)
    return [(one.what, one.organisation, one.item_id) for one in found]


def test_a_yes_waits_for_who_asked_until_they_looked_at_the_contact(db: Database, who: Who) -> None:
    found = say(db, who("genk"), post(db, who("aalter")))
    assert news(db, who("aalter")) == [(What.ASKED, "Genk", found.id)]
    contacts.look(db, member=who("genk"), introduction=found)
    agreed = contacts.agree(db, member=who("aalter"), introduction_id=found.id)
    assert news(db, who("genk")) == [(What.AGREED, "Aalter", found.id)]
    for name in ("kortrijk", "aalter"):
        contacts.look(db, member=who(name), introduction=agreed)
    assert news(db, who("aalter")) == []
    assert news(db, who("genk")) == [(What.AGREED, "Aalter", found.id)]
    for _ in range(2):
        contacts.look(db, member=who("genk"), introduction=agreed)
    assert news(db, who("genk")) == []


def test_who_consented_beforehand_sees_whom_they_met(db: Database, who: Who) -> None:
    with transaction(db):
        change(db, "update members set standing_consent = 1 where email = 'aalter@test.example'")
    found = say(db, who("genk"), post(db, who("aalter")))
    assert news(db, who("aalter")) == [(What.MET, "Genk", found.id)]
    assert news(db, who("genk")) == [(What.AGREED, "Aalter", found.id)]
    with transaction(db):
        change(db, "update ideas set state = 'hidden'")
    [told], _ = waiting.of_member(db, member=who("genk"))
    assert told.title == "", "what a coordinator hid stays hidden; the contact does not"
    contacts.look(db, member=who("aalter"), introduction=found)
    assert news(db, who("aalter")) == []


def test_messages_are_for_the_poster_and_the_writer(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    say(db, who("genk"), idea, message="Van Genk")
    say(db, who("kortrijk"), idea, message="Van Kortrijk")

    def read(member: Member | None) -> list[str]:
        return [item.message for item in contacts.endorsements(db, idea_id=idea, member=member)]

    assert read(None) == ["", ""]
    assert read(who("genk")) == ["Van Genk", ""]
    assert read(who("aalter")) == ["Van Genk", "Van Kortrijk"]
    assert read(who("coordinator")) == ["", ""]


def support(db: Database, idea_id: int) -> Support:
    """What an idea gathered."""
    idea = data.ideas.get(db, idea_id=idea_id)
    assert idea is not None
    return contacts.support(db, idea=idea, found=contacts.endorsements(db, idea_id=idea_id))


def test_support_counts_each_municipality_once(db: Database, who: Who) -> None:
    body = value(db, "select id from organisations where name = 'Streekverband'")
    add_member(db, email="streek@test.example", organisation_id=body, role=Role.MEMBER)
    idea = post(db, who("aalter"))
    assert support(db, idea).organisations == 0
    say(db, who("genk"), idea, role="lead", amount="25k-75k")
    say(db, who("streek"), idea, amount="<25k")
    say(db, who("kortrijk"), idea)
    found = support(db, idea)
    assert (found.organisations, found.leads) == (3, 1)
    assert found.inhabitants == 28_000 + 66_000 + 77_000
    assert (found.amount_low_eur, found.amount_high_eur) == (25_000, 100_000)
    contacts.change(db, member=who("genk"), idea_id=idea, role="buy", message="", amount=">500k")
    assert support(db, idea).amount_high_eur is None
    contacts.withdraw(db, member=who("genk"), idea_id=idea)
    assert support(db, idea).inhabitants == 28_000 + 77_000


def test_the_amount_of_one_organisation_alone_is_nobodys_business(db: Database, who: Who) -> None:
    idea = post(db, who("aalter"))
    say(db, who("genk"), idea, amount="25k-75k")
    say(db, who("kortrijk"), idea)
    assert (support(db, idea).amount_low_eur, support(db, idea).amount_high_eur) == (0, 0)
    contacts.change(db, member=who("kortrijk"), idea_id=idea, role="buy", message="", amount="<25k")
    assert (support(db, idea).amount_low_eur, support(db, idea).amount_high_eur) == (25_000, 100_000)


def test_mine_is_the_active_endorsement_of_ones_organisation(db: Database, who: Who) -> None:
    idea, genk = post(db, who("aalter")), who("genk").organisation_id
    assert contacts.mine(db, idea_id=idea, organisation_id=genk) is None
    say(db, who("genk"), idea)
    assert contacts.mine(db, idea_id=idea, organisation_id=genk) is not None
    assert contacts.mine(db, idea_id=idea, organisation_id=None) is None
    contacts.withdraw(db, member=who("genk"), idea_id=idea)
    assert contacts.mine(db, idea_id=idea, organisation_id=genk) is None


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A furnished database in a file, for several connections at once."""
    path = tmp_path / "many.sqlite"
    db = data.store.connect(path)
    with transaction(db):
        data.migrations.migrate(db)
    furnish(db)
    yield path
    data.store.close(db)


def at_once(path: Path, count: int, press: Callable[[Database], object]) -> None:
    """Run `press` on `count` connections at the same moment; whatever it raises, is raised."""
    gate, faults = threading.Barrier(count), []

    def one() -> None:
        db = data.store.connect(path)
        try:
            gate.wait()
            press(db)
        except Exception as fault:
            faults.append(fault)
        finally:
            data.store.close(db)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_fifty_presses_at_once_make_one_of_everything(path: Path) -> None:
    fifty_presses(path)


def fifty_presses(path: Path) -> None:
    """Fifty times *ook wij* at the same moment, then fifty times yes."""
    db = data.store.connect(path)
    people = {name: data.people.by_email(db, email=f"{name}@test.example") for name in ("aalter", "genk")}
    idea = post(db, people["aalter"])
    at_once(path, 50, lambda own: contacts.endorse(own, member=people["genk"], idea_id=idea, role="lead", message=""))
    assert [value(db, f"select count(*) from {table}") for table in ("endorsements", "introductions")] == [1, 1]
    assert letters(db) == [("aalter", "request")]
    asked = int(value(db, "select id from introductions"))
    at_once(path, 50, lambda own: contacts.agree(own, member=people["aalter"], introduction_id=asked))
    assert letters(db) == [("aalter", "request"), ("aalter", "introduction"), ("genk", "introduction")]
    assert value(db, "select count(*) from jobs where kind = 'letter'") == 3
    assert value(db, "select count(*) from jobs where kind = 'reminder'") == 2, "one of silence, one of the outcome"
    data.store.close(db)
