"""Shares of a cost: who pays how much, to the cent, within what each can bear."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


class Impossible(ValueError):
    """The total cannot be divided so; `missing` is how many cents nobody may pay, below zero how many too many.

    `key` names the partner whose own bounds contradict each other, if that is what is wrong.
    """

    def __init__(self, *, missing: int = 0, key: int | None = None) -> None:
        super().__init__(f"partner {key}" if key is not None else f"{missing} cents")
        self.missing = missing
        self.key = key


@dataclass(frozen=True, slots=True)
class Claim:
    """What one partner can bear: a share by `weight` (0 or more), of `at_least` and `at_most` so many cents.

    `key` tells partners apart and settles who gets a last cent, so that the order of partners does not matter.
    `given` is what it brings in kind, in cents: it counts as paid, and the bounds are about the money beside it.
    """

    key: int
    weight: Fraction | int
    at_least: int = 0
    at_most: int | None = None
    given: int = 0


def divide(total: int, claims: Sequence[Claim]) -> dict[int, int]:
    """Divide `total` cents of money into shares by weight, within the bounds of each partner.

    Parameters
    ----------
    total : int — cents of money to pay, 0 or more; what partners give in kind comes on top of it
    claims : sequence of Claim — any order, distinct keys

    Returns
    -------
    dict from key to cents. The shares add up to `total`; each is within its bounds; of two partners with the same
    bounds and gifts the one with more weight never pays less; raising one weight never lowers that partner's share.

    Raises
    ------
    Impossible — when bounds leave no such division, or when nobody has weight and nobody must pay

    What everybody bears, money and gifts together, is `weight` times one rate, cut off at the bounds (constrained
    proportional division, "water filling"). The exact shares are then rounded by largest remainder (Hamilton's
    method): everybody gets the whole cents, and those with the largest fractions get the cents that are left.
    """
    if len({claim.key for claim in claims}) != len(claims):
        raise ValueError("two partners have one key")
    if total < 0 or any(claim.weight < 0 or claim.given < 0 or claim.at_least < 0 for claim in claims):
        raise ValueError("amounts and weights are not below zero")
    bounds = [_bounds(claim, total) for claim in claims]
    _must_fit(total, claims, bounds)
    gifts = sum(claim.given for claim in claims)
    exact = _exact(total + gifts, [Fraction(claim.weight) for claim in claims], bounds)
    shares = [int(share) for share in exact]  # whole cents: none of them is below zero
    # Ties go to the heavier, then to the lower key: never to who happens to stand first.
    by_remainder = sorted(
        range(len(claims)), key=lambda at: (shares[at] - exact[at], -claims[at].weight, claims[at].key)
    )
    for at in by_remainder[: total + gifts - sum(shares)]:
        shares[at] += 1
    return {claim.key: share - claim.given for claim, share in zip(claims, shares, strict=True)}


def subsidy(cost: int, *, percent: int, ceiling: int) -> int:
    """What a call pays of `cost` cents: at most `percent` of it (whole cents, rounded down) and at most `ceiling`."""
    return min(cost * percent // 100, ceiling)


def tier(size: int | None, tiers: Sequence[tuple[int | None, Fraction]]) -> Fraction:
    """The weight of the tier that `size` falls in; `tiers` ascend, each up to and with its bound, the last unbounded.

    A size that is not known counts as 0, so it falls in the lowest tier.
    """
    if not tiers:
        return Fraction(0)
    ends = [float("inf") if end is None else end for end, _ in tiers]
    return tiers[min(bisect_right(ends, (size or 0) - 1), len(tiers) - 1)][1]


def _bounds(claim: Claim, total: int) -> tuple[int, int]:
    """Least and most that a partner bears, gifts included; nobody pays more money than there is to pay."""
    at_most = total if claim.at_most is None else min(claim.at_most, total)
    if claim.at_most is not None and claim.at_least > claim.at_most:
        raise Impossible(key=claim.key)
    return claim.given + claim.at_least, claim.given + max(at_most, claim.at_least)


def _must_fit(total: int, claims: Sequence[Claim], bounds: Sequence[tuple[int, int]]) -> None:
    gifts = sum(claim.given for claim in claims)
    least = sum(low for low, _ in bounds)
    # Without weight nobody pays more than they must.
    most = sum(high if claim.weight else low for claim, (low, high) in zip(claims, bounds, strict=True))
    if least > total + gifts:
        raise Impossible(missing=total + gifts - least)
    if most < total + gifts:
        raise Impossible(missing=total + gifts - most)


def _exact(total: int, weights: Sequence[Fraction], bounds: Sequence[tuple[int, int]]) -> list[Fraction]:
    """The shares before rounding: min(max(rate · weight, least), most) at the rate at which they add up.

    The sum grows with the rate, in straight pieces between the rates at which some share meets a bound. The rate is
    sought among those first, and then within one piece.
    """

    def at(rate: Fraction) -> list[Fraction]:
        return [
            min(max(rate * weight, Fraction(low)), Fraction(high))
            for weight, (low, high) in zip(weights, bounds, strict=True)
        ]

    rates = {Fraction(0)}
    for weight, (low, high) in zip(weights, bounds, strict=True):
        if weight:
            rates |= {Fraction(low) / weight, Fraction(high) / weight}
    ordered = sorted(rates)
    below, above = 0, len(ordered) - 1
    if sum(at(ordered[above])) <= total:
        return at(ordered[above])
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if sum(at(ordered[middle])) <= total else (below, middle)
    left, right = at(ordered[below]), at(ordered[above])
    grown = sum(right) - sum(left)
    part = Fraction(total - sum(left)) / grown if grown else Fraction(0)
    return [one + part * (other - one) for one, other in zip(left, right, strict=True)]
