"""Commands about clusters: `flask --app wsgi clusters …`."""

import json

import click
from flask.cli import AppGroup

import cluster.clusters
import cluster.proposals
from cluster.web.context import db, encoder
from cluster.web.terminal import plainly
from models.clusters import Cluster, ClusterState

clusters = AppGroup("clusters", help="Clusters of ideas and projects with the same need.")


def _states(context: click.Context, parameter: click.Parameter, given: str) -> list[ClusterState]:
    try:
        return [ClusterState(word.strip()) for word in given.split(",")]
    except ValueError:
        raise click.BadParameter(f"kies uit {', '.join(ClusterState)}, met komma’s ertussen") from None


@clusters.command("propose")
@click.option("--json", "as_json", is_flag=True, help="Tell what the run did as JSON.")
def propose(as_json: bool) -> None:
    """Group everything public and bring the proposals up to date."""
    with plainly():
        run = cluster.proposals.propose(db(), encoder=encoder())
        contradictions = cluster.clusters.references(db(), pairs=run.contradictions)
    if as_json:
        found = {name: getattr(run, name) for name in ("encoder", "items", "added", "changed", "dissolved", "ended_at")}
        click.echo(json.dumps({**found, "contradictions": contradictions}, ensure_ascii=False))
        return
    click.echo(f"{run.items} teksten: {run.added} nieuw, {run.changed} gewijzigd, {run.dissolved} vervallen.")
    for one, other in contradictions:
        click.echo(f"Beoordelingen spreken elkaar tegen: {one} en {other}.", err=True)


@clusters.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@click.option("--state", "states", callback=_states, default="proposed,accepted", show_default=True)
def list_clusters(as_json: bool, states: list[ClusterState]) -> None:
    """Tell which clusters there are, with their members."""
    with plainly():
        found = cluster.clusters.listed(db(), states=states)
    if as_json:
        click.echo(json.dumps([_told(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo(f"{one.id}\t{one.state}\t{one.name}\t{' '.join(member.reference for member in one.members)}")


@clusters.command("questions")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As a JSON array of {a, b, probability}.")
def questions(limit: int, as_json: bool) -> None:
    """Tell the pairs whose answer helps most: do they have the same need?"""
    with plainly():
        found = cluster.proposals.questions(db(), encoder=encoder(), at_most=limit)
    if as_json:
        told = [{"a": a.reference, "b": b.reference, "probability": round(p, 4)} for a, b, p in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for a, b, probability in found:
        click.echo(f"{a.reference}\t{b.reference}\t{probability:.2f}\t{a.title}\t{b.title}")


def _told(found: Cluster) -> dict[str, object]:
    return {
        "id": found.id,
        "state": found.state,
        "name": found.name,
        "terms": list(found.terms),
        "members": [member.reference for member in found.members],
    }
