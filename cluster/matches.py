"""Matches: what is similar to a text. Suggestions are computed when asked, never stored stale."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from textwrap import shorten

import numpy as np
from sqlite_utils import Database

import cluster.fits
import data.ideas
import data.judgements
import data.matches
import data.people
import data.projects
import data.work
from cluster.engine import explanations, lexical, relations
from cluster.engine.encoder import Encoder, Reading, Vectors
from cluster.engine.index import Index
from cluster.engine.lexical import Vocabulary
from cluster.engine.texts import clean, readable
from cluster.people import must_coordinate
from cluster.snapshots import newer
from data.matches import Item
from data.store import transaction
from models.clusters import Judgement
from models.errors import N_, Invalid, NotAllowed, NotFound
from models.ideas import Idea
from models.matches import Asked, Difference, Explanation, Kind, Match
from models.people import Member
from models.projects import Project

LIMIT_AT_MOST = 100
TEXT_ALONE = Asked()
PLAIN_AT_MOST = 2_000
# Characters that are read while somebody waits: two pages, about half a second.
READ_AT_ONCE = 5_000

# How many candidates each side brings before they are scored; at least what is asked for.
_CANDIDATES = 100
_WORDS_AT_MOST = 12
# New texts that do not yet make the vocabulary worth reading again.
_FRESH = 5
# Somebody who types waits this long for the encoder at most, and two passages tell what a text is about: nobody can
# keep the encoder from others by sending long texts.
_WAIT_S = 2.0
_PASSAGES = 2
_BATCH = 256
# Municipalities whose numbers of inhabitants differ by this factor do the same thing in another way.
_OTHER_SCALE = 4
# Characters of a sentence that is quoted as a reason.
_QUOTED = 220
_FREQUENT_SHOWN = 40
_SHORT = 3


def follow(db: Database, *, index: Index[Item], encoder: Encoder) -> None:
    """Bring this process's index up to date with the store: a change counter, no restart.

    Most vectors come from a file that all processes share, where there is one; then what changed since.
    """
    with index.lock:
        if index.encoder != encoder.name:
            index.clear(encoder=encoder.name, dimensions=encoder.dimensions)
        base = newer(db, index=index, encoder=encoder)
        seq = base.header.seq if base else index.seq
        changes = (
            data.matches.changes_since(db, seq=seq, encoder=encoder.name)
            if seq
            else data.matches.all_public(db, encoder=encoder.name)
        )
        if changes and (changes.put or changes.gone or changes.seq != index.seq):
            put = [(item, np.frombuffer(vector, dtype=np.float32)) for item, vector in changes.put]
            index.apply(seq=changes.seq, put=put, gone=changes.gone, base=base)
        elif base:
            index.apply(seq=seq, put=[], gone=[], base=base)


def similar(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    title: str,
    description: str,
    limit: int = 12,
    exclude: Item | None = None,
    asked: Asked = TEXT_ALONE,
    among: Sequence[Item] | None = None,
) -> list[Match]:
    """What is public and similar to a text, best first, at most `limit`; an empty text has no matches.

    Candidates come from the nearest vectors and from shared words, or are the items `among` which to look;
    `cluster.engine.relations` scores and names each pair. Without an encoder the words decide alone.
    """
    text = f"{title}. {description}".strip(". \n\t")
    if not text:
        return []
    reading = _soon(encoder, text)
    if encoder is None or reading is None:
        mine = _Mine(text=text, asked=asked)
    else:
        follow(db, index=index, encoder=encoder)
        parts = Parts(reading.sentences, reading.parts)
        mine = _Mine(text=text, asked=asked, encoder=encoder, vector=reading.vector, parts=parts)
    return _scored(db, index=index, mine=mine, limit=min(limit, LIMIT_AT_MOST), exclude=exclude, among=among)


def similar_to(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    item: Item,
    title: str,
    description: str,
    limit: int = 12,
    asked: Asked = TEXT_ALONE,
    among: Sequence[Item] | None = None,
) -> list[Match]:
    """What is similar to an idea or project, with what is kept of its reading instead of a new one."""
    kept = data.matches.get(db, kind=item[0], item_id=item[1], encoder=encoder.name) if encoder else None
    if encoder is None or kept is None:
        return similar(
            db,
            encoder=encoder,
            index=index,
            title=title,
            description=description,
            limit=limit,
            exclude=item,
            asked=asked,
            among=among,
        )
    follow(db, index=index, encoder=encoder)
    text = f"{title}. {description}"
    parts = parts_of(db, encoder=encoder, texts={item: text}).get(item)
    vector = np.frombuffer(kept, dtype=np.float32)
    mine = _Mine(text=text, asked=asked, encoder=encoder, vector=vector, parts=parts)
    return _scored(db, index=index, mine=mine, limit=limit, exclude=item, among=among)


def also_posted(
    db: Database,
    *,
    encoder: Encoder | None,
    index: Index[Item],
    member: Member | None,
    idea: Idea,
    organisation_id: int,
    at_most: int = 3,
) -> list[Match]:
    """The open ideas of another organisation that relate to an idea, best first.

    What the member's organisation said of them counts before what was computed.
    """
    theirs = data.ideas.newest_of(db, organisation_ids=[organisation_id], at_most=LIMIT_AT_MOST)
    found = similar_to(
        db,
        encoder=encoder,
        index=index,
        item=(Kind.IDEA, idea.id),
        title=idea.title,
        description=idea.description,
        limit=LIMIT_AT_MOST,
        asked=Asked(organisation_id=idea.organisation_id),
        among=[(Kind.IDEA, one.id) for one in theirs],
    )
    said = answers(db, member=member, idea=idea)
    apart = {item for item, judgement in said.items() if judgement is Judgement.DIFFERENT}
    related = [one for one in found if one.relation or (one.kind, one.id) in said]
    return [one for one in related if (one.kind, one.id) not in apart][:at_most]


def answers(db: Database, *, member: Member | None, idea: Idea) -> dict[Item, Judgement]:
    """What the member's organisation, or the coordinators, said of what is similar to an idea; of others nothing."""
    if not may_judge(idea, member):
        return {}
    assert member is not None
    organisation_id = None if member.is_coordinator else member.organisation_id
    found = data.judgements.of_item(db, item=(Kind.IDEA, idea.id), organisation_id=organisation_id)
    return {item: judgement for item, judgement in found.items() if judgement is not Judgement.UNSURE}


