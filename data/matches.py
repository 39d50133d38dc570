"""What matching stands on: embeddings under (kind, id, encoder, hash of the text), and full-text search."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from data.store import change, now, rows, value
from models.matches import Kind

Item = tuple[Kind, int]

# What anyone may see in a suggestion: open ideas and all projects, each with the text that an encoder reads.
_PUBLIC = """
select 'idea' as kind, id as item_id, title, description as body from ideas where state = 'open'
union all select 'project', id, title, summary from projects where hidden = 0
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index must do to stand at `seq`: put these vectors (float32 bytes), forget those items."""

    seq: int
    put: list[tuple[Item, bytes]]
    gone: list[Item]


def text_hash(text: str) -> str:
    """The hash under which the vector of a text is kept."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def put(
    db: Database,
    *,
    kind: Kind,
    item_id: int,
    encoder: str,
    text_hash: str,
    vector: bytes,
    parts: bytes,
    sentences: Sequence[str] = (),
) -> None:
    """Keep the vector (float32) of an item's present text with its sentences and their parts (float16).

    Those of its former texts are forgotten.
    """
    change(
        db,
        "delete from embeddings where kind = ? and item_id = ? and encoder = ? and text_hash <> ?",
        [kind, item_id, encoder, text_hash],
    )
    db.execute(
        "insert or ignore into embeddings (kind, item_id, encoder, text_hash, vector) values (?, ?, ?, ?, ?)",
        [kind, item_id, encoder, text_hash, vector],
    )
    db.execute(
        """insert or replace into sentence_parts (kind, item_id, encoder, text_hash, parts, sentences)
        values (?, ?, ?, ?, ?, ?)""",
        [
            kind,
            item_id,
            encoder,
            text_hash,
            parts,
            json.dumps(list(sentences), ensure_ascii=False) if sentences else None,
        ],
    )


def forget(db: Database, *, kind: Kind, item_id: int) -> None:
    """Forget the vectors of an item, of all encoders."""
    change(db, "delete from embeddings where kind = ? and item_id = ?", [kind, item_id])


def parts_of(db: Database, *, items: Sequence[Item], encoder: str) -> dict[Item, tuple[str, bytes, list[str] | None]]:
    """Of these items the hash of the text that was read, the parts of its sentences (float16 bytes), and these.

    Of what was read before they were kept there are no sentences.
    """
    found = rows(
        db,
        """select kind, item_id, text_hash, parts, sentences from sentence_parts
        where encoder = ? and (kind, item_id) in (select value ->> 0, value ->> 1 from json_each(?))""",
        [encoder, json.dumps(list(items))],
    )
    return {
        (Kind(one["kind"]), one["item_id"]): (
            one["text_hash"],
            one["parts"],
            None if one["sentences"] is None else json.loads(one["sentences"]),
        )
        for one in found
    }


def has(db: Database, *, kind: Kind, item_id: int, encoder: str, text_hash: str) -> bool:
    """Whether the vector of exactly this text is there, with its parts."""
    return bool(
        value(
            db,
            """select 1 from embeddings join sentence_parts using (kind, item_id, encoder, text_hash)
            where kind = ? and item_id = ? and encoder = ? and text_hash = ?""",
            [kind, item_id, encoder, text_hash],
        )
    )


def get(db: Database, *, kind: Kind, item_id: int, encoder: str) -> bytes | None:
    """The vector of an item, float32 bytes."""
    found: bytes | None = value(
        db,
        "select vector from embeddings where kind = ? and item_id = ? and encoder = ?",
        [kind, item_id, encoder],
    )
    return found


def vectors_of(db: Database, *, items: Sequence[Item], encoder: str) -> dict[Item, bytes]:
    """The vectors of those of these items that are public and read, float32 bytes."""
    found = rows(
        db,
        f"""select e.kind, e.item_id, e.vector from embeddings e join ({_PUBLIC}) p
          on p.kind = e.kind and p.item_id = e.item_id
        where e.encoder = ? and (e.kind, e.item_id) in (select value ->> 0, value ->> 1 from json_each(?))""",
        [encoder, json.dumps(list(items))],
    )
    return {(Kind(item["kind"]), item["item_id"]): item["vector"] for item in found}


