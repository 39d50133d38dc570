"""Projects come in from files, all or nothing, and are written and decided on by those who may."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.projects
import data.calls
import data.matches
import data.people
import data.projects
import data.store
from cluster.imports import Row
from cluster.project_imports import on_the_web
from data.projects import Filter
from models.errors import Conflict, ImportRefused, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member
from models.projects import Project, ProjectForm, Status

GOOD = {
    "id": "P-1",
    "title": "Slim loket",
    "description": "Een loket dat ’s avonds open is.\n\nVoor iedereen.",
    "municipality": "Genk",
    "status": "approved",
    "source": "https://genk.example/loket",
    "lang": "nl",
}


def rows(*given: dict[str, Any]) -> list[Row]:
    return [Row(line, fields) for line, fields in enumerate(given, 1)]


def refusals(db: Database, *given: dict[str, Any]) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as refused:
        cluster.projects.import_rows(db, rows=rows(*given))
    assert all(message for _, _, message in refused.value.rows)
    return [(line, name) for line, name, _ in refused.value.rows]


def everything(db: Database) -> dict[str, list[str]]:
    return {table.name: sorted(map(str, table.rows)) for table in db.tables if table.name != "terms"}


def queued(db: Database) -> list[str]:
    return [item["key"] for item in data.store.rows(db, "select key from jobs where done_at is null order by id")]


def test_a_row_becomes_a_project_with_what_is_known_and_no_more(db: Database) -> None:
    done = cluster.projects.import_rows(
        db,
        rows=rows(
            {**GOOD, "call": 1, "theme": "Digitale democratie", "partners": ["Aalter", "Westhoek"], "colour": "x"}
        ),
    )
    (project,) = cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0]

    assert (done.added, done.changed, done.unchanged, done.ignored) == (1, 0, 0, {"colour": 1})
    assert (project.status, project.lead, project.theme, project.subsidy_cents) == (
        Status.APPROVED,
        "Genk",
        "democratie",
        None,
    )
    assert project.urls == ("https://genk.example/loket",)
    partners = cluster.projects.partners(db, project=project)
    assert [(item.name, item.organisation_id is not None) for item in partners] == [
        ("Aalter", True),
        ("Westhoek", False),
    ]  # fmt: skip
    assert queued(db) == ["missing"]


def test_an_unknown_outcome_stays_unknown(db: Database) -> None:
    cluster.projects.import_rows(db, rows=rows({key: GOOD[key] for key in GOOD if key not in {"status", "source"}}))

    (project,) = cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0]
    assert (project.status, project.urls) == (Status.UNKNOWN, ())


def test_the_same_file_twice_changes_nothing(db: Database) -> None:
    given = rows(GOOD, {**GOOD, "id": "P-2", "partners": ["Aalter"], "subsidy_eur": 426660.46})
    cluster.projects.import_rows(db, rows=given)
    before = everything(db)

    done = cluster.projects.import_rows(db, rows=given)

    assert (done.added, done.changed, done.unchanged) == (0, 0, 2)
    assert everything(db) == before


def test_a_changed_row_is_updated_and_only_a_changed_text_is_read_again(db: Database) -> None:
    cluster.projects.import_rows(db, rows=rows(GOOD, {**GOOD, "id": "P-2"}))
    with data.store.transaction(db):
        db.execute("delete from jobs")
        for item in data.store.rows(db, "select id from projects"):
            vector = {"item_id": item["id"], "encoder": "drawn", "text_hash": "old", "vector": b"1234", "parts": b""}
            data.matches.put(db, kind=Kind.PROJECT, **vector)

    done = cluster.projects.import_rows(
        db, rows=rows({**GOOD, "status": "refused"}, {**GOOD, "id": "P-2", "title": "Nog slimmer loket"})
    )

    first, second = sorted(cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0], key=lambda p: p.id)
    assert (done.changed, done.unchanged) == (2, 0)
    assert (first.status, second.title) == (Status.REFUSED, "Nog slimmer loket")
    assert queued(db) == ["missing"]
    assert [item["item_id"] for item in data.store.rows(db, "select item_id from embeddings")] == [first.id]


def test_one_bad_row_keeps_all_out_and_every_bad_row_is_said(db: Database) -> None:
    before = everything(db)

    found = refusals(
        db,
        GOOD,
        {**GOOD, "id": "P-2", "title": " ", "status": "misschien"},
        {**GOOD, "id": "P-3", "title": "x" * 201, "description": "y" * 20_001},
        {**GOOD, "id": "P-4", "municipality": "Atlantis", "theme": "vissen", "call": 99, "lang": "klingon"},
        {**GOOD},
        {},
    )

    assert found == [
        (2, "title"), (2, "status"),
        (3, "title"), (3, "description"),
        (4, "municipality"), (4, "lang"), (4, "theme"), (4, "call"),
        (5, "id"),
        (6, "municipality"), (6, "title"), (6, "description"), (6, "id"),
    ]  # fmt: skip
    assert everything(db) == before


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "ftp://genk.example/", "//genk.example", "https://", "http://[", "genk",
     "https://genk.example/a b"],
)  # fmt: skip
def test_a_source_is_an_address_on_the_web(db: Database, address: str) -> None:
    assert refusals(db, {**GOOD, "source": ["https://genk.example", address]}) == [(1, "source")]


@pytest.mark.parametrize("value", [["a"], {"a": 1}, True, 1.5])
def test_a_value_of_another_kind_is_refused_and_not_guessed(db: Database, value: object) -> None:
    assert refusals(db, {**GOOD, "title": value, "municipality": value}) == [(1, "municipality"), (1, "title")]


def test_control_characters_go_and_emoji_and_markup_stay_as_text(db: Database) -> None:
    cluster.projects.import_rows(
        db, rows=rows({**GOOD, "title": "<b>Loket</b> 🏛️\x07\u2028", "description": "a\x00b\r\nc"})
    )

    (project,) = cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0]
    assert (project.title, project.summary) == ("<b>Loket</b> 🏛️", "ab\nc")


def test_the_lead_is_found_by_a_name_or_code_of_before_the_merger(db: Database) -> None:
    genk = data.people.find_organisation(db, text="Genk")
    assert genk is not None
    values = dict.fromkeys(("province", "ovo", "inhabitants", "lat", "lon", "valid_from", "valid_until"))
    with data.store.transaction(db):
        old = data.people.add_organisation(
            db,
            values={**values, "uri": "urn:Oud", "kind": "municipality", "name": "Oud", "nis": "71000", "kbo": "0200"},
        )
        data.people.set_names(
            db,
            organisation_id=old,
            names=[
                {"name": "Oud", "nis": "71000", "kbo": "0200", "ovo": None, "valid_from": None, "valid_until": None}
            ],
        )
        data.people.add_merger(db, original_id=old, resulting_id=genk.id, happened_on="2025-01-01", identity="x")

    texts = ("oud", "71000", "0200", "urn:Oud", "Genk")
    cluster.projects.import_rows(
        db, rows=rows(*({**GOOD, "id": f"P-{at}", "municipality": text} for at, text in enumerate(texts)))
    )

    found, _ = cluster.projects.browse(db, wanted=Filter(organisation_id=genk.id), page=1, at_most=10)
    assert [project.lead for project in found] == ["Genk"] * 5


def test_filters_narrow_and_pages_follow_each_other(db: Database) -> None:
    cluster.projects.import_rows(
        db,
        rows=rows(
            {**GOOD, "id": "A", "title": "A", "theme": "democratie"},
            {**GOOD, "id": "B", "title": "B", "status": "submitted", "call": "1", "municipality": "Aalter"},
            {**GOOD, "id": "C", "title": "C", "programme": False, "partners": ["Aalter"]},
        ),
    )
    aalter = data.people.find_organisation(db, text="Aalter")
    assert aalter is not None

    def titles(wanted: Filter) -> str:
        return "".join(project.title for project in cluster.projects.browse(db, wanted=wanted, page=1, at_most=10)[0])

    assert titles(Filter()) == "ABC"
    assert titles(Filter(status="submitted")) == "B"
    assert titles(Filter(theme="democratie")) == "A"
    assert titles(Filter(call_id=data.calls.find(db, text="1"))) == "B"
    assert titles(Filter(programme=False)) == "C"
    assert titles(Filter(organisation_id=aalter.id)) == "BC"
    assert titles(Filter(organisation_id=aalter.id, programme=True)) == "B"
    assert cluster.projects.browse(db, wanted=Filter(), page=1, at_most=2)[1] is True
    assert [p.title for p in cluster.projects.browse(db, wanted=Filter(), page=2, at_most=2)[0]] == ["C"]


def test_seeding_adds_what_is_missing_and_leaves_the_rest(db: Database) -> None:
    shipped = [json.loads(line) for line in (data.calls.SEED / "projects.jsonl").read_text().splitlines()]
    for row in shipped:
        row.update(theme=None, call=1 if row["call"] else None)

    assert cluster.projects.seed(db, rows=shipped) == len(shipped)
    with data.store.transaction(db):
        db.execute("update projects set status = 'approved' where external_id = 'GZG-014'")
    before = everything(db)

    assert cluster.projects.seed(db, rows=shipped) == 0
    assert everything(db) == before
    subsidies = {p.subsidy_cents for p in cluster.projects.browse(db, wanted=Filter(), page=1, at_most=100)[0]}
    assert {9_000_000, 42_666_046, 200_000_000} <= subsidies


def test_the_shipped_projects_all_have_addresses_fit_for_a_link() -> None:
    shipped = [json.loads(line) for line in (data.calls.SEED / "projects.jsonl").read_text().splitlines()]

    assert all(on_the_web(address) for row in shipped for address in row["urls"])


def test_a_project_that_is_not_there_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound):
        cluster.projects.get(db, 99)


def typed(**fields: str) -> ProjectForm:
    return replace(ProjectForm(title="Slim loket", summary="Een loket dat ’s avonds open is."), **fields)


def wrong_fields(act: Callable[[], object]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        act()
    return [one.field for one in refused.value.every]


def test_a_member_adds_a_project_for_the_own_organisation_and_no_other(
    db: Database, who: Callable[[str], Member]
) -> None:
    form = typed(lead="Aalter", partners="Kortrijk\nde Westhoek\nKortrijk", subsidy="€ 1.250,50", call="1", theme="")

    project = cluster.projects.get(db, cluster.projects.add(db, member=who("genk"), form=form))

    assert (project.lead, project.subsidy_cents, project.status) == ("Genk", 125_050, Status.UNKNOWN)
    parties = cluster.projects.partners(db, project=project)
    assert [(one.name, one.organisation_id is not None) for one in parties] == [
        ("Kortrijk", True),
        ("de Westhoek", False),
    ]
    assert cluster.projects.decisions(db, project=project) == []
    assert queued(db) == ["missing"]


def test_a_coordinator_adds_a_project_for_any_organisation(db: Database, who: Callable[[str], Member]) -> None:
    coordinator = who("coordinator")
    project_id = cluster.projects.add(db, member=coordinator, form=typed(lead="kortrijk"))
    assert cluster.projects.get(db, project_id).lead == "Kortrijk"
    assert wrong_fields(lambda: cluster.projects.add(db, member=coordinator, form=typed(lead="Atlantis"))) == ["lead"]


def test_the_same_form_twice_adds_one_project(db: Database, who: Callable[[str], Member]) -> None:
    ids = {cluster.projects.add(db, member=who("genk"), form=typed(), submission_key="k") for _ in range(2)}
    assert len(ids) == 1
    with pytest.raises(NotAllowed):
        cluster.projects.add(db, member=who("aalter"), form=typed(), submission_key="k")


def test_everything_wrong_in_a_form_is_said_at_once_at_its_field(db: Database, who: Callable[[str], Member]) -> None:
    form = typed(
        title=" ", summary="x" * 20_001, theme="vissen", call="99", subsidy="veel", year="x" * 21, status="approved",
        links="https://genk.example javascript:alert(1)", status_on="31/02/2024", cost_year="-1",
    )  # fmt: skip
    before = everything(db)
    found = wrong_fields(lambda: cluster.projects.add(db, member=who("genk"), form=form))
    assert sorted(found) == sorted(
        ["title", "summary", "theme", "call", "subsidy", "year", "status_source", "status_on", "links", "cost_year"]
    )
    assert everything(db) == before


def test_others_may_not_write_about_a_project(db: Database, who: Callable[[str], Member]) -> None:
    project_id = cluster.projects.add(db, member=who("genk"), form=typed())
    for member in (None, who("aalter")):
        with pytest.raises(NotAllowed):
            cluster.projects.edit(db, member=member, project_id=project_id, revision=1, form=typed())
        with pytest.raises(NotAllowed):
            cluster.projects.decide(
                db, member=member, project_id=project_id, revision=1, status="submitted", source="", happened_on=""
            )
        with pytest.raises(NotAllowed):
            cluster.projects.versions(db, member=member, project_id=project_id, page=1)


def test_who_writes_second_hears_what_stands_now_and_changes_nothing(
    db: Database, who: Callable[[str], Member]
) -> None:
    project_id = cluster.projects.add(db, member=who("genk"), form=typed())
    cluster.projects.edit(
        db, member=who("coordinator"), project_id=project_id, revision=1, form=typed(year="2024", lead="Genk")
    )

    with pytest.raises(Conflict) as conflict:
        cluster.projects.edit(db, member=who("genk"), project_id=project_id, revision=1, form=typed(year="2025"))

    assert isinstance(conflict.value.current, Project)
    assert conflict.value.current.year == "2024"
    assert cluster.projects.get(db, project_id).year == "2024"


def test_versions_are_kept_and_tell_what_changed(db: Database, who: Callable[[str], Member]) -> None:
    genk = who("genk")
    project_id = cluster.projects.add(db, member=genk, form=typed())
    changed = typed(title="Slimmer loket", partners="Aalter", lead="Genk")
    for _ in range(2):  # the second time says nothing new, though its revision is old
        cluster.projects.edit(db, member=genk, project_id=project_id, revision=1, form=changed)

    found, more = cluster.projects.versions(db, member=genk, project_id=project_id, page=1)

    assert ([one.revision for one in found], more) == ([2, 1], False)
    assert cluster.projects.differences(found) == {
        2: [("title", "Slim loket", "Slimmer loket"), ("partners", [], ["Aalter"])]
    }


def test_a_project_of_before_versions_keeps_how_it_was(db: Database, who: Callable[[str], Member]) -> None:
    cluster.projects.import_rows(db, rows=rows(GOOD))
    with data.store.transaction(db):
        db.execute("delete from project_versions")
    (project,) = cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0]
    form = replace(cluster.projects.form_of(db, project), year="2024")

    cluster.projects.edit(db, member=who("coordinator"), project_id=project.id, revision=project.revision, form=form)

    found, _ = cluster.projects.versions(db, member=who("coordinator"), project_id=project.id, page=1)
    assert cluster.projects.differences(found) == {2: [("year", None, "2024")]}


def test_the_form_of_a_project_changes_nothing_when_sent_back(db: Database, who: Callable[[str], Member]) -> None:
    cluster.projects.import_rows(
        db, rows=rows({**GOOD, "partners": ["Aalter", "Westhoek"], "subsidy_eur": "426660.46", "theme": "democratie"})
    )
    (project,) = cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0]
    before = everything(db)

    for name in ("genk", "coordinator"):
        form = cluster.projects.form_of(db, project)
        cluster.projects.edit(db, member=who(name), project_id=project.id, revision=1, form=form)

    assert everything(db) == before


def test_an_outcome_is_recorded_once_with_who_when_and_where(db: Database, who: Callable[[str], Member]) -> None:
    genk = who("genk")
    project_id = cluster.projects.add(db, member=genk, form=typed(status="submitted", status_on="2024-05-01"))
    approved = {
        "status": "approved",
        "source": "https://genk.example/brief",
        "happened_on": "02/06/2024",
        "note": "Ja!",
    }

    def decide(member: Member, revision: int, **changes: str) -> None:
        cluster.projects.decide(db, member=member, project_id=project_id, revision=revision, **{**approved, **changes})

    assert wrong_fields(lambda: decide(genk, 1, source="")) == ["status_source"]
    assert wrong_fields(lambda: decide(genk, 1, source="javascript:x", happened_on="2999-01-01", status="?")) == [
        "status", "status_source", "status_on",
    ]  # fmt: skip
    decide(genk, 1)
    decide(genk, 1)
    with pytest.raises(Conflict):
        decide(who("coordinator"), 1, status="refused", source="")
    decide(who("coordinator"), 2, status="refused", source="", note="")

    project = cluster.projects.get(db, project_id)
    assert (project.status, project.status_note, project.revision) == (Status.REFUSED, None, 3)
    told = cluster.projects.decisions(db, project=project)
    assert [(one.status, one.happened_on, one.source, one.organisation) for one in told] == [
        (Status.SUBMITTED, "2024-05-01", None, "Genk"),
        (Status.APPROVED, "2024-06-02", "https://genk.example/brief", "Genk"),
        (Status.REFUSED, "2024-06-02", None, None),
    ]


def test_an_idea_is_recorded_as_submitted_by_its_organisation_until_it_is_refused(
    db: Database, who: Callable[[str], Member]
) -> None:
    genk = who("genk")
    idea_id = cluster.ideas.post(
        db, encoder=None, member=genk, form=IdeaForm(title="Idee", description="Tekst", theme="democratie")
    )
    with pytest.raises(NotAllowed):
        cluster.projects.draft(db, member=who("aalter"), idea_id=idea_id, cluster_id=None)
    form = cluster.projects.draft(db, member=genk, idea_id=idea_id, cluster_id=None)
    assert (form.title, form.summary, form.theme, form.status) == ("Idee", "Tekst", "democratie", "submitted")
    assert form.status_on == cluster.projects.today().isoformat()

    first = cluster.projects.add(db, member=genk, form=form, idea_id=idea_id)
    with pytest.raises(Conflict) as conflict:
        cluster.projects.add(db, member=genk, form=form, idea_id=idea_id)
    assert isinstance(conflict.value.current, Project)
    assert conflict.value.current.id == first
    cluster.projects.decide(
        db, member=who("coordinator"), project_id=first, revision=1, status="refused", source="", happened_on=""
    )
    second = cluster.projects.add(db, member=genk, form=form, idea_id=idea_id)

    became = cluster.projects.became(db, kind="idea", item_id=idea_id)
    assert [one.id for one in became] == [second, first]


def test_coordinators_and_who_is_behind_it_record_a_cluster_and_only_an_accepted_one(
    db: Database, who: Callable[[str], Member]
) -> None:
    idea_id = cluster.ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Idee", description="Tekst"))
    ids = {}
    with data.store.transaction(db):
        for state in ("proposed", "accepted"):
            ids[state] = data.store.insert(
                db,
                "insert into clusters (state, name, created_at, updated_at) values (?, 'Samen', '', '')",
                [state],
            )
            db.execute("insert into cluster_members values (?, 'idea', ?, 1, null)", [ids[state], idea_id])
    for name, state in (("aalter", "accepted"), ("coordinator", "proposed"), ("genk", "proposed")):
        with pytest.raises((NotAllowed, NotFound)):
            cluster.projects.draft(db, member=who(name), idea_id=None, cluster_id=ids[state])
        with pytest.raises((NotAllowed, NotFound)):
            cluster.projects.add(db, member=who(name), form=ProjectForm(title="T", summary="S"), cluster_id=ids[state])

    # Who says ook wij is behind it too, and leads what they submit.
    cluster.contacts.endorse(db, member=who("kortrijk"), idea_id=idea_id, role="lead", message="")
    form = cluster.projects.draft(db, member=who("kortrijk"), idea_id=None, cluster_id=ids["accepted"])
    assert (form.partners, form.status) == ("Genk", "submitted")
    first = cluster.projects.add(db, member=who("kortrijk"), form=form, cluster_id=ids["accepted"])
    assert (cluster.projects.get(db, first).lead, cluster.projects.get(db, first).cluster_id) == (
        "Kortrijk",
        ids["accepted"],
    )
    with pytest.raises(Conflict):
        cluster.projects.draft(db, member=who("genk"), idea_id=None, cluster_id=ids["accepted"])
    refused = {"status": "refused", "source": "https://genk.example/neen", "happened_on": ""}
    cluster.projects.decide(db, member=who("kortrijk"), project_id=first, revision=1, **refused)

    form = cluster.projects.draft(db, member=who("coordinator"), idea_id=None, cluster_id=ids["accepted"])

    assert (form.title, form.summary, form.partners) == ("Samen", "– Idee", "Genk\nKortrijk")
    project_id = cluster.projects.add(db, member=who("coordinator"), form=form, cluster_id=ids["accepted"])
    became = cluster.projects.became(db, kind="cluster", item_id=ids["accepted"])
    assert [one.id for one in became] == [project_id, first]


def test_a_command_leaves_what_a_person_wrote_and_a_coordinator_who_saw_it_may_replace_it(
    db: Database, who: Callable[[str], Member]
) -> None:
    cluster.projects.import_rows(db, rows=rows(GOOD))
    (project,) = cluster.projects.browse(db, wanted=Filter(), page=1, at_most=10)[0]
    form = replace(cluster.projects.form_of(db, project), title="Door Genk geschreven")
    cluster.projects.edit(db, member=who("genk"), project_id=project.id, revision=1, form=form)

    done = cluster.projects.import_rows(db, rows=rows(GOOD))
    assert (done.changed, done.unchanged) == (0, 1)
    assert cluster.projects.get(db, project.id).title == "Door Genk geschreven"

    done = cluster.projects.import_rows(db, rows=rows(GOOD), member=who("coordinator"))
    assert (done.changed, cluster.projects.get(db, project.id).title) == (1, "Slim loket")


def test_an_empty_cell_leaves_what_stands(db: Database) -> None:
    full = {**GOOD, "year": "2024", "partners": "Aalter", "theme": "democratie", "supplier": "Bouwers", "call": 1}
    cluster.projects.import_rows(db, rows=rows(full))
    before = everything(db)
    bare = {name: GOOD[name] for name in ("id", "title", "description", "municipality", "lang")}
    done = cluster.projects.import_rows(db, rows=rows(bare))
    assert (done.changed, everything(db)) == (0, before)