def may_judge(idea: Idea, member: Member | None) -> bool:
    """Whether a member may say how something relates to an idea: its own organisation, and coordinators."""
    if member is None:
        return False
    return member.is_coordinator or (
        idea.organisation_id is not None and idea.organisation_id == member.organisation_id
    )


def judge(db: Database, *, member: Member | None, idea_id: int, other: Item, judgement: str) -> None:
    """Keep a person's answer about an idea and what is similar to it; "unsure" takes an earlier answer back.

    Answers are added and never overwritten; the same answer again adds nothing.
    """
    idea = data.ideas.get(db, idea_id=idea_id)
    if idea is None or not may_judge(idea, member):
        raise NotAllowed(N_("Alleen het bestuur van dit idee en de coördinatoren kunnen hierover oordelen."))
    assert member is not None
    if judgement not in set(Judgement):
        raise Invalid("judgement", N_("Kies een van de mogelijkheden."))
    item = (Kind.IDEA, idea.id)
    public = data.ideas.by_ids if other[0] is Kind.IDEA else data.projects.by_ids
    if other == item or other[1] not in public(db, ids=[other[1]]):
        raise NotFound
    organisation_id = None if member.is_coordinator else member.organisation_id
    with transaction(db):
        before = data.judgements.of_item(db, item=item, organisation_id=organisation_id).get(other)
        if before != judgement:
            data.judgements.add(db, pairs=[(item, other)], judgement=Judgement(judgement), member_id=member.id)


@dataclass(frozen=True, slots=True)
class Parts:
    """The k sentences of a text, and what each adds to its vector, shape (k, d)."""

    sentences: tuple[str, ...]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class _Mine:
    """The text that asks, with its reading; without an encoder only its words."""

    text: str
    asked: Asked
    encoder: Encoder | None = None
    vector: Vectors | None = None
    parts: Parts | None = None


def soon(encoder: Encoder | None, text: str) -> Vectors | None:
    """The vector of the beginning of a text, shape (1, d); none when the encoder is missing or too busy to wait for."""
    if encoder is None:
        return None
    return encoder.try_encode([text], within_s=_WAIT_S, passages_at_most=_PASSAGES)


