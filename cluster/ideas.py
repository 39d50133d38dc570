"""Ideas: post, edit, withdraw, restore, browse and import."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from sqlite_utils import Database

import data.adoptions
import data.calls
import data.drafts
import data.ideas
import data.moderation
import data.people
import data.versions
import data.work
from cluster.engine.encoder import Encoder
from cluster.engine.language import LANGUAGES, language_of
from cluster.engine.texts import clean, on_the_web, one_line, readable
from cluster.imports import Fields, Imported, Row, Told, check, counted
from cluster.matches import keep_vector, queue_vectors, read_at_once
from cluster.people import must_act
from data.ideas import Filter
from data.store import now, transaction
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound, refuse
from models.ideas import (
    DESCRIPTION_AT_MOST,
    LABEL_AT_MOST,
    LINK_AT_MOST,
    LINKS_AT_MOST,
    TARGET_GROUP_AT_MOST,
    TITLE_AT_MOST,
    Budget,
    DraftMark,
    Idea,
    IdeaForm,
    IdeaState,
    Intent,
    Seek,
    Stage,
    links_of,
)
from models.matches import Kind
from models.moderation import Action, Subject
from models.people import Member
from models.waiting import COUNTED_AT_MOST

PER_PAGE = 20
ORDERS = ("newest", "supported", "title")
HIDDEN = N_("Een coördinator verborg dit idee. Je kunt het nu niet wijzigen.")

# Who mends a word right after saving sends no letters about it.
TOLD_AFTER_S = 10 * 60


def post(
    db: Database,
    *,
    encoder: Encoder | None,
    member: Member | None,
    form: IdeaForm,
    submission_key: str | None = None,
    mark: DraftMark | None = None,
) -> int:
    """Post an idea for the member's organisation and return its id.

    The same form sent twice (`submission_key`) posts once; sent again with another text it is a Conflict.
    Its draft (`mark`) is erased, unless another device wrote a later text into it.
    The vector of a long text, or of any without an encoder, follows from the worker.
    """
    member, organisation_id = must_act(member)
    form = checked(db, form)
    text = f"{form.title}. {form.description}"
    lang = language_of(text)
    reading = read_at_once(encoder, text)
    with transaction(db):
        posted = _posted(db, submission_key=submission_key, organisation_id=organisation_id)
        if mark and (posted is None or form_of(posted) == form):
            data.drafts.finish(db, member_id=member.id, submission_key=submission_key, mark=mark)
        if posted and form_of(posted) == form:
            return posted.id
        if posted:
            raise Conflict(N_("Je plaatste dit idee al. Bewaar hieronder om het zo te wijzigen."), current=posted)
        idea_id = data.ideas.add(
            db,
            form=form,
            lang=lang,
            organisation_id=organisation_id,
            author_id=member.id,
            submission_key=submission_key,
            demo=member.demo,
        )
        if encoder and reading is not None:
            keep_vector(db, kind=Kind.IDEA, item_id=idea_id, encoder=encoder, text=text, reading=reading)
        _queue_placing(db, idea_id)
    return idea_id


def _posted(db: Database, *, submission_key: str | None, organisation_id: int) -> Idea | None:
    """What this very form posted before: a double click, or back and once more."""
    idea_id = data.ideas.by_submission_key(db, submission_key=submission_key) if submission_key else None
    idea = data.ideas.get(db, idea_id=idea_id) if idea_id else None
    if idea and idea.organisation_id != organisation_id:
        raise Invalid("title", N_("Dit formulier hoort bij een ander bestuur. Open een nieuw formulier."))
    return idea


def edit(
    db: Database, *, encoder: Encoder | None, member: Member | None, idea_id: int, revision: int, form: IdeaForm
) -> None:
    """Write a new version; earlier ones are kept. Refused with a Conflict if a colleague was first.

    Endorsers hear of it when the substance changed, a while later, so that a word mended at once is no news.
    """
    member, _ = must_act(member)
    idea = own(db, member=member, idea_id=idea_id)
    form = checked(db, form)
    if form != form_of(idea):
        _write(db, encoder=encoder, member=member, idea=idea, revision=revision, form=form)


def put_back(
    db: Database, *, encoder: Encoder | None, member: Member | None, idea_id: int, version: int, revision: int
) -> None:
    """Write what an earlier version said as a new version, for the idea's organisation and for coordinators.

    Nothing in between is lost. What a coordinator puts back stands in the history. Twice changes nothing.
    """
    idea = get(db, idea_id=idea_id, member=member)
    if member is None or not (member.is_coordinator or is_own(idea, member)):
        raise NotAllowed(N_("Alleen het bestuur dat dit idee plaatste, kan het wijzigen."))
    if idea.state is IdeaState.HIDDEN and not member.is_coordinator:
        raise NotAllowed(HIDDEN)
    found = data.versions.get(db, idea_id=idea_id, revision=version)
    if found is None:
        raise NotFound
    form = checked(db, found.form)
    if form != form_of(idea):
        _write(db, encoder=encoder, member=member, idea=idea, revision=revision, form=form, put_back=version)


def _write(
    db: Database,
    *,
    encoder: Encoder | None,
    member: Member,
    idea: Idea,
    revision: int,
    form: IdeaForm,
    put_back: int | None = None,
) -> None:
    text = f"{form.title}. {form.description}"
    reading = read_at_once(encoder, text)
    with transaction(db):
        written = data.ideas.edit(
            db, idea_id=idea.id, revision=revision, form=form, lang=language_of(text), member_id=member.id
        )
        if not written:
            raise Conflict(
                N_("Een collega paste dit idee intussen aan. Vergelijk hieronder en bewaar opnieuw."),
                current=data.ideas.get(db, idea_id=idea.id),
            )
        if encoder and reading is not None:
            keep_vector(db, kind=Kind.IDEA, item_id=idea.id, encoder=encoder, text=text, reading=reading)
        if reading is None or form.theme is None:
            _queue_placing(db, idea.id)
        if put_back is not None and not is_own(idea, member):
            item = data.moderation.item(db, kind=Subject.IDEA, item_id=idea.id)
            assert item is not None
            data.moderation.note(
                db, member_id=member.id, action=Action.PUT_BACK, item=item, reason=f"{put_back} → {revision + 1}"
            )


def withdraw(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Take an idea off the public pages; text and me-toos are kept, an offer ends. Saying it twice changes nothing."""
    _move(db, member=member, idea_id=idea_id, before=IdeaState.OPEN, after=IdeaState.WITHDRAWN)


