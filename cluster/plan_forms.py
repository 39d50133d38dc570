"""The form of a cost plan: what was typed, made into a content or refused field by field; and the way back."""

import re
from collections.abc import Sequence
from datetime import date

from cluster.engine import costs
from cluster.engine.texts import as_typed, cents, clean, day, one_line
from cluster.people import text_wrong
from models.calls import Call
from models.circles import Party
from models.errors import N_, Invalid, refuse
from models.plans import (
    ITEMS_AT_MOST,
    LINE_AT_MOST,
    NOTE_AT_MOST,
    PARTNERS_AT_MOST,
    SUMMARY_AT_MOST,
    TASK_AT_MOST,
    TITLE_AT_MOST,
    Content,
    Item,
    Key,
    Partner,
    PlanForm,
    Tier,
)

# Far above what any municipality spends, and far below where sums stop being exact in a spreadsheet.
_CENTS_AT_MOST = 10**11
_DAYS_AT_MOST = 10_000
_YEARS = range(2000, 2101)
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})+(,\d{1,3})?", re.A)
_NUMBER = re.compile(r"\d{1,9}([.,]\d{1,3})?", re.A)
_NO_AMOUNT = N_("Schrijf een bedrag, zoals 12.500 of 12500,50.")


def read(form: PlanForm, *, parties: Sequence[Party], calls: Sequence[Call], themes: Sequence[str]) -> Content:
    """What was typed as a content that adds up; Invalid, for every field that is wrong, names it as the form does.

    `parties` are those that may take part; inhabitants and the rules of the call are taken as they are now.
    """
    wrong: list[Invalid] = []
    title, summary = one_line(form.title), clean(form.summary)
    wrong += text_wrong("title", title, at_most=TITLE_AT_MOST, missing=N_("Geef het project een naam."))
    wrong += text_wrong("summary", summary, at_most=SUMMARY_AT_MOST)
    wrong += text_wrong("note", clean(form.note), at_most=NOTE_AT_MOST)
    starts, ends = (_day(name, getattr(form, name), wrong) for name in ("starts_on", "ends_on"))
    if starts and ends and ends < starts:
        wrong.append(Invalid("ends_on", N_("Het einde valt na het begin.")))
    if form.theme and form.theme not in themes:
        wrong.append(Invalid("theme", N_("Kies een thema uit de lijst.")))
    call = next((one for one in calls if str(one.id) == form.call), None)
    if form.call and call is None:
        wrong.append(Invalid("call", N_("Kies een oproep uit de lijst.")))
    if form.key not in set(Key):
        wrong.append(Invalid("key", N_("Kies hoe jullie de kosten verdelen.")))
    key = Key(form.key) if form.key in set(Key) else Key.EQUAL
    items = _items(form, wrong)
    tiers = _tiers(form, wrong) if key is Key.TIERS else ()
    partners = _partners(form, parties, key, wrong)
    lead = next((one.organisation_id for one in partners if str(one.organisation_id) == form.lead), None)
    if lead is None and not any(one.field == "partners" for one in wrong):
        wrong.append(Invalid("lead", N_("Kies wie voor de groep indient: een bestuur dat meedoet.")))
    rate = _amount("day_rate", form.day_rate, wrong) or 0
    if any(one.days for one in partners) and not rate and not any(one.field == "day_rate" for one in wrong):
        wrong.append(Invalid("day_rate", N_("Spreek af hoeveel een werkdag waard is.")))
    refuse(wrong)
    content = Content(
        title=title,
        summary=summary,
        starts_on=starts.isoformat() if starts else None,
        ends_on=ends.isoformat() if ends else None,
        theme=form.theme or None,
        lead_id=lead,
        call_id=call.id if call else None,
        call_name=call.name if call else "",
        percent=call.funding_percent if call else 0,
        ceiling=call.ceiling_eur * 100 if call else 0,
        key=key,
        tiers=tiers,
        day_cents=rate,
        items=items,
        partners=partners,
    )
    _must_add_up(content)
    return content


