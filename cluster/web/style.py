"""The design, living: a page for who builds here, made of the stylesheet and the macros that every page is made of."""

import re

from flask import Blueprint, render_template, request

import cluster.clusters
import cluster.ideas
import cluster.matches
import cluster.projects
from cluster.web.clusters import language_of
from cluster.web.context import db, encoder, index, root, services
from cluster.web.matches import in_lanes
from cluster.web.pictures import graph, tile_map
from data.projects import Filter
from models.clusters import ClusterState, strength
from models.errors import NotFound
from models.ideas import Idea
from models.matches import Kind, Lane, Match

door = Blueprint("style", __name__)

# Text and the ground it stands on: WCAG 2.2 asks 4.5:1 (success criterion 1.4.3).
TEXTS = (
    *(
        ("ink", "paper"),
        ("ink", "ground"),
        ("soft", "paper"),
        ("soft", "ground"),
        ("blue", "paper"),
        ("blue", "ground"),
    ),
    *(("on-blue", "blue"), ("red", "paper"), ("red", "ground"), ("paper", "red"), ("green", "green-soft")),
    *(("blue", "blue-soft"), ("red", "red-soft"), ("ink", "yellow-soft"), ("ink", "green-soft"), ("ink", "red-soft")),
)
# What must be seen to be used, beside what it stands on: 3:1 (1.4.11).
EDGES = (
    ("edge", "paper"),
    ("edge", "ground"),
    ("blue", "paper"),
    ("red", "paper"),
    ("green", "paper"),
    ("plum", "paper"),
)


@door.get("/stijl")
def show() -> str:
    """Every part of the pages once, with the newest of what stands here; nobody needs it in production."""
    if not services().settings.demo:
        raise NotFound
    ideas = cluster.ideas.newest(db(), at_most=2)
    accepted = cluster.clusters.listed(db(), states=[ClusterState.ACCEPTED, ClusterState.PROPOSED])[:1]
    group = accepted[0] if accepted else None
    municipalities = cluster.clusters.municipalities(db(), cluster_id=group.id) if group else []
    like_the_first = [(0, at, one.fit) for at, one in enumerate(group.members) if at and one.fit] if group else []
    return render_template(
        "style.html",
        ideas=ideas,
        projects=cluster.projects.browse(db(), wanted=Filter(), page=1, at_most=1)[0],
        lanes=_similar(ideas[0]) if ideas else {},
        words_only=False,
        group=group,
        strength=strength,
        language_of=language_of,
        map=tile_map([one.id for one in municipalities]),
        drawn=graph(len(group.members), like_the_first) if group else None,
        palettes=palettes(),
        pairs=[(TEXTS, 4.5), (EDGES, 3.0)],
        contrast=contrast,
        declared=declared,
        wrong="fout" in request.args,
    )


def _similar(idea: Idea) -> dict[Lane, list[Match]]:
    return in_lanes(
        cluster.matches.similar_to(
            db(),
            encoder=encoder(),
            index=index(),
            item=(Kind.IDEA, idea.id),
            title=idea.title,
            description=idea.description,
            limit=6,
        )
    )


def _stylesheet() -> str:
    return (root() / "static" / "style.css").read_text(encoding="utf8")


def declared(selector: str) -> dict[str, str]:
    """What the stylesheet says first of a selector, by property."""
    found = re.search(rf"^{re.escape(selector)} \{{([^}}]*)\}}", _stylesheet(), flags=re.M)
    return _declarations(found[1]) if found else {}


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the stylesheet by name, `light` and `dark`, as #rrggbb."""
    light, dark = (_declarations(block) for block in re.findall(r":root \{([^}]*#[^}]*)\}", _stylesheet())[:2])
    return {"light": _colours(light), "dark": _colours({**light, **dark})}


def _declarations(block: str) -> dict[str, str]:
    pairs = (one.partition(":") for one in block.split(";") if ":" in one)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _colours(given: dict[str, str]) -> dict[str, str]:
    colours = {name.removeprefix("--"): value for name, value in given.items() if value.startswith("#")}
    return {
        name: value if len(value) == 7 else "#" + "".join(2 * one for one in value[1:])
        for name, value in colours.items()
    }


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of a colour in sRGB (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