def _soon(encoder: Encoder | None, text: str) -> Reading | None:
    if encoder is None:
        return None
    found = encoder.read([text], within_s=_WAIT_S, passages_at_most=_PASSAGES)
    return found[0] if found else None


def parts_of(db: Database, *, encoder: Encoder, texts: Mapping[Item, str]) -> dict[Item, Parts]:
    """What is kept of how these very texts were read, by sentence; a text that was changed since has none."""
    found = {}
    for item, (text_hash, kept, sentences) in data.matches.parts_of(
        db, items=list(texts), encoder=encoder.name
    ).items():
        vectors = np.frombuffer(kept, dtype=np.float16).reshape(-1, encoder.dimensions).astype(np.float32)
        if text_hash == data.matches.text_hash(texts[item]):
            sentences = encoder.sentences(texts[item]) if sentences is None else sentences
            # Parts of an encoder that split the text in another way say nothing of these sentences.
            if len(sentences) == len(vectors):
                found[item] = Parts(tuple(sentences), vectors)
    return found


def plain_words(db: Database, *, index: Index[Item], member: Member | None) -> tuple[list[str], list[tuple[str, int]]]:
    """The words that coordinators took out of the comparison, and those in most texts that still count."""
    must_coordinate(member)
    listed = data.matches.plain_words(db)
    left = (
        (word, count)
        for word, count in read_vocabulary(db, index).documents.items()
        if len(word) > _SHORT and word not in listed and word not in lexical.SAYS_LITTLE
    )
    return sorted(listed), nsmallest(_FREQUENT_SHOWN, left, key=lambda one: (-one[1], one[0]))


def set_plain_words(db: Database, *, member: Member | None, text: str) -> int:
    """Let the words of a text, separated by anything, count for nothing from now on; returns how many there are."""
    coordinator = must_coordinate(member)
    if not readable(text):
        raise Invalid("words", N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))
    words = lexical.every_word(clean(text))
    if len(words) > PLAIN_AT_MOST:
        said = N_("Dit zijn %(count)s woorden. Gebruik er hoogstens %(at_most)s.")
        raise Invalid("words", said, count=len(words), at_most=PLAIN_AT_MOST)
    with transaction(db):
        data.matches.set_plain_words(db, words=words, member_id=coordinator.id)
    return len(words)


def _plain(db: Database, asked: Asked) -> frozenset[str]:
    """What is no reason for a match: the coordinators' list, and the name of the municipality that asks."""
    listed = data.matches.plain_words(db)
    own = data.people.organisation(db, organisation_id=asked.organisation_id) if asked.organisation_id else None
    return listed | lexical.every_word(own.name) if own else listed


def read_vocabulary(db: Database, index: Index[Item]) -> Vocabulary:
    """How rare words are, read again when there are a tenth more texts: rarity changes slowly."""
    total = data.matches.total(db)
    if index.vocabulary is None or total > index.vocabulary.total * 1.1 + _FRESH:
        index.vocabulary = Vocabulary(data.matches.vocabulary(db), total=total)
    return index.vocabulary


def _scored(
    db: Database,
    *,
    index: Index[Item],
    mine: _Mine,
    limit: int,
    exclude: Item | None,
    among: Sequence[Item] | None,
) -> list[Match]:
    at_most, vector = max(_CANDIDATES, limit), mine.vector
    plain = _plain(db, mine.asked)
    bag = lexical.words(mine.text) - plain
    vocabulary = read_vocabulary(db, index)
    # A word that nobody knew when the vocabulary was read is the rarest of all.
    known = vocabulary.documents
    telling = sorted(bag, key=lambda word: (known.get(word, 0), word))[:_WORDS_AT_MOST]
    near = index.nearest(vector, at_most=at_most + 1) if vector is not None and among is None else []
    cosines = {hit.key: hit.cosine for hit in near}
    others = data.matches.matching(db, words=telling, at_most=at_most) if among is None else among
    missing = [item for item in others if item not in cosines]
    if vector is not None:
        cosines |= {
            item: cosine
            for item, cosine in zip(missing, index.cosines(vector, missing), strict=True)
            if cosine is not None
        }
    items = [item for item in dict.fromkeys([*(hit.key for hit in near), *others]) if item != exclude]
    return _ranked(
        db, items=items, cosines=cosines, mine=mine, bag=bag, plain=plain, vocabulary=vocabulary, limit=limit
    )


