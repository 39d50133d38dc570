"""Governments and what is public about them: found by name, what they do, who is near, and who is like them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

import data.clusters
import data.ideas
import data.people
import data.places
import data.projects
from cluster.engine import likeness
from cluster.engine.texts import one_line
from cluster.engine.tiles import layout
from models.errors import NotFound
from models.ideas import Idea
from models.people import Member, Organisation, OrganisationKind
from models.places import Around, Card, Companion, Place, Said, Size, Tile

PER_PAGE = 50
KINDS = (OrganisationKind.MUNICIPALITY, OrganisationKind.INTERMUNICIPAL, OrganisationKind.PROVINCE)

# What a page shows of each list, before it sends on to the whole of it.
_FIRST = 6
_CLUSTERS_AT_MOST = 20
_BODIES_AT_MOST = 60
_AROUND = 6
_NEAR = 12
# Of one organisation only so many ideas: somebody who posts much does not fill the page.
_NEAR_EACH = 2

# Within a quarter of each other people call two municipalities about as large.
_ALIKE_AT_LEAST = 0.75


def search(
    db: Database, *, text: str = "", kind: str | None = None, province: str | None = None, page: int = 1
) -> tuple[list[Card], bool]:
    """One page of the governments of today by name, and whether there are more; former names are found too."""
    found = data.places.search(
        db,
        text=one_line(text)[:100],
        kind=kind if kind in KINDS else None,
        province=province,
        at_most=PER_PAGE + 1,
        after=(page - 1) * PER_PAGE,
    )
    return found[:PER_PAGE], len(found) > PER_PAGE


# What leaves of a government.
EXPORTED = ("name", "kind", "province", "nis", "kbo", "ovo", "inhabitants", "ideas", "uri")


def exported(db: Database, *, text: str, kind: str | None, province: str | None) -> Iterator[dict[str, object]]:
    """All governments that fit, by name; codes are texts, for they begin with zeros."""
    page, more = 0, True
    while more:
        page += 1
        found, more = search(db, text=text, kind=kind, province=province, page=page)
        for card in found:
            yield {name: getattr(card, name) for name in EXPORTED}


def get(db: Database, *, organisation_id: int) -> Place:
    """Everything public about a government, a former one too: ten queries at most, however much there is.

    What a government did before it merged counts for the one it lives on in, and stays its own as well.
    """
    found, family, bodies = data.places.circle(db, organisation_id=organisation_id, bodies_at_most=_BODIES_AT_MOST)
    if found is None:
        raise NotFound
    merged = data.places.merger(db, organisation_id=found.id) if found.successor_id else None
    ids = [found.id, *(one.id for one in family)]
    ideas = data.ideas.newest_of(db, organisation_ids=ids, at_most=_FIRST + 1)
    endorsed = data.places.said_by(db, organisation_id=found.id, at_most=_FIRST + 1)
    wanted = data.projects.Filter(organisation_id=found.id)
    projects = data.projects.browse(db, wanted=wanted, at_most=_FIRST + 1)
    lists: dict[str, Sequence[object]] = {"ideas": ideas, "endorsed": endorsed, "projects": projects}
    return Place(
        organisation=found,
        merged_into=merged[0] if merged else None,
        merged_on=merged[1] if merged else None,
        former=tuple(family),
        ideas=tuple(ideas[:_FIRST]),
        endorsed=tuple(endorsed[:_FIRST]),
        projects=tuple(projects[:_FIRST]),
        clusters=tuple(data.clusters.of_organisation(db, organisation_id=found.id, at_most=_CLUSTERS_AT_MOST)),
        bodies=tuple(bodies),
        members=tuple(_members(db, found)),
        around=around(db, organisation_id=found.id, at_most=_AROUND),
        more=frozenset(name for name, listed in lists.items() if len(listed) > _FIRST),
    )


def _members(db: Database, found: Organisation) -> list[Organisation]:
    """The municipalities that a body speaks for, or that lie in a province."""
    if found.kind is OrganisationKind.PROVINCE and found.province:
        return data.places.in_province(db, province=found.province)
    if found.kind is OrganisationKind.MUNICIPALITY:
        return []
    return data.people.stands_for(db, organisation_id=found.id)


def around(db: Database, *, organisation_id: int, at_most: int) -> Around | None:
    """The nearest municipalities and the most alike; none for what is no municipality of today. Two queries."""
    known = data.people.municipalities(db)
    at = next((place for place, one in enumerate(known) if one.id == organisation_id), None)
    if at is None:
        return None
    themes = data.places.themes_by_municipality(db)
    places = _places(known, themes)
    km = likeness.distances(places.lat, places.lon, at=at)
    scores = likeness.likeness(places, at=at)

    def companions(order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[Companion, ...]:
        return tuple(_companion(known[at], known[one], float(km[one]), themes) for one in order)

    return Around(
        neighbours=companions(likeness.first(km, at_most=at_most, without=at)),
        alike=companions(likeness.first(-scores, at_most=at_most, without=at)),
    )


def _places(known: list[Organisation], themes: dict[int, frozenset[str]]) -> likeness.Places:
    names = sorted({one.province for one in known if one.province})
    slugs = sorted(set().union(*themes.values()))

    def floats(values: list[float | None]) -> likeness.Floats:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    return likeness.Places(
        inhabitants=floats([one.inhabitants or None for one in known]),
        lat=floats([one.lat for one in known]),
        lon=floats([one.lon for one in known]),
        provinces=np.array([names.index(one.province) if one.province else -1 for one in known], dtype=np.int64),
        themes=np.array([[slug in themes.get(one.id, ()) for slug in slugs] for one in known], dtype=np.bool_).reshape(
            len(known), len(slugs)
        ),
    )


def _companion(mine: Organisation, other: Organisation, km: float, themes: dict[int, frozenset[str]]) -> Companion:
    return Companion(
        id=other.id,
        name=other.name,
        inhabitants=other.inhabitants,
        size=_size(mine.inhabitants, other.inhabitants),
        km=None if np.isnan(km) else km,
        province=other.province,
        same_province=bool(mine.province) and mine.province == other.province,
        themes=tuple(sorted(themes.get(mine.id, frozenset()) & themes.get(other.id, frozenset()))),
    )


def _size(mine: int | None, other: int | None) -> Size | None:
    if not mine or not other:
        return None
    if min(mine, other) / max(mine, other) >= _ALIKE_AT_LEAST:
        return Size.ALIKE
    return Size.LARGER if other > mine else Size.SMALLER


@dataclass(frozen=True, slots=True)
class News:
    """What is new for a member's organisation.

    `near` are ideas of neighbours and of municipalities like it, with what they have in common (none for the members
    of a body); `themes` its themes, `ideas` and `said` what others posted and said about these.
    """

    near: tuple[tuple[Idea, Companion | None], ...]
    themes: tuple[str, ...]
    ideas: tuple[Idea, ...]
    said: tuple[Said, ...]


def news(db: Database, *, member: Member, at_most: int) -> News:
    """What is new near a member's organisation and in its themes; empty for who acts for nobody. Six queries."""
    if member.organisation_id is None:
        return News((), (), (), ())
    own = member.organisation_id
    found = around(db, organisation_id=own, at_most=_NEAR)
    if found:
        companions: dict[int, Companion | None] = {one.id: one for one in (*found.alike, *found.neighbours)}
    else:
        companions = {one.id: None for one in data.people.stands_for(db, organisation_id=own)}
    now = data.people.family_of(db, organisation_ids=[own, *companions])
    mine = [one for one, is_now in now.items() if is_now == own]
    others = [one for one in now if one not in mine]
    themes = data.places.themes_of(db, organisation_id=own)
    newest = data.ideas.newest_around(
        db, near=others, each_at_most=_NEAR_EACH, own=mine, themes=themes, at_most=2 * at_most
    )
    near: list[Idea] = []
    for idea in newest:
        of_one = sum(other.organisation_id == idea.organisation_id for other in near)
        if idea.organisation_id in others and of_one < _NEAR_EACH and len(near) < at_most:
            near.append(idea)
    moved = [idea for idea in newest if idea.topic in themes and idea.organisation_id not in mine]
    shown = {idea.id for idea in near}
    return News(
        near=tuple((idea, companions[now[idea.organisation_id]]) for idea in near if idea.organisation_id in now),
        themes=tuple(themes),
        ideas=tuple([idea for idea in moved if idea.id not in shown][:at_most]),
        said=tuple(data.places.said_in(db, themes=themes, not_by=mine, at_most=at_most)) if themes else (),
    )


def taking_part(db: Database) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Points (latitude, longitude) of the municipalities of today: those with an idea or *ook wij*, and the others."""
    found = data.places.points(db)
    sides = [[(lat, lon) for lat, lon, active in found if active is wanted] for wanted in (True, False)]
    return sides[0], sides[1]


def tiles(db: Database) -> list[Tile]:
    """A map with a tile for each municipality of today whose place is known, by name."""
    known = [one for one in data.people.municipalities(db) if one.lat is not None and one.lon is not None]
    rows, columns = layout(
        np.array([one.lat for one in known], dtype=np.float64), np.array([one.lon for one in known], dtype=np.float64)
    )
    return [
        Tile(one.id, one.name, int(row), int(column)) for one, row, column in zip(known, rows, columns, strict=True)
    ]
