"""Commands that keep a place safe: `flask --app wsgi backup`, `restore` and `drill`."""

import tempfile
import time
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

import cluster.backups
import cluster.ideas
import cluster.projects
from cluster.backups import Backup
from cluster.web.context import Services, db, services
from cluster.web.settings import Settings
from cluster.web.terminal import Failed, plainly
from data.projects import Filter

_PAGES = ("/", "/ideas", "/projects", "/calls", "/municipalities", "/search?q=loket", "/sign-in")
_PLACE = click.Path(path_type=Path)


@click.command("backup")
@click.argument("dest", type=_PLACE)
@with_appcontext
def backup(dest: Path) -> None:
    """Copy everything that cannot be made again to the new folder DEST, while people work."""
    with plainly():
        started = time.monotonic()
        made = _back_up(services().settings, dest)
        click.echo(f"Reservekopie in {dest}: {_told(made, started)}.")


@click.command("restore")
@click.argument("src", type=_PLACE)
@with_appcontext
def restore(src: Path) -> None:
    """Put the backup SRC into a data folder that holds no database (MEDESTANDERS_DATA)."""
    with plainly():
        started = time.monotonic()
        settings = services().settings
        kept = cluster.backups.restore(source=src, folder=settings.data, name=settings.database.name)
        click.echo(f"De reservekopie van {kept.made_at} staat in {settings.data}: {_told(kept, started)}.")
        click.echo("Iedereen meldt zich opnieuw aan.")


@click.command("drill")
@with_appcontext
def drill() -> None:
    """Back up, restore elsewhere, and read pages of what was restored; nothing of it stays."""
    from cluster.web import create_app

    with plainly(), tempfile.TemporaryDirectory(prefix="medestanders-") as folder:
        place = Path(folder)
        started = time.monotonic()
        click.echo(f"Reservekopie: {_told(_back_up(services().settings, place / 'backup'), started)}.")
        started = time.monotonic()
        settings = services().settings.model_copy(update={"data": place / "restored"})
        kept = cluster.backups.restore(source=place / "backup", folder=settings.data, name=settings.database.name)
        click.echo(f"Teruggezet en nagekeken: {_told(kept, started)}.")
        restored = create_app(settings)
        running: Services = restored.extensions["medestanders"]
        running.encoder = services().encoder
        try:
            started = time.monotonic()
            count = _read(restored)
            click.echo(f"Pagina’s van de teruggezette kopie: {count} gelezen in {time.monotonic() - started:.1f} s.")
        finally:
            running.close()
        click.echo("De oefening is geslaagd.")


def _back_up(settings: Settings, to: Path) -> Backup:
    if not settings.database.exists():
        raise Failed(f"Er is geen databank in {settings.data}.")
    return cluster.backups.back_up(db(), folder=settings.data, name=settings.database.name, to=to)


def _told(made: Backup, started: float) -> str:
    return (
        f"{sum(made.rows.values())} rijen in {len(made.rows)} tabellen, {len(made.files)} bestanden, "
        f"{made.size / 1e6:.1f} MB, {time.monotonic() - started:.1f} s"
    )


def _read(app: Flask) -> int:
    """Read the public pages as a visitor does, and one of each kind of thing; how many there were."""
    restored: Services = app.extensions["medestanders"]
    with app.app_context():
        ideas = [f"/ideas/{one.id}" for one in cluster.ideas.newest(restored.db(), at_most=1)]
        found, _ = cluster.projects.browse(restored.db(), wanted=Filter(), page=1, at_most=1)
    pages = [*_PAGES, *ideas, *(f"/projects/{one.id}" for one in found)]
    client = app.test_client()
    for page in pages:
        with client.get(page) as answer:
            if answer.status_code != 200:
                raise Failed(f"De pagina {page} van de teruggezette kopie antwoordt {answer.status_code}.")
    return len(pages)
