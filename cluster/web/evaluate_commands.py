"""Commands that measure: `flask --app wsgi evaluate …`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup

import cluster.evaluations
import cluster.rehearsals
from cluster.engine import materials, quality, retrieval
from cluster.engine.quality import Material
from cluster.engine.training.parallel import held_out
from cluster.web.context import encoder, services
from cluster.web.terminal import Failed, plainly

evaluate = AppGroup("evaluate", help="Measure, beside what there is to beat.")

_EXISTING = click.Path(exists=True, path_type=Path)


@evaluate.command("encoder")
@click.argument("ideas", type=_EXISTING, required=False)
@click.option("--related", type=_EXISTING, help="Pairs of related topics among the ideas, JSON.")
@click.option(
    "--pairs",
    type=_EXISTING,
    multiple=True,
    help="Scored pairs: a folder of *-dev.csv, or a file (sentence, sentence, score; or the table of SICK).",
)
@click.option(
    "--parallel",
    type=_EXISTING,
    multiple=True,
    help="Translations: a folder of *.<language>-nl.tsv (only what training leaves out), or such a file, whole.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON: encoder → measure → figure.")
def measure_encoder(
    ideas: Path | None, related: Path | None, pairs: Sequence[Path], parallel: Sequence[Path], as_json: bool
) -> None:
    """Tell how well the encoder understands: pairs, translations, and IDEAS of the same need (JSON Lines).

    STS and SICK: Spearman's correlation. Translations: share found among all others. Ideas: nDCG@10 by cosine alone,
    per language of the query.
    """
    with plainly():
        running = encoder()
        if running is None:
            raise Failed(f"De encoder laadt niet: {services().encoder.error}")
        material = Material(
            scored={name: found for place in pairs for name, found in _scored(place).items()},
            bitext={name: found for place in parallel for name, found in _bitext(place).items()},
            labelled={"ideas": materials.labelled(ideas, related)} if ideas else {},
        )
        if not (material.scored or material.bitext or material.labelled):
            raise Failed("Er is niets om op te meten: geef een bestand met ideeën, --pairs of --parallel.")
        figures = {}
        for name, encode in {running.name: running.encode, **quality.baselines()}.items():
            _told(name)
            figures[name] = quality.measure(encode, material)
    click.echo(json.dumps(figures, indent=1) if as_json else quality.table(figures))


@evaluate.command("matching")
@click.argument("ideas", type=_EXISTING)
@click.option("--related", type=_EXISTING, help="Pairs of related topics among the ideas, JSON.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: way of matching → measure → figure with its interval.")
def measure_matching(ideas: Path, related: Path | None, as_json: bool) -> None:
    """Tell what suggestions are worth on IDEAS (JSON Lines with topics), from the text to the words of the relation.

    The texts go into a temporary database and the service is asked for each as any reader asks. In the same run,
    with intervals over the queries: BM25 of SQLite, trigrams as PostgreSQL and Decidim take them, TF-IDF, plain
    cosines. Whatever has to be fitted for a figure is fitted on other topics.
    """
    with plainly():
        running = encoder()
        if running is None:
            raise Failed(f"De encoder laadt niet: {services().encoder.error}")
        rows, case = materials.case(ideas, related)
        if not case.labelled.queries:
            raise Failed("Er is niets om op te meten: geen enkele regel is een idee (“kind”: “idea”).")
        figures = cluster.evaluations.measure(rows, case, encoder=running, tell=_told)
    if as_json:
        named = {name: {measure: asdict(one) for measure, one in found.items()} for name, found in figures.items()}
        click.echo(json.dumps(named, indent=1))
    else:
        click.echo(retrieval.table(figures))


@evaluate.command("clusters")
@click.argument("ideas", type=_EXISTING)
@click.option("--related", type=_EXISTING, help="Pairs of related topics among the ideas, JSON.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: way of grouping → measure → figure.")
def measure_clusters(ideas: Path, related: Path | None, as_json: bool) -> None:
    """Tell what proposals of clusters are worth on IDEAS (JSON Lines with topics), and how stable they are.

    A table (CSV) with the columns title and topic will do, such as a taxonomy of processes or of subsidised projects.
    In the same run, on the same vectors: HDBSCAN and k-means of scikit-learn, community detection of
    sentence-transformers, connected components; where these need a bound, also the best one for these very texts.
    And what the service makes of them once a simulated coordinator answered the questions of the desk, or random ones.
    """
    with plainly():
        running = encoder()
        if running is None:
            raise Failed(f"De encoder laadt niet: {services().encoder.error}")
        rows, case = materials.case(ideas, related)
        if len(rows) < 2:
            raise Failed("Er is niets om op te meten: geef minstens twee regels.")
        figures = cluster.evaluations.measure_clusters(rows, case.labelled, encoder=running, tell=_told)
        figures |= cluster.rehearsals.measure(rows, case.labelled, encoder=running, tell=_told)
    click.echo(json.dumps(figures, indent=1) if as_json else quality.table(figures))


def _told(name: str) -> None:
    """Say at a terminal what is being measured: it takes minutes."""
    if sys.stderr.isatty():
        click.echo(f"{name} …", err=True)


def _scored(place: Path) -> dict[str, list[tuple[str, str, float]]]:
    files = sorted(place.glob("*-dev.csv")) if place.is_dir() else [place]
    return {file.stem: materials.scored(file) for file in files}


def _bitext(place: Path) -> dict[str, list[tuple[str, str]]]:
    """Name, such as ``nl-fr``, → sentences; of a folder only those that no training of ours reads."""
    if not place.is_dir():
        return {f"{place.name.partition('.')[0]} nl-{_language(place)}": materials.bitext(place)}
    out: dict[str, list[tuple[str, str]]] = {}
    for file in sorted(place.glob("*-nl.tsv")):
        kept = [pair for pair in materials.bitext(file, at_most=None) if held_out(pair[0])]
        out.setdefault(f"nl-{_language(file)}", []).extend(kept)
    return {name: materials.distinct(found) for name, found in out.items()}


def _language(file: Path) -> str:
    return file.name.removesuffix("-nl.tsv").rpartition(".")[2]
