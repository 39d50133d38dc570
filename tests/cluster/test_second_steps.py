"""The second step: a code works once, a recovery code works once, guessing stops, and every change is told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from sqlite_utils import Database

from cluster import second_steps, sessions
from cluster.seals import Seals
from data.store import transaction, value
from data.throttles import open_throttles
from models.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from models.people import Member
from models.sessions import Outcome, Session
from tests.conftest import dumped

Who = Callable[[str], Member]
PASSWORD = "een lang wachtwoord"
MOMENT = 1_800_000_000.0
SEALS = Seals("s" * 40)


@pytest.fixture
def throttles(tmp_path: Path) -> Iterator[Database]:
    found = open_throttles(tmp_path / "throttles.sqlite")
    yield found
    found.close()


def here(db: Database, member: Member) -> Session:
    found = sessions.present(db, token=sessions.begin(db, member=member, agent=""))
    assert found is not None
    return found.session


def code(secret: str, moment: float = MOMENT) -> str:
    return pyotp.TOTP(secret).at(datetime.fromtimestamp(moment, UTC))


def set_up(db: Database, throttles: Database, member: Member) -> tuple[str, list[str]]:
    """Set the second step up and return its secret and the recovery codes."""
    second_steps.propose(db, throttles, member=member, password=PASSWORD, seals=SEALS, moment=MOMENT)
    secret = second_steps.stands(db, member=member, seals=SEALS).candidate
    assert secret is not None
    codes = second_steps.settle(
        db,
        throttles,
        member=member,
        session=here(db, member),
        code=code(secret, MOMENT - 60),
        seals=SEALS,
        moment=MOMENT - 60,
    )
    return secret, codes


def enter(db: Database, throttles: Database, member: Member, given: str = "", recovery: str = "", *,
          moment: float = MOMENT, token: str | None = None) -> Member:  # fmt: skip
    token = token or sessions.begin_half(db, member=member, agent="")
    return second_steps.enter(
        db, throttles, token=token, code=given, recovery=recovery, agent="Edge, Windows", seals=SEALS, moment=moment
    )


def last_letter(db: Database) -> str:
    return str(value(db, "select subject from letters order by id desc"))


def test_a_secret_counts_only_once_a_code_proves_it(db: Database, throttles: Database, who: Who) -> None:
    member = who("genk")
    with pytest.raises(Invalid) as refused:
        second_steps.propose(db, throttles, member=member, password="mis", seals=SEALS, moment=MOMENT)
    assert refused.value.field == "current"
    second_steps.propose(db, throttles, member=member, password=PASSWORD, seals=SEALS, moment=MOMENT)
    assert not second_steps.is_asked(db, member=member)
    elsewhere, session = here(db, member), here(db, member)
    with pytest.raises(Invalid):
        second_steps.settle(db, throttles, member=member, session=session, code="000000", seals=SEALS, moment=MOMENT)
    secret = second_steps.stands(db, member=member, seals=SEALS).candidate
    assert secret is not None
    spaced = f" {code(secret)[:3]} {code(secret)[3:]} "
    codes = second_steps.settle(db, throttles, member=member, session=session, code=spaced, seals=SEALS, moment=MOMENT)
    assert second_steps.is_asked(db, member=member)
    assert len(set(codes)) == 10
    assert [one.id for one in sessions.listed(db, member=member)] == [session.id] != [elsewhere.id]
    assert last_letter(db) == "Je tweede stap is ingesteld"
    kept = dumped(db)
    assert not any(one in kept or one.replace("-", "") in kept for one in codes)


def test_each_code_lets_in_once(db: Database, throttles: Database, who: Who) -> None:
    secret, _ = set_up(db, throttles, who("genk"))
    assert enter(db, throttles, who("genk"), code(secret)) == who("genk")
    with pytest.raises(Invalid):
        enter(db, throttles, who("genk"), code(secret))
    with pytest.raises(Invalid):  # one that is still valid but older than the last one used
        enter(db, throttles, who("genk"), code(secret, MOMENT - 30))
    assert enter(db, throttles, who("genk"), code(secret, MOMENT + 30), moment=MOMENT + 30)


@pytest.mark.parametrize("off", [-61, 61])
def test_clocks_may_differ_by_half_a_minute_and_no_more(db: Database, throttles: Database, who: Who, off: int) -> None:
    secret, _ = set_up(db, throttles, who("genk"))
    with pytest.raises(Invalid):
        enter(db, throttles, who("genk"), code(secret, MOMENT + off))
    assert enter(db, throttles, who("genk"), code(secret, MOMENT - 30))


def test_a_recovery_code_lets_in_once_however_it_is_typed(db: Database, throttles: Database, who: Who) -> None:
    _, codes = set_up(db, throttles, who("genk"))
    assert enter(db, throttles, who("genk"), recovery=codes[3].upper().replace("-", " "))
    assert second_steps.stands(db, member=who("genk"), seals=SEALS).codes_left == 9
    with pytest.raises(Invalid) as refused:
        enter(db, throttles, who("genk"), recovery=codes[3])
    assert refused.value.field == "recovery"
    fresh = second_steps.renew_codes(db, throttles, member=who("genk"), password=PASSWORD, moment=MOMENT)
    with pytest.raises(Invalid):
        enter(db, throttles, who("genk"), recovery=codes[4])
    assert enter(db, throttles, who("genk"), recovery=fresh[0])
    assert last_letter(db) == "Je hebt nieuwe herstelcodes"


def test_guessing_stops_even_at_the_right_code_and_is_seen_by_whose_account_it_is(
    db: Database, throttles: Database, who: Who
) -> None:
    secret, codes = set_up(db, throttles, who("genk"))
    token = sessions.begin_half(db, member=who("genk"), agent="")
    for _ in range(5):
        with pytest.raises(Invalid):
            enter(db, throttles, who("genk"), "000000", token=token)
    for given, recovery in ((code(secret), ""), ("", codes[0])):
        with pytest.raises(TooMany):
            enter(db, throttles, who("genk"), given, recovery)
    assert [one.outcome for one in sessions.sign_ins(db, member=who("genk"))][:5] == [Outcome.CODE] * 5
    assert enter(db, throttles, who("genk"), code(secret, MOMENT + 900), moment=MOMENT + 900)


def test_the_question_for_a_code_is_open_for_ten_minutes_and_answered_once(
    db: Database, throttles: Database, who: Who
) -> None:
    secret, codes = set_up(db, throttles, who("genk"))
    token = sessions.begin_half(db, member=who("genk"), agent="")
    enter(db, throttles, who("genk"), code(secret), token=token)
    with pytest.raises(NotFound):
        enter(db, throttles, who("genk"), recovery=codes[0], token=token)
    token = sessions.begin_half(db, member=who("genk"), agent="")
    with transaction(db):
        db.execute("update sessions set ends_at = '2020-01-01T00:00:00+00:00' where half = 1")
    with pytest.raises(NotFound):
        enter(db, throttles, who("genk"), recovery=codes[0], token=token)
    whole = sessions.begin(db, member=who("genk"), agent="")
    with pytest.raises(NotFound):
        enter(db, throttles, who("genk"), recovery=codes[0], token=whole)


def test_another_device_replaces_the_first_only_when_proven(db: Database, throttles: Database, who: Who) -> None:
    first, _ = set_up(db, throttles, who("genk"))
    second_steps.propose(db, throttles, member=who("genk"), password=PASSWORD, seals=SEALS, moment=MOMENT)
    assert enter(db, throttles, who("genk"), code(first))
    second = second_steps.stands(db, member=who("genk"), seals=SEALS).candidate
    assert second is not None
    later = MOMENT + 60
    given = code(second, later)
    second_steps.settle(
        db, throttles, member=who("genk"), session=here(db, who("genk")), code=given, seals=SEALS, moment=later
    )
    with pytest.raises(Invalid):
        enter(db, throttles, who("genk"), code(first, later + 30), moment=later + 30)
    assert enter(db, throttles, who("genk"), code(second, later + 30), moment=later + 30)


def test_turning_it_off_takes_the_password_and_is_not_for_who_must_have_it(
    db: Database, throttles: Database, who: Who
) -> None:
    set_up(db, throttles, who("genk"))

    def remove(password: str, optional: bool) -> None:
        second_steps.remove(
            db, throttles, member=who("genk"), session=here(db, who("genk")), password=password, moment=MOMENT,
            optional=optional,
        )  # fmt: skip

    with pytest.raises(NotAllowed):
        remove(PASSWORD, False)
    with pytest.raises(Invalid):
        remove("mis", True)
    assert second_steps.is_asked(db, member=who("genk"))
    remove(PASSWORD, True)
    assert not second_steps.is_asked(db, member=who("genk"))
    assert last_letter(db) == "Je tweede stap is weggenomen"
    assert db["recovery_codes"].count == 0
    with pytest.raises(Conflict):
        second_steps.renew_codes(db, throttles, member=who("genk"), password=PASSWORD, moment=MOMENT)


def test_a_coordinator_helps_who_lost_everything_but_not_themselves(
    db: Database, throttles: Database, who: Who
) -> None:
    for name in ("genk", "coordinator"):
        set_up(db, throttles, who(name))
    coordinator, genk = who("coordinator"), who("genk")
    for by, of in ((genk, coordinator), (genk, genk), (coordinator, coordinator)):
        with pytest.raises(NotAllowed):
            second_steps.reset(db, member=by, member_id=of.id)
    assert second_steps.reset(db, member=coordinator, member_id=genk.id)
    assert not second_steps.reset(db, member=coordinator, member_id=genk.id)
    assert (second_steps.is_asked(db, member=genk), sessions.listed(db, member=genk)) == (False, [])
    assert last_letter(db) == "Je tweede stap is weggenomen"
    assert second_steps.reset_by_hand(db, member_id=coordinator.id)
    with pytest.raises(NotFound):
        second_steps.reset(db, member=coordinator, member_id=99)


def test_no_secret_stands_readable_and_another_key_opens_none(db: Database, throttles: Database, who: Who) -> None:
    secret, codes = set_up(db, throttles, who("genk"))
    assert secret not in dumped(db)
    other = Seals("t" * 40)
    assert second_steps.unreadable(db, seals=SEALS) == 0
    assert second_steps.unreadable(db, seals=other) == 1
    assert second_steps.seal(db, seals=other) == 0  # what it cannot open, it leaves as it is
    # A new key that knows the former one: all goes on, and after sealing anew the former one is not needed.
    assert second_steps.seal(db, seals=Seals("t" * 40, "s" * 40)) == 1
    assert second_steps.seal(db, seals=Seals("t" * 40, "s" * 40)) == 0
    assert second_steps.unreadable(db, seals=other) == 0
    token = sessions.begin_half(db, member=who("genk"), agent="")
    given = {"agent": "", "moment": MOMENT}
    with pytest.raises(Invalid):
        second_steps.enter(db, throttles, token=token, code=code(secret), recovery="", seals=SEALS, **given)
    assert second_steps.enter(db, throttles, token=token, code=code(secret), recovery="", seals=other, **given)
    token = sessions.begin_half(db, member=who("genk"), agent="")
    assert second_steps.enter(db, throttles, token=token, code="", recovery=codes[0], seals=SEALS, **given)


def test_secrets_from_before_there_were_seals_are_sealed(db: Database, who: Who) -> None:
    readable = [pyotp.random_base32(), pyotp.random_base32()]
    with transaction(db):
        db.execute(
            "insert into second_steps (member_id, secret, candidate) values (?, ?, ?)", [who("genk").id, *readable]
        )
    assert second_steps.seal(db, seals=SEALS) == 1
    assert not any(secret in dumped(db) for secret in readable)
    assert second_steps.stands(db, member=who("genk"), seals=SEALS).candidate == readable[1]
    assert second_steps.seal(db, seals=SEALS) == 0