def text_of(db: Database, *, kind: Kind, item_id: int) -> tuple[str, str] | None:
    """Title and body of an item, public or not: one that is withdrawn may come back."""
    return texts(db, items=[(kind, item_id)]).get((kind, item_id))


def missing(db: Database, *, kind: Kind, encoder: str, at_most: int, after_id: int = 0) -> list[tuple[int, str, str]]:
    """Public items of a kind without a vector of this encoder and its parts, as (id, title, body), by id.

    They begin after `after_id`.
    """
    found = rows(
        db,
        f"""select item_id, title, body from ({_PUBLIC}) p where kind = ? and item_id > ?
          and not exists (
            select 1 from sentence_parts e where e.kind = p.kind and e.item_id = p.item_id and e.encoder = ?)
        order by item_id limit ?""",
        [kind, after_id, encoder, at_most],
    )
    return [(item["item_id"], item["title"], item["body"]) for item in found]


def all_public(db: Database, *, encoder: str) -> Changes:
    """Everything an empty index needs."""
    seq = last_change(db)
    found = rows(
        db,
        f"""select e.kind, e.item_id, e.vector from ({_PUBLIC}) p join embeddings e
          on e.kind = p.kind and e.item_id = p.item_id where e.encoder = ? order by e.kind, e.item_id""",
        [encoder],
    )
    return Changes(seq=seq, put=[((Kind(item["kind"]), item["item_id"]), item["vector"]) for item in found], gone=[])


def vectors(db: Database, *, encoder: str, at_once: int) -> Iterator[tuple[Kind, list[int], bytes]]:
    """The vectors of everything public by kind and id, so many at once: ids of a kind, and their float32 bytes."""
    for kind in Kind:
        table = "ideas p on p.state = 'open'" if kind is Kind.IDEA else "projects p on p.hidden = 0"
        cursor = db.execute(
            f"""select e.item_id, e.vector from embeddings e cross join {table} and p.id = e.item_id
            where e.kind = ? and e.encoder = ? order by e.item_id""",
            [kind, encoder],
        )
        while found := cursor.fetchmany(at_once):
            yield kind, [item_id for item_id, _ in found], b"".join([vector for _, vector in found])


def last_change(db: Database) -> int:
    """The number of the latest change of what a match may show; 0 when there was none."""
    return int(value(db, "select coalesce(max(seq), 0) from item_changes"))


def count_changes(db: Database, *, seq: int, at_most: int) -> int:
    """How many items changed after `seq`, counted no further than `at_most`."""
    sql = "select count(*) from (select 1 from item_changes where seq > ? limit ?)"
    return int(value(db, sql, [seq, at_most]))


def snapshot_mark(db: Database) -> str | None:
    """The mark of the snapshot that belongs to this store; none before the first."""
    found: str | None = value(db, "select mark from snapshots")
    return found


def set_snapshot_mark(db: Database, *, mark: str) -> None:
    """Remember which snapshot belongs to this store, instead of any former one."""
    db.execute("insert or replace into snapshots (id, mark) values (1, ?)", [mark])


def changes_since(db: Database, *, seq: int, encoder: str) -> Changes | None:
    """What changed after `seq`; none when nothing did."""
    found = rows(
        db,
        """select c.kind, c.item_id, c.seq, e.vector from item_changes c
        left join ideas i on c.kind = 'idea' and i.id = c.item_id and i.state = 'open'
        left join projects p on c.kind = 'project' and p.id = c.item_id and p.hidden = 0
        left join embeddings e on e.kind = c.kind and e.item_id = c.item_id and e.encoder = ?
          and (i.id is not null or p.id is not null)
        where c.seq > ? order by c.seq""",
        [encoder, seq],
    )
    if not found:
        return None
    items = [((Kind(item["kind"]), item["item_id"]), item["vector"]) for item in found]
    return Changes(
        seq=found[-1]["seq"],
        put=[(item, vector) for item, vector in items if vector is not None],
        gone=[item for item, vector in items if vector is None],
    )


def texts(db: Database, *, items: Sequence[Item]) -> dict[Item, tuple[str, str]]:
    """Title and body of these items."""
    found: dict[Item, tuple[str, str]] = {}
    for kind in Kind:
        ids = [item_id for item_kind, item_id in items if item_kind is kind]
        marks = ", ".join("?" * len(ids)) or "null"
        table, body = ("ideas", "description") if kind is Kind.IDEA else ("projects", "summary")
        for item in rows(db, f"select id, title, {body} as body from {table} where id in ({marks})", ids):
            found[kind, item["id"]] = (item["title"], item["body"])
    return found


