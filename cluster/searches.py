"""Searches: one box over everything public, and searches that members keep and that tell what is new."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from sqlite_utils import Database

import data.matches
import data.searches
from cluster.engine.encoder import Encoder
from cluster.engine.fragments import Marker
from cluster.engine.index import Index
from cluster.engine.lexicon import Lexicon
from cluster.engine.queries import Reading, read
from cluster.engine.texts import one_line, readable
from cluster.matches import follow, read_vocabulary, soon
from data.matches import Item
from data.store import transaction
from models.digests import Bundle, News, What
from models.errors import N_, Invalid, NotFound, refuse
from models.people import Member
from models.searches import (
    COUNTED_AT_MOST,
    FACETS,
    NAME_AT_MOST,
    QUERY_AT_MOST,
    Chosen,
    Found,
    Group,
    Hit,
    Key,
    Often,
    Question,
    SavedSearch,
    Shown,
    Subject,
    Traits,
)

ANY = Chosen()
PER_PAGE = 20
SAVED_AT_MOST = 50

# Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): only to retrieve and order, never a threshold.
_RRF = 60
# So many of the best are worth looking at more closely.
_ENOUGH = 60
# What has only some of the words is looked for when less than a page has all of them, and by the rarest words, as long
# as no more texts than this are weighed.
_WEIGHED_AT_MOST = 12_000
# A neighbour of a two-word query is only worth showing when it is truly near, and not much further than the nearest.
_NEAR = 0.35
_NEAR_THE_BEST = 0.55
_NEIGHBOURS = 50
# Words weigh a little more than meaning: who types a word expects to see it.
_MEANING = 0.9
# A letter with daily news is written at this hour in Brussels.

_Lists = list[tuple[float, list[Key]]]


def lexicon(db: Database, *, index: Index[Item]) -> Lexicon:
    """The words of all texts and names, made anew when the vocabulary of this process was read again."""
    known = read_vocabulary(db, index)
    if index.lexicon is None or index.lexicon[0] is not known:
        documents = Counter(known.documents)
        documents.update(data.searches.vocabulary(db))
        index.lexicon = (known, Lexicon(documents))
    return index.lexicon[1]


def understand(db: Database, *, index: Index[Item], query: str) -> Reading:
    """A query as the search box understands it."""
    return read(query, lexicon(db, index=index), known=lambda word: data.searches.known(db, word=word))


def search(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    query: str,
    chosen: Chosen = ANY,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Found:
    """What is public and fits a query by words in whatever form, by meaning or by name, best first.

    Only what anyone may see is ranked, counted and told of. Without an encoder words decide alone. Without a query it
    is what has the chosen facets, newest first.
    """
    if not query and chosen != ANY:
        order = _newest(db, chosen=chosen)
        traits = data.searches.traits(db, keys=order)
        return _page(db, order=order, traits=traits, question=Question(), chosen=chosen, page=page, per_page=per_page)
    words_only = encoder is None
    reading = understand(db, index=index, query=query)
    question = reading.question
    if not question:
        return Found(question=question, words_only=words_only)
    # Clusters are also found by what is in them.
    wide = replace(chosen, kind=None) if chosen.kind == Subject.CLUSTER else chosen
    lists, titled, more = _by_words(db, question=question, chosen=wide, lexicon=lexicon(db, index=index))
    lists += _by_name(db, question=question)
    near = _by_meaning(db, encoder=encoder, index=index, reading=reading, wide=bool(wide.by_name))
    literal = {key for _, keys in lists for key in keys}
    inside = _by_members(db, _fused([*lists, (_MEANING, near)])[:_ENOUGH])
    traits = data.searches.traits(db, keys=list(dict.fromkeys([*literal, *near, *inside])))
    # Before they are ranked: what is not public has no traits, and what does not have the chosen facets does not count.
    fits = {key for key, known in traits.items() if _has(known, chosen)}
    lists = [(weight, [key for key in keys if key in fits]) for weight, keys in [*lists, (0.8, inside)]]
    # Neighbours only fill up: facets count them, so there must not be more than are worth a look.
    lists.append((_MEANING, [key for key in near if key in fits][:_NEIGHBOURS]))
    order = _titles_first(_fused(lists), titled=titled)
    # What was weighed for a cluster by its ideas counts ideas.
    more = (more and wide is chosen) or len(order) > COUNTED_AT_MOST
    found = _page(db, order=order, traits=traits, question=question, chosen=chosen, page=page, per_page=per_page)
    return replace(
        found,
        more=more,
        corrected=tuple(pair for pair in reading.corrected if _is_public(db, pair[1])),
        by_meaning=bool(order) and not literal & fits,
        words_only=words_only,
    )


def _page(
    db: Database,
    *,
    order: Sequence[Key],
    traits: dict[Key, Traits],
    question: Question,
    chosen: Chosen,
    page: int,
    per_page: int,
) -> Found:
    """One page of what was found, counted by facet."""
    counted = order[:COUNTED_AT_MOST]
    start = (page - 1) * per_page
    counts, call_names = _counts([traits[key] for key in counted], chosen)
    return Found(
        hits=_hits(db, counted[start : start + per_page], question),
        total=len(counted),
        more=len(order) > COUNTED_AT_MOST,
        has_next=len(counted) > start + per_page,
        counts=counts,
        kinds=frozenset(str(traits[key].kind) for key in counted),
        call_names=call_names,
        question=question,
    )


def _newest(db: Database, *, chosen: Chosen, published: tuple[int, int] | None = None) -> list[Key]:
    """What has the chosen facets, newest first: ideas and projects in turn, unless another kind is chosen."""
    kinds = [Subject(chosen.kind)] if chosen.kind else [Subject.IDEA, Subject.PROJECT]
    at_most = COUNTED_AT_MOST + 1
    return _fused(
        [
            (1.0, data.searches.newest(db, kind=kind, chosen=chosen, at_most=at_most, published=published))
            for kind in kinds
        ]
    )


def _by_words(db: Database, *, question: Question, chosen: Chosen, lexicon: Lexicon) -> tuple[_Lists, set[Key], bool]:
    """Lists of ideas and projects that have the words: all in some form, all as typed, or else some of them.

    With which of them have all in their title, and whether there are more than were listed.
    """
    every = data.searches.ranked(db, question=question, mode="all", chosen=chosen, at_most=COUNTED_AT_MOST)
    strict = list(every)
    lists: _Lists = [(1.0, strict)]
    if any(group.is_wide for group in question.groups):
        exact = list(data.searches.ranked(db, question=question, mode="exact", chosen=chosen, at_most=_ENOUGH))
        lists.append((1.0, exact))
    if len(strict) < PER_PAGE and (len(question.groups) > 1 or any(group.loosely for group in question.groups)):
        some = replace(question, groups=tuple(_rarest(question, lexicon)))
        loose = list(data.searches.ranked(db, question=some, mode="any", chosen=chosen, at_most=300))
        lists.append((0.9, loose))
        if len(question.groups) > 1:
            # The rarest word says most: 'laadpaal' in 'laadpaal aanvragen'.
            rarest = replace(question, groups=some.groups[:1])
            telling = list(data.searches.ranked(db, question=rarest, mode="all", chosen=chosen, at_most=_ENOUGH))
            lists.append((1.0, telling))
    return lists, {key for key, titled in every.items() if titled}, len(strict) == COUNTED_AT_MOST


def _is_public(db: Database, meant: str) -> bool:
    """Whether all words that a correction consists of stand in something public: the lexicon knows hidden texts too."""
    words = [Question(groups=(Group(exact=word),)) for word in meant.split()]
    return all(
        data.searches.ranked(db, question=one, mode="exact", chosen=ANY, at_most=1)
        or data.searches.traits(
            db, keys=[key for key, _ in data.searches.named(db, question=one, mode="exact", chosen=ANY, at_most=20)]
        )
        for one in words
    )


def _rarest(question: Question, lexicon: Lexicon) -> Iterable[Group]:
    weighed = 0
    often = {
        group: sum(lexicon.documents(word) for word in {group.exact, *group.also, *group.loosely})
        + max((lexicon.beginning(prefix) for prefix in group.prefixes), default=0)
        for group in question.groups
    }
    for number, group in enumerate(sorted(question.groups, key=lambda group: often[group])):
        weighed += often[group]
        if number and weighed > _WEIGHED_AT_MOST:
            return
        yield group


def _by_name(db: Database, *, question: Question) -> _Lists:
    """Lists of municipalities and clusters with such a name, and of what municipalities of this name posted or lead."""
    named = data.searches.named(db, question=question, mode="any", chosen=ANY, at_most=50)
    lists: _Lists = [
        (4.0, [key for key, share in named if share == 1]),
        (0.6, [key for key, share in named if share < 1]),
    ]
    places = [key[1] for key, share in named if share > 0 and key[0] is Subject.MUNICIPALITY]
    if places and not question.phrases and not question.without:
        lists.append((1.0, data.searches.of_organisations(db, ids=places, at_most=100)))
    return lists


def _by_meaning(
    db: Database, *, encoder: Encoder | None, index: Index[Item], reading: Reading, wide: bool
) -> list[Key]:
    vectors = soon(encoder, reading.text) if reading.text else None
    if encoder is None or vectors is None:
        return []
    follow(db, index=index, encoder=encoder)
    near = index.nearest(vectors[0], at_most=8 * _NEIGHBOURS if wide else _NEIGHBOURS)
    bound = max(_NEAR, _NEAR_THE_BEST * near[0].cosine) if near else 0.0
    keys = [(Subject(hit.key[0].value), hit.key[1]) for hit in near if hit.cosine >= bound]
    if reading.question.phrases or reading.question.without:
        allowed = data.searches.fitting(db, question=reading.question, keys=keys)
        keys = [key for key in keys if key in allowed]
    return keys


def _by_members(db: Database, best: Sequence[Key]) -> list[Key]:
    """The accepted clusters of the best ideas and projects, by how well these fit."""
    worth: dict[int, float] = {}
    rank = {key: number for number, key in enumerate(best)}
    for cluster_id, key in data.searches.clusters_of(db, keys=best):
        worth[cluster_id] = worth.get(cluster_id, 0.0) + 1 / (5 + rank[key])
    return [(Subject.CLUSTER, one) for one in sorted(worth, key=lambda one: (-worth[one], one))][:5]


def _fused(lists: _Lists) -> list[Key]:
    ranks: dict[Key, float] = {}
    for weight, keys in lists:
        for rank, key in enumerate(keys):
            ranks[key] = ranks.get(key, 0.0) + weight / (_RRF + rank)
    return sorted(ranks, key=lambda key: (-ranks[key], key))


def _titles_first(order: Sequence[Key], *, titled: set[Key]) -> list[Key]:
    """The same order, but of ideas and projects those that have all the words in their title come before the others.

    A place or cluster stays where it came among them: a name is a title.
    """
    named = (Subject.CLUSTER, Subject.MUNICIPALITY)
    texts = iter(sorted((key for key in order if key[0] not in named), key=lambda key: key not in titled))
    return [key if key[0] in named else next(texts) for key in order]


def _has(traits: Traits, chosen: Chosen) -> bool:
    return all(getattr(traits, name) == value for name, value in chosen.by_name.items())


def _counts(every: Sequence[Traits], chosen: Chosen) -> tuple[dict[str, list[tuple[str, int]]], dict[int, str]]:
    """How many have each value of a facet that is not chosen yet, most first; and the names of calls."""
    counts = {}
    for name in FACETS:
        if getattr(chosen, name) is None:
            values = Counter(str(value) for traits in every if (value := getattr(traits, name)) is not None)
            if len(values) > 1 or (values and values.total() < len(every)):
                counts[name] = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return counts, {traits.call: traits.call_name or "" for traits in every if traits.call is not None}


def _hits(db: Database, keys: Sequence[Key], question: Question) -> tuple[Hit, ...]:
    shown = data.searches.shown(db, keys=keys)
    marker = Marker(question)
    return tuple(
        Hit(shown=one, title=marker.marked(one.title), fragment=marker.fragment(one.body))
        for key in keys
        if (one := shown.get(key))
    )


def saved_of(db: Database, *, member: Member) -> list[SavedSearch]:
    """The searches that a member keeps, latest first."""
    return data.searches.of_member(db, member_id=member.id)


def own(db: Database, *, member: Member, search_id: int) -> SavedSearch:
    """A search of this member; NotFound for those of others."""
    found = data.searches.get(db, search_id=search_id)
    if found is None or found.member_id != member.id:
        raise NotFound
    return found


def save(db: Database, *, member: Member, name: str, query: str, chosen: Chosen, often: str) -> tuple[int, bool]:
    """Keep a search and return its id, and whether it is new: keeping it twice changes nothing.

    What is public now is never told; what becomes public later is told once.
    """
    name, query = _checked(name, query, often, anything=chosen != ANY)
    with transaction(db):
        kept = data.searches.of_query(db, member_id=member.id, query=query, chosen=chosen)
        if kept is not None:
            return kept.id, False
        if len(data.searches.of_member(db, member_id=member.id)) >= SAVED_AT_MOST:
            raise Invalid("name", N_("Je bewaart al %(count)s zoekopdrachten. Wis er eerst een."), count=SAVED_AT_MOST)
        search_id = data.searches.add(
            db, member_id=member.id, name=name, query=query, chosen=chosen, often=Often(often)
        )
    return search_id, True


def change(db: Database, *, member: Member, search_id: int, name: str, often: str) -> None:
    """Give a search another name, or set how often it warns; switched on again, it starts from what is new then."""
    saved = own(db, member=member, search_id=search_id)
    name, _ = _checked(name, saved.query, often, anything=True)
    with transaction(db):
        data.searches.update(db, search_id=search_id, name=name, often=Often(often))


def remove(db: Database, *, member: Member, search_id: int) -> None:
    """Forget a search; forgetting it twice changes nothing."""
    with transaction(db):
        saved = data.searches.get(db, search_id=search_id)
        if saved is not None and saved.member_id == member.id:
            data.searches.remove(db, search_id=search_id)
        elif saved is not None:
            raise NotFound


def _checked(name: str, query: str, often: str, *, anything: bool) -> tuple[str, str]:
    """What was typed, made tidy; a search without words is one only if `anything` else was chosen."""
    name, query = one_line(name), one_line(query)
    wrong = []
    if not name:
        wrong.append(Invalid("name", N_("Geef je zoekopdracht een naam.")))
    elif len(name) > NAME_AT_MOST:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        wrong.append(Invalid("name", said, count=len(name), at_most=NAME_AT_MOST))
    elif not readable(name):
        wrong.append(Invalid("name", N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw.")))
    if not (query or anything) or len(query) > QUERY_AT_MOST or (query and not readable(query)):
        wrong.append(Invalid("q", N_("Typ eerst wat je zoekt.")))
    if often not in set(Often):
        wrong.append(Invalid("often", N_("Kies hoe vaak we je verwittigen.")))
    refuse(wrong)
    return name, query


def fresh(db: Database, *, index: Index[Item], saved: SavedSearch, until: int) -> list[Key]:
    """What became public after a search last looked, up to `until`, and has all its words and facets; best first."""
    if until <= saved.seen:
        return []
    if not saved.query:
        return _newest(db, chosen=saved.chosen, published=(saved.seen, until))
    question = understand(db, index=index, query=saved.query).question
    found = data.searches.ranked(
        db,
        question=question,
        mode="all",
        chosen=saved.chosen,
        at_most=COUNTED_AT_MOST,
        published=(saved.seen, until),
    )
    since = data.searches.published_since(db, seen=saved.seen, until=until)
    named = data.searches.named(db, question=question, mode="all", chosen=saved.chosen, at_most=COUNTED_AT_MOST)
    keys = [*found, *(key for key, _ in named if key in since)]
    # What is not public, such as a cluster of which too much was hidden, has no traits.
    public = data.searches.traits(db, keys=keys)
    return [key for key in keys if key in public]


def news(db: Database, *, index: Index[Item], member: Member) -> list[Bundle]:
    """What became public for the searches that a member keeps; what their own organisation posted is no news.

    Nothing is told twice: each search remembers up to where it looked, also when it found nothing.
    """
    until = data.searches.last_published(db)
    found = []
    for saved in data.searches.of_member(db, member_id=member.id):
        if saved.often is Often.OFF or until <= saved.seen:
            continue
        keys = fresh(db, index=index, saved=saved, until=until)
        shown = data.searches.shown(db, keys=keys)
        items = [one for key in keys if (one := shown.get(key)) and not _is_own(one, member)]
        told = partial(data.searches.look, db, search_id=saved.id, seen=saved.seen, until=until, told=bool(items))
        found.append(Bundle(told, tuple(_found(one, saved) for one in items)))
    return found


def _found(shown: Shown, saved: SavedSearch) -> News:
    about = (shown.kind, shown.id, shown.title, shown.organisation, shown.created_at or "")
    return News(What.FOUND, *about, {"search": saved.name})


def _is_own(shown: Shown, member: Member) -> bool:
    return shown.kind is Subject.IDEA and bool(member.organisation) and shown.organisation == member.organisation