def _must_add_up(content: Content) -> None:
    found = costs.figures(content)
    if found.crossed is not None:
        said = N_("%(name)s betaalt minstens meer dan hoogstens. Pas een van de twee aan.")
        raise Invalid(f"partner-{found.crossed.organisation_id}-at_most", said, name=found.crossed.name)
    euros = f"{abs(found.missing) / 100:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    if found.missing > 0:
        said = N_(
            "Zo blijft € %(amount)s over die niemand mag betalen. "
            "Verhoog wat een bestuur hoogstens betaalt, geef er een meer gewicht of pas de kosten aan."
        )
        raise Invalid("partners", said, amount=euros)
    if found.missing < 0:
        said = N_(
            "Zo betalen de besturen samen € %(amount)s te veel. "
            "Verlaag een vast bedrag of wat een bestuur minstens betaalt."
        )
        raise Invalid("partners", said, amount=euros)


def _items(form: PlanForm, wrong: list[Invalid]) -> tuple[Item, ...]:
    found = []
    for at, typed in enumerate(form.items[:ITEMS_AT_MOST]):
        what, year, amount = (typed.get(name, "").strip() for name in ("what", "year", "amount"))
        if not (what or amount):
            continue  # a row that was left empty; the year may be filled in beforehand
        what = one_line(what)
        wrong += text_wrong(
            f"item-{at}-what", what, at_most=LINE_AT_MOST, missing=N_("Schrijf waarvoor dit bedrag is.")
        )
        if not (year.isascii() and year.isdigit() and int(year[:9]) in _YEARS):
            wrong.append(Invalid(f"item-{at}-year", N_("Schrijf een jaartal, zoals 2027.")))
            year = "0"
        paid = _amount(f"item-{at}-amount", amount, wrong, missing=_NO_AMOUNT)
        found.append(Item(what=what, year=int(year), cents=paid or 0, each=bool(typed.get("each"))))
    if not found:
        wrong.append(Invalid("item-0-what", N_("Schrijf minstens één kost op.")))
    return tuple(found)


def _tiers(form: PlanForm, wrong: list[Invalid]) -> tuple[Tier, ...]:
    """The tiers by size, the unbounded one last."""
    found: list[Tier] = []
    for at, typed in enumerate(form.tiers):
        up_to, weight = (typed.get(name, "").strip() for name in ("up_to", "weight"))
        if not (up_to or weight):
            continue
        end = up_to.replace(".", "")
        if end and not (end.isascii() and end.isdigit() and len(end) < 9):
            wrong.append(
                Invalid(f"tier-{at}-up_to", N_("Schrijf een aantal inwoners, of laat leeg voor alle grotere."))
            )
            continue
        if not weight:
            wrong.append(Invalid(f"tier-{at}-weight", N_("Schrijf hoe zwaar deze schijf meetelt.")))
        found.append(Tier(int(end) if end else None, _weight(f"tier-{at}-weight", weight, wrong) or 0))
    found.sort(key=lambda one: float("inf") if one.up_to is None else one.up_to)
    if not found:
        wrong.append(Invalid("tier-0-up_to", N_("Schrijf minstens één schijf op.")))
    elif len({one.up_to for one in found}) < len(found):
        wrong.append(Invalid("tier-0-up_to", N_("Elke schijf eindigt bij een ander aantal inwoners.")))
    return tuple(found)


_OWN_WEIGHT = {Key.USE, Key.WEIGHTS}


def _partners(form: PlanForm, parties: Sequence[Party], key: Key, wrong: list[Invalid]) -> tuple[Partner, ...]:
    found = []
    for party in parties:
        typed = {name: value.strip() for name, value in form.partners.get(party.id, {}).items()}
        if not typed.get("in"):
            continue
        at = f"partner-{party.id}-"
        fixed = _amount(f"{at}fixed", typed.get("fixed", ""), wrong)
        weight = _weight(f"{at}weight", typed.get("weight", ""), wrong)
        if fixed is None and not any(one.field == f"{at}fixed" for one in wrong):
            _must_weigh(party, key, weight, at, wrong)
        days = typed.get("days", "")
        if days and not (days.isascii() and days.isdigit() and len(days) < 9 and int(days) <= _DAYS_AT_MOST):
            said = N_("Vul een geheel aantal dagen in, van 0 tot %(count)s.")
            wrong.append(Invalid(f"{at}days", said, count=_DAYS_AT_MOST))
            days = ""
        task = one_line(typed.get("task", ""))
        wrong += text_wrong(f"{at}task", task, at_most=TASK_AT_MOST)
        found.append(
            Partner(
                organisation_id=party.id,
                name=party.name,
                inhabitants=party.inhabitants,
                weight=weight,
                at_least=_amount(f"{at}at_least", typed.get("at_least", ""), wrong) or 0,
                at_most=_amount(f"{at}at_most", typed.get("at_most", ""), wrong),
                fixed=fixed,
                days=int(days or 0),
                alone=_amount(f"{at}alone", typed.get("alone", ""), wrong),
                task=task,
            )
        )
    if len(found) < 2:
        wrong.append(Invalid("partners", N_("Kies minstens twee besturen die meedoen.")))
    elif len(found) > PARTNERS_AT_MOST:
        wrong.append(Invalid("partners", N_("Kies hoogstens %(count)s besturen."), count=PARTNERS_AT_MOST))
    return tuple(found)