def restore(db: Database, *, member: Member | None, idea_id: int) -> None:
    """Put a withdrawn idea back. Saying it twice changes nothing."""
    _move(db, member=member, idea_id=idea_id, before=IdeaState.WITHDRAWN, after=IdeaState.OPEN)


def _move(db: Database, *, member: Member | None, idea_id: int, before: IdeaState, after: IdeaState) -> None:
    member, _ = must_act(member)
    with transaction(db):
        if own(db, member=member, idea_id=idea_id).state is before:
            data.ideas.set_state(db, idea_id=idea_id, state=after)
            data.adoptions.take_back(db, idea_id=idea_id)


def get(db: Database, *, idea_id: int, member: Member | None) -> Idea:
    """An idea this reader may see: open ones for everyone, others for their organisation and coordinators."""
    idea = data.ideas.get(db, idea_id=idea_id)
    if idea is None:
        raise NotFound(N_("Dit idee bestaat niet of niet meer."))
    if idea.state is IdeaState.OPEN or (member and (member.is_coordinator or is_own(idea, member))):
        return idea
    raise NotFound(N_("Dit idee bestaat niet of niet meer."))


def is_own(idea: Idea, member: Member | None) -> bool:
    """Whether the idea belongs to the member's organisation."""
    return bool(member and idea.organisation_id is not None and idea.organisation_id == member.organisation_id)


def own(db: Database, *, member: Member, idea_id: int) -> Idea:
    """An idea of the member's own organisation; NotAllowed when it is public but another's, else NotFound."""
    idea = get(db, idea_id=idea_id, member=member)
    if not is_own(idea, member):
        raise NotAllowed(N_("Alleen het bestuur dat dit idee plaatste, kan het wijzigen."))
    if idea.state is IdeaState.HIDDEN:
        raise NotAllowed(HIDDEN)
    return idea


def browse(db: Database, *, wanted: Filter, order: str = "newest", page: int = 1) -> tuple[list[Idea], bool]:
    """One page of open ideas, and whether there are more."""
    order = order if order in ORDERS else "newest"
    found = data.ideas.browse(db, wanted=wanted, order=order, at_most=PER_PAGE + 1, after=(page - 1) * PER_PAGE)
    return found[:PER_PAGE], len(found) > PER_PAGE


