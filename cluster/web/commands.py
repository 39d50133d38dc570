"""Commands: `flask --app wsgi …`. They end with 0, or with a clear message and 1; never with a traceback."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from sqlite_utils import Database

import cluster.ideas
import cluster.judgements
import cluster.matches
import cluster.projects
import cluster.web.setup
from cluster.engine.encoder import Encoder
from cluster.imports import Imported, Row, Told, counted, read_jsonl
from cluster.project_imports import FORMATS
from cluster.web import doctor, worker
from cluster.web.backup_commands import backup, drill, restore
from cluster.web.cluster_commands import clusters
from cluster.web.context import db, encoder, services
from cluster.web.evaluate_commands import evaluate
from cluster.web.match_commands import matches
from cluster.web.member_commands import members
from cluster.web.terminal import Failed, plainly

ideas = AppGroup("ideas", help="Ideas.")
projects = AppGroup("projects", help="Projects that were submitted or approved elsewhere.")

_NAMES = {
    "organisations": "besturen",
    "calls": "oproepen",
    "projects": "projecten",
    "ideas": "ideeën",
    "members": "demo-accounts",
    "endorsements": "demo-steunbetuigingen",
    "vectors": "teksten gelezen door de encoder",
}


@click.command("setup")
@click.option("--demo", is_flag=True, help="Add the invented members, ideas and me-toos as well.")
@with_appcontext
def setup(demo: bool) -> None:
    """Bring the database up to date and add the reference data that is missing."""
    with plainly():
        added = cluster.web.setup.setup(services(), demo=demo)
        for kind, count in added.items():
            if count:
                click.echo(f"{count} {_NAMES[kind]} toegevoegd" if kind != "vectors" else f"{count} {_NAMES[kind]}")
        _tell_missing_encoder()
        click.echo("Klaar.")


@ideas.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_ideas(file: Path) -> None:
    """Import ideas from a JSON Lines, CSV or XLSX file: all rows, or none with what is wrong in each."""
    _import(file, lambda db, rows, told: cluster.ideas.import_rows(db, rows=rows, told=told))


@projects.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_projects(file: Path) -> None:
    """Import projects from a JSON Lines, CSV or XLSX file: all rows, or none with what is wrong in each."""
    _import(file, lambda db, rows, told: cluster.projects.import_rows(db, rows=rows, told=told))


judgements = AppGroup("judgements", help="What people say about pairs of items.")


@judgements.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_judgements(file: Path) -> None:
    """Import answers {a, b, judgement, by, reason} from a JSON Lines (or CSV) file: all rows, or none."""
    _import(file, lambda db, rows, told: cluster.judgements.import_rows(db, rows=rows))


def _import(path: Path, verb: Callable[[Database, Iterable[Row], Told], Imported]) -> None:
    with plainly():
        try:
            file = path.open("rb")
        except OSError as error:
            raise Failed(f"{path}: dit bestand kunnen we niet openen ({error.strerror}).") from None
        with file:
            rows = FORMATS.get(path.suffix.lower().lstrip("."), read_jsonl)(file)
            done = verb(db(), counted(rows, _telling("rijen gelezen")), _telling("rijen bewaard"))
        if sys.stderr.isatty():
            click.echo(err=True)
        click.echo(f"{done.added} toegevoegd, {done.changed} gewijzigd, {done.unchanged} ongewijzigd.")
        for name, count in sorted(done.ignored.items()):
            click.echo(f"Veld “{name}” kennen we niet: {count} keer overgeslagen.")
        running = encoder()
        if running:
            _embed(running)
        _tell_missing_encoder()


def _telling(words: str) -> Told:
    """What tells at a terminal how far a long import is; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return None
    return lambda count: click.echo(f"\r{count} {words} …  ", nl=False, err=True)


def _embed(running: Encoder) -> int:
    """Give every text that lacks one a vector, counted aloud at a terminal; returns how many."""
    if not sys.stderr.isatty():
        return cluster.matches.embed_missing(db(), encoder=running)
    done = cluster.matches.embed_missing(
        db(), encoder=running, told=lambda done: click.echo(f"\r{done} {_NAMES['vectors']} …", nl=False, err=True)
    )
    if done:
        click.echo(err=True)
    return done


@click.command("embed")
@with_appcontext
def embed() -> None:
    """Give every public text a vector of the present encoder."""
    with plainly():
        running = encoder()
        if running is None:
            raise Failed(f"De encoder laadt niet: {services().encoder.error}")
        count = _embed(running)
        click.echo(f"{count} {_NAMES['vectors']}.")


@click.command("work")
@click.option("--once", is_flag=True, help="Stop when nothing is due.")
@with_appcontext
def work(once: bool) -> None:
    """Do queued work: letters, vectors, proposals of clusters."""
    with plainly():
        done = worker.work(services(), once=once)
        if once:
            click.echo(f"{done} taken gedaan.")


@click.command("doctor")
@with_appcontext
def check_up() -> None:
    """Look whether all is well; exit status 1 with a message for everything that is not."""
    with plainly():
        if found := list(doctor.faults(services())):
            raise Failed("\n".join(found))
        click.echo(f"Alles in orde. {doctor.waiting(services())} taken wachten op de worker.")


def _tell_missing_encoder() -> None:
    if error := services().encoder.error:
        click.echo(f"De encoder laadt niet ({error}); vectoren volgen met `embed`.", err=True)


def attach(app: Flask) -> None:
    """Make the commands known to an application."""
    own = (setup, ideas, projects, embed, work, check_up, clusters, judgements, members, evaluate, matches)
    for command in (*own, backup, restore, drill):
        app.cli.add_command(command)
