"""Calls: rounds of subsidy and their deadlines, drafted, opened, moved and closed by coordinators."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlite_utils import Database

import data.calls
from cluster.engine.texts import cents, clean, day, hour, on_the_web, one_line, readable
from cluster.people import must_coordinate
from data.store import now, transaction
from models.calls import Call, CallEvent, CallForm, CallState, Deadline, end_of_day, instant, start_of_day
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.people import Member

NAME_AT_MOST = 120
LINE_AT_MOST = 200
TEXT_AT_MOST = 5_000
REASON_AT_MOST = 500
_HISTORY_AT_MOST = 100


def every(db: Database, *, member: Member | None = None) -> list[Call]:
    """All calls by number, with themes and the history of their deadlines; a coordinator sees drafts too."""
    return data.calls.every(db, drafts=bool(member and member.is_coordinator))


def get(db: Database, call_id: int, *, member: Member | None = None) -> Call:
    """One call with themes and the history of its deadlines; NotFound when there is none for this reader."""
    found = data.calls.get(db, call_id=call_id, drafts=bool(member and member.is_coordinator))
    if found is None:
        raise NotFound
    return found


def history(db: Database, *, call: Call) -> list[CallEvent]:
    """What coordinators did with a call, latest first."""
    return data.calls.history(db, call_id=call.id, at_most=_HISTORY_AT_MOST)


def draft(db: Database, *, member: Member | None, form: CallForm) -> int:
    """Make a call that only coordinators see, and return its id."""
    who = must_coordinate(member)
    values, themes = _checked(db, form, call=None)
    moment = now()
    with transaction(db):
        number = data.calls.next_number(db)
        call_id = data.calls.draft(db, values=values, number=number, themes=themes, moment=moment)
        data.calls.tell(db, call_id=call_id, action="drafted", member_id=who.id, moment=moment)
    return call_id


def edit(db: Database, *, member: Member | None, call_id: int, revision: int, form: CallForm) -> None:
    """Change what a call says; how it was is kept. What says nothing new changes nothing.

    The deadline of a call that is public stays: that one is moved, with a reason. Refused with a Conflict, which
    carries what stands now, when somebody wrote since `revision`.
    """
    who = must_coordinate(member)
    call = get(db, call_id, member=who)
    values, themes = _checked(db, form, call=call)
    before = {name: getattr(call, name) for name in data.calls.EDITABLE} | {"themes": list(call.themes)}
    if before == values | {"themes": list(themes)}:
        return
    moment = now()
    with transaction(db):
        written = data.calls.edit(db, call=call, revision=revision, values=values, themes=themes, moment=moment)
        _must(db, written, call_id)
        data.calls.tell(db, call_id=call_id, action="edited", member_id=who.id, before=before, moment=moment)


def publish(db: Database, *, member: Member | None, call_id: int, revision: int) -> None:
    """Show a draft to everybody: it is open from its opening until its deadline. Saying it twice changes nothing."""
    who = must_coordinate(member)
    moment = now()
    with transaction(db):
        call = get(db, call_id, member=who)
        if not call.is_draft:
            return
        if call.closes_at <= moment:
            raise Invalid("closes_on", N_("De deadline is al voorbij. Kies een latere en maak de oproep dan openbaar."))
        _must(db, data.calls.publish(db, call_id=call_id, revision=revision, moment=moment), call_id)
        data.calls.tell(db, call_id=call_id, action="opened", member_id=who.id, moment=moment)


def move(
    db: Database, *, member: Member | None, call_id: int, revision: int, closes_on: str, closes_time: str, reason: str
) -> None:
    """Give a public call another deadline, with a reason that everybody reads; the old one stays in its history.

    A call that was closed is open again. Saying it twice changes nothing.
    """
    who = must_coordinate(member)
    reason = clean(reason)
    closes_at, wrong = _moment("closes_on", closes_on, closes_time)
    wrong += _text_wrong("reason", reason, REASON_AT_MOST, N_("Schrijf waarom de deadline verschuift."))
    moment = now()
    if closes_at and closes_at <= moment:
        wrong.append(
            Invalid("closes_on", N_("Deze deadline is al voorbij. Wil je de oproep sluiten? Kies dan ‘Sluit’."))
        )
    refuse(wrong)
    assert closes_at is not None
    with transaction(db):
        call = get(db, call_id, member=who)
        if call.is_draft:
            raise Invalid("closes_on", N_("Dit is nog een ontwerp. Wijzig de deadline in het formulier."))
        if closes_at <= call.opens_at:
            raise Invalid("closes_on", N_("De deadline valt na de opening."))
        if call.closes_at == closes_at and call.closed_at is None:
            return
        written = data.calls.move(db, call=call, revision=revision, closes_at=closes_at, reason=reason, moment=moment)
        _must(db, written, call_id)
        data.calls.tell(db, call_id=call_id, action="moved", member_id=who.id, reason=reason, moment=moment)


def close(db: Database, *, member: Member | None, call_id: int, revision: int) -> None:
    """Close a call before its deadline. Saying it twice changes nothing."""
    who = must_coordinate(member)
    moment = now()
    with transaction(db):
        call = get(db, call_id, member=who)
        if call.state_at(moment) is CallState.CLOSED:
            return
        if call.is_draft:
            raise Invalid("closes_on", N_("Dit is nog een ontwerp: er is niets om te sluiten."))
        _must(db, data.calls.close(db, call_id=call_id, revision=revision, moment=moment), call_id)
        data.calls.tell(db, call_id=call_id, action="closed", member_id=who.id, moment=moment)


def _must(db: Database, written: bool, call_id: int) -> None:
    if not written:
        raise Conflict(
            N_("Een collega wijzigde deze oproep intussen. Hieronder zie je wat er nu staat."),
            current=data.calls.get(db, call_id=call_id, drafts=True),
        )


def form_of(call: Call) -> CallForm:
    """The form that would write this call."""
    closes = _local(call.closes_at)
    return CallForm(
        name=call.name,
        kind=call.kind,
        kind_name=call.kind_name,
        opens_on=_local(call.opens_at)[0],
        closes_on=closes[0],
        closes_time=closes[1],
        ceiling=str(call.ceiling_eur),
        funding_percent=str(call.funding_percent),
        realisation=call.realisation,
        conditions=call.conditions,
        source=call.source,
        remark=call.remark or "",
        themes=call.themes,
    )


def _local(moment: str) -> tuple[str, str]:
    """Day and hour as a clock in Brussels shows them, for a form."""
    at = Deadline(closes_at=moment, note=None).in_brussels
    return at.date().isoformat(), f"{at:%H:%M}"


def _checked(db: Database, form: CallForm, *, call: Call | None) -> tuple[dict[str, Any], list[str]]:
    form = replace(
        form,
        name=one_line(form.name),
        kind_name=one_line(form.kind_name),
        realisation=one_line(form.realisation),
        source=one_line(form.source),
        conditions=clean(form.conditions),
        remark=clean(form.remark),
    )
    wrong = [
        *_text_wrong("name", form.name, NAME_AT_MOST, N_("Geef de oproep een naam.")),
        *_text_wrong("kind_name", form.kind_name, LINE_AT_MOST, N_("Schrijf voor wat voor projecten deze oproep is.")),
        *_text_wrong("realisation", form.realisation, LINE_AT_MOST),
        *_text_wrong("conditions", form.conditions, TEXT_AT_MOST),
        *_text_wrong("remark", form.remark, TEXT_AT_MOST),
    ]
    opens = day(form.opens_on)
    if opens is None:
        wrong.append(Invalid("opens_on", N_("Schrijf een datum zoals 29/03/2026.")))
    if call is None or call.is_draft:
        closes_at, moment_wrong = _moment("closes_on", form.closes_on, form.closes_time)
        wrong += moment_wrong
    else:
        closes_at = call.closes_at
    opens_at = start_of_day(opens) if opens else None
    if opens_at and closes_at and closes_at <= opens_at:
        wrong.append(Invalid("opens_on", N_("De opening valt voor de deadline.")))
    ceiling = cents(form.ceiling)
    if ceiling is None or ceiling < 100 or ceiling % 100 or ceiling > 10**11:
        wrong.append(Invalid("ceiling", N_("Schrijf een bedrag in hele euro, zoals 150000.")))
    percent = form.funding_percent.strip().removesuffix("%").strip()
    if not (percent.isascii() and percent.isdigit() and len(percent) < 4 and 1 <= int(percent) <= 100):
        wrong.append(Invalid("funding_percent", N_("Schrijf een geheel getal van 1 tot 100.")))
    if form.kind not in KINDS:
        wrong.append(Invalid("kind", N_("Kies een van de mogelijkheden.")))
    if form.source and not (on_the_web(form.source) and len(form.source) <= 2_000):
        wrong.append(Invalid("source", N_("Dit is geen webadres. Het begint met https://.")))
    known = [theme.slug for theme in data.calls.themes(db, lang="nl")]
    if not set(form.themes) <= set(known):
        wrong.append(Invalid("themes", N_("Kies thema’s uit de lijst.")))
    refuse(wrong)
    values = {
        "name": form.name,
        "kind": form.kind,
        "kind_name": form.kind_name,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "ceiling_eur": (ceiling or 0) // 100,
        "funding_percent": int(percent),
        "realisation": form.realisation,
        "conditions": form.conditions,
        "source": form.source,
        "remark": form.remark or None,
    }
    return values, [slug for slug in known if slug in form.themes]


KINDS = ("concept", "thematic", "transformation", "other")


def _moment(field: str, typed_day: str, typed_hour: str) -> tuple[str | None, list[Invalid]]:
    """The instant of a day and an hour in Brussels, or what is wrong with them."""
    on, at = day(typed_day), hour(typed_hour)
    if on is None:
        return None, [Invalid(field, N_("Schrijf een datum zoals 29/03/2026."))]
    if at is None:
        return None, [Invalid("closes_time", N_("Schrijf een uur zoals 23:59."))]
    if not 2000 <= on.year <= 2100:
        return None, [Invalid(field, N_("Kijk het jaartal na."))]
    found = instant(on, at)
    if found is None:
        return None, [
            Invalid("closes_time", N_("Dit uur bestaat niet: die nacht springt de klok vooruit. Kies een ander."))
        ]
    return found, []


def _text_wrong(field: str, text: str, at_most: int, when_empty: str | None = None) -> list[Invalid]:
    if not text:
        return [Invalid(field, when_empty)] if when_empty else []
    if len(text) > at_most:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        return [Invalid(field, said, count=len(text), at_most=at_most)]
    if not readable(text):
        return [Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))]
    return []


def seed(db: Database, *, themes: list[dict[str, Any]], calls: list[dict[str, Any]]) -> int:
    """Add the themes and calls that are missing and tell how many calls; those that exist stay as people made them.

    The rows are those of data/seed/themes.json and calls.json, where a deadline is a day in Brussels.
    """
    added = 0
    with transaction(db):
        for position, theme in enumerate(themes):
            data.calls.add_theme(db, slug=theme["slug"], position=position, uri=theme.get("uri"), names=theme["name"])
        for call in calls:
            deadlines = [Deadline(closes_at=_closes(item), note=item["note"]) for item in call["deadlines"]]
            values = {
                **call,
                "opens_at": start_of_day(date.fromisoformat(call["opens_on"])),
                "closes_at": deadlines[-1].closes_at,
            }
            added += data.calls.add_call(db, values=values, themes=call["themes"], deadlines=deadlines)
    return added


def _closes(deadline: dict[str, Any]) -> str:
    return end_of_day(date.fromisoformat(deadline["closes_on"]))
