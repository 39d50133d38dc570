"""Commands about matches: `flask --app wsgi matches …`."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup

import cluster.fits
from cluster.engine import materials, relations
from cluster.engine.encoder import IN_FULL, load
from cluster.engine.fitting import Fit
from cluster.web.context import db, encoder, services
from cluster.web.terminal import Failed, plainly

matches = AppGroup("matches", help="What is similar, and the words for it.")

_EXISTING = click.Path(exists=True, path_type=Path)


@matches.command("fit")
@click.argument("ideas", type=_EXISTING, required=False)
@click.option("--related", type=_EXISTING, help="Pairs of related topics among the ideas, JSON.")
@click.option("--reader", type=_EXISTING, help="An encoder that never saw these topics, to measure with.")
@click.option("--use", "use_it", is_flag=True, help="Put it in use at once.")
@click.option("--ship", is_flag=True, help="Write it into the project, for every new place.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def fit(ideas: Path | None, related: Path | None, reader: Path | None, use_it: bool, ship: bool, as_json: bool) -> None:
    """Fit the words *zelfde nood* and *verwant* to the encoder: on labelled IDEAS (JSON Lines) and people's answers.

    Figures are measured across topics: none is learnt from and measured on.
    """
    with plainly():
        running = encoder()
        if running is None:
            raise Failed(f"De encoder laadt niet: {services().encoder.error}")
        labelled = materials.labelled(ideas, related) if ideas else None
        other = load(str(reader)) if reader else None
        before = cluster.fits.in_use(db(), encoder=running.name)
        fit_id, found = cluster.fits.fit(db(), encoder=running, ideas=labelled, reader=other)
        if use_it:
            cluster.fits.use(db(), fit_id=fit_id)
        if ship:
            _ship(running.name, found)
    if as_json:
        click.echo(json.dumps({"id": fit_id, "encoder": running.name, **asdict(found)}, indent=1))
        return
    click.echo(f"{running.name}: {found.pairs} paren, waarvan {found.judged} door mensen beoordeeld.")
    if before:
        click.echo(f"grens voor zelfde nood: {before.same_at_least:.3f} → {found.relations.same_at_least:.3f}")
    click.echo(f"zelfde nood: juist {found.precision:.2f}, gevonden {found.found:.1%} van de ware paren")
    click.echo("sterk verwant: juist {:.2f}; verwant: juist {:.2f}".format(*found.related_precision))
    click.echo(f"kalibratiefout: {found.calibration_error:.3f}")
    for one in found.curve:
        click.echo(f"  beloofd {one.mean:.2f}  waar {one.share.value:.2f}  ({one.share.count} paren)")
    if not use_it:
        click.echo(f"Nog niet in gebruik. Neem het in gebruik met: flask --app wsgi matches use {fit_id}")


@matches.command("use")
@click.argument("fit_id", type=int)
def use(fit_id: int) -> None:
    """Put a fit in use, a former one too."""
    with plainly():
        cluster.fits.use(db(), fit_id=fit_id)
    click.echo("In gebruik.")


def _ship(name: str, found: Fit) -> None:
    """Beside those of other encoders; weights of bundled encoders that are no more are dropped."""
    written = json.loads(relations.FITTED.read_text(encoding="utf8"))
    kept = {other: values for other, values in written.items() if not other.startswith("encoder-")}
    name = name.removesuffix(IN_FULL)
    kept[name] = {"same": found.relations.same, "related": found.relations.related}
    kept[name]["same_at_least"] = found.relations.same_at_least
    relations.FITTED.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf8")