def _must_weigh(party: Party, key: Key, weight: int | None, at: str, wrong: list[Invalid]) -> None:
    """Refuse a partner without what the key needs of it, rather than let it pay nothing unnoticed."""
    if key in _OWN_WEIGHT and weight is None and not any(one.field == f"{at}weight" for one in wrong):
        wrong.append(Invalid(f"{at}weight", N_("Vul in hoe zwaar %(name)s meetelt."), name=party.name))
    if key is Key.FIXED:
        wrong.append(Invalid(f"{at}fixed", N_("Vul in hoeveel %(name)s betaalt."), name=party.name))
    if key in {Key.INHABITANTS, Key.TIERS} and not party.inhabitants:
        said = N_("We weten niet hoeveel inwoners %(name)s heeft. Geef een vast bedrag, of kies een andere sleutel.")
        wrong.append(Invalid(f"{at}fixed", said, name=party.name))


def _amount(field: str, typed: str, wrong: list[Invalid], missing: str | None = None) -> int | None:
    if not typed.strip():
        if missing:
            wrong.append(Invalid(field, missing))
        return None
    found = cents(typed)
    if found is None or found > _CENTS_AT_MOST:
        wrong.append(Invalid(field, _NO_AMOUNT))
        return None
    return found


def _weight(field: str, typed: str, wrong: list[Invalid]) -> int | None:
    """A weight in thousandths; "1.500" is fifteen hundred, as it is in an amount."""
    if not typed:
        return None
    if _THOUSANDS.fullmatch(typed):
        typed = typed.replace(".", "")
    if not _NUMBER.fullmatch(typed):
        wrong.append(Invalid(field, N_("Schrijf een getal, zoals 3 of 1,5.")))
        return None
    whole, _, part = typed.replace(",", ".").partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0") if part else 0)


def _day(field: str, typed: str, wrong: list[Invalid]) -> date | None:
    if not typed.strip():
        return None
    found = day(typed)
    if found is None or found.year not in _YEARS:
        wrong.append(Invalid(field, N_("Schrijf een datum zoals 29/03/2026.")))
        return None
    return found


def form_of(content: Content) -> PlanForm:
    """The form that would write this content."""
    return PlanForm(
        title=content.title,
        summary=content.summary,
        starts_on=content.starts_on or "",
        ends_on=content.ends_on or "",
        theme=content.theme or "",
        lead=str(content.lead_id or ""),
        call=str(content.call_id or ""),
        key=content.key,
        day_rate=as_typed(content.day_cents or None),
        items=tuple(
            {
                "what": one.what,
                "year": str(one.year),
                "amount": as_typed(one.cents),
                "each": "1" if one.each else "",
            }
            for one in content.items
        ),
        tiers=tuple({"up_to": str(one.up_to or ""), "weight": _thousandths(one.weight)} for one in content.tiers),
        partners={
            one.organisation_id: {
                "in": "1",
                "weight": _thousandths(one.weight),
                "at_least": as_typed(one.at_least or None),
                "at_most": as_typed(one.at_most),
                "fixed": as_typed(one.fixed),
                "days": str(one.days or ""),
                "alone": as_typed(one.alone),
                "task": one.task,
            }
            for one in content.partners
        },
    )


def _thousandths(found: int | None) -> str:
    if found is None:
        return ""
    return str(found // 1000) if found % 1000 == 0 else f"{found // 1000},{found % 1000:03}".rstrip("0")
