"""How long the pages with lists take at 100,000 ideas: `python -m tests.benchmarks.lists [COUNT]`.

Fills a temporary database with the reference data and the demo's sentences in new company, spread over all
municipalities, with themes, *ook wij*, projects and accepted clusters; then asks every page again and again. Prints
p50 and p95 in milliseconds and how many queries a page needed; nothing here fails on a slow machine.
"""

import itertools
import os
import random
import tempfile
import time
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from sqlite_utils import Database

import cluster.sessions
import cluster.setup
import data.people
import data.store
from cluster.engine.encoder import LazyEncoder
from cluster.web import create_app
from cluster.web.context import Services
from cluster.web.settings import Settings
from data.store import rows, transaction
from models.ideas import Budget, Intent, Stage
from tests.benchmarks.texts import texts

COUNT = max(int(size) for size in os.environ.get("SIZES", "100000").split(","))
TIMES = 60
PAGES = (
    "/",
    "/ideas",
    "/ideas?page=50",
    "/ideas?page=4000",
    "/ideas?sort=supported",
    "/ideas?sort=title",
    "/ideas?theme=democratie",
    "/ideas?theme=democratie&sort=supported",
    "/ideas?theme=werkplek&sort=title",
    "/ideas?theme=nietbestaand&sort=title",
    "/ideas?province=Limburg",
    "/ideas?province=Limburg&sort=supported",
    "/ideas?province=Limburg&theme=werkplek&intent=experience",
    "/ideas?intent=offer&sort=title",
    "/ideas?call=3&sort=supported",
    "/ideas?municipality={busy}",
    "/ideas?municipality={busy}&sort=title",
    "/ideas?municipality={busy}&theme=werkplek&sort=supported",
    "/ideas?supporter={busy}",
    "/projects",
    "/projects?page=200",
    "/projects?status=approved&theme=werkplek",
    "/projects?organisation={busy}",
    "/municipalities",
    "/municipalities?text=melle",
    "/municipalities?kind=",
    "/municipalities/{busy}",
    "/municipalities/{body}",
    "/municipalities/{province}",
)


def moment(chance: random.Random) -> str:
    """Some moment of the past years."""
    year, month, day = chance.randrange(2020, 2026), chance.randrange(1, 13), chance.randrange(1, 29)
    return f"{year}-{month:02}-{day:02}T08:00:00+00:00"


def fill(db: Database, count: int) -> None:
    """Ideas, *ook wij*, projects and clusters, straight into the store: imports are measured elsewhere."""
    chance = random.Random(3)
    places = [item["id"] for item in rows(db, "select id from organisations where valid_until is null")]
    towns = [item["id"] for item in rows(db, "select id from organisations where kind = 'municipality' and lat")]
    themes = [item["slug"] for item in rows(db, "select slug from themes")]
    calls = [item["id"] for item in rows(db, "select id from calls")]
    member = data.store.value(db, "select id from members order by id")
    # A few post much, as in life: the busiest municipality has one idea in fifty.
    crowd = [*towns, *towns[:50] * 5, *[towns[7]] * 15, *places]

    def ideas() -> "itertools.islice[tuple[object, ...]]":
        return itertools.islice(
            (
                (
                    *(title, body, chance.choice(crowd), chance.choice([*themes, None]), chance.choice([*calls, None])),
                    *(chance.choice(list(Stage)), chance.choice(list(Intent)), chance.choice([*Budget, None])),
                    *[moment(chance)] * 2,
                )
                for title, body in texts(None)
            ),
            count,
        )

    with transaction(db):
        db.conn.executemany(
            """insert into ideas (title, description, organisation_id, theme, call_id, stage, intent, budget,
              created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            ideas(),
        )
        first = data.store.value(db, "select max(id) from ideas") - count + 1
        db.conn.executemany(
            """insert or ignore into endorsements (idea_id, organisation_id, member_id, role, created_at, updated_at)
            values (?, ?, ?, 'learn', '2026-01-01T08:00:00+00:00', '2026-01-01T08:00:00+00:00')""",
            ((first + int(count * chance.random() ** 3), chance.choice(crowd), member) for _ in range(count)),
        )
        db.conn.executemany(
            """insert into projects (title, summary, status, lead, lead_id, theme, programme, created_at, updated_at)
            values (?, ?, ?, '', ?, ?, ?, '2026-01-01T08:00:00+00:00', '2026-01-01T08:00:00+00:00')""",
            (
                (
                    title,
                    body,
                    chance.choice(("approved", "unknown")),
                    chance.choice(crowd),
                    chance.choice(themes),
                    at % 2,
                )
                for at, (title, body) in enumerate(itertools.islice(texts(None), count // 10))
            ),
        )
        for _ in range(count // 200):
            cluster_id = data.store.insert(
                db,
                """insert into clusters (state, name, decided_at, created_at, updated_at)
                values ('accepted', 'Cluster', '2026-01-01', '2026-01-01', '2026-01-01')""",
            )
            chosen = chance.sample(range(first, first + count), 6)
            db.conn.executemany(
                "insert into cluster_members (cluster_id, kind, item_id, position) values (?, 'idea', ?, ?)",
                [(cluster_id, item, at) for at, item in enumerate(chosen)],
            )


def measure(client: FlaskClient, db: Database, address: str) -> str:
    """One line: p50 and p95 in milliseconds, and the queries of one answer."""
    asked: list[str] = []
    db.conn.set_trace_callback(asked.append)
    client.get(address).close()
    db.conn.set_trace_callback(None)
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        answer = client.get(address)
        took.append((time.perf_counter() - start) * 1_000)
        assert answer.status_code == 200, (address, answer.status_code)
    p50, p95 = np.percentile(took, [50, 95])
    size = len(answer.data) // 1024
    return f"  p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   {len(asked):3} queries   {size:4} kB   {address}"


def main(count: int) -> None:
    """Fill, and measure every page for a visitor, and the start page for a member and a coordinator."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder), secret_key="b" * 40))  # type: ignore[call-arg]
        services: Services = app.extensions["medestanders"]
        services.encoder = LazyEncoder(lambda: None)  # type: ignore[arg-type, return-value]
        db = services.db()
        cluster.setup.migrate(db)
        cluster.setup.seed(db)
        cluster.setup.seed_demo(db, password="een lang wachtwoord")
        start = time.perf_counter()
        fill(db, count)
        print(f"{count:,} ideas filled in {time.perf_counter() - start:.0f} s")
        busiest = rows(db, "select organisation_id as id, count(*) as n from ideas group by 1 order by 2 desc limit 1")
        ids = {
            "busy": busiest[0]["id"],
            "body": data.store.value(db, "select body_id from stands_for group by 1 order by count(*) desc"),
            "province": data.store.value(db, "select id from organisations where kind = 'province'"),
        }
        print(f"the busiest municipality has {busiest[0]['n']:,} ideas")
        for address in PAGES:
            print(measure(app.test_client(), db, address.format(**ids)))
        for name in ("gent", "coordinator"):
            client = app.test_client()
            member = data.people.by_email(db, email=f"{name}@demo.medestanders.example")
            assert member is not None
            token = cluster.sessions.begin(db, member=member, agent="")
            with client.session_transaction() as session:
                session["_user_id"], session["_fresh"] = token, True
            print(measure(client, db, "/") + f" ({name})")


if __name__ == "__main__":
    main(COUNT)