def plain_words(db: Database) -> frozenset[str]:
    """The words, folded, that coordinators said to tell nothing about a need."""
    return frozenset(item["word"] for item in rows(db, "select word from plain_words"))


def set_plain_words(db: Database, *, words: Collection[str], member_id: int) -> None:
    """Let these be the words that tell nothing; those that were among them keep who added them, and when."""
    kept = json.dumps(sorted(words))
    change(db, "delete from plain_words where word not in (select value from json_each(?))", [kept])
    db.execute("insert or ignore into plain_words select value, ?, ? from json_each(?)", [member_id, now(), kept])


def vocabulary(db: Database) -> dict[str, int]:
    """In how many texts each word occurs."""
    return {item["term"]: item["doc"] for item in rows(db, "select term, doc from terms")}


def total(db: Database) -> int:
    """About how many texts there are; never nought, and never a count over a whole table."""
    return int(
        value(db, "select coalesce((select max(id) from ideas), 0) + coalesce((select max(id) from projects), 0) + 1")
    )


def quoted(words: Sequence[str]) -> str:
    """A phrase in FTS5 syntax, whatever the words are (which would end at a NUL character)."""
    return '"' + " ".join(words).replace("\0", " ").replace('"', '""') + '"'


def matching(db: Database, *, words: Sequence[str], at_most: int) -> list[Item]:
    """Public items with any of these words, best BM25 first (titles count four times).

    Texts are weighed up to a number: the words that are rarest decide. A word of more texts than that tells little,
    and is only looked for when the others find less than is asked, in the newest texts.
    """
    often = {word: _in_texts(db, word, at_most=WEIGHED_AT_MOST + 1) for word in {quoted([one]) for one in words if one}}
    rare: list[str] = []
    weighed = 0
    for word in sorted(often, key=lambda word: (often[word], word)):
        weighed += often[word]
        if weighed > WEIGHED_AT_MOST:
            found = _best(db, rare, at_most) if rare else []
            if len(found) < at_most:
                found += _best_of_newest(db, word, at_most)
            return list(dict.fromkeys(found))[:at_most]
        rare.append(word)
    return _best(db, rare, at_most) if rare else []


# Scoring takes about a microsecond for each text that has one of the words, counting a tenth of that.
WEIGHED_AT_MOST = 6_000

_PUBLIC_OF = """
left join ideas i on t.rowid % 2 = 0 and i.id = t.rowid / 2 and i.state = 'open'
left join projects p on t.rowid % 2 = 1 and p.id = t.rowid / 2 and p.hidden = 0
"""


def _in_texts(db: Database, word: str, *, at_most: int) -> int:
    """In how many texts a word stands, counted no further than `at_most`."""
    return int(value(db, "select count(*) from (select 1 from texts where texts match ? limit ?)", [word, at_most]))


def _best(db: Database, words: Sequence[str], at_most: int) -> list[Item]:
    # In the order of rank, so that the joins are made for as many rows as are asked for and not for all that fit.
    sql = f"""select t.rowid from texts t {_PUBLIC_OF}
        where texts match :asked and t.rank match 'bm25(4.0, 1.0)' and (i.id is not null or p.id is not null)
        order by t.rank limit :at_most"""
    return _items(db, sql, " OR ".join(words), at_most)


def _best_of_newest(db: Database, word: str, at_most: int) -> list[Item]:
    sql = f"""select t.rowid from (select rowid, bm25(texts, 4.0, 1.0) as score from texts
          where texts match :asked order by rowid desc limit :weighed) t {_PUBLIC_OF}
        where i.id is not null or p.id is not null order by t.score, t.rowid limit :at_most"""
    return _items(db, sql, word, at_most)


def _items(db: Database, sql: str, asked: str, at_most: int) -> list[Item]:
    found = rows(db, sql, {"asked": asked, "at_most": at_most, "weighed": WEIGHED_AT_MOST})
    return [(Kind.PROJECT if item["rowid"] % 2 else Kind.IDEA, item["rowid"] // 2) for item in found]
