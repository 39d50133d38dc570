"""Full-text search finds words as people type them, and always knows exactly what stands in ideas and projects."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import data.matches
from cluster.engine.lexical import fold, words_of_query
from data.migrations import migrate
from data.store import close, connect, rows, transaction
from models.matches import Kind

MOMENT = "2026-01-01T00:00:00+00:00"


@contextmanager
def empty() -> Iterator[Database]:
    """A new database in memory, for one example."""
    db = connect(":memory:")
    with transaction(db):
        migrate(db)
    yield db
    close(db)


def write(db: Database, kind: Kind, item_id: int, title: str, body: str, how: str = "insert") -> None:
    """Write an idea or project as bare as the schema allows."""
    names = "description, created_at, updated_at" if kind is Kind.IDEA else "summary, created_at, updated_at"
    table, more, rest = ("ideas", "", "") if kind is Kind.IDEA else ("projects", ", status, lead", ", 'unknown', 'x'")
    db.execute(
        f"{how} into {table} (id, title, {names}{more}) values (?, ?, ?, ?, ?{rest})",
        [item_id, title, body, MOMENT, MOMENT],
    )


def search(db: Database, query: str) -> list[tuple[Kind, int]]:
    """What a search box finds by words."""
    return data.matches.matching(db, words=words_of_query(query), at_most=10)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Burgerparticipatie", "burgerparticipatië"),
        ("Burgerparticipatie", "BURGERPARTICIPATIE"),
        ("Cliëntenraad in een café", "clientenraad"),
        ("Cliëntenraad in een café", "cafe"),
        ("Cliëntenraad in een café", "CAFÉ"),
        ("Cliëntenraad in een café", "cafe\u0301"),
        ("Façade à rénover", "facade renover"),
        ("Straßenbeleuchtung für Öffentliche Räume", "öffentliche raume"),
        ("Straßenbeleuchtung", "straßenbeleuchtung"),
        ("Een loket van 20 m² in ’s-Hertogenbosch", "m²"),
        ("Een loket van 20 m² in ’s-Hertogenbosch", "hertogenbosch"),
        ("İstanbul", "istanbul"),
        ("Български район", "български"),
        ("e-inclusie", "e-inclusie"),
        ("C++ en C#", "C++"),
        ("foo_bar", "foo_bar"),
    ],
)
def test_a_word_is_found_whatever_its_accents(text: str, query: str) -> None:
    with empty() as db, transaction(db):
        write(db, Kind.IDEA, 1, text, "iets")
        write(db, Kind.PROJECT, 1, "iets", text)
        write(db, Kind.IDEA, 2, "anders", "niets")
        assert search(db, query) == [(Kind.IDEA, 1), (Kind.PROJECT, 1)]


def test_a_title_counts_for_more_than_a_body_and_withdrawn_ideas_are_not_found() -> None:
    with empty() as db, transaction(db):
        write(db, Kind.IDEA, 1, "anders", "zwembad")
        write(db, Kind.IDEA, 2, "zwembad", "anders")
        write(db, Kind.IDEA, 3, "zwembad", "zwembad")
        db.execute("update ideas set state = 'withdrawn' where id = 3")
        assert search(db, "zwembad") == [(Kind.IDEA, 2), (Kind.IDEA, 1)]


def test_the_rarest_words_decide_and_of_a_word_in_too_many_texts_the_newest_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data.matches, "WEIGHED_AT_MOST", 5)

    def found(*words: str, at_most: int = 10) -> list[int]:
        return [id_ for _, id_ in data.matches.matching(db, words=words, at_most=at_most)]

    with empty() as db, transaction(db):
        for number in range(1, 21):
            write(db, Kind.IDEA, number, "gewoon", {1: "zeldzaam", 2: "zeldzaam apart"}.get(number, "iets"))
        assert found("gewoon", "zeldzaam", "apart", at_most=2) == [2, 1]
        assert found("gewoon", "apart", "zeldzaam", at_most=2) == [2, 1], "whatever their order"
        # Less than is asked: filled up with the newest that have the frequent word, and nothing twice.
        assert found("gewoon", "zeldzaam") == [1, 2, 16, 17, 18, 19, 20]
        assert found("gewoon") == [16, 17, 18, 19, 20]
        assert found("gewoon", "iets", at_most=3) == [16, 17, 18]
        db.execute("update ideas set state = 'withdrawn' where id in (2, 18)")
        assert found("gewoon", "zeldzaam") == [1, 16, 17, 19, 20]


letters = st.text(st.characters(codec="utf-8", categories=["L", "N"], max_codepoint=0x24F), min_size=2, max_size=12)


@given(st.lists(letters, min_size=1, max_size=6).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_a_text_is_found_by_each_of_its_own_words(text: str) -> None:
    with empty() as db, transaction(db):
        write(db, Kind.IDEA, 1, "x", text)
        for word in words_of_query(text):
            assert search(db, word) == [(Kind.IDEA, 1)], word


NASTY = (
    '"',
    "*",
    "^",
    "-",
    "(",
    ")",
    "{",
    "}",
    ":",
    "+",
    "'",
    "\\",
    "\0",
    "%",
    "_",
    "NEAR",
    "AND",
    "OR",
    "NOT",
    "title:",
)
words = st.lists(st.one_of(st.text(max_size=12), st.sampled_from(NASTY), st.lists(st.sampled_from(NASTY)).map("".join)))


@given(words)
@example(['NEAR("a" "b", 5)', "title : x", 'a" OR "b', "a\0b", "* ^ - +", '"'])
@settings(max_examples=150, deadline=None)
def test_whatever_is_asked_never_reaches_the_syntax_of_the_index(asked: list[str]) -> None:
    """No fault, and no operator either: nothing is found that has none of the words."""
    with empty() as db, transaction(db):
        write(db, Kind.IDEA, 1, "ongerept", "zonder die woorden")
        for words in (asked, words_of_query(" ".join(asked))):
            found = data.matches.matching(db, words=words, at_most=5)
            said = {part for word in words for part in re.split(r"[\W_]+", fold(word))}
            assert found == [] or said & {"ongerept", "zonder", "die", "woorden"}, found


@pytest.mark.parametrize("asked", ["ongerept NOT zonder", "title:ongerept", "^ongerept", "NEAR(ongerept zonder)"])
def test_operators_are_words_like_any_other(asked: str) -> None:
    with empty() as db, transaction(db):
        write(db, Kind.IDEA, 1, "ongerept", "zonder die woorden")
        assert search(db, asked) == [(Kind.IDEA, 1)]
        assert data.matches.matching(db, words=["not zonder"], at_most=5) == []


texts = st.text(max_size=20)
steps = st.tuples(
    st.sampled_from(["insert", "insert or replace", "title", "body", "both", "state", "delete"]),
    st.sampled_from(Kind),
    st.integers(1, 4),
    texts,
    texts,
)


@given(st.lists(steps, max_size=25))
@settings(max_examples=100, deadline=None)
def test_after_any_history_the_index_holds_exactly_what_stands(history: list[tuple[str, Kind, int, str, str]]) -> None:
    with empty() as db, transaction(db):
        for what, kind, item_id, title, body in history:
            table, column = ("ideas", "description") if kind is Kind.IDEA else ("projects", "summary")
            if what == "insert":
                write(db, kind, item_id, title, body, "insert or ignore")
            elif what == "insert or replace":
                write(db, kind, item_id, title, body, what)
            elif what == "delete":
                db.execute(f"delete from {table} where id = ?", [item_id])
            elif what == "state":
                db.execute("update ideas set state = 'withdrawn' where id = ?", [item_id])
            elif what == "both":
                db.execute(f"update {table} set title = ?, {column} = ? where id = ?", [title, body, item_id])
            elif what == "title":
                db.execute(f"update {table} set title = ? where id = ?", [title, item_id])
            else:
                db.execute(f"update {table} set {column} = ? where id = ?", [body, item_id])
        assert rows(db, "select rowid, title, body from texts order by rowid") == rows(
            db,
            """select id * 2 as rowid, title, description as body from ideas
            union all select id * 2 + 1, title, summary from projects order by 1""",
        )
        db.execute("insert into texts (texts, rank) values ('integrity-check', 1)")
