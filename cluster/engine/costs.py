"""Costs: what a plan comes to, who pays which share, what joining saves, and how two plans differ."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from statistics import median_low

from cluster.engine.shares import Claim, Impossible, divide, subsidy, tier
from models.circles import Party
from models.plans import Change, Content, Figures, Item, Key, Partner, Share


def figures(content: Content) -> Figures:
    """What a content comes to; one that does not add up says what is missing instead of shares."""
    cost = sum(_of_all(item, content) for item in content.items)
    paid = subsidy(cost, percent=content.percent, ceiling=content.ceiling)
    shares: dict[int, int] = {}
    missing, crossed = 0, None
    try:
        shares = divide(cost - paid, [_claim(partner, content) for partner in content.partners])
    except Impossible as refused:
        missing = refused.missing
        crossed = next((one for one in content.partners if one.organisation_id == refused.key), None)
    years = sorted({item.year for item in content.items})
    return Figures(
        cost=cost,
        subsidy=paid,
        unfunded=cost * content.percent // 100 - paid,
        own=cost - paid,
        given=sum(partner.days for partner in content.partners) * content.day_cents,
        years=tuple(
            (year, sum(_of_all(item, content) for item in content.items if item.year == year)) for year in years
        ),
        shares=tuple(
            Share(
                partner=partner,
                pays=shares.get(partner.organisation_id),
                given=partner.days * content.day_cents,
                alone=_alone(partner, content),
            )
            for partner in content.partners
        ),
        missing=missing,
        crossed=crossed,
    )


def without(content: Content, organisation_id: int) -> Content:
    """The content when a partner leaves; who applied for the group then has to be chosen anew."""
    return replace(
        content,
        partners=tuple(one for one in content.partners if one.organisation_id != organisation_id),
        lead_id=None if content.lead_id == organisation_id else content.lead_id,
    )


def with_party(content: Content, party: Party) -> Content:
    """The content when a government joins on no terms of its own; by use and by weights it counts as the median."""
    known = [one.weight for one in content.partners if one.weight]
    joined = Partner(
        organisation_id=party.id,
        name=party.name,
        inhabitants=party.inhabitants,
        weight=median_low(known) if known else None,
        fixed=0 if content.key is Key.FIXED else None,
    )
    return replace(without(content, party.id), partners=(*content.partners, joined), lead_id=content.lead_id)


def moved(before: Figures | None, after: Figures) -> list[tuple[str, int | None, int | None]]:
    """What each partner pays before and after, in cents, with its name; none for who is not in one of the two."""
    was, now = ({one.partner.organisation_id: one for one in each.shares} if each else {} for each in (before, after))
    return [
        (
            (now.get(key) or was[key]).partner.name,
            was[key].pays if key in was else None,
            now[key].pays if key in now else None,
        )
        for key in {**was, **now}
    ]


def changes(before: Content, after: Content) -> list[Change]:
    """How two contents differ, in the order of the form: the whole, then items, then partners and their terms."""
    found = [
        Change(name, "", getattr(before, name), getattr(after, name))
        for name in ("title", "summary", "starts_on", "ends_on", "theme", "call_name", "percent", "ceiling", "key")
        if getattr(before, name) != getattr(after, name)
    ]
    led, leads = (one.lead.name if one.lead else "" for one in (before, after))
    if led != leads:
        found.append(Change("lead", "", led, leads))
    if before.tiers != after.tiers:
        found.append(Change("tiers", "", before.tiers, after.tiers))
    if before.day_cents != after.day_cents:
        found.append(Change("day_cents", "", before.day_cents, after.day_cents))
    return found + _item_changes(before.items, after.items) + _partner_changes(before, after)


_TERMS = ("task", "weight", "at_least", "at_most", "fixed", "days", "alone", "inhabitants")


def _item_changes(before: Sequence[Item], after: Sequence[Item]) -> list[Change]:
    """Items of one name and year are one item with another price; of equal ones each is a pair with one other."""
    gone, come = _unmatched(before, after), _unmatched(after, before)
    found = []
    for item in gone:
        twin = next((one for one in come if (one.what, one.year) == (item.what, item.year)), None)
        if twin is not None:
            come.remove(twin)
        found.append(Change("item", item.what, item, twin))
    return found + [Change("item", item.what, None, item) for item in come]


def _unmatched(items: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    left, found = list(others), []
    for item in items:
        if item in left:
            left.remove(item)
        else:
            found.append(item)
    return found


def _partner_changes(before: Content, after: Content) -> list[Change]:
    was = {one.organisation_id: one for one in before.partners}
    now = {one.organisation_id: one for one in after.partners}
    found = [Change("partner", one.name, True, False) for key, one in was.items() if key not in now]
    for key, one in now.items():
        if key not in was:
            found.append(Change("partner", one.name, False, True))
            continue
        found += [
            Change(name, one.name, getattr(was[key], name), getattr(one, name))
            for name in _TERMS
            if getattr(was[key], name) != getattr(one, name)
        ]
    return found


def _of_all(item: Item, content: Content) -> int:
    return item.cents * (len(content.partners) if item.each else 1)


def _claim(partner: Partner, content: Content) -> Claim:
    given = partner.days * content.day_cents
    if partner.fixed is not None:
        return Claim(partner.organisation_id, 0, at_least=partner.fixed, at_most=partner.fixed, given=given)
    return Claim(
        partner.organisation_id,
        weight(partner, content),
        at_least=partner.at_least,
        at_most=partner.at_most,
        given=given,
    )


def weight(partner: Partner, content: Content) -> Fraction:
    """What a partner weighs under the key of a content; nothing when its inhabitants or use are not known."""
    if content.key is Key.EQUAL:
        return Fraction(1)
    if content.key is Key.INHABITANTS:
        return Fraction(partner.inhabitants or 0)
    if content.key is Key.TIERS:
        return tier(partner.inhabitants, [(one.up_to, Fraction(one.weight, 1000)) for one in content.tiers])
    if content.key is Key.FIXED:
        return Fraction(0)
    return Fraction(partner.weight or 0, 1000)


def _alone(partner: Partner, content: Content) -> int:
    """What a partner would pay by itself: every item once, less what the call would then pay."""
    cost = sum(item.cents for item in content.items) if partner.alone is None else partner.alone
    return cost - subsidy(cost, percent=content.percent, ceiling=content.ceiling)
