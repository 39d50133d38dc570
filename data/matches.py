"""What matching stands on: embeddings under (kind, id, encoder, hash of the text), and full-text search."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from data.store import change, rows, value
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


def put(db: Database, *, kind: Kind, item_id: int, encoder: str, text_hash: str, vector: bytes) -> None:
    """Keep the vector of an item's present text, and forget those of its former texts."""
    change(
        db,
        "delete from embeddings where kind = ? and item_id = ? and encoder = ? and text_hash <> ?",
        [kind, item_id, encoder, text_hash],
    )
    db.execute(
        "insert or ignore into embeddings (kind, item_id, encoder, text_hash, vector) values (?, ?, ?, ?, ?)",
        [kind, item_id, encoder, text_hash, vector],
    )


def forget(db: Database, *, kind: Kind, item_id: int) -> None:
    """Forget the vectors of an item, of all encoders."""
    change(db, "delete from embeddings where kind = ? and item_id = ?", [kind, item_id])


def has(db: Database, *, kind: Kind, item_id: int, encoder: str, text_hash: str) -> bool:
    """Whether the vector of exactly this text is there."""
    return bool(
        value(
            db,
            "select 1 from embeddings where kind = ? and item_id = ? and encoder = ? and text_hash = ?",
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


def text_of(db: Database, *, kind: Kind, item_id: int) -> tuple[str, str] | None:
    """Title and body of an item, public or not: one that is withdrawn may come back."""
    return texts(db, items=[(kind, item_id)]).get((kind, item_id))


def missing(db: Database, *, kind: Kind, encoder: str, at_most: int, after_id: int = 0) -> list[tuple[int, str, str]]:
    """Public items of a kind without any vector of this encoder, as (id, title, body), by id from `after_id` on."""
    found = rows(
        db,
        f"""select item_id, title, body from ({_PUBLIC}) p where kind = ? and item_id > ?
          and not exists (select 1 from embeddings e where e.kind = p.kind and e.item_id = p.item_id and e.encoder = ?)
        order by item_id limit ?""",
        [kind, after_id, encoder, at_most],
    )
    return [(item["item_id"], item["title"], item["body"]) for item in found]


def all_public(db: Database, *, encoder: str) -> Changes:
    """Everything an empty index needs."""
    seq = value(db, "select coalesce(max(seq), 0) from item_changes")
    found = rows(
        db,
        f"""select e.kind, e.item_id, e.vector from ({_PUBLIC}) p join embeddings e
          on e.kind = p.kind and e.item_id = p.item_id where e.encoder = ? order by e.kind, e.item_id""",
        [encoder],
    )
    return Changes(seq=seq, put=[((Kind(item["kind"]), item["item_id"]), item["vector"]) for item in found], gone=[])


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


def vocabulary(db: Database) -> dict[str, int]:
    """In how many texts each word occurs."""
    return {item["term"]: item["doc"] for item in rows(db, "select term, doc from terms")}


def total(db: Database) -> int:
    """About how many texts there are; never nought, and never a count over a whole table."""
    return int(
        value(db, "select coalesce((select max(id) from ideas), 0) + coalesce((select max(id) from projects), 0) + 1")
    )


def matching(
    db: Database, *, words: Sequence[str], prefixes: bool, at_most: int, kinds: Sequence[Kind] = tuple(Kind)
) -> list[tuple[Kind, int]]:
    """Public items of these kinds with any of these words, best BM25 first (titles count four times).

    Words are quoted here: raw search text never reaches FTS syntax (which would end at a NUL character).
    """
    quoted = ['"' + word.replace("\0", " ").replace('"', '""') + '"' + "*" * prefixes for word in words if word]
    if not quoted:
        return []
    found = rows(
        db,
        """select t.rowid from texts t left join ideas i on t.rowid % 2 = 0 and i.id = t.rowid / 2
        left join projects p on t.rowid % 2 = 1 and p.id = t.rowid / 2
        where texts match ? and ((p.hidden = 0 and ?) or (i.state = 'open' and ?))
        order by bm25(texts, 4.0, 1.0), t.rowid limit ?""",
        [" OR ".join(quoted), int(Kind.PROJECT in kinds), int(Kind.IDEA in kinds), at_most],
    )
    return [(Kind.PROJECT if item["rowid"] % 2 else Kind.IDEA, item["rowid"] // 2) for item in found]
