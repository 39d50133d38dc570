"""What was exported comes back the same: nothing added, nothing changed, in CSV, in XLSX and in JSON Lines."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

import cluster.ideas
import cluster.projects
import cluster.setup
import data.ideas
import data.migrations
import data.people
import data.projects
import data.store
from cluster.engine.texts import joined, parted
from cluster.imports import Imported, Row, read_csv, read_jsonl
from cluster.web.exports import csv_response, jsonl_response, xlsx_response
from cluster.workbooks import read_xlsx
from data.store import rows, value
from models.ideas import IdeaForm
from models.people import Member

Make = Callable[..., Any]
WAYS = [(csv_response, read_csv), (jsonl_response, read_jsonl), (xlsx_response, read_xlsx)]

HOSTILE = IdeaForm(
    title="=1+1; de 'titel' met é",
    description='-eerste regel\n\n@tweede; met "aanhalingstekens"\n+derde',
    theme="democratie",
    seeks=("partners", "ervaring"),
    budget="<25k",
    target_group="'=aangehaald",
    links="https://genk.example/x Over ons | Genk",
    call_id=1,
    stage="plan",
    intent="offer",
)


def sent(app: Flask, make: Make, verb: Any, db: Database) -> io.BytesIO:
    """The file that somebody would get."""
    with app.test_request_context():
        columns = [(name, name) for name in verb.EXPORTED]
        wanted = (data.ideas if verb is cluster.ideas else data.projects).Filter()
        answer = make("lijst", columns, verb.exported(db, wanted=wanted))
        return io.BytesIO(answer.get_data())


def everything(db: Database, *tables: str) -> list[Any]:
    return [rows(db, f"select * from {table} order by 1, 2") for table in tables]


@pytest.fixture
def seeded(app_db: Database) -> Database:
    """The reference data that ships, on top of what tests start from."""
    data.store.change(app_db, "delete from calls")
    cluster.setup.seed(app_db)
    return app_db


@pytest.mark.parametrize(("make", "read"), WAYS)
def test_ideas_come_back_the_same(
    app: Flask, seeded: Database, who: Callable[[str], Member], make: Make, read: Callable[..., Iterable[Row]]
) -> None:
    cluster.ideas.post(seeded, encoder=None, member=who("genk"), form=HOSTILE)
    given = {"title": "\t=2", "description": "=2\n=3", "municipality": "Aalter", "url": "https://aalter.example/?a=1;b"}
    cluster.ideas.import_rows(seeded, rows=[Row(1, {**given, "id": "=A-1"})])
    before = everything(seeded, "ideas", "idea_versions")

    done = cluster.ideas.import_rows(seeded, rows=read(sent(app, make, cluster.ideas, seeded)))

    assert done == Imported(unchanged=len(before[0]))
    assert everything(seeded, "ideas", "idea_versions") == before


@pytest.mark.parametrize(("make", "read"), WAYS)
def test_ideas_arrive_whole_in_another_place(
    app: Flask, seeded: Database, db: Database, who: Any, make: Make, read: Callable[..., Iterable[Row]]
) -> None:
    cluster.ideas.post(seeded, encoder=None, member=who("genk"), form=HOSTILE)
    data.store.change(
        seeded, "delete from idea_versions where idea_id in (select id from ideas where author_id is null)"
    )
    data.store.change(seeded, "delete from ideas where author_id is null")

    done = cluster.ideas.import_rows(db, rows=read(sent(app, make, cluster.ideas, seeded)))

    assert (done.added, done.ignored) == (1, {})
    (there,) = data.ideas.browse(db, wanted=data.ideas.Filter(), order="newest", at_most=9, after=0)
    assert cluster.ideas.form_of(there) == HOSTILE
    assert there.organisation == "Genk"


@pytest.mark.parametrize(("make", "read"), WAYS)
def test_projects_come_back_the_same(
    app: Flask, seeded: Database, make: Make, read: Callable[..., Iterable[Row]]
) -> None:
    given = {"id": "P-1", "title": "@P", "description": "=x", "municipality": "Genk", "subsidy_eur": "426660.46"}
    more = {
        "year": "-2023",
        "remark": "+a\n\n=b",
        "partners": ["=Bond | Co", "Aal\\ter"],
        "source": "https://genk.example/",
    }
    more |= {"features": "-Plannen\nBoeken", "cost_per_year_eur": "1250.5", "supplier": "@Huis", "how_to_join": "+Mail"}
    cluster.projects.import_rows(seeded, rows=[Row(1, {**given, **more})])
    before = everything(seeded, "projects", "project_partners")

    done = cluster.projects.import_rows(seeded, rows=read(sent(app, make, cluster.projects, seeded)))

    assert done == Imported(unchanged=len(before[0]))
    assert everything(seeded, "projects", "project_partners") == before


def test_a_project_that_was_made_here_stays_as_people_made_it(app: Flask, seeded: Database) -> None:
    data.store.change(seeded, "update projects set external_id = null where id = 1")
    before = everything(seeded, "projects")

    file = sent(app, csv_response, cluster.projects, seeded).getvalue().replace(b"Samenvatting", b"Anders")
    done = cluster.projects.import_rows(seeded, rows=read_csv(io.BytesIO(file)))

    assert (done.added, done.changed) == (0, 0)
    assert everything(seeded, "projects") == before


def test_a_number_of_another_place_is_another_idea(seeded: Database, who: Callable[[str], Member]) -> None:
    idea_id = cluster.ideas.post(seeded, encoder=None, member=who("genk"), form=HOSTILE)
    row = {"id": f"idea:{idea_id}", "title": "Elders", "description": "Van elders", "municipality": "Genk"}

    done = cluster.ideas.import_rows(seeded, rows=[Row(1, {**row, "created_at": "2020-01-01T00:00:00+00:00"})])

    assert done.added == 1
    assert value(seeded, "select title from ideas where id = ?", [idea_id]) == HOSTILE.title


def test_an_idea_of_a_municipality_that_merged_stays_there(app: Flask, seeded: Database) -> None:
    melle = value(seeded, "select id from organisations where name = 'Melle'")
    assert value(seeded, "select successor_id from organisations where id = ?", [melle])
    row = {"id": "M-1", "title": "Van Melle", "description": "Van voor de fusie", "municipality": "Melle"}
    cluster.ideas.import_rows(seeded, rows=[Row(1, row)])
    data.store.change(seeded, "update ideas set organisation_id = ? where external_id = 'M-1'", [melle])

    cluster.ideas.import_rows(seeded, rows=read_csv(sent(app, csv_response, cluster.ideas, seeded)))

    assert value(seeded, "select organisation_id from ideas where external_id = 'M-1'") == melle


def test_every_government_is_found_again_by_what_an_export_calls_it(seeded: Database) -> None:
    for item in rows(seeded, "select id, name from organisations"):
        text = data.people.name_for_import(seeded, organisation_id=item["id"])
        assert data.people.find_organisation(seeded, text=text) == data.people.today(
            seeded, organisation_id=item["id"]
        ), item


def test_a_decimal_comma_is_read(db: Database, tmp_path: Path) -> None:
    for text, cents in (("426660,46", 42666046), ("1.426.660,5", 142666050), ("90000", 9000000)):
        row = {"id": text, "title": "P", "description": "x", "municipality": "Genk", "subsidy_eur": text}
        cluster.projects.import_rows(db, rows=[Row(1, row)])
        assert value(db, "select subsidy_cents from projects where external_id = ?", [text]) == cents


@given(st.lists(st.text(alphabet="a|\\ '=", max_size=6), min_size=1, max_size=4))
def test_texts_in_one_cell_come_apart_again(texts: list[str]) -> None:
    assert parted(joined(texts)) == texts


def test_a_title_with_an_apostrophe_comes_back_from_a_sheet(app: Flask, db: Database) -> None:
    row = {"id": "P-1", "title": "'=hoe", "description": "x", "municipality": "Genk"}
    cluster.projects.import_rows(db, rows=[Row(1, row)])
    sheet = sent(app, xlsx_response, cluster.projects, db)
    assert cluster.projects.import_rows(db, rows=read_xlsx(sheet)) == Imported(unchanged=1)
