"""People: who comes in by a letter, who leaves, and that a secret works once."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.access as access
import cluster.contacts
import cluster.invitations as invitations
import cluster.letters
import cluster.organisations as organisations
import cluster.passwords as passwords
import cluster.people
import cluster.project_requests
import cluster.sessions as sessions
import data.access
import data.contacts
import data.ideas
import data.letters
import data.migrations
import data.people
import data.store
from cluster.access import AccessForm
from cluster.setup import _organisations
from data.people import MemberFilter, OrganisationFilter
from data.store import row, rows, transaction, value
from data.throttles import open_throttles
from models.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from models.ideas import IdeaForm
from models.letters import LetterState
from models.matches import Kind
from models.people import AccessRequest, AccessState, Invitation, Member, Role
from models.projects import RequestState
from tests.cluster.test_letters import sign
from tests.conftest import add_member, furnish

Who = Callable[[str], Member]
MOMENT = 1e6
GOOD = "paarden eten geen kiezels"


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    """An empty throttle database."""
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    data.store.close(found)


def organisation_id(db: Database, name: str) -> int:
    return int(value(db, "select id from organisations where name = ?", [name]))


def last_letter(db: Database) -> dict[str, Any]:
    return rows(db, "select * from letters order by id desc limit 1")[0]


def secret(db: Database) -> str:
    """The secret in the link of the last letter."""
    found = re.search(r"medestanders:/[a-z-]+/([\w-]{40,})", last_letter(db)["body"])
    assert found is not None
    return found[1]


def invite(db: Database, throttles: Database, by: Member, **more: Any) -> tuple[Invitation, bool]:
    fields = {"email": "nieuw@test.example", "name": "Nele Nieuw", "locale": "nl", "organisation_id": None}
    return invitations.invite(db, throttles, member=by, moment=MOMENT, **{**fields, **more})


def accept(db: Database, token: str, **more: Any) -> Member:
    fields = {"name": "Nele Nieuw", "function": "Digitale coach", "locale": "nl", "standing_consent": True}
    return invitations.accept(db, token=token, **{**fields, "password": GOOD, **more})


def ask(db: Database, throttles: Database, **more: Any) -> AccessRequest | None:
    """Ask for access for Aalter; the question that stands afterwards, if any."""
    fields = {"organisation_id": organisation_id(db, "Aalter"), "email": "vraagt@test.example", "name": "Vera Vraag"}
    form = AccessForm(**{**fields, "function": "Diensthoofd", "message": "Dag!", **more})
    access.ask(db, throttles, form=form, locale="nl", address="192.0.2.1", moment=MOMENT)
    return data.access.waiting_for(db, email=form.email, organisation_id=form.organisation_id or 0)


def colleague(db: Database, of: str, name: str) -> None:
    add_member(db, email=f"{name}@test.example", organisation_id=organisation_id(db, of), role=Role.MEMBER)


def sign_in(db: Database, throttles: Database, email: str, password: str) -> Member:
    return cluster.people.sign_in(
        db, throttles, email=email, password=password, address="192.0.2.1", moment=MOMENT, demo=False
    )


# Invitations


def test_a_coordinator_invites_and_the_letter_opens_an_account_once(
    db: Database, throttles: Database, who: Who
) -> None:
    found, fresh = invite(db, throttles, who("coordinator"), organisation_id=organisation_id(db, "Genk"))
    assert (fresh, found.organisation, found.role) == (True, "Genk", Role.MEMBER)
    assert last_letter(db)["recipient"] == "nieuw@test.example"
    token = secret(db)
    member = accept(db, token)
    assert (member.organisation, member.name, member.function) == ("Genk", "Nele Nieuw", "Digitale coach")
    assert (member.standing_consent, member.active, member.demo) == (True, True, False)
    assert sign_in(db, throttles, "NIEUW@test.example", GOOD) == member
    with pytest.raises(NotFound):
        accept(db, token)
    assert invitations.waiting(db, member=who("coordinator"), page=1) == ([], False)


def test_only_the_hash_of_a_secret_is_kept(db: Database, throttles: Database, who: Who) -> None:
    invite(db, throttles, who("genk"))
    token = secret(db)
    stored = [str(list(db[table].rows)) for table in db.table_names() if table not in {"letters", "texts"}]
    assert not any(token in text for text in stored)
    sent: list[str] = []
    letter_id = last_letter(db)["id"]
    cluster.letters.deliver(
        db,
        letter_id=letter_id,
        send=lambda mail: sent.append(mail.get_body(("plain",)).get_content()),
        sender="a@b.example",
        home="http://x",
        sign=sign,
    )
    assert f"http://x/welcome/{token}" in sent[0].replace("=\n", "")
    assert last_letter(db)["state"] == "sent"
    assert token not in last_letter(db)["body"]
    assert accept(db, token).organisation == "Genk"


def test_a_letter_that_has_to_wait_keeps_its_link(db: Database, throttles: Database, who: Who) -> None:
    invite(db, throttles, who("genk"))
    token = secret(db)

    def busy(mail: object) -> None:
        raise OSError

    with pytest.raises(OSError):
        cluster.letters.deliver(
            db, letter_id=last_letter(db)["id"], send=busy, sender="a@b.example", home="http://x", sign=sign
        )
    assert secret(db) == token


def test_the_same_invitation_twice_is_sent_once(db: Database, throttles: Database, who: Who) -> None:
    first, _ = invite(db, throttles, who("genk"))
    again, fresh = invite(db, throttles, who("genk"), email="NIEUW@test.example")
    assert (again.id, fresh) == (first.id, False)
    assert db["letters"].count == 1


def test_an_invitation_expires_after_a_week_and_can_be_sent_again(db: Database, throttles: Database, who: Who) -> None:
    found, _ = invite(db, throttles, who("genk"))
    expired = secret(db)
    assert found.expires_at[:10] > found.created_at[:10]
    with transaction(db):
        db.execute("update invitations set expires_at = '2020-01-01T00:00:00+00:00'")
    with pytest.raises(NotFound, match="verlopen"):
        accept(db, expired)
    assert db["members"].count == 4
    invitations.resend(db, throttles, member=who("genk"), invitation_id=found.id, moment=MOMENT)
    renewed = secret(db)
    assert renewed != expired
    with pytest.raises(NotFound):
        accept(db, expired)
    assert accept(db, renewed).organisation == "Genk"


def test_an_expired_invitation_does_not_keep_others_from_inviting(db: Database, throttles: Database, who: Who) -> None:
    invite(db, throttles, who("genk"))
    with transaction(db):
        db.execute("update invitations set expires_at = '2020-01-01T00:00:00+00:00'")
    found, fresh = invite(db, throttles, who("aalter"))
    assert (found.organisation, fresh) == ("Aalter", True)
    assert value(db, "select count(*) from invitations where state = 'open'") == 1


def test_a_withdrawn_invitation_works_no_more(db: Database, throttles: Database, who: Who) -> None:
    found, _ = invite(db, throttles, who("genk"))
    token = secret(db)
    for _ in range(2):
        invitations.withdraw(db, member=who("genk"), invitation_id=found.id)
    with pytest.raises(NotFound):
        accept(db, token)
    with pytest.raises(Conflict):
        invitations.resend(db, throttles, member=who("genk"), invitation_id=found.id, moment=MOMENT)


def test_a_member_invites_for_their_own_organisation_alone(db: Database, throttles: Database, who: Who) -> None:
    found, _ = invite(db, throttles, who("genk"), organisation_id=organisation_id(db, "Aalter"))
    assert found.organisation == "Genk"
    with pytest.raises(NotFound):
        invite(db, throttles, who("genk"), email="ander@test.example", coordinator=True)
    for verb in (
        lambda: invitations.withdraw(db, member=who("aalter"), invitation_id=found.id),
        lambda: invitations.resend(db, throttles, member=who("aalter"), invitation_id=found.id, moment=MOMENT),
    ):
        with pytest.raises(NotFound):
            verb()
    assert invitations.waiting(db, member=who("aalter"), page=1) == ([], False)


def test_a_coordinator_invites_a_fellow_coordinator(db: Database, throttles: Database, who: Who) -> None:
    found, _ = invite(db, throttles, who("coordinator"), coordinator=True)
    assert (found.role, found.organisation_id) == (Role.COORDINATOR, None)
    assert accept(db, secret(db)).is_coordinator


def test_a_member_does_not_learn_whose_an_address_is(db: Database, throttles: Database, who: Who) -> None:
    said = []
    invite(db, throttles, who("aalter"), email="uitgenodigd@test.example")
    for email in ("kortrijk@test.example", "uitgenodigd@test.example"):
        with pytest.raises(Invalid) as refused:
            invite(db, throttles, who("genk"), email=email)
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert "Kortrijk" not in said[0]
    with pytest.raises(Invalid, match="Kortrijk heeft al een account"):
        invite(
            db,
            throttles,
            who("coordinator"),
            email="kortrijk@test.example",
            organisation_id=organisation_id(db, "Genk"),
        )


def test_every_wrong_field_of_an_invitation_is_named(db: Database, throttles: Database, who: Who) -> None:
    with pytest.raises(Invalid) as refused:
        invite(db, throttles, who("genk"), email="geen adres", name="x" * 101, locale="xx")
    assert [wrong.field for wrong in refused.value.every] == ["email", "name", "locale"]
    with pytest.raises(Invalid) as refused:
        invite(db, throttles, who("coordinator"))
    assert refused.value.field == "organisation"


def test_nobody_floods_others_with_invitations(db: Database, throttles: Database, who: Who) -> None:
    for number in range(50):
        invite(db, throttles, who("genk"), email=f"nieuw{number}@test.example")
    with pytest.raises(TooMany):
        invite(db, throttles, who("genk"), email="nieuw51@test.example")
    assert db["letters"].count == 50


def test_an_invitation_accepted_six_times_at_once_opens_one_account(tmp_path: Path, throttles: Database) -> None:
    path = tmp_path / "shared.sqlite"
    db = data.store.connect(path)
    with transaction(db):
        data.migrations.migrate(db)
    furnish(db)
    genk = data.people.by_email(db, email="genk@test.example")
    assert genk is not None
    invite(db, throttles, genk)
    token = secret(db)
    outcomes: list[str] = []

    def press() -> None:
        own = data.store.connect(path)
        try:
            accept(own, token)
            outcomes.append("opened")
        except (NotFound, Conflict):
            outcomes.append("refused")
        finally:
            data.store.close(own)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["opened", *["refused"] * 5]
    assert value(db, "select count(*) from members where email = 'nieuw@test.example'") == 1
    data.store.close(db)


# Passwords


@pytest.mark.parametrize(
    "password",
    [
        "te kort",
        "x" * 201,
        "Nele Nieuw is hier",
        "ik-heet-nélé-hoor",
        "nieuw@test.example",
        "abcabcabcabc",
        "aaaaaaaaaaaa",
        "hallohallohal",
        "123456789012345",
        "98765432109876",
        "abcdefghijklmnop",
        "Wachtwoord123",
        "medestanders2026",
        "azertyqwerty1",
        "121221121212112",
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    assert [
        wrong.field for wrong in passwords.password_wrong(password, email="nieuw@test.example", name="Nele Nieuw")
    ] == ["password"]


@pytest.mark.parametrize(
    "password", [GOOD, "een lang wachtwoord", "samen sta je sterker", "Zx9!kwP2vLq7", "日本語のパスワードです。"]
)
def test_a_password_that_nobody_guesses_is_accepted(password: str) -> None:
    assert passwords.password_wrong(password, email="nieuw@test.example", name="Nele Nieuw") == []


def forget(db: Database, throttles: Database, email: str, *, address: str = "192.0.2.1", demo: bool = False) -> None:
    passwords.forget(db, throttles, email=email, address=address, moment=MOMENT, demo=demo)


def test_a_forgotten_password_is_chosen_anew_once_and_ends_every_session(
    db: Database, throttles: Database, who: Who
) -> None:
    before = sessions.begin(db, member=who("genk"), agent="")
    forget(db, throttles, " Genk@test.example ")
    token = secret(db)
    assert last_letter(db)["recipient"] == "genk@test.example"
    passwords.reset(db, token=token, password=GOOD)
    assert sessions.present(db, token=before) is None
    assert sign_in(db, throttles, "genk@test.example", GOOD)
    assert last_letter(db)["subject"] == "Je wachtwoord is gewijzigd"
    with pytest.raises(NotFound):
        passwords.reset(db, token=token, password="nog een ander geheim")


def test_a_weak_new_password_leaves_the_way_open(db: Database, throttles: Database) -> None:
    forget(db, throttles, "genk@test.example")
    token = secret(db)
    with pytest.raises(Invalid):
        passwords.reset(db, token=token, password="genk genk genk genk")
    passwords.reset(db, token=token, password=GOOD)


def test_the_way_to_a_new_password_closes_after_an_hour(db: Database, throttles: Database) -> None:
    forget(db, throttles, "genk@test.example")
    with transaction(db):
        db.execute("update password_resets set expires_at = ?", [data.store.now()])
    with pytest.raises(NotFound):
        passwords.resettable(db, token=secret(db))


def test_a_new_password_closes_the_ways_that_were_open(db: Database, throttles: Database) -> None:
    tokens = []
    for _ in range(2):
        forget(db, throttles, "genk@test.example")
        tokens.append(secret(db))
    passwords.reset(db, token=tokens[1], password=GOOD)
    with pytest.raises(NotFound):
        passwords.resettable(db, token=tokens[0])


@pytest.mark.parametrize("email", ["niemand@test.example", "weg@test.example", "demo@test.example", ""])
def test_nobody_can_tell_whether_there_is_an_account(db: Database, throttles: Database, email: str) -> None:
    colleague(db, "Genk", "weg")
    colleague(db, "Genk", "demo")
    with transaction(db):
        db.execute("update members set active = 0 where email like 'weg@%'")
        db.execute("update members set demo = 1 where email like 'demo@%'")
    forget(db, throttles, email)
    assert db["letters"].count == 0
    assert db["password_resets"].count == 1  # written all the same, so that it takes as long


def test_nobody_is_flooded_with_letters_about_passwords(db: Database, throttles: Database) -> None:
    for _ in range(3):
        forget(db, throttles, "genk@test.example")
    for email in ("genk@test.example", "GENK@test.example"):
        with pytest.raises(TooMany):
            forget(db, throttles, email, address="192.0.2.7")
    assert db["letters"].count == 3
    for number in range(17):
        forget(db, throttles, f"niemand{number}@test.example")
    with pytest.raises(TooMany):
        forget(db, throttles, "niemand@test.example")


def test_who_knows_the_present_password_chooses_another(db: Database, throttles: Database, who: Who) -> None:
    token = sessions.begin(db, member=who("genk"), agent="")
    with pytest.raises(Invalid) as refused:
        passwords.change(db, throttles, member=who("genk"), current="iets anders", password="kort", moment=MOMENT)
    assert [wrong.field for wrong in refused.value.every] == ["current", "password"]
    assert sessions.present(db, token=token)
    passwords.change(db, throttles, member=who("genk"), current="een lang wachtwoord", password=GOOD, moment=MOMENT)
    assert sessions.present(db, token=token) is None
    assert sign_in(db, throttles, "genk@test.example", GOOD)
    assert last_letter(db)["recipient"] == "genk@test.example"


def test_the_present_password_cannot_be_tried_for_ever(db: Database, throttles: Database, who: Who) -> None:
    for _ in range(10):
        with pytest.raises(Invalid):
            passwords.change(db, throttles, member=who("genk"), current="mis", password=GOOD, moment=MOMENT)
    with pytest.raises(TooMany):
        passwords.change(db, throttles, member=who("genk"), current="een lang wachtwoord", password=GOOD, moment=MOMENT)


# Asking for access


def receivers(db: Database) -> list[str]:
    return [item["recipient"].split("@")[0] for item in rows(db, "select recipient from letters order by id")]


def test_who_asks_gets_a_letter_as_do_those_who_may_decide(db: Database, throttles: Database) -> None:
    asked = ask(db, throttles)
    assert asked is not None
    assert sorted(receivers(db)) == ["aalter", "coordinator", "vraagt"]
    body = value(db, "select body from letters where recipient like 'vraagt@%'")
    token = re.search(r"ask-access/([\w-]+)", body)
    assert token is not None
    found, invitation = access.by_token(db, token=token[1])
    assert (found.state, found.organisation, invitation) == (AccessState.ASKED, "Aalter", None)


def test_asking_twice_changes_nothing(db: Database, throttles: Database) -> None:
    first, count = ask(db, throttles), db["letters"].count
    assert ask(db, throttles, email="VRAAGT@test.example", message="Nog eens") == first
    assert db["letters"].count == count


def test_who_has_an_account_is_told_so_by_letter_alone(db: Database, throttles: Database) -> None:
    assert ask(db, throttles, email="genk@test.example") is None
    assert receivers(db) == ["genk"]
    assert last_letter(db)["subject"] == "Je hebt al een account"


def test_every_wrong_field_of_a_question_is_named(db: Database, throttles: Database) -> None:
    with pytest.raises(Invalid) as refused:
        ask(db, throttles, organisation_id=99, name=" ", function="", email="x", message="x" * 2_001)
    fields = ["organisation", "name", "function", "email", "message"]
    assert [wrong.field for wrong in refused.value.every] == fields


def test_asking_for_access_is_throttled(db: Database, throttles: Database) -> None:
    for number in range(10):
        ask(db, throttles, email=f"vraagt{number}@test.example")
    with pytest.raises(TooMany):
        ask(db, throttles, email="vraagt11@test.example")
    assert db["access_requests"].count == 10


def test_a_colleague_lets_somebody_in_and_a_second_time_changes_nothing(
    db: Database, throttles: Database, who: Who
) -> None:
    asked = ask(db, throttles)
    assert asked is not None
    for decider in ("aalter", "coordinator"):
        found = access.approve(db, member=who(decider), request_id=asked.id)
        assert (found.state, found.decided_by) == (AccessState.APPROVED, "Aalter")
    assert db["invitations"].count == 1
    member = accept(db, secret(db))
    assert (member.email, member.organisation) == ("vraagt@test.example", "Aalter")


def test_no_comes_with_a_reason(db: Database, throttles: Database, who: Who) -> None:
    asked = ask(db, throttles)
    assert asked is not None
    with pytest.raises(Invalid):
        access.decline(db, member=who("coordinator"), request_id=asked.id, reason=" ")
    for _ in range(2):
        access.decline(db, member=who("coordinator"), request_id=asked.id, reason="We kennen je niet.")
    assert last_letter(db)["recipient"] == "vraagt@test.example"
    assert "> We kennen je niet." in last_letter(db)["body"]
    with pytest.raises(Conflict, match="Coordinator besliste"):
        access.approve(db, member=who("aalter"), request_id=asked.id)
    assert db["invitations"].count == 0
    again = ask(db, throttles)
    assert again is not None
    assert again.id != asked.id


def test_others_do_not_learn_who_asks(db: Database, throttles: Database, who: Who) -> None:
    asked = ask(db, throttles)
    assert asked is not None
    for verb in (access.get, access.approve):
        with pytest.raises(NotFound):
            verb(db, member=who("genk"), request_id=asked.id)
    assert access.listed(db, member=who("genk"), state=AccessState.ASKED, page=1) == ([], False)
    assert (access.count_waiting(db, member=who("genk")), access.count_waiting(db, member=who("aalter"))) == (0, 1)


def test_who_was_there_before_gets_the_old_account_back_from_a_coordinator(
    db: Database, throttles: Database, who: Who
) -> None:
    organisations.leave(db, member=who("aalter"), member_id=who("aalter").id, successor_id=None)
    asked = ask(db, throttles, email="aalter@test.example")
    assert asked is not None
    access.approve(db, member=who("coordinator"), request_id=asked.id)
    assert who("aalter").active
    assert db["invitations"].count == 0


# Leaving


def post(db: Database, author: Member, title: str = "Digitale balie") -> int:
    with transaction(db):
        return data.ideas.add(
            db,
            form=IdeaForm(title=title, description="Eén balie voor alle diensten."),
            lang="nl",
            organisation_id=author.organisation_id,
            author_id=author.id,
        )


def meet(db: Database, poster: Member, endorser: Member, *, agreed: bool, title: str = "Digitale balie") -> int:
    """An introduction about a new idea of the poster; its id."""
    said = cluster.contacts.endorse(db, member=endorser, idea_id=post(db, poster, title), role="learn", message="Graag")
    found = data.contacts.introduction_of(db, endorsement_id=said.id)
    assert found is not None
    if agreed:
        cluster.contacts.agree(db, member=poster, introduction_id=found.id)
    return found.id


def leave(db: Database, member: Member, successor: Member | None, *, by: Member | None = None) -> bool:
    return organisations.leave(
        db, member=by or member, member_id=member.id, successor_id=successor.id if successor else None
    )


def test_who_leaves_is_out_at_once_and_gets_no_letters(db: Database, throttles: Database, who: Who) -> None:
    colleague(db, "Genk", "geert")
    token = sessions.begin(db, member=who("genk"), agent="")
    waiting = meet(db, who("genk"), who("aalter"), agreed=False)
    letter_id = value(db, "select id from letters where recipient = 'genk@test.example'")
    assert leave(db, who("genk"), who("geert"))
    assert not leave(db, who("genk"), who("geert"))
    assert sessions.present(db, token=token) is None
    with pytest.raises(NotAllowed):
        sessions.begin(db, member=who("genk"), agent="")
    with pytest.raises(Invalid):
        sign_in(db, throttles, "genk@test.example", "een lang wachtwoord")
    sent: list[object] = []
    cluster.letters.deliver(db, letter_id=letter_id, send=sent.append, sender="a@b.example", home="http://x", sign=sign)
    found = data.letters.get(db, letter_id=letter_id)
    assert found is not None
    assert (sent, found.state) == ([], LetterState.FAILED)
    with transaction(db):
        cluster.letters.queue(db, to=who("genk"), template="reset", dedupe_key="x", token="t")
    assert value(db, "select count(*) from letters where dedupe_key = 'x'") == 0
    assert data.contacts.introduction(db, introduction_id=waiting) is not None


def test_ideas_stay_with_the_organisation(db: Database, who: Who) -> None:
    colleague(db, "Genk", "geert")
    idea_id = post(db, who("genk"))
    leave(db, who("genk"), who("geert"))
    idea = data.ideas.get(db, idea_id=idea_id)
    assert idea is not None
    assert (idea.organisation, idea.state) == ("Genk", "open")
    said = cluster.contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="learn", message="")
    found = data.contacts.introduction_of(db, endorsement_id=said.id)
    assert found is not None
    assert found.poster_member_id == who("geert").id


def test_a_colleague_must_be_chosen_to_take_over(db: Database, who: Who) -> None:
    colleague(db, "Genk", "geert")
    for successor in (None, who("aalter"), who("genk")):
        with pytest.raises(Invalid) as refused:
            leave(db, who("genk"), successor)
        assert refused.value.field == "successor"
    assert who("genk").active


def test_what_was_asked_passes_to_the_colleague_who_gets_a_letter(db: Database, who: Who) -> None:
    colleague(db, "Genk", "geert")
    asked = meet(db, who("genk"), who("aalter"), agreed=False)
    leave(db, who("genk"), who("geert"))
    found = data.contacts.introduction(db, introduction_id=asked)
    assert found is not None
    assert found.poster_member_id == who("geert").id
    assert last_letter(db)["recipient"] == "geert@test.example"
    assert f"/introductions/{asked}" in last_letter(db)["body"]


@pytest.mark.parametrize("side", ["poster", "endorser"])
def test_nobody_s_data_is_shown_in_the_place_of_who_left_before_they_say_so(db: Database, who: Who, side: str) -> None:
    colleague(db, "Genk", "geert")
    sides = {"poster": who("genk"), "endorser": who("aalter")}
    if side == "endorser":
        sides = {"poster": who("aalter"), "endorser": who("genk")}
    met = meet(db, sides["poster"], sides["endorser"], agreed=True)
    seen = cluster.contacts.contacts_of(db, member=who("aalter"), introduction_id=met)
    assert seen is not None
    assert seen.email == "genk@test.example"
    leave(db, who("genk"), who("geert"))
    assert cluster.contacts.contacts_of(db, member=who("aalter"), introduction_id=met) is None
    assert [one.id for one in cluster.contacts.without_contact(db, member=who("geert"))] == [met]
    assert cluster.contacts.without_contact(db, member=who("aalter")) == []
    count = db["letters"].count
    assert cluster.contacts.take_over(db, member=who("geert")) == 1
    assert cluster.contacts.take_over(db, member=who("geert")) == 0
    seen = cluster.contacts.contacts_of(db, member=who("aalter"), introduction_id=met)
    assert seen is not None
    assert seen.email == "geert@test.example"
    assert sorted(receivers(db)[count:]) == ["aalter", "geert"]


def test_an_answer_after_the_asker_left_shows_nobody_until_a_colleague_takes_over(db: Database, who: Who) -> None:
    colleague(db, "Genk", "geert")
    asked = meet(db, who("aalter"), who("genk"), agreed=False)
    leave(db, who("genk"), who("geert"))
    count = db["letters"].count
    cluster.contacts.agree(db, member=who("aalter"), introduction_id=asked)
    assert cluster.contacts.contacts_of(db, member=who("aalter"), introduction_id=asked) is None
    assert db["letters"].count == count
    cluster.contacts.take_over(db, member=who("geert"))
    assert sorted(receivers(db)[count:]) == ["aalter", "geert"]
    assert "geert@test.example" in value(
        db, "select body from letters where recipient like 'aalter@%' order by id desc"
    )


def test_the_coordinators_are_told_when_the_last_one_leaves(db: Database, who: Who) -> None:
    assert leave(db, who("genk"), None)
    assert receivers(db) == ["coordinator"]
    assert "Genk" in last_letter(db)["subject"]


def test_who_waits_for_an_answer_of_who_left_last_is_in_the_coordinators_queue(db: Database, who: Who) -> None:
    waiting = data.contacts.introduction(db, introduction_id=meet(db, who("genk"), who("aalter"), agreed=False))
    assert waiting is not None
    aalter = who("aalter")
    assert cluster.project_requests.asked(db, member=aalter, kind=Kind.IDEA, item_id=waiting.idea_id) is None
    assert leave(db, who("genk"), None)
    found = cluster.project_requests.asked(db, member=aalter, kind=Kind.IDEA, item_id=waiting.idea_id)
    assert found is not None
    assert (found.state, found.organisation) == (RequestState.ASKED, "Aalter")


def test_the_last_one_can_leave_though_who_waits_for_an_answer_left_as_well(db: Database, who: Who) -> None:
    waiting = data.contacts.introduction(db, introduction_id=meet(db, who("genk"), who("aalter"), agreed=False))
    assert waiting is not None
    coordinator = who("coordinator")
    for name in ("aalter", "genk"):
        assert leave(db, who(name), None)
    ((asked,), _, _) = cluster.project_requests.listed(db, member=coordinator, state=RequestState.ASKED, page=1)
    assert (asked.idea_id, asked.organisation) == (waiting.idea_id, "Aalter")
    assert cluster.project_requests.asker(db, member=coordinator, request=asked) is None
    letter = row(db, "select subject, body from letters where dedupe_key like 'contact:%'")
    assert letter is not None
    assert letter["subject"].startswith("Aalter vraagt contact")
    assert "heeft hier geen account meer" in letter["body"]
    assert "aalter@" not in letter["body"]


def test_a_coordinator_closes_and_opens_accounts(db: Database, throttles: Database, who: Who) -> None:
    token = sessions.begin(db, member=who("genk"), agent="")
    assert leave(db, who("genk"), None, by=who("coordinator"))
    assert organisations.come_back(db, member=who("coordinator"), member_id=who("genk").id)
    assert not organisations.come_back(db, member=who("coordinator"), member_id=who("genk").id)
    assert sessions.present(db, token=token) is None
    assert sign_in(db, throttles, "genk@test.example", "een lang wachtwoord").active
    assert last_letter(db)["subject"] == "Je account is weer open"


def test_nobody_else_closes_or_opens_an_account(db: Database, who: Who) -> None:
    colleague(db, "Genk", "geert")
    with pytest.raises(NotFound):
        leave(db, who("genk"), who("geert"), by=who("geert"))
    with pytest.raises(NotAllowed):
        organisations.come_back(db, member=who("geert"), member_id=who("genk").id)


def test_the_last_coordinator_cannot_leave(db: Database, who: Who) -> None:
    with pytest.raises(NotAllowed):
        leave(db, who("coordinator"), None)
    add_member(db, email="tweede@test.example", organisation_id=None, role=Role.COORDINATOR)
    assert leave(db, who("coordinator"), None)


# Lists, and for whom a body speaks


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (OrganisationFilter(text="aal"), ["Aalter"]),
        (OrganisationFilter(text="44 084"), ["Aalter"]),
        (OrganisationFilter(text="0697.608.063"), ["Aalter"]),
        (OrganisationFilter(text="Knesselare"), ["Aalter"]),
        (OrganisationFilter(text="%"), []),
        (OrganisationFilter(text="_____"), []),
        (OrganisationFilter(kind="intermunicipal"), ["Streekverband"]),
        (OrganisationFilter(peopled=False), ["Streekverband"]),
        (OrganisationFilter(peopled=True, text="r"), ["Aalter", "Kortrijk"]),
        (OrganisationFilter(), ["Aalter", "Genk", "Kortrijk", "Streekverband"]),
    ],
)
def test_coordinators_find_organisations(db: Database, who: Who, wanted: OrganisationFilter, names: list[str]) -> None:
    aalter = organisation_id(db, "Aalter")
    former = dict.fromkeys(("kbo", "ovo", "valid_from", "valid_until"))
    with transaction(db):
        db.execute("update organisations set nis = '44084', kbo = '0697608063' where id = ?", [aalter])
        data.people.set_names(db, organisation_id=aalter, names=[{**former, "name": "Knesselare", "nis": "44029"}])
    found, more = organisations.browse(db, member=who("coordinator"), wanted=wanted, page=1)
    assert ([item.organisation.name for item in found], more) == (names, False)
    assert [item.members for item in found] == [int(name != "Streekverband") for name in names]


def test_coordinators_find_members(db: Database, who: Who) -> None:
    leave(db, who("kortrijk"), None)

    def found(**wanted: Any) -> list[str]:
        listed, _ = organisations.browse_members(db, member=who("coordinator"), wanted=MemberFilter(**wanted), page=1)
        return [one.name for one in listed]

    assert found() == ["Aalter", "Coordinator", "Genk", "Kortrijk"]
    assert found(text="genk@") == ["Genk"]
    assert found(role="coordinator") == ["Coordinator"]
    assert found(active=False) == ["Kortrijk"]
    assert found(organisation_id=organisation_id(db, "Aalter")) == ["Aalter"]


def test_members_see_no_list_of_members(db: Database, who: Who) -> None:
    for verb, wanted in (
        (organisations.browse_members, MemberFilter()),
        (organisations.browse, OrganisationFilter()),
    ):
        with pytest.raises(NotAllowed):
            verb(db, member=who("genk"), wanted=wanted, page=1)
    with pytest.raises(NotFound):
        organisations.members(db, member=who("genk"), organisation_id=organisation_id(db, "Aalter"))


def speak_for(db: Database, member: Member, *names: str, revision: int = 0) -> bool:
    return organisations.speak_for(
        db,
        member=member,
        organisation_id=organisation_id(db, "Streekverband"),
        municipality_ids=[organisation_id(db, name) for name in names],
        revision=revision,
    )


def test_a_body_names_its_municipalities_and_every_change_is_kept(db: Database, who: Who) -> None:
    colleague(db, "Streekverband", "streek")
    body = organisation_id(db, "Streekverband")
    assert speak_for(db, who("streek"), "Aalter", "Genk")
    stands, revision = organisations.stands_for(db, member=who("streek"), organisation_id=body)
    assert [one.name for one in stands] == ["Aalter", "Genk"]
    assert not speak_for(db, who("streek"), "Genk", "Aalter", revision=revision)
    changes = organisations.changes(db, member=who("streek"), organisation_id=body)
    assert [(one.action, one.municipality, one.who) for one in changes] == [
        ("removed", "Kortrijk", "Streek"),
        ("added", "Genk", "Streek"),
    ]


def test_two_at_once_do_not_overwrite_each_other(db: Database, who: Who) -> None:
    assert speak_for(db, who("coordinator"), "Genk")
    with pytest.raises(Conflict):
        speak_for(db, who("coordinator"), "Aalter")
    stands, _ = organisations.stands_for(
        db, member=who("coordinator"), organisation_id=organisation_id(db, "Streekverband")
    )
    assert [one.name for one in stands] == ["Genk"]


def test_only_the_body_and_coordinators_say_for_whom_it_speaks(db: Database, who: Who) -> None:
    with pytest.raises(NotFound):
        speak_for(db, who("genk"), "Genk")
    with pytest.raises(Invalid):
        speak_for(db, who("coordinator"), "Streekverband")
    with pytest.raises(NotFound):
        organisations.body(db, member=who("genk"), organisation_id=organisation_id(db, "Genk"))


def test_setting_up_again_leaves_what_people_chose(db: Database, who: Who) -> None:
    speak_for(db, who("coordinator"), "Genk")
    body = organisation_id(db, "Streekverband")
    assert data.people.bodies_that_people_changed(db) == {body}
    names = dict.fromkeys(("province", "nis", "kbo", "ovo", "inhabitants", "lat", "lon", "valid_from", "valid_until"))
    shipped = {**names, "uri": "urn:Streekverband", "kind": "intermunicipal", "name": "Streekverband", "names": []}
    _organisations(db, [{**shipped, "stands_for": []}], [])
    assert [one.name for one in data.people.stands_for(db, organisation_id=body)] == ["Genk"]


def test_each_municipality_counts_once_also_behind_a_body_and_after_a_merger(db: Database) -> None:
    ids = {name: organisation_id(db, name) for name in ("Aalter", "Genk", "Kortrijk", "Streekverband")}
    reached = data.people.reach(db, organisation_ids=[ids["Aalter"], ids["Streekverband"]])
    assert [one.name for one in reached] == ["Aalter", "Kortrijk"]
    with transaction(db):
        data.people.add_merger(
            db, original_id=ids["Aalter"], resulting_id=ids["Genk"], happened_on="2025-01-01", identity="changed"
        )
    reached = data.people.reach(db, organisation_ids=[ids["Aalter"], ids["Genk"], ids["Streekverband"]])
    assert [one.name for one in reached] == ["Genk", "Kortrijk"]


def test_support_counts_the_inhabitants_of_each_municipality_once(db: Database, who: Who) -> None:
    colleague(db, "Streekverband", "streek")
    idea_id = post(db, who("genk"))
    for name in ("aalter", "streek"):
        cluster.contacts.endorse(db, member=who(name), idea_id=idea_id, role="learn", message="")
    idea = data.ideas.get(db, idea_id=idea_id)
    assert idea is not None
    found = cluster.contacts.support(db, idea=idea, found=cluster.contacts.endorsements(db, idea_id=idea_id))
    assert found.inhabitants == 66_000 + 28_000 + 77_000
