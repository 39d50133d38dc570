"""Projects come in from files: all or nothing, twice is once, and what is wrong is said with its line."""

import json
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.projects
import data.calls
import data.matches
import data.people
import data.projects
import data.store
from cluster.imports import Row
from cluster.project_imports import on_the_web
from data.projects import Filter
from models.errors import ImportRefused, NotFound
from models.matches import Kind
from models.projects import Status

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
            vector = {"item_id": item["id"], "encoder": "drawn", "text_hash": "old", "vector": b"1234"}
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
