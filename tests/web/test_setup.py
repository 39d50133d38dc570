"""Set-up: the real reference data and an invented demo, as often as one likes, without undoing what people did."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.people
import cluster.projects
import data.clusters
import data.ideas
import data.migrations
import data.people
import data.projects
import data.proposals
import data.store
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import create_app
from cluster.web.context import Services
from cluster.web.people import DEMO_PASSWORD
from cluster.web.settings import Settings
from cluster.web.setup import setup
from models.errors import NotAllowed


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The encoder that ships, once for this module."""
    from cluster.engine.encoder import load

    return load(None)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Services]:
    """A place with the demo, set up once for this module."""
    services = services_at(tmp_path_factory.mktemp("place"), encoder)
    setup(services, demo=True)
    yield services
    services.close()


def services_at(folder: Path, encoder: Encoder | None, *, demo: bool = True) -> Services:
    app: Flask = create_app(Settings(data=folder, secret_key="s" * 40, demo=demo))
    services: Services = app.extensions["medestanders"]
    services.encoder = LazyEncoder(lambda: encoder)  # type: ignore[arg-type,return-value]
    return services


def count(db: Database, sql: str) -> int:
    return int(data.store.value(db, sql))


# How a full-text index lies on disk follows from every write; what it holds is compared as the table itself.
LAID_OUT = ("terms", "names_data", "names_idx")


def everything(db: Database) -> dict[str, list[str]]:
    return {table.name: sorted(map(str, table.rows)) for table in db.tables if table.name not in LAID_OUT}


def test_the_reference_data_is_all_there(place: Services) -> None:
    db = place.db()

    assert len(data.people.municipalities(db)) == 285
    assert count(db, "select count(*) from organisations") == 510
    assert count(db, "select count(*) from organisations where successor_id is not null") == 19
    assert count(db, "select count(*) from calls") == 7
    assert count(db, "select count(*) from projects where programme = 1") == 14
    assert count(db, "select count(*) from projects where programme = 0") == 12
    real = data.ideas.by_external_id(db, external_id="GZG-015")
    assert real is not None
    assert (real.demo, real.organisation_id, real.source_url is not None) == (False, None, True)


@pytest.mark.parametrize(
    ("text", "today"),
    [("Beveren", "Beveren-Kruibeke-Zwijndrecht"), ("Borsbeek", "Antwerpen"), ("44021", "Gent"), ("Aalter", "Aalter")],
)
def test_municipalities_are_found_by_names_of_before_a_merger_and_by_codes(
    place: Services, text: str, today: str
) -> None:
    found = data.people.find_organisation(place.db(), text=text)

    assert found is not None
    assert (found.name, found.valid_until) == (today, None)


def test_bodies_stand_for_municipalities_of_today(place: Services) -> None:
    leiedal = data.people.find_organisation(place.db(), text="Intercommunale Leiedal")
    assert leiedal is not None

    behind = data.people.stands_for(place.db(), organisation_id=leiedal.id)
    assert "Kortrijk" in {municipality.name for municipality in behind}
    assert all(municipality.valid_until is None for municipality in behind)


def test_everything_invented_is_marked_as_demo_and_nothing_else(place: Services) -> None:
    db = place.db()

    assert count(db, "select count(*) from members where demo = 1") == count(db, "select count(*) from members") == 16
    assert count(db, "select count(*) from ideas where demo = 1 and external_id like 'DEMO-%'") == 42
    assert count(db, "select count(*) from ideas where demo = 0") == 1
    assert count(db, "select count(*) from projects where demo = 1") == 0
    assert count(db, "select count(*) from endorsements") == 27
    assert {item["lang"] for item in data.store.rows(db, "select lang from ideas")} == {"nl", "fr", "en"}


def test_demo_members_sign_in_with_the_one_password(place: Services) -> None:
    for email in ("gent@demo.medestanders.example", "coordinator@demo.medestanders.example"):
        member = cluster.people.sign_in(
            place.db(), place.throttles(), email=email, password=DEMO_PASSWORD, address="x", moment=0.0, demo=True
        )
        assert member.demo


def test_every_text_has_a_vector_and_clusters_are_proposed_once(place: Services) -> None:
    assert count(place.db(), "select count(*) from embeddings") == 43 + 26
    assert count(place.db(), "select count(*) from clusters where state = 'proposed'") > 0
    assert data.proposals.last_run(place.db()) is not None


def test_setting_up_twice_changes_nothing(place: Services) -> None:
    before = everything(place.db())

    added = setup(place, demo=True)

    assert not any(added.values())
    assert everything(place.db()) == before


def test_what_people_changed_stays_as_they_left_it(tmp_path: Path) -> None:
    services = services_at(tmp_path, None)
    setup(services, demo=True)
    db = services.db()
    idea = data.ideas.by_external_id(db, external_id="DEMO-001")
    bree = data.people.by_email(db, email="bree@demo.medestanders.example")
    gent = data.people.by_email(db, email="gent@demo.medestanders.example")
    assert idea is not None
    assert bree is not None
    assert gent is not None
    cluster.contacts.withdraw(db, member=bree, idea_id=idea.id)
    cluster.people.set_preferences(
        db, member=gent, preferences=cluster.people.Preferences(locale="en", standing_consent=False)
    )
    cluster.ideas.withdraw(db, member=gent, idea_id=idea.id)
    with data.store.transaction(db):
        db.execute("update projects set status = 'approved' where external_id = 'GZG-014'")
        db.execute("update calls set remark = 'Nagekeken' where number = 2")
    before = everything(db)

    setup(services, demo=True)

    assert everything(db) == before
    services.close()


def test_facts_about_organisations_are_refreshed(tmp_path: Path) -> None:
    services = services_at(tmp_path, None)
    setup(services, demo=False)
    db = services.db()
    with data.store.transaction(db):
        db.execute("update organisations set inhabitants = 1 where name = 'Gent'")

    setup(services, demo=False)

    assert count(db, "select inhabitants from organisations where name = 'Gent'") > 200_000
    services.close()


def test_without_an_encoder_the_vectors_wait_in_the_queue(tmp_path: Path) -> None:
    services = services_at(tmp_path, None)

    setup(services, demo=False)

    assert count(services.db(), "select count(*) from embeddings") == 0
    assert count(services.db(), "select count(*) from jobs where kind = 'embed' and done_at is null") > 0
    services.close()


def test_the_demo_is_refused_in_production(tmp_path: Path) -> None:
    services = services_at(tmp_path, None, demo=False)

    with pytest.raises(NotAllowed):
        setup(services, demo=True)

    assert not services.settings.database.exists()


def test_production_is_refused_over_a_demo(tmp_path: Path) -> None:
    setup(services_at(tmp_path, None), demo=True)

    with pytest.raises(NotAllowed, match="16 demo-accounts"):
        setup(services_at(tmp_path, None, demo=False), demo=False)