def count(db: Database, *, wanted: Filter) -> int:
    """How many open ideas fit, counted no further than `COUNTED_AT_MOST`."""
    return data.ideas.count(db, wanted=wanted, at_most=COUNTED_AT_MOST)


# What leaves, under the names by which an import knows it; the last ones are only for reading.
EXPORTED = (
    *("id", "title", "description", "municipality", "lang", "theme", "call", "stage", "intent", "seeks", "budget"),
    *("target_group", "links", "url", "created_at", "supporters"),
)
_BATCH = 500


def more_than(db: Database, *, wanted: Filter, count: int) -> bool:
    """Whether more ideas fit than so many, without reading them."""
    return data.ideas.count(db, wanted=wanted, at_most=count + 1) > count


def exported(db: Database, *, wanted: Filter) -> Iterator[dict[str, object]]:
    """All open ideas that fit, by id, as an import reads them; nobody's name or address is in it.

    Ideas that were posted here have an id of the form idea:12.
    """
    calls = {call.id: call.number for call in data.calls.every(db)}

    @cache
    def name(organisation_id: int) -> str:
        return data.people.name_for_import(db, organisation_id=organisation_id)

    last = 0
    while found := data.ideas.batch(db, wanted=wanted, after_id=last, at_most=_BATCH):
        for idea in found:
            yield {
                **{field: getattr(idea, field) for field in EXPORTED if hasattr(idea, field)},
                "id": reference(idea),
                "municipality": name(idea.organisation_id) if idea.organisation_id else "",
                "call": calls.get(idea.call_id) if idea.call_id else None,
                "url": idea.source_url,
                "links": idea.links.split("\n") if idea.links else [],
            }
        last = found[-1].id


def reference(idea: Idea) -> str:
    """The id an idea had where it came from, or idea:12 for one that was posted here."""
    return idea.external_id or f"{Kind.IDEA}:{idea.id}"


def _by_reference(db: Database, *, external_id: str, created_at: str | None) -> Idea | None:
    """The idea that a row of a file is about. A number of ours may mean another idea elsewhere; its moment tells."""
    found = data.ideas.by_external_id(db, external_id=external_id)
    kind, _, number = external_id.partition(":")
    if found or kind != Kind.IDEA or not (number.isascii() and number.isdigit() and len(number) < 10):
        return found
    posted = data.ideas.get(db, idea_id=int(number))
    return posted if posted and posted.external_id is None and posted.created_at == created_at else None


def newest(db: Database, *, at_most: int) -> list[Idea]:
    """The newest open ideas."""
    return data.ideas.browse(db, wanted=Filter(), order="newest", at_most=at_most, after=0)


def newest_of_own(db: Database, *, member: Member, at_most: int) -> list[Idea]:
    """The newest open ideas of a member's organisation; one query, none for who has none."""
    own = member.organisation_id
    return data.ideas.newest_of(db, organisation_ids=[own], at_most=at_most) if own is not None else []


def counts(db: Database, *, at_most: int = -1) -> dict[str, int]:
    """How much there is, for the start page; counting stops at `at_most` of each, when given."""
    return data.ideas.counts(db, at_most=at_most)


def form_of(idea: Idea) -> IdeaForm:
    """The form that would write this idea."""
    return IdeaForm(
        title=idea.title,
        description=idea.description,
        theme=idea.theme,
        call_id=idea.call_id,
        stage=idea.stage.value,
        intent=idea.intent.value,
        seeks=tuple(seek.value for seek in idea.seeks),
        budget=idea.budget.value if idea.budget else None,
        target_group=idea.target_group,
        links=idea.links,
    )


