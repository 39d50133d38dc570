"""Projects: work elsewhere that was submitted or approved, written by those who lead it or brought in from files."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from sqlite_utils import Database

import cluster.circles
import cluster.clusters
import cluster.ideas
import data.calls
import data.people
import data.project_uploads
import data.projects
from cluster.engine.language import language_of
from cluster.engine.texts import cents, clean, day, on_the_web, one_line, readable
from cluster.imports import Imported, Row, Told, check, counted
from cluster.matches import queue_vectors
from cluster.project_imports import BATCH, Plan, Values, batches, changed, fate, known, reader
from data.projects import Filter
from data.store import now, transaction
from models.calls import BRUSSELS
from models.circles import About
from models.clusters import ClusterState
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound, refuse
from models.ideas import DESCRIPTION_AT_MOST, TITLE_AT_MOST, IdeaState
from models.matches import Kind
from models.people import Member, Organisation
from models.projects import (
    ADDRESS_AT_MOST,
    ADDRESSES_AT_MOST,
    FEATURES_AT_MOST,
    JOIN_AT_MOST,
    NOTE_AT_MOST,
    PARTNER_AT_MOST,
    PARTNERS_AT_MOST,
    SUPPLIER_AT_MOST,
    YEAR_AT_MOST,
    Decision,
    Partner,
    Project,
    ProjectForm,
    Status,
    UploadState,
    Version,
)
from models.waiting import COUNTED_AT_MOST

# What is said by another field already.
_UNSAID = {"lead_id", "theme_derived"}
VERSIONS_PER_PAGE = 20
_TOLD = (Status.SUBMITTED, Status.APPROVED)


def get(db: Database, project_id: int, *, member: Member | None = None) -> Project:
    """One project; NotFound when there is none. A hidden one only its lead and the coordinators see."""
    found = data.projects.get(db, project_id=project_id)
    if found is None or (found.hidden and not _sees_hidden(found, member)):
        raise NotFound
    return found


def _sees_hidden(project: Project, member: Member | None) -> bool:
    if member is None:
        return False
    return member.is_coordinator or (project.lead_id is not None and project.lead_id == member.organisation_id)


def partners(db: Database, *, project: Project) -> list[Partner]:
    """The governments beside the lead, in the order of the source."""
    return data.projects.partners(db, project_id=project.id)


def browse(db: Database, *, wanted: Filter, page: int, at_most: int) -> tuple[list[Project], bool]:
    """One page of the projects that fit, and whether there are more; pages count from one."""
    found = data.projects.browse(db, wanted=wanted, at_most=at_most + 1, after=(page - 1) * at_most)
    return found[:at_most], len(found) > at_most


def count(db: Database, *, wanted: Filter) -> int:
    """How many projects fit, counted no further than `COUNTED_AT_MOST`."""
    return data.projects.count(db, wanted=wanted, at_most=COUNTED_AT_MOST)


# What leaves, under the names by which an import knows it.
EXPORTED = (
    *("id", "title", "description", "municipality", "partners", "status", "status_note", "theme", "theme_derived"),
    *("call", "subsidy_eur", "programme", "year", "remark", "urls", "lang", "features", "cost_per_year_eur"),
    *("supplier", "how_to_join", "created_at"),
)


def more_than(db: Database, *, wanted: Filter, count: int) -> bool:
    """Whether more projects fit than so many, without reading them."""
    return data.projects.count(db, wanted=wanted, at_most=count + 1) > count


def exported(db: Database, *, wanted: Filter) -> Iterator[dict[str, object]]:
    """All projects that fit, by id, as an import reads them. Projects made here have an id of the form project:12."""
    calls = {call.id: call.number for call in data.calls.every(db)}

    @cache
    def name(organisation_id: int) -> str:
        return data.people.name_for_import(db, organisation_id=organisation_id)

    last = 0
    while found := data.projects.batch(db, wanted=wanted, after_id=last, at_most=BATCH):
        for values in found:
            yield {
                **values,
                "id": values["external_id"] or f"{Kind.PROJECT}:{values['id']}",
                "description": values["summary"],
                "municipality": name(values["lead_id"]) if values["lead_id"] else values["lead"],
                "partners": [partner for partner, _ in values["partners"]],
                "theme_derived": bool(values["theme_derived"]),
                "programme": bool(values["programme"]),
                "call": calls.get(values["call_id"]),
                "subsidy_eur": _euro(values["subsidy_cents"]),
                "cost_per_year_eur": _euro(values["cost_year_cents"]),
                "urls": json.loads(values["urls"]),
            }
        last = found[-1]["id"]


def _euro(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents) / 100


def decisions(db: Database, *, project: Project) -> list[Decision]:
    """The history of outcomes, oldest first."""
    return data.projects.decisions(db, project_id=project.id)


def versions(db: Database, *, member: Member | None, project_id: int, page: int) -> tuple[list[Version], bool]:
    """One page of the versions of a project, newest first, with the one before the last shown; for who may edit it."""
    must_edit(db, member=member, project_id=project_id)
    found = data.projects.versions(
        db, project_id=project_id, at_most=VERSIONS_PER_PAGE + 1, after=(page - 1) * VERSIONS_PER_PAGE
    )
    return found, len(found) > VERSIONS_PER_PAGE


def differences(found: list[Version]) -> dict[int, list[tuple[str, object, object]]]:
    """What each of these versions, newest first, changed: (field, before, after) by revision; nothing for the last."""
    return {
        newer.revision: [
            (name, older.fields.get(name), newer.fields[name])
            for name in newer.fields
            if name not in _UNSAID and older.fields.get(name) != newer.fields[name]
        ]
        for newer, older in pairwise(found)
    }


def became(db: Database, *, kind: str, item_id: int) -> list[Project]:
    """The projects that an idea ("idea") or a cluster ("cluster") became, newest first."""
    if kind == "idea":
        return data.projects.of_origin(db, idea_id=item_id)
    return data.projects.of_origin(db, cluster_id=item_id)


def may_submit(became: list[Project]) -> bool:
    """Whether what became these projects can be recorded as submitted: not while one of them stands."""
    return not any(one.status in _TOLD for one in became)


def may_record(db: Database, *, member: Member | None, cluster_id: int) -> bool:
    """Whether a member may record what became of a cluster: coordinators, and who works for a government behind it."""
    if member is None or member.is_coordinator:
        return member is not None
    own = cluster.circles.today(db, organisation_id=member.organisation_id)
    return cluster.circles.get(db, about=About.CLUSTER, item_id=cluster_id).has(own)


def may_edit(project: Project, member: Member | None) -> bool:
    """Whether a member may write about a project that is not hidden: coordinators, and those of who leads it."""
    if member is None or project.hidden:
        return False
    return member.is_coordinator or (project.lead_id is not None and project.lead_id == member.organisation_id)


def must_edit(db: Database, *, member: Member | None, project_id: int) -> tuple[Member, Project]:
    """The member and the project, if the one may write about the other."""
    project = get(db, project_id)
    if member is None or not may_edit(project, member):
        raise NotAllowed(N_("Alleen het bestuur dat dit project trekt en de coördinatoren kunnen het wijzigen."))
    return member, project


def must_add(member: Member | None) -> Member:
    """The member, if of an organisation or a coordinator."""
    if member is None or not (member.is_coordinator or member.organisation_id):
        raise NotAllowed(N_("Meld je aan als medewerker van een lokaal bestuur om dit te doen."))
    return member


def today() -> date:
    """The day in Brussels."""
    return datetime.now(UTC).astimezone(BRUSSELS).date()


def draft(db: Database, *, member: Member | None, idea_id: int | None, cluster_id: int | None) -> ProjectForm:
    """The form to begin with: empty, or filled from an idea of one's own or an accepted cluster, as submitted today.

    Refused with a Conflict when that idea or cluster is a project already, unless it was turned down.
    """
    who = must_add(member)
    own = who.organisation or ""
    submitted = {"status": Status.SUBMITTED.value, "status_on": today().isoformat()}
    if idea_id is not None:
        idea = cluster.ideas.get(db, idea_id=idea_id, member=who)
        if not (who.is_coordinator or cluster.ideas.is_own(idea, who)):
            raise NotAllowed(N_("Alleen het bestuur dat dit idee plaatste, kan het als ingediend vastleggen."))
        if idea.state is IdeaState.HIDDEN:
            raise NotAllowed(N_("Een coördinator verborg dit idee. Je kunt het nu niet wijzigen."))
        _must_be_free(db, kind="idea", item_id=idea_id)
        call = str(idea.call_id or "")
        lead = idea.organisation or own
        return ProjectForm(
            title=idea.title, summary=idea.description, lead=lead, theme=idea.theme or "", call=call, **submitted
        )
    if cluster_id is not None:
        found = cluster.clusters.get(db, cluster_id=cluster_id, member=who)
        if not may_record(db, member=who, cluster_id=cluster_id):
            raise NotAllowed(N_("Alleen een bestuur achter dit cluster kan het als ingediend vastleggen."))
        if found.state is not ClusterState.ACCEPTED:
            raise NotAllowed(N_("Alleen een aanvaard cluster kun je als ingediend vastleggen."))
        _must_be_free(db, kind="cluster", item_id=cluster_id)
        behind = cluster.clusters.municipalities(db, cluster_id=cluster_id)
        leads = None if who.is_coordinator else who.organisation_id
        return ProjectForm(
            title=found.name,
            summary="\n".join(f"– {one.title}" for one in found.members),
            partners="\n".join(one.name for one in behind if one.id != leads),
            **submitted,
        )
    return ProjectForm(lead=own)


def _must_be_free(db: Database, *, kind: str, item_id: int) -> None:
    standing = next((one for one in became(db, kind=kind, item_id=item_id) if one.status in _TOLD), None)
    if standing:
        raise Conflict(N_("Dit is al vastgelegd als ingediend. Hieronder zie je het project."), current=standing)


def add(
    db: Database,
    *,
    member: Member | None,
    form: ProjectForm,
    submission_key: str | None = None,
    idea_id: int | None = None,
    cluster_id: int | None = None,
) -> int:
    """Add a project and return its id: a member for the own organisation, a coordinator for any.

    The same form sent twice (`submission_key`) adds one project.
    """
    who = must_add(member)
    before = data.projects.by_submission_key(db, submission_key=submission_key) if submission_key else None
    if before is not None:
        must_edit(db, member=who, project_id=before)
        return before
    if idea_id is not None or cluster_id is not None:
        draft(db, member=who, idea_id=idea_id, cluster_id=cluster_id)
    values, decision = _checked(db, form, who=who, project=None, last=None)
    moment = now()
    with transaction(db):
        again = data.projects.by_submission_key(db, submission_key=submission_key) if submission_key else None
        if again is not None:
            return again
        if idea_id is not None or cluster_id is not None:
            _must_be_free(db, kind="idea" if idea_id else "cluster", item_id=idea_id or cluster_id or 0)
        project_id = data.projects.add(
            db,
            values=values,
            moment=moment,
            member_id=who.id,
            submission_key=submission_key,
            idea_id=idea_id,
            cluster_id=cluster_id,
            demo=who.demo,
        )
        if decision:
            data.projects.decide(db, project_id=project_id, **decision, member_id=who.id, moment=moment)
        queue_vectors(db, changed=[])
    return project_id


def edit(db: Database, *, member: Member | None, project_id: int, revision: int, form: ProjectForm) -> None:
    """Write the next version of a project; earlier ones are kept. What says nothing new changes nothing.

    Refused with a Conflict, which carries what stands now, when somebody wrote since `revision`.
    """
    who, project = must_edit(db, member=member, project_id=project_id)
    last = _last(db, project_id)
    standing = data.projects.current(db, project_id=project_id)
    assert standing is not None
    values, decision = _checked(db, form, who=who, project=project, last=last)
    values = {**{name: standing[name] for name in (*data.projects.FIELDS, "partners")}, **values}
    if values["theme"] != standing["theme"]:
        values["theme_derived"] = 0
    if decision:
        values["status_note"] = None
    if decision is None and all(standing[name] == values[name] for name in values):
        return
    moment = now()
    with transaction(db):
        written = data.projects.update(
            db, project_id=project_id, values=values, moment=moment, member_id=who.id, revision=revision
        )
        if not written:
            raise Conflict(
                N_("Iemand wijzigde dit project intussen. Vergelijk hieronder en bewaar opnieuw."),
                current=data.projects.get(db, project_id=project_id),
            )
        if decision:
            data.projects.decide(db, project_id=project_id, **decision, member_id=who.id, moment=moment)
        if any(standing[name] != values[name] for name in ("title", "summary")):
            queue_vectors(db, changed=[(Kind.PROJECT, project_id)])


def decide(
    db: Database,
    *,
    member: Member | None,
    project_id: int,
    revision: int,
    status: str,
    source: str,
    happened_on: str,
    note: str = "",
) -> None:
    """Record that a project was submitted, approved or refused, with where that was read and when it happened.

    The organisation that leads it needs a source for what the programme decided; a coordinator speaks for the
    programme. Recording the same again changes nothing.
    """
    who, _ = must_edit(db, member=member, project_id=project_id)
    note = clean(note)
    wrong, found = _outcome(who, status=status, source=source, happened_on=happened_on)
    wrong += _text_wrong("note", note, NOTE_AT_MOST)
    refuse(wrong)
    moment = now()
    with transaction(db):
        last = _last(db, project_id)
        standing = data.projects.current(db, project_id=project_id)
        assert standing is not None
        if standing["status"] == found["status"] and last and _said(last) == (*found.values(), note):
            return
        values = {**standing, "status": found["status"].value, "status_note": note or None}
        if not data.projects.update(
            db, project_id=project_id, values=values, moment=moment, member_id=who.id, revision=revision
        ):
            raise Conflict(
                N_("Iemand wijzigde dit project intussen. Hieronder zie je wat er nu staat."),
                current=data.projects.get(db, project_id=project_id),
            )
        data.projects.decide(db, project_id=project_id, **found, note=note, member_id=who.id, moment=moment)


def _last(db: Database, project_id: int) -> Decision | None:
    found = data.projects.decisions(db, project_id=project_id)
    return found[-1] if found else None


def _said(decision: Decision) -> tuple[object, ...]:
    return decision.status, decision.happened_on, decision.source, decision.note


def form_of(db: Database, project: Project) -> ProjectForm:
    """The form that would write this project."""
    last = _last(db, project.id)
    return ProjectForm(
        title=project.title,
        summary=project.summary,
        lead=project.lead,
        partners="\n".join(one.name for one in partners(db, project=project)),
        theme=project.theme or "",
        call=str(project.call_id or ""),
        subsidy=_amount(project.subsidy_cents),
        year=project.year or "",
        links="\n".join(project.urls),
        programme="yes" if project.programme else "no",
        status=project.status.value,
        status_source=(last and last.source) or "",
        status_on=(last and last.happened_on) or "",
        features=project.features,
        cost_year=_amount(project.cost_year_cents),
        supplier=project.supplier,
        how_to_join=project.how_to_join,
    )


def _amount(found: int | None) -> str:
    if found is None:
        return ""
    whole, part = divmod(found, 100)
    return f"{whole},{part:02}" if part else str(whole)


def _checked(
    db: Database, form: ProjectForm, *, who: Member, project: Project | None, last: Decision | None
) -> tuple[Values, dict[str, Any] | None]:
    """What to store of a form, and what to add to the history of outcomes, if anything; Invalid for what is wrong."""
    title, summary = one_line(form.title), clean(form.summary)
    lead, lead_wrong = _lead(db, form, who=who, project=project)
    parties, parties_wrong = _parties(db, form.partners)
    addresses, addresses_wrong = _links(form.links)
    subsidy, cost = cents(form.subsidy), cents(form.cost_year)
    call_id = int(form.call) if form.call.isascii() and form.call.isdigit() and len(form.call) < 10 else None
    outcome_wrong, outcome = _outcome(
        who,
        status=form.status,
        source=form.status_source,
        happened_on=form.status_on,
        before=(project.status if project else Status.UNKNOWN, last),
    )
    answers = {"features": clean(form.features), "how_to_join": clean(form.how_to_join)}
    wrong = [
        *_text_wrong("title", title, TITLE_AT_MOST, N_("Geef het project een titel.")),
        *_text_wrong("summary", summary, DESCRIPTION_AT_MOST, N_("Beschrijf het project in enkele zinnen.")),
        *lead_wrong,
        *parties_wrong,
        *_text_wrong("year", one_line(form.year), YEAR_AT_MOST),
        *addresses_wrong,
        *outcome_wrong,
        *_text_wrong("features", answers["features"], FEATURES_AT_MOST),
        *_text_wrong("supplier", one_line(form.supplier), SUPPLIER_AT_MOST),
        *_text_wrong("how_to_join", answers["how_to_join"], JOIN_AT_MOST),
    ]
    if form.theme and form.theme not in {theme.slug for theme in data.calls.themes(db, lang="nl")}:
        wrong.append(Invalid("theme", N_("Kies een thema uit de lijst.")))
    if form.call and (call_id is None or data.calls.get(db, call_id=call_id) is None):
        wrong.append(Invalid("call", N_("Kies een oproep uit de lijst.")))
    if form.programme not in {"yes", "no"}:
        wrong.append(Invalid("programme", N_("Kies een van de mogelijkheden.")))
    for field, typed, found in (("subsidy", form.subsidy, subsidy), ("cost_year", form.cost_year, cost)):
        if typed.strip() and found is None:
            wrong.append(Invalid(field, N_("Schrijf een bedrag in euro, zoals 90000 of 1.250,50.")))
    refuse(wrong)
    values = {
        "title": title,
        "summary": summary,
        **lead,
        "partners": parties,
        "theme": form.theme or None,
        "call_id": call_id,
        "subsidy_cents": subsidy,
        "year": one_line(form.year) or None,
        "urls": json.dumps(addresses),
        "programme": int(form.programme == "yes"),
        "status": outcome["status"].value,
        "lang": language_of(f"{title}. {summary}"),
        **answers,
        "cost_year_cents": cost,
        "supplier": one_line(form.supplier),
    }
    if project is None:
        values |= {"external_id": None, "status_note": None, "theme_derived": 0, "remark": None}
    standing = last or Decision(project.status if project else Status.UNKNOWN, None, None, "", None, None, "")
    new = outcome["status"] != standing.status or _said(standing)[:3] != tuple(outcome.values())
    return values, {**outcome, "note": ""} if new else None


def _lead(db: Database, form: ProjectForm, *, who: Member, project: Project | None) -> tuple[Values, list[Invalid]]:
    """Who leads: for a member always the own organisation, for a coordinator any that is known, or nobody known."""
    text = one_line(form.lead)
    if not who.is_coordinator:
        assert who.organisation_id is not None
        return {"lead_id": who.organisation_id, "lead": who.organisation or ""}, []
    if project is not None and text == project.lead:
        return {"lead_id": project.lead_id, "lead": project.lead}, []
    found: Organisation | None = data.people.find_organisation(db, text=text) if text else None
    if text and found is None:
        said = N_("“%(text)s” kennen we niet. Kies een gemeente of bestuur uit de lijst.")
        return {}, [Invalid("lead", said, text=text[:100])]
    return {"lead_id": found.id if found else None, "lead": found.name if found else ""}, []


def _parties(db: Database, text: str) -> tuple[list[tuple[str, int | None]], list[Invalid]]:
    names = list(dict.fromkeys(name for line in clean(text).split("\n") if (name := one_line(line))))
    if len(names) > PARTNERS_AT_MOST:
        said = N_("Dit zijn er %(count)s. Hoogstens %(at_most)s kan.")
        return [], [Invalid("partners", said, count=len(names), at_most=PARTNERS_AT_MOST)]
    for name in names:
        if wrong := _text_wrong("partners", name, PARTNER_AT_MOST):
            return [], wrong
    known = [(name, data.people.find_organisation(db, text=name)) for name in names]
    return [(name, found.id if found else None) for name, found in known], []


def _links(text: str) -> tuple[list[str], list[Invalid]]:
    addresses = list(dict.fromkeys(clean(text).split()))
    if len(addresses) > ADDRESSES_AT_MOST:
        said = N_("Dit zijn er %(count)s. Hoogstens %(at_most)s kan.")
        return [], [Invalid("links", said, count=len(addresses), at_most=ADDRESSES_AT_MOST)]
    for address in addresses:
        if not on_the_web(address) or len(address) > ADDRESS_AT_MOST or not readable(address):
            said = N_("“%(text)s” is geen webadres. Begin met https:// en zet elk adres op een eigen regel.")
            return [], [Invalid("links", said, text=address[:80])]
    return addresses, []


def _outcome(
    who: Member,
    *,
    status: str,
    source: str,
    happened_on: str,
    before: tuple[Status, Decision | None] | None = None,
) -> tuple[list[Invalid], dict[str, Any]]:
    """Status, day and source as they are stored, and what is wrong with them; `before` is what stands already."""
    wrong = []
    source = source.strip()
    when = day(happened_on)
    if status not in set(Status):
        wrong.append(Invalid("status", N_("Kies een van de mogelijkheden.")))
        status = Status.UNKNOWN
    found = Status(status)
    if source and not (on_the_web(source) and len(source) <= ADDRESS_AT_MOST and readable(source)):
        wrong.append(Invalid("status_source", N_("Dit is geen webadres. Het begint met https://.")))
    # What stood without a source may stay: only who says something new must show where it was read.
    stands = before is not None and before[0] is found and not (before[1] and before[1].source)
    if not source and not stands and found in {Status.APPROVED, Status.REFUSED} and not who.is_coordinator:
        said = N_("Geef een link naar de beslissing, zodat iedereen ze kan nalezen.")
        wrong.append(Invalid("status_source", said))
    if happened_on.strip() and when is None:
        wrong.append(Invalid("status_on", N_("Schrijf een datum zoals 29/03/2026.")))
    elif when and when > today():
        wrong.append(Invalid("status_on", N_("Deze dag moet nog komen. Kies vandaag of een dag die voorbij is.")))
    elif when and when.year < 2000:
        wrong.append(Invalid("status_on", N_("Kijk het jaartal na.")))
    return wrong, {"status": found, "happened_on": when.isoformat() if when else None, "source": source or None}


def _text_wrong(field: str, text: str, at_most: int, when_empty: str | None = None) -> list[Invalid]:
    if not text:
        return [Invalid(field, when_empty)] if when_empty else []
    if len(text) > at_most:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        return [Invalid(field, said, count=len(text), at_most=at_most)]
    if not readable(text):
        return [Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))]
    return []


def import_rows(
    db: Database,
    *,
    rows: Iterable[Row],
    member: Member | None = None,
    plan: str | None = None,
    upload: str | None = None,
    told: Told = None,
) -> Imported:
    """Add or update projects by their external id: all rows, or none with ImportRefused saying what is wrong where.

    Saying it twice changes nothing: rows that say what already stands are not touched, and what a row says nothing
    about stays. Without a `member` what a person wrote stays too. With a `plan`, the fingerprint of a dry run, it is a
    Conflict when the rows would do something else than was shown. An `upload` waits no longer once its rows are in.
    `told` hears how many rows are written.
    """
    checked, done = check(rows, reader(db))
    _keep(db, counted(checked, told), done, refresh=True, member=member, plan=plan, upload=upload)
    return done


def seed(db: Database, *, rows: list[dict[str, Any]]) -> int:
    """Add the projects of data/seed/projects.jsonl that are missing and tell how many; the others stay as they are."""
    done = Imported()
    _keep(db, [_seeded(db, row) for row in rows], done, refresh=False)
    return done.added


def _keep(
    db: Database,
    wanted: Iterable[Values],
    done: Imported,
    *,
    refresh: bool,
    member: Member | None = None,
    plan: str | None = None,
    upload: str | None = None,
) -> None:
    moment = now()
    seen = Plan()
    member_id = member.id if member else None
    with transaction(db):
        for batch in batches(wanted):
            stored = known(db, batch)
            ids = [item["id"] for item in stored.values()]
            written = set() if member else data.projects.written_by_people(db, project_ids=ids)
            for values in batch:
                before = stored.get(values["external_id"])
                if plan:
                    seen.add(fate(0, before, values))
                if before is None:
                    _bring_in(db, values, member_id=member_id, moment=moment)
                    done.added += 1
                elif refresh and before["id"] not in written and (names := changed(before, values)):
                    _refresh(db, before, {name: values[name] for name in names}, member_id=member_id, moment=moment)
                    done.changed += 1
                else:
                    done.unchanged += 1
        ended = upload is None or data.project_uploads.end(db, token=upload, state=UploadState.IMPORTED, moment=moment)
        if not ended or (plan and seen.fingerprint != plan):
            raise Conflict(N_("Intussen is er iets gewijzigd. Kijk hieronder opnieuw na wat er zou gebeuren."))


def _bring_in(db: Database, values: Values, *, member_id: int | None, moment: str) -> None:
    project_id = data.projects.add(db, values=values, moment=moment, member_id=member_id, imported=True)
    if values["status"] != Status.UNKNOWN:
        _decided_in_file(db, project_id, values, member_id=member_id, moment=moment)
    queue_vectors(db, changed=[])


def _refresh(db: Database, before: Values, new: Values, *, member_id: int | None, moment: str) -> None:
    values = {**before, **new}
    data.projects.update(db, project_id=before["id"], values=values, moment=moment, member_id=member_id, imported=True)
    if "status" in new:
        _decided_in_file(db, before["id"], values, member_id=member_id, moment=moment)
    if new.keys() & {"title", "summary"}:
        queue_vectors(db, changed=[(Kind.PROJECT, before["id"])])


def _decided_in_file(db: Database, project_id: int, values: Values, *, member_id: int | None, moment: str) -> None:
    source = next(iter(json.loads(values["urls"])), None)
    data.projects.decide(
        db,
        project_id=project_id,
        status=Status(values["status"]),
        happened_on=None,
        source=source,
        note=values["status_note"] or "",
        member_id=member_id,
        moment=moment,
    )


def _seeded(db: Database, row: dict[str, Any]) -> dict[str, Any]:
    find = data.people.find_organisation

    def organisation_id(party: dict[str, Any]) -> int | None:
        found = find(db, text=party["uri"]) if party["uri"] else None
        return found.id if found else None

    subsidy = row["subsidy_eur"]
    return {
        "absent": frozenset(),
        **{name: row[name] for name in ("external_id", "title", "summary", "status", "status_note", "theme", "year")},
        "programme": int(row["programme"]),
        "lead_id": organisation_id(row["lead"]) if row["lead"] else None,
        "lead": row["lead"]["name"] if row["lead"] else "",
        "theme_derived": int(row["theme_derived"]),
        "call_id": data.calls.find(db, text=str(row["call"])) if row["call"] else None,
        "subsidy_cents": None if subsidy is None else round(subsidy * 100),
        "remark": row["remark"],
        "urls": json.dumps(row["urls"]),
        "lang": row.get("lang", "nl"),
        "partners": [(party["name"], organisation_id(party)) for party in row["partners"]],
    }
