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
import cluster.drafts
import cluster.ideas
import cluster.invitations
import cluster.project_requests
import cluster.projects
import data.access
import data.clusters
import data.moderation
import data.people
import data.proposals
import data.steps
from cluster.imports import Row
from data.projects import Filter
from data.store import transaction, value
from models.clusters import Action as Happened
from models.clusters import ClusterState, Draft, ItemKey
from models.ideas import DraftMark, IdeaForm
from models.matches import Kind
from models.moderation import Action, Ground, Subject
from models.people import Guest, Member, Role
from tests.conftest import add_member

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
FLOORS = ("models", "data", "cluster", "cluster/web")
# What stands beside the rooms on each floor: a part of a room too large for one file, or what is no room.
BESIDE = {
    "models": {
        "adoptions", "attachments", "circles", "consortia", "digests", "echoes", "errors", "government", "ledger",
        "moderation", "places", "plans", "programme", "reminders", "searches", "sessions", "threads", "waiting",
    },
    "data": {
        "access", "addresses", "adoptions", "attachments", "backups", "circles", "consortia", "digests",
        "drafts", "echoes", "evaluations", "fits", "government", "health", "invitations", "judgements", "ledger",
        "mailboxes", "migrations", "moderation", "places", "plans", "privacy", "programme", "project_requests",
        "project_uploads", "proposals", "reasons", "reminders", "searches", "second_steps", "sessions", "steps",
        "store", "threads", "throttles", "turns", "versions", "waiting", "work",
    },
    "cluster": {
        "access", "addresses", "adoptions", "announcements", "assessments", "attachments", "backups", "circles",
        "consortia", "digests", "drafts", "echoes", "evaluations", "figures", "files", "fits", "government", "imports",
        "invitations", "judgements", "ledger", "mail", "mailboxes", "moderation", "organisations", "passwords",
        "placements", "places", "plan_forms", "plans", "privacy", "programme", "project_imports",
        "project_requests", "project_uploads", "proposals", "reasons", "regroupings", "rehearsals", "reminders",
        "reviews", "seals", "searches", "second_steps", "sessions", "setup", "snapshots", "steps", "themes", "threads",
        "tokens", "versions", "waiting", "work", "workbooks",
    },
    "cluster/web": {
        "access", "addresses", "adoptions", "api", "assessments", "assets", "attachments", "backup_commands",
        "calendars", "cluster_commands", "commands", "consortia", "context", "doctor", "drafts", "errors",
        "evaluate_commands", "exports", "face", "fits", "government", "health", "information", "invitations",
        "languages", "ledger", "logs", "mailboxes", "markup", "match_commands", "member_commands", "moderation",
        "openid", "organisations", "pages", "pictures", "places", "plans", "programme", "project_requests",
        "project_uploads", "provider", "reminders", "requests", "searches", "second_steps", "security", "serve",
        "sessions", "settings", "setup", "steps", "style", "terminal", "threads", "versions", "worker",
    },
}  # fmt: skip
# They read texts and files, and leave writing to the verbs.
NO_VERBS = {"files", "imports", "mail", "plan_forms", "seals", "tokens", "workbooks"}
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
    assert opened <= {f"cluster/{name}.py" for name in {*rooms(), *BESIDE["cluster"]} - NO_VERBS}


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
LISTS = [*DAILY, "/search?q=idee", "/clusters", "/introductions", "/projects/requests", "/calls/1"]
LISTS += ["/organisations", "/members", "/invitations", "/access-requests", "/organisations/2"]
LISTS += [
    "/account",
    "/ideas/new",
    "/ideas/2/versions",
    "/reports",
    "/history",
    "/ledger",
    "/matches/quality",
    "/programme",
]
FOR_COORDINATORS = {
    "/clusters",
    "/organisations",
    "/members",
    "/projects/requests",
    "/reports",
    "/history",
    "/ledger",
    "/matches/quality",
    "/programme",
}