def _ranked(
    db: Database,
    *,
    items: Sequence[Item],
    cosines: dict[Item, float],
    mine: _Mine,
    bag: frozenset[str],
    plain: frozenset[str],
    vocabulary: Vocabulary,
    limit: int,
) -> list[Match]:
    texts = data.matches.texts(db, items=items)
    items = [item for item in items if item in texts]
    if not items:
        return []
    asked = {lexical.stem(word) for word in bag}
    # Only stems that are nothing but such words: 'gent' is the city, and 'gentleman' begins with it too.
    nothing = {lexical.stem(word) for word in plain} - asked
    overlaps = np.array(
        [vocabulary.overlap(asked, lexical.stems(f"{texts[item][0]}. {texts[item][1]}") - nothing) for item in items]
    )
    known = np.array([cosines.get(item, np.nan) for item in items])
    fitted = cluster.fits.in_use(db, encoder=mine.encoder.name) if mine.encoder else None
    if fitted is not None:
        same = fitted.same_need(np.nan_to_num(known), overlaps)
        related = fitted.same_or_related(np.nan_to_num(known), overlaps)
        scores = (same + related) / 2
    else:
        same = related = np.zeros(len(items))
        scores = np.array([relations.score(float(c), float(o)) for c, o in zip(known, overlaps, strict=True)])
    order = np.lexsort((np.arange(len(items)), -np.nan_to_num(known), -scores))[:limit]
    chosen = [items[at] for at in order]
    ideas = data.ideas.by_ids(db, ids=[item_id for kind, item_id in chosen if kind is Kind.IDEA])
    projects = data.projects.by_ids(db, ids=[item_id for kind, item_id in chosen if kind is Kind.PROJECT])
    whole = {item: f"{texts[item][0]}. {texts[item][1]}" for item in chosen}
    inhabitants = _inhabitants(db, mine, [*ideas.values(), *projects.values()])
    parts = parts_of(db, encoder=mine.encoder, texts=whole) if mine.encoder and mine.parts is not None else {}
    found = []
    for at in order:
        kind, item_id = items[at]
        shown: Idea | Project | None = ideas.get(item_id) if kind is Kind.IDEA else projects.get(item_id)
        if shown is None:
            continue
        text = whole[items[at]]
        spelling = lexical.as_written(text)
        terms = vocabulary.shared(bag, lexical.words(text) - plain, at_most=4)
        found.append(
            Match(
                kind=kind,
                id=item_id,
                external_id=shown.external_id,
                title=shown.title,
                organisation=shown.organisation if isinstance(shown, Idea) else shown.lead,
                status="open" if isinstance(shown, Idea) else shown.status.value,
                lang=shown.lang,
                relation=fitted.band(float(same[at]), float(related[at])) if fitted else None,
                probability=round(float(same[at]), 4) if fitted else None,
                score=round(float(scores[at]), 4),
                explanation=Explanation(
                    terms=tuple(spelling.get(term, term) for term in terms),
                    pairs=quoted(mine.parts, parts.get(items[at])),
                    differences=_differences(mine.asked, shown, inhabitants),
                ),
                supporters=shown.supporters if isinstance(shown, Idea) else 0,
                intent=shown.intent if isinstance(shown, Idea) else None,
            )
        )
    return found


def quoted(mine: Parts | None, theirs: Parts | None) -> tuple[tuple[str, str], ...]:
    """The sentences of two texts that say most alike, shortened to be quoted; none where one was not read."""
    if mine is None or theirs is None:
        return ()
    return tuple(
        (
            shorten(mine.sentences[one], _QUOTED, placeholder="…"),
            shorten(theirs.sentences[other], _QUOTED, placeholder="…"),
        )
        for one, other in explanations.pairs(mine.vectors, theirs.vectors)
    )


def _inhabitants(db: Database, mine: _Mine, shown: Sequence[Idea | Project]) -> dict[int, int]:
    ids = {one.organisation_id if isinstance(one, Idea) else one.lead_id for one in shown} | {
        mine.asked.organisation_id
    }
    return data.people.inhabitants(db, organisation_ids=[one for one in ids if one is not None])