def checked(db: Database, form: IdeaForm) -> IdeaForm:
    """The form cleaned; raises Invalid for the first field that cannot be accepted, carrying the others."""
    form = replace(
        form,
        title=one_line(form.title),
        description=clean(form.description),
        target_group=one_line(form.target_group or "") or None,
        theme=form.theme or None,
        budget=form.budget or None,
        seeks=tuple(seek.value for seek in Seek if seek in form.seeks),
        links="\n".join(one_line(line) for line in clean(form.links).split("\n") if line.strip()),
    )
    wrong = [
        *_text_wrong("title", form.title, TITLE_AT_MOST, N_("Geef je idee een titel.")),
        *_text_wrong("description", form.description, DESCRIPTION_AT_MOST, N_("Beschrijf je idee in enkele zinnen.")),
        *_text_wrong("target_group", form.target_group or "", TARGET_GROUP_AT_MOST, None),
    ]
    if form.theme and form.theme not in {theme.slug for theme in data.calls.themes(db, lang="nl")}:
        wrong.append(Invalid("theme", N_("Kies een thema uit de lijst.")))
    if form.call_id is not None and data.calls.get(db, call_id=form.call_id) is None:
        wrong.append(Invalid("call", N_("Kies een oproep uit de lijst.")))
    for field, given, among in (
        ("stage", form.stage, Stage),
        ("intent", form.intent, Intent),
        ("budget", form.budget, Budget),
    ):
        if given is not None and given not in set(among):
            wrong.append(Invalid(field, N_("Kies een van de mogelijkheden.")))
    refuse([*wrong, *_links_wrong(form.links)])
    return form


def _links_wrong(text: str) -> list[Invalid]:
    """The first thing wrong with the links, which stand one a line: the address, then its words."""
    links = links_of(text)
    if len(links) > LINKS_AT_MOST:
        said = N_("Dit zijn %(count)s links. Geef er hoogstens %(at_most)s, elk op een eigen regel.")
        return [Invalid("links", said, count=len(links), at_most=LINKS_AT_MOST)]
    for line, link in enumerate(links, 1):
        if len(link.url) > LINK_AT_MOST or not on_the_web(link.url):
            said = N_("Regel %(line)s: “%(text)s” is geen webadres. Het begint met https:// of http://.")
            return [Invalid("links", said, line=line, text=link.url[:80])]
        if link.label != link.url and (len(link.label) > LABEL_AT_MOST or not readable(link.label)):
            said = N_("Regel %(line)s: geef de link een naam van hoogstens %(at_most)s leesbare tekens.")
            return [Invalid("links", said, line=line, at_most=LABEL_AT_MOST)]
    return []


def _text_wrong(field: str, text: str, at_most: int, when_empty: str | None) -> list[Invalid]:
    if not text:
        return [Invalid(field, when_empty)] if when_empty else []
    if len(text) > at_most:
        return [
            Invalid(
                field,
                N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s."),
                count=len(text),
                at_most=at_most,
            )
        ]
    if not readable(text):
        return [Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))]
    return []


def _queue_placing(db: Database, idea_id: int) -> None:
    """The worker reads the text unless that was done, puts it into the proposal where it belongs, guesses a theme."""
    data.work.queue(db, kind="embed", key=f"idea:{idea_id}", payload={"kind": Kind.IDEA, "item_id": idea_id})