@pytest.mark.parametrize("address", LISTS)
def test_a_longer_list_asks_the_store_no_more_often(app: Flask, page: Callable[..., Any], address: str) -> None:
    services = app.extensions["medestanders"]
    who = "coordinator" if address in FOR_COORDINATORS else "genk"

    shown: list[Any] = []

    def asked() -> int:
        counted: list[str] = []
        db: Database = services.db()
        visitor = page(who)
        with db.tracer(lambda sql, _: counted.append(sql)):
            shown.append(visitor.get(address))
        return len(counted)

    furnish_lists(services.db(), count=3)
    furnish_people(services.db(), count=3)
    few = asked()
    furnish_lists(services.db(), count=12)
    furnish_people(services.db(), count=12)
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
        add_report(db, theirs, kortrijk)
        key, mark = f"draft-{ours}", DraftMark("laptop", 0)
        cluster.drafts.save(db, member=genk, form=form, submission_key=key, mark=mark)
        first = cluster.ideas.own(db, member=genk, idea_id=2)
        edited = IdeaForm(title=f"Idee {first.revision}", description="Anders.")
        cluster.ideas.edit(db, encoder=None, member=genk, idea_id=2, revision=first.revision, form=edited)
    known = value(db, "select count(*) from projects")
    fields = {"description": "Een idee van elders.", "municipality": "Genk", "status": "approved", "partners": "Aalter"}
    fields["call"] = "1"
    projects = [
        Row(number, {**fields, "id": f"P-{number}", "title": f"Idee als project {number}"})
        for number in range(known, known + count)
    ]
    assert cluster.projects.import_rows(db, rows=projects).added == count
    for project in cluster.projects.browse(db, wanted=Filter(), page=1, at_most=100)[0]:
        cluster.project_requests.ask(db, member=aalter, project_id=project.id, message="Dag")


def furnish_people(db: Database, *, count: int) -> None:
    """Add to the lists about people: organisations, colleagues, invitations, and questions for access."""
    genk = data.people.by_email(db, email="genk@test.example")
    assert genk is not None
    organisation_id = genk.organisation_id
    known = value(db, "select count(*) from members")
    for number in range(known, known + count):
        add_member(db, email=f"lid{number}@test.example", organisation_id=organisation_id, role=Role.MEMBER)
        names = ("province", "nis", "kbo", "ovo", "inhabitants", "lat", "lon", "valid_from", "valid_until")
        fields = {"uri": f"urn:{number}", "kind": "municipality", "name": f"Gemeente {number}"}
        guest = Guest(email=f"gast{number}@test.example", name="Gast", locale="nl")
        with transaction(db):
            data.people.add_organisation(db, values={**dict.fromkeys(names), **fields})
            cluster.invitations.write(db, guest=guest, by=genk, organisation_id=organisation_id)
            who = {"organisation_id": organisation_id, "email": f"vraag{number}@test.example", "name": "Vraag"}
            about = {"function": "F", "message": "", "locale": "nl", "token_hash": str(number)}
            data.access.add(db, values={**who, **about})


def add_report(db: Database, idea_id: int, member: Member) -> None:
    """Report an idea, without the brake on how often."""
    with transaction(db):
        item = data.moderation.item(db, kind=Subject.IDEA, item_id=idea_id)
        assert item is not None
        case_id = data.moderation.open_case(db, item=item)
        data.moderation.add_report(db, case_id=case_id, member_id=member.id, ground=Ground.WRONG, text="Nee")
        data.moderation.note(db, member_id=member.id, action=Action.REPORTED, item=item, reason="Nee", case_id=case_id)


def add_clusters(db: Database, *pair: ItemKey) -> None:
    """Add a cluster of these two in every state."""
    draft = Draft(
        name="Idee", terms=(), cohesion=0.5, weakest=(pair[0], pair[1]), members=tuple((key, 0.5) for key in pair)
    )
    with transaction(db):
        for state in ClusterState:
            found = data.clusters.get(db, cluster_id=data.proposals.add(db, draft=draft))
            assert found is not None
            data.steps.take(db, cluster_id=found.id, action=Happened(state), state=state)