def _differences(asked: Asked, shown: Idea | Project, inhabitants: Mapping[int, int]) -> tuple[Difference, ...]:
    """Where the item that asks and the one that is shown are known to differ."""
    theirs = shown.organisation_id if isinstance(shown, Idea) else shown.lead_id
    fields: list[tuple[str, str | None, str | None]] = [("theme", asked.theme, shown.theme)]
    if isinstance(shown, Idea):
        fields += [("target_group", asked.target_group, shown.target_group), ("stage", asked.stage, shown.stage)]
    found = [Difference(name, mine, other) for name, mine, other in fields if mine and other and mine != other]
    mine, other = (inhabitants.get(one or 0) for one in (asked.organisation_id, theirs))
    if mine and other and max(mine, other) >= _OTHER_SCALE * min(mine, other):
        found.append(Difference("inhabitants", str(mine), str(other)))
    return tuple(found)


def keep_vector(db: Database, *, kind: Kind, item_id: int, encoder: Encoder, text: str, reading: Reading) -> None:
    """Keep how a text was read inside the caller's transaction."""
    data.matches.put(
        db,
        kind=kind,
        item_id=item_id,
        encoder=encoder.name,
        text_hash=data.matches.text_hash(text),
        vector=np.ascontiguousarray(reading.vector, dtype=np.float32).tobytes(),
        parts=np.ascontiguousarray(reading.parts, dtype=np.float16).tobytes(),
        sentences=reading.sentences,
    )


def queue_vectors(db: Database, *, changed: Sequence[Item]) -> None:
    """Inside the caller's transaction: forget the vectors of changed texts, and queue one job for all that lack one."""
    for kind, item_id in changed:
        data.matches.forget(db, kind=kind, item_id=item_id)
    data.work.queue(db, kind="embed", key="missing")


def embed(db: Database, *, encoder: Encoder, kind: Kind, item_id: int) -> None:
    """Make sure the vector of an item's present text is kept; doing it twice changes nothing."""
    found = data.matches.text_of(db, kind=kind, item_id=item_id)
    if found is None:
        return
    text = f"{found[0]}. {found[1]}"
    if data.matches.has(db, kind=kind, item_id=item_id, encoder=encoder.name, text_hash=data.matches.text_hash(text)):
        return
    reading = _read_text(encoder, text)
    with transaction(db):
        _keep_if_still(db, kind=kind, item_id=item_id, encoder=encoder, text=text, reading=reading)


def read_at_once(encoder: Encoder | None, text: str) -> Reading | None:
    """All of a text as the encoder reads it; none without one, and none of a long text, which the worker then reads.

    Of the longest text that is taken (20,000 characters) the reading takes seconds, in which others wait as well.
    """
    return _read_text(encoder, text) if encoder and len(text) <= READ_AT_ONCE else None


def _read_text(encoder: Encoder, text: str) -> Reading:
    """All of a text as the encoder reads it, however long others keep it busy."""
    found = encoder.read([text])
    assert found is not None
    return found[0]


def _keep_if_still(db: Database, *, kind: Kind, item_id: int, encoder: Encoder, text: str, reading: Reading) -> None:
    """Keep a vector unless the text was edited while it was encoded: the editor kept or queued that of the new text."""
    present = data.matches.text_of(db, kind=kind, item_id=item_id)
    if present is not None and text == f"{present[0]}. {present[1]}":
        keep_vector(db, kind=kind, item_id=item_id, encoder=encoder, text=text, reading=reading)


def embed_missing(db: Database, *, encoder: Encoder, told: Callable[[int], None] | None = None) -> int:
    """Keep vectors for all public items that lack one of this encoder; returns how many. One short write per batch.

    `told` hears how many are done, batch by batch.
    """
    done = 0
    for kind in Kind:
        last = 0
        while batch := data.matches.missing(db, kind=kind, encoder=encoder.name, at_most=_BATCH, after_id=last):
            texts = [f"{title}. {body}" for _, title, body in batch]
            readings = encoder.read(texts)
            assert readings is not None
            with transaction(db):
                for (item_id, _, _), text, reading in zip(batch, texts, readings, strict=True):
                    _keep_if_still(db, kind=kind, item_id=item_id, encoder=encoder, text=text, reading=reading)
            last, done = batch[-1][0], done + len(batch)
            if told:
                told(done)
    return done
