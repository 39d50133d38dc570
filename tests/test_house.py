"""The house checks itself: the grid, transactions, the README, and how often pages ask the store."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import AppGroup
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.projects
import data.clusters
import data.people
from cluster.imports import Row
from data.store import transaction, value
from models.clusters import ClusterState, Draft, ItemKey
from models.ideas import IdeaForm
from models.matches import Kind

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
FLOORS = ("models", "data", "cluster", "cluster/web")
# What stands beside the rooms on each floor, and why it is no room.
BESIDE = {
    "models": {"errors", "places"},
    "data": {"store", "turns", "migrations", "throttles", "work", "health", "judgements", "places"},
    "cluster": {"imports", "places", "setup", "work"},
    "cluster/web": {
        "cluster_commands", "commands", "context", "doctor", "errors", "exports", "face", "languages", "logs",
        "member_commands", "pages", "places", "requests", "security", "serve", "settings", "setup", "terminal",
        "worker",
    },
}  # fmt: skip
TOP = {
    ".ci", ".gitignore", "LICENCE", "Makefile", "README.md", "cluster", "data", "models", "package-lock.json",
    "package.json", "pyproject.toml", "requirements.lock", "static", "templates", "tests", "translations", "wsgi.py",
}  # fmt: skip


def rooms() -> list[str]:
    return re.findall(r"^\| ([a-z]+) \| [A-Z]", README, flags=re.M)


def modules(floor: str) -> set[str]:
    return {path.stem for path in (ROOT / floor).glob("*.py")} - {"__init__"}


def test_the_readme_names_eight_rooms() -> None:
    assert rooms() == ["people", "ideas", "matches", "projects", "calls", "contacts", "clusters", "letters"]


@pytest.mark.parametrize("floor", FLOORS)
def test_every_file_is_a_room_or_has_its_place_beside_them(floor: str) -> None:
    assert modules(floor) == set(rooms()) | BESIDE[floor]


def test_every_room_has_a_face() -> None:
    assert {path.name for path in (ROOT / "templates").iterdir() if path.is_dir()} == set(rooms())


def test_the_top_level_is_fixed() -> None:
    kept = {".git", ".venv", "node_modules", "instance", "test-artefacts"}
    found = {path.name for path in ROOT.iterdir() if not path.name.endswith(("_cache", ".egg-info"))}
    assert found - kept - {"__pycache__", ".hypothesis"} == TOP


def calls_of(path: Path, name: str) -> int:
    tree = ast.parse(path.read_text(encoding="utf8"))
    return sum(
        isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name
        for node in ast.walk(tree)
    )


def test_transactions_are_opened_by_verbs_alone() -> None:
    opened = {
        str(path.relative_to(ROOT))
        for floor in ("models", "data", "cluster")
        for path in (ROOT / floor).rglob("*.py")
        if calls_of(path, "transaction")
    }
    assert opened <= {f"cluster/{name}.py" for name in (*rooms(), "setup", "work")}


def test_a_verb_opens_one_transaction_at_most() -> None:
    for path in (ROOT / "cluster").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.FunctionDef):
                opened = ast.unparse(node).count("with transaction(")
                assert opened <= 1, f"{path.name}: {node.name}"


def test_sql_is_only_in_data() -> None:
    pattern = re.compile(r"\b(select|insert into|update|delete from)\b.+\b(from|values|set|where)\b", re.S)
    for path in (ROOT / "cluster").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[:7].strip().islower():
                assert not pattern.match(node.value.strip()), f"{path}: {node.value[:60]}"


def test_the_readme_names_every_command_and_target(app: Flask) -> None:
    def names(group: Any, before: str = "") -> list[str]:
        found = []
        for name, command in group.commands.items():
            if isinstance(command, AppGroup):
                found += names(command, f"{before}{name} ")
            else:
                found.append(f"{before}{name}")
        return found

    for name in names(app.cli):
        assert f"`{name}" in README, name
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf8"), flags=re.M)
    assert targets is not None
    for target in set(targets[1].split()) - {"lock"}:
        assert f"`make {target}`" in README, target


# The pages that everybody opens all day ask the store twelve times at most, what is on every page included.
DAILY = ["/", "/ideas", "/projects", "/municipalities", "/municipalities/2"]
LISTS = [*DAILY, "/search?q=idee", "/clusters", "/introductions"]


@pytest.mark.parametrize("address", LISTS)
def test_a_longer_list_asks_the_store_no_more_often(app: Flask, page: Callable[..., Any], address: str) -> None:
    services = app.extensions["medestanders"]
    who = "coordinator" if address == "/clusters" else "genk"

    shown: list[Any] = []

    def asked() -> int:
        counted: list[str] = []
        db: Database = services.db()
        with db.tracer(lambda sql, _: counted.append(sql)):
            shown.append(page(who).get(address))
        return len(counted)

    furnish_lists(services.db(), count=3)
    few = asked()
    furnish_lists(services.db(), count=12)
    assert asked() <= few
    # The start page shows a few of each; the others are longer now, or nothing was tested.
    assert len(str(shown[1])) > len(str(shown[0])) or address in {"/", *DAILY[3:]}
    assert few <= (12 if address in DAILY else 20)


def furnish_lists(db: Database, *, count: int) -> None:
    """Add to every list: ideas, projects, clusters in each state, and introductions sent, received and answered."""
    genk, aalter, kortrijk = (
        data.people.by_email(db, email=f"{name}@test.example") for name in ("genk", "aalter", "kortrijk")
    )
    for number in range(count):
        form = IdeaForm(title=f"Idee {number}", description="Een idee dat nog eens een idee is.", theme="democratie")
        theirs = cluster.ideas.post(db, encoder=None, member=aalter, form=form)
        ours = cluster.ideas.post(db, encoder=None, member=genk, form=form)
        cluster.contacts.endorse(db, member=genk, idea_id=theirs, role="learn", message="Dag")
        cluster.contacts.endorse(db, member=kortrijk, idea_id=ours, role="buy", message="Dag")
        if number % 3:
            sent, received = (
                value(
                    db,
                    """select n.id from introductions n join endorsements e on e.id = n.endorsement_id
                    where e.idea_id = ?""",
                    [idea_id],
                )
                for idea_id in (theirs, ours)
            )
            answer = cluster.contacts.agree if number % 3 == 1 else cluster.contacts.decline
            answer(db, member=aalter, introduction_id=sent)
            answer(db, member=genk, introduction_id=received)
        add_clusters(db, (Kind.IDEA, theirs), (Kind.IDEA, ours))
    known = value(db, "select count(*) from projects")
    fields = {"description": "Een idee van elders.", "municipality": "Genk", "status": "approved", "partners": "Aalter"}
    projects = [
        Row(number, {**fields, "id": f"P-{number}", "title": f"Idee als project {number}"})
        for number in range(known, known + count)
    ]
    assert cluster.projects.import_rows(db, rows=projects).added == count


def add_clusters(db: Database, *pair: ItemKey) -> None:
    """Add a cluster of these two in every state."""
    draft = Draft(
        name="Idee", terms=(), cohesion=0.5, weakest=(pair[0], pair[1]), members=tuple((key, 0.5) for key in pair)
    )
    with transaction(db):
        for state in ClusterState:
            found = data.clusters.get(db, cluster_id=data.clusters.add(db, draft=draft))
            assert found is not None
            data.clusters.set_state(db, cluster=found, state=state, member_id=None)
