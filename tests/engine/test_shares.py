"""Shares add up to the cent, follow the weights, stay within bounds, and do not depend on who stands first."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cluster.engine.shares import Claim, Impossible, divide, subsidy, tier

CENTS = st.integers(0, 10**9)
WEIGHTS = st.one_of(st.integers(0, 500_000), st.fractions(0, 1_000, max_denominator=1_000))


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """Partners with whatever bounds, close together more often than chance would have it."""
    small = st.one_of(st.integers(0, 200), CENTS)
    found = []
    for key in draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=9, unique=True)):
        least = draw(st.one_of(st.just(0), small))
        most = draw(st.one_of(st.none(), small.map(lambda more, least=least: least + more)))
        gift = draw(st.one_of(st.just(0), small))
        found.append(Claim(key, draw(WEIGHTS), at_least=least, at_most=most, given=gift))
    return found


@st.composite
def possible(draw: st.DrawFn) -> tuple[int, list[Claim]]:
    """A total that these partners can bear."""
    found = draw(claims())
    least = sum(one.at_least for one in found)
    loose = [one for one in found if one.weight]
    room = sum(10**9 if one.at_most is None else one.at_most - one.at_least for one in loose)
    return least + draw(st.one_of(st.integers(0, min(room, 300)), st.integers(0, room))), found


@settings(deadline=None)
@given(possible())
def test_shares_add_up_and_bounds_hold(what: tuple[int, list[Claim]]) -> None:
    total, found = what
    shares = divide(total, found)
    assert set(shares) == {one.key for one in found}
    assert sum(shares.values()) == total
    for one in found:
        assert shares[one.key] >= one.at_least
        assert one.at_most is None or shares[one.key] <= one.at_most


@settings(deadline=None)
@given(possible(), st.randoms())
def test_the_order_of_partners_changes_nothing(what: tuple[int, list[Claim]], random: Random) -> None:
    total, found = what
    shuffled = list(found)
    random.shuffle(shuffled)
    assert divide(total, shuffled) == divide(total, found)


@settings(deadline=None)
@given(possible(), WEIGHTS, st.data())
def test_more_weight_never_pays_less(what: tuple[int, list[Claim]], other: Fraction | int, data: st.DataObject) -> None:
    """Of two with the same bounds the heavier pays at least as much."""
    total, found = what
    one = data.draw(st.sampled_from(found))
    twin = replace(one, key=0, weight=other)
    both = [*found, twin]
    total += twin.at_least
    shares = divide(total, both)
    if one.weight > other:
        assert shares[one.key] >= shares[0]
    elif one.weight < other:
        assert shares[one.key] <= shares[0]
    else:
        assert abs(shares[one.key] - shares[0]) <= 1


@settings(deadline=None)
@given(possible(), WEIGHTS, st.data())
def test_raising_a_weight_never_lowers_the_share(
    what: tuple[int, list[Claim]], more: Fraction | int, data: st.DataObject
) -> None:
    total, found = what
    one = data.draw(st.sampled_from(found))
    raised = [replace(each, weight=each.weight + more) if each is one else each for each in found]
    assert divide(total, raised)[one.key] >= divide(total, found)[one.key]


@settings(deadline=None)
@given(possible())
def test_a_cent_more_to_pay_makes_nobody_much_cheaper(what: tuple[int, list[Claim]]) -> None:
    """Largest remainder may take one cent back when the total grows by one (the Alabama paradox), and no more."""
    total, found = what
    try:
        after = divide(total + 1, found)
    except Impossible:
        assume(False)
    before = divide(total, found)
    assert all(after[key] >= before[key] - 1 for key in before)


@settings(deadline=None)
@given(st.integers(0, 10**9), claims())
def test_whatever_cannot_be_divided_is_refused_with_what_is_missing(total: int, found: list[Claim]) -> None:
    least = sum(one.at_least for one in found)
    most = sum(
        max(min(total if one.at_most is None else one.at_most, total), one.at_least) if one.weight else one.at_least
        for one in found
    )
    if least > total:
        with pytest.raises(Impossible) as refused:
            divide(total, found)
        assert refused.value.missing == total - least
    elif most < total:
        with pytest.raises(Impossible) as refused:
            divide(total, found)
        assert refused.value.missing == total - most
    else:
        assert sum(divide(total, found).values()) == total


def test_ten_euro_by_three_leaves_no_cent_behind() -> None:
    assert divide(1_000, [Claim(key, 1) for key in (3, 1, 2)]) == {1: 334, 2: 333, 3: 333}


def test_by_inhabitants_as_worked_out_by_hand() -> None:
    # 171.000 inhabitants share € 50.000: 28/171, 66/171 and 77/171.
    shares = divide(5_000_000, [Claim(1, 28_000), Claim(2, 66_000), Claim(3, 77_000)])
    assert shares == {1: 818_713, 2: 1_929_825, 3: 2_251_462}


def test_what_a_cap_leaves_open_the_others_pay_by_weight() -> None:
    shares = divide(10_000, [Claim(1, 1), Claim(2, 1), Claim(3, 2, at_most=2_000)])
    assert shares == {1: 4_000, 2: 4_000, 3: 2_000}


def test_a_fixed_amount_is_paid_by_who_has_no_weight_too() -> None:
    assert divide(900, [Claim(1, 0, at_least=300, at_most=300), Claim(2, 1), Claim(3, 1)]) == {1: 300, 2: 300, 3: 300}


def test_days_in_kind_count_as_paid() -> None:
    # € 100 of money and € 50 of days: each bears € 75, and the first brought 50 of it.
    assert divide(10_000, [Claim(1, 1, given=5_000), Claim(2, 1)]) == {1: 2_500, 2: 7_500}


def test_who_brings_more_than_a_share_pays_nothing() -> None:
    assert divide(1_000, [Claim(1, 1, given=9_000), Claim(2, 1), Claim(3, 1)]) == {1: 0, 2: 500, 3: 500}


def test_nobody_with_weight_and_something_to_pay_is_impossible() -> None:
    with pytest.raises(Impossible) as refused:
        divide(500, [Claim(1, 0), Claim(2, 0)])
    assert refused.value.missing == 500
    assert divide(0, [Claim(1, 0), Claim(2, 0)]) == {1: 0, 2: 0}


def test_no_partners_can_pay_nothing_alone() -> None:
    assert divide(0, []) == {}
    with pytest.raises(Impossible):
        divide(1, [])


def test_a_minimum_above_the_cap_names_the_partner() -> None:
    with pytest.raises(Impossible) as refused:
        divide(500, [Claim(1, 1), Claim(7, 1, at_least=300, at_most=200)])
    assert refused.value.key == 7


def test_amounts_below_zero_and_twins_are_mistakes_of_the_caller() -> None:
    for total, wrong in ((-1, []), (1, [Claim(1, -1)]), (1, [Claim(1, 1), Claim(1, 1)])):
        with pytest.raises(ValueError, match=r"below zero|one key"):
            divide(total, wrong)


def test_a_call_pays_its_percentage_up_to_its_ceiling() -> None:
    assert subsidy(10_000_000, percent=80, ceiling=15_000_000) == 8_000_000
    assert subsidy(100_000_000, percent=80, ceiling=15_000_000) == 15_000_000
    assert subsidy(101, percent=80, ceiling=15_000_000) == 80  # 80.8 cents: the call never pays more than its share


@pytest.mark.parametrize(
    ("size", "weight"), [(None, 1), (0, 1), (15_000, 1), (15_001, 2), (30_000, 2), (30_001, 3), (500_000, 3)]
)
def test_a_tier_goes_up_to_and_with_its_bound(size: int | None, weight: int) -> None:
    tiers = [(15_000, Fraction(1)), (30_000, Fraction(2)), (None, Fraction(3))]
    assert tier(size, tiers) == weight


def test_above_the_last_bound_the_last_tier_counts() -> None:
    assert tier(99, [(10, Fraction(1)), (20, Fraction(2))]) == 2
    assert tier(99, []) == 0