def import_rows(db: Database, *, rows: Iterable[Row], demo: bool = False, told: Told = None) -> Imported:
    """Import ideas: all rows are checked first, everything is written or nothing; repeating it changes nothing.

    Raises ImportRefused with every bad row. `told` hears how many are written.
    """
    organisations: dict[str, int | None] = {}
    themes = {theme.slug for theme in data.calls.themes(db, lang="nl")}

    def organisation(text: str) -> int | None:
        if text not in organisations:
            found = data.people.find_organisation(db, text=text)
            organisations[text] = found.id if found else None
        return organisations[text]

    def read(row: Fields) -> dict[str, Any]:
        title = row.text("title", at_most=TITLE_AT_MOST, required=True) or ""
        description = row.text("description", at_most=DESCRIPTION_AT_MOST, required=True, lines=True) or ""
        lang = row.text("lang", at_most=10)
        if lang and lang not in LANGUAGES:
            row.refuse("lang", f"“{lang}” kennen we niet. Kies uit: {', '.join(LANGUAGES)}.")
        theme = row.found("theme", look_up=lambda text: _theme(db, themes, text), what="een thema")
        seeks = row.texts("seeks", each_at_most=50, at_most=len(Seek))
        if unknown := set(seeks) - set(Seek):
            row.refuse("seeks", f"“{min(unknown)}” kennen we niet. Kies uit: {', '.join(Seek)}.")
        budget = row.text("budget", at_most=20)
        if budget and budget not in set(Budget):
            row.refuse("budget", f"“{budget}” kennen we niet. Kies uit: {', '.join(Budget)}.")
        source = row.text("url", at_most=2_000)
        if source and not source.startswith(("https://", "http://")):
            row.refuse("url", "Een adres begint met https:// of http://.")
        links = "\n".join(row.texts("links", each_at_most=2_000, at_most=LINKS_AT_MOST))
        if _links_wrong(links):
            row.refuse("links", "Een link begint met https:// of http://, met daarna de woorden die je wilt tonen.")
        author = row.found("author", look_up=lambda text: data.people.by_email(db, email=text), what="een lid")
        external_id = row.text("id", "external_id", at_most=200, required=True) or ""
        created_at = row.text("created_at", at_most=40)
        row.given("supporters")
        named = row.given("municipality", "organisation")[1] is not None
        before = None if named else _by_reference(db, external_id=external_id, created_at=created_at)
        nobody = before is not None and before.organisation_id is None
        return {
            "external_id": external_id,
            "created_at": created_at,
            "form": IdeaForm(
                title=title,
                description=description,
                theme=theme,
                call_id=row.found("call", look_up=lambda text: data.calls.find(db, text=text), what="een oproep"),
                stage=row.choice("stage", Stage, Stage.IDEA).value,
                intent=row.choice("intent", Intent, Intent.NEED).value,
                seeks=tuple(seek.value for seek in Seek if seek in seeks),
                budget=budget,
                target_group=row.text("target_group", at_most=TARGET_GROUP_AT_MOST),
                links=links,
            ),
            "lang": lang or language_of(f"{title}. {description}"),
            "organisation_id": author.organisation_id
            if author
            else row.found(
                "municipality",
                "organisation",
                look_up=organisation,
                what="een gemeente of bestuur",
                required=not demo and not nobody,
            ),
            "author_id": author.id if author else None,
            "source_url": source,
        }

    ready, found = check(rows, read)
    moment = now()
    with transaction(db):
        for values in counted(ready, told):
            given_at = values.pop("created_at")
            before = _by_reference(db, external_id=values["external_id"], created_at=given_at)
            if before is None:
                data.ideas.add(db, **values, demo=demo, created_at=moment)
                found.added += 1
            elif before.external_id and _untouched(db, before) and (what := _differs(db, before, values)):
                _correct(db, before, values, what=what)
                found.changed += 1
                if "text" not in what:
                    continue
            else:
                found.unchanged += 1
                continue
            queue_vectors(db, changed=[(Kind.IDEA, before.id)] if before else [])
    return found


def _differs(db: Database, before: Idea, values: dict[str, Any]) -> set[str]:
    """What an import would change of an idea: its text, or whose it is and where it came from.

    An idea of a municipality that merged since stays the old one's, under the new one; one that was adopted stays its
    new owner's.
    """
    if data.adoptions.history(db, idea_id=before.id):
        values["organisation_id"] = before.organisation_id
    if before.organisation_id and before.organisation_id != values["organisation_id"]:
        living = data.people.today(db, organisation_id=before.organisation_id)
        if living and living.id == values["organisation_id"]:
            values["organisation_id"] = before.organisation_id
    pairs = {
        "text": ((form_of(before), before.lang), (values["form"], values["lang"])),
        "origin": ((before.organisation_id, before.source_url), (values["organisation_id"], values["source_url"])),
    }
    return {name for name, (old, new) in pairs.items() if old != new}


def _correct(db: Database, before: Idea, values: dict[str, Any], *, what: set[str]) -> None:
    """Write what an import changes of an idea, inside the caller's transaction."""
    if "text" in what:
        data.ideas.edit(
            db,
            idea_id=before.id,
            revision=before.revision,
            form=values["form"],
            lang=values["lang"],
            member_id=None,
        )
    if "origin" in what:
        data.ideas.set_origin(
            db, idea_id=before.id, organisation_id=values["organisation_id"], source_url=values["source_url"]
        )


def _untouched(db: Database, idea: Idea) -> bool:
    """Whether no person edited it since it was imported: an import never overwrites what a person wrote."""
    return idea.revision == 1 or data.ideas.last_writer(db, idea_id=idea.id) is None


def _theme(db: Database, known: set[str], text: str) -> str | None:
    return text if text in known else data.calls.find_theme(db, text=text)


def of_own(db: Database, *, member: Member) -> list[Idea]:
    """All ideas of the member's organisation, withdrawn ones too, newest first; none for who acts for nobody."""
    if member.organisation_id is None:
        return []
    return data.ideas.of_organisation(db, organisation_id=member.organisation_id)
