"""Commands end with 0, or with a clear message and 1; never with a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlite_utils import Database

import data.people
import data.store
import data.work
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import create_app
from cluster.web.settings import Settings
from models.people import Role

Run = Callable[..., Result]

PROJECT = {
    "id": "P-1",
    "title": "Slim loket",
    "description": "Een loket dat ’s avonds open is.",
    "municipality": "Genk",
    "status": "approved",
    "source": "https://genk.example",
    "lang": "nl",
}
IDEA = {key: PROJECT[key] for key in ("id", "title", "description", "municipality", "lang")}


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command in the application of the test; a traceback fails the test."""

    def runs(*arguments: str, status: int = 0) -> Result:
        found: Result = app.test_cli_runner().invoke(args=list(arguments))
        assert found.exit_code == status, found.output
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert "Traceback" not in found.output
        return found

    return runs


def written(folder: Path, *rows: dict[str, Any], name: str = "rows.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize(("noun", "row", "table"), [("ideas", IDEA, "ideas"), ("projects", PROJECT, "projects")])
def test_an_import_tells_what_it_did_and_repeating_it_does_nothing(
    run: Run, app_db: Database, tmp_path: Path, noun: str, row: dict[str, Any], table: str
) -> None:
    file = written(tmp_path, {**row, "colour": "rood"}, {**row, "id": "P-2", "title": "Nog een"})

    first, second = run(noun, "import", file).output, run(noun, "import", file).output

    assert "2 toegevoegd, 0 gewijzigd, 0 ongewijzigd." in first
    assert "“colour” kennen we niet: 1 keer" in first
    assert "0 toegevoegd, 0 gewijzigd, 2 ongewijzigd." in second
    assert data.store.value(app_db, f"select count(*) from {table}") == 2
    assert data.store.value(app_db, "select count(*) from embeddings") == 2


@pytest.mark.parametrize("noun", ["ideas", "projects"])
def test_bad_rows_are_told_by_line_and_nothing_comes_in(run: Run, app_db: Database, tmp_path: Path, noun: str) -> None:
    row = IDEA if noun == "ideas" else PROJECT
    file = written(
        tmp_path, row, {**row, "id": "P-2", "title": "x" * 201}, {**row, "id": "", "municipality": "Atlantis"}
    )

    output = run(noun, "import", file, status=1).output

    assert "regel 2, title: Te lang" in output
    assert "regel 3, municipality: “Atlantis” kennen we niet" in output
    assert "regel 3, id:" in output
    assert "Niets ingelezen: 3 fouten." in output
    assert data.store.value(app_db, f"select count(*) from {noun}") == 0
    assert data.work.waiting(app_db) == 0


@pytest.mark.parametrize("noun", ["ideas", "projects"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe{\x00",
        b'{"id": "caf\xe9"}',
        b"PK\x03\x04\x00\x00" * 100,
        b"[" * 50_000,
        b'{"id": {"a": 1}, "title": [], "municipality": 1.5, "call": -1, "theme": false, "seeks": {}, "url": 3}',
        b'{"\\ud800": "\\ud800", "id": "\\ud800"}',
        b"x" * 3_000_000,
        b"\0" * 100,
    ],
    ids=range(9),
)
def test_no_file_brings_an_import_down(run: Run, tmp_path: Path, noun: str, content: bytes) -> None:
    for name in ("rows.jsonl", "rows.csv"):
        (tmp_path / name).write_bytes(content)
        output = run(noun, "import", str(tmp_path / name), status=1).output
        assert "Niets ingelezen" in output


def test_a_table_from_a_spreadsheet_comes_in(run: Run, app_db: Database, tmp_path: Path) -> None:
    file = tmp_path / "projects.csv"
    file.write_bytes(
        "\ufeffid;title;description;municipality;status;source;partners;subsidy_eur\r\n"
        'P-1;Slim loket;"Een loket;\r\nmet een balie";Genk;approved;https://genk.example|https://x.example;Aalter;90000\r\n'
        "P-2;Kaal;Meer weten we niet;Aalter;;;;\r\n".encode()
    )

    assert "2 toegevoegd" in run("projects", "import", str(file)).output
    found = data.store.rows(app_db, "select summary, status, urls, subsidy_cents from projects order by id")
    assert found == [
        {
            "summary": "Een loket;\nmet een balie",
            "status": "approved",
            "urls": '["https://genk.example", "https://x.example"]',
            "subsidy_cents": 9_000_000,
        },
        {"summary": "Meer weten we niet", "status": "unknown", "urls": "[]", "subsidy_cents": None},
    ]


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_opened_is_said_to_be_so(run: Run, tmp_path: Path, name: str) -> None:
    assert "kunnen we niet openen" in run("ideas", "import", str(tmp_path / name), status=1).output


def test_without_an_encoder_an_import_stands_and_its_vectors_follow(
    app: Flask, run: Run, app_db: Database, tmp_path: Path
) -> None:
    encoder = app.extensions["medestanders"].encoder
    app.extensions["medestanders"].encoder = LazyEncoder(missing)

    assert "vectoren volgen" in run("ideas", "import", written(tmp_path, IDEA)).output
    assert "De encoder laadt niet: OSError: weg" in run("embed", status=1).output

    app.extensions["medestanders"].encoder = encoder
    assert "1 teksten" in run("embed").output
    assert "0 teksten" in run("embed").output


def missing() -> Encoder:
    raise OSError("weg")


def test_work_does_what_waits_and_stops(run: Run, app_db: Database, tmp_path: Path) -> None:
    run("projects", "import", written(tmp_path, PROJECT))
    assert data.work.waiting(app_db) == 1

    assert "1 taken gedaan." in run("work", "--once").output
    # The next morning's news is what waits now.
    assert [job["kind"] for job in app_db.query("select kind from jobs where done_at is null")] == ["digests"]


def test_the_doctor_finds_nothing_wrong_with_a_healthy_place(run: Run) -> None:
    assert "Alles in orde. 0 taken wachten" in run("doctor").output


def test_the_doctor_tells_every_fault(app: Flask, run: Run, app_db: Database) -> None:
    with data.store.transaction(app_db):
        app_db.execute("insert into jobs (kind, key, not_before, done_at, error) values ('x', 'x', 'x', 'x', 'x')")
    app_db.execute("pragma foreign_keys = off")
    with data.store.transaction(app_db):
        app_db.execute("update members set organisation_id = 999 where email = 'genk@test.example'")
    app.extensions["medestanders"].encoder = LazyEncoder(missing)

    output = run("doctor", status=1).output

    assert "De encoder laadt niet (OSError: weg)" in output
    assert "beschadigd: members" in output
    assert "1 taken zijn opgegeven" in output


def test_the_doctor_tells_what_a_new_place_lacks(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, secret_key="s" * 40))
    runner = app.test_cli_runner()

    assert "Er is geen databank" in runner.invoke(args=["doctor"]).output
    assert not (tmp_path / "medestanders.sqlite").exists()
    file = written(tmp_path, IDEA)
    refused = runner.invoke(args=["ideas", "import", file])
    assert (refused.exit_code, "nog leeg" in refused.output) == (1, True)
    assert "niet bijgewerkt" in runner.invoke(args=["doctor"]).output
    (tmp_path / "medestanders.sqlite").write_bytes(b"geen databank" * 1_000)
    app.extensions["medestanders"].close()
    assert "niet te lezen" in runner.invoke(args=["doctor"]).output


def test_the_doctor_refuses_demo_accounts_in_production(app: Flask, app_db: Database, run: Run, tmp_path: Path) -> None:
    with data.store.transaction(app_db):
        app_db.execute("update members set demo = 1 where role = ?", [Role.COORDINATOR])
    production = create_app(Settings(data=tmp_path, secret_key="s" * 40, demo=False))

    run("doctor")
    refused = production.test_cli_runner().invoke(args=["doctor"])

    assert refused.exit_code == 1
    for said in ("1 demo-accounts", "MEDESTANDERS_SMTP_URL", "MEDESTANDERS_URL", "MEDESTANDERS_TRUSTED_PROXIES"):
        assert said in refused.output
    assert "demo-accounts" in production.test_cli_runner().invoke(args=["setup"]).output
    production.extensions["medestanders"].close()


def test_the_demo_is_refused_in_production(tmp_path: Path) -> None:
    production = create_app(Settings(data=tmp_path, secret_key="s" * 40, demo=False))

    refused = production.test_cli_runner().invoke(args=["setup", "--demo"])

    assert (refused.exit_code, "De demo kan niet in productie" in refused.output) == (1, True)


def add_member(app: Flask, *arguments: str, password: str = "een lang wachtwoord") -> Result:
    return app.test_cli_runner().invoke(args=["members", "add", *arguments], input=f"{password}\n")


@pytest.mark.parametrize("organisation", ["genk", "71016", "0207.201.797", "urn:Genk"])
def test_a_member_is_added_for_an_organisation_and_can_sign_in(
    app: Flask, app_db: Database, page: Callable[..., Any], organisation: str
) -> None:
    genk = data.people.find_organisation(app_db, text="Genk")
    assert genk is not None
    with data.store.transaction(app_db):
        names = [dict.fromkeys(("ovo", "valid_from", "valid_until")) | {"name": "Genk", "nis": "71016"}]
        data.people.set_names(
            app_db, organisation_id=genk.id, names=[{**name, "kbo": "0207.201.797"} for name in names]
        )

    told = add_member(
        app, "an@genk.example", "An Peeters", "--organisation", organisation, "--function", "Loket", "--lang", "en"
    )

    assert (told.exit_code, told.output) == (0, "An Peeters (an@genk.example) kan zich aanmelden voor Genk.\n")
    shown = page().submit("/sign-in", email="an@genk.example", password="een lang wachtwoord")
    assert shown.html["lang"] == "en"
    found = data.people.by_email(app_db, email="an@genk.example")
    assert found is not None
    assert (found.organisation, found.function, found.role, found.demo) == ("Genk", "Loket", Role.MEMBER, False)


def test_a_coordinator_needs_no_organisation(app: Flask, app_db: Database) -> None:
    told = add_member(app, "co@programma.example", "Co", "--coordinator")
    assert told.output == "Co (co@programma.example) kan zich aanmelden als coördinator.\n"
    found = data.people.by_email(app_db, email="co@programma.example")
    assert found is not None
    assert (found.organisation_id, found.is_coordinator) == (None, True)


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["an@x.example", "An"], "een lang wachtwoord", "--organisation"),
        (["an@x.example", "An", "--organisation", "Atlantis"], "een lang wachtwoord", "“Atlantis” kennen we niet"),
        (["an@x.example", "An", "--organisation", "Genk"], "kort", "minstens 12 tekens"),
        (["an@x.example", "An", "--organisation", "Genk"], "", "minstens 12 tekens"),
        (["an", "An", "--organisation", "Genk"], "een lang wachtwoord", "e-mailadres zoals"),
        (["an@x.example", " ", "--organisation", "Genk"], "een lang wachtwoord", "naam van het lid"),
        (["GENK@test.example", "An", "--organisation", "Genk"], "een lang wachtwoord", "al een account"),
    ],
)
def test_a_member_who_cannot_be_added_is_refused_in_a_sentence(
    app: Flask, app_db: Database, arguments: list[str], password: str, said: str
) -> None:
    before = data.store.value(app_db, "select count(*) from members")
    told = add_member(app, *arguments, password=password)
    assert (told.exit_code, said in told.output) == (1, True), told.output
    assert data.store.value(app_db, "select count(*) from members") == before


def test_the_encoder_is_measured_beside_what_it_has_to_beat(run: Run, tmp_path: Path) -> None:
    texts = {
        "loket": ("Documenten van thuis uit aanvragen", "Un guichet en ligne pour les documents"),
        "bomen": ("Een kaart met alle bomen", "Carte des arbres de la commune"),
        "zwembad": ("Baden reserveren in het zwembad", "Réserver une ligne à la piscine"),
    }
    rows = [
        {"title": text, "description": text, "kind": "idea", "topic": topic, "lang": lang}
        for topic, pair in texts.items()
        for lang, text in zip(("nl", "fr"), pair, strict=True)
    ]
    (tmp_path / "stsb-nl-dev.csv").write_text(
        "Een man rijdt op een fiets,Iemand fietst,4.5\nEen kat slaapt,De raad vergadert,0.2\nEen hond,Een dier,2.5\n"
    )
    translations = [
        ("The city council meets on Monday", "De gemeenteraad vergadert op maandag"),
        ("The museum is closed in winter", "Het museum is in de winter gesloten"),
    ]
    file = tmp_path / "own.en-nl.tsv"
    file.write_text("".join(f"{english}\t{dutch}\n" for english, dutch in translations))
    options = ["--pairs", str(tmp_path), "--parallel", str(file)]

    ideas = written(tmp_path, *rows)
    table = run("evaluate", "encoder", ideas, *options).output
    figures = json.loads(run("evaluate", "encoder", ideas, *options, "--json").stdout)

    ours, words, characters, english = figures
    assert "word TF-IDF" in (words, characters, english)
    measures = {"stsb-nl-dev Spearman", "bitext own nl-en", "bitext own en-nl", "ideas nDCG@10 nl", "ideas nDCG@10 fr"}
    assert set(figures[ours]) == measures
    assert figures[ours]["ideas nDCG@10 fr"] == 1, "each finds its own need in the other language"
    assert figures[ours]["bitext own nl-en"] == 1
    assert all(measure in table for measure in measures)


def test_there_must_be_something_to_measure_on(run: Run, tmp_path: Path) -> None:
    assert "Er is niets om op te meten" in run("evaluate", "encoder", status=1).output
    bad = tmp_path / "ideas.jsonl"
    bad.write_text("{}\n")
    assert "line 1" in run("evaluate", "encoder", str(bad), status=1).output


def test_the_words_for_matches_are_fitted_and_put_in_use(run: Run, app_db: Database, tmp_path: Path) -> None:
    texts = {"loket": "Documenten van thuis aanvragen", "bomen": "Een kaart met alle bomen", "bad": "Zwemmen boeken"}
    rows = [
        {"title": f"{text} {number}", "description": text, "kind": "idea", "topic": topic, "lang": "nl"}
        for topic, text in texts.items()
        for number in range(4)
    ]
    told = run("matches", "fit", written(tmp_path, *rows)).output
    assert "66 paren, waarvan 0 door mensen beoordeeld" in told
    assert "matches use 1" in told
    assert data.store.value(app_db, "select used_at from relation_fits") is None
    assert "In gebruik" in run("matches", "use", "1").output
    assert data.store.value(app_db, "select used_at from relation_fits")
    assert json.loads(run("matches", "fit", written(tmp_path, *rows), "--json").stdout)["id"] == 2
    assert run("matches", "use", "9", status=1).output
    assert "te weinig voorbeelden" in run("matches", "fit", status=1).output


def test_questions_leave_as_json_and_answers_come_back_from_a_file(run: Run, app_db: Database, tmp_path: Path) -> None:
    texts = ["Zwembad reserveren", "Een baan boeken in het zwembad", "Strooiroutes plannen"]
    rows = [{**IDEA, "id": str(at), "title": text, "description": text} for at, text in enumerate(texts)]
    run("ideas", "import", written(tmp_path, *rows))
    found = json.loads(run("clusters", "questions", "--json", "--limit", "2").stdout)
    assert found
    assert set(found[0]) == {"a", "b", "probability"}
    answers = [{"a": one["a"], "b": one["b"], "judgement": "same", "by": "iemand", "reason": "Kijk"} for one in found]
    file = written(tmp_path, *answers)
    assert f"{len(found)} toegevoegd" in run("judgements", "import", file).output
    assert "0 toegevoegd" in run("judgements", "import", file).output
    assert data.store.value(app_db, "select count(*) from judgements") == len(found)
    bad = written(tmp_path, {**answers[0], "b": "idea:nergens"})
    assert "nergens" in run("judgements", "import", bad, status=1).output


def test_matching_is_measured_whole_beside_what_it_has_to_beat(run: Run, app_db: Database, tmp_path: Path) -> None:
    texts = {
        "loket": ("Documenten van thuis uit aanvragen", "Un guichet en ligne pour les documents"),
        "bomen": ("Een kaart met alle bomen van de gemeente", "Carte des arbres de la commune"),
        "zwembad": ("Baden reserveren in het zwembad", "Réserver une ligne à la piscine"),
        "graven": ("Een register van grafconcessies", "Un registre des concessions au cimetière"),
        "feest": ("Een zaal huren voor een feest", "Louer une salle pour une fête"),
    }
    rows: list[dict[str, Any]] = [
        {"title": text, "description": f"{text}.", "kind": "idea", "topic": topic, "lang": lang, "municipality": "Genk"}
        for topic, pair in texts.items()
        for lang, text in zip(("nl", "fr"), pair, strict=True)
    ]
    rows[0]["intent"] = "offer"
    rows += [
        {
            **{**rows[2], "kind": "project", "municipality": "Nergens"},
            **{
                "title": "Bomen op een kaart zetten",
                "description": "Inwoners zien op hun telefoon welke boom waar staat.",
            },
        },
        {**rows[4], "kind": "hard_negative", "topic": None, "confusable_with": "zwembad", "title": "Redders zoeken"},
    ]
    ideas = written(tmp_path, *rows)
    pairs = tmp_path / "related.json"
    pairs.write_text('[["bomen", "graven"]]')

    table = run("evaluate", "matching", ideas, "--related", str(pairs)).output
    figures = json.loads(run("evaluate", "matching", ideas, "--json").stdout)

    ours = figures["Medestanders"]
    assert ours["MRR"]["value"] >= 0.9, "all but one find their own need in the other language first"
    assert ours["MRR"]["count"] == 10
    assert ours["project recall@5"]["value"] == 1
    assert ours["near-copies recall@1"] == {"value": 1, "low": 1, "high": 1, "count": 30}
    assert ours["same need: false alarms on hard negatives"]["count"] == 1
    assert ours["MRR"]["value"] > figures["FTS5 BM25"]["MRR"]["value"]
    for name in ("trigrams ≥ 0.25 (Decidim)", "word TF-IDF", "character n-gram TF-IDF", "English MiniLM"):
        assert f" {name} |" in table
        assert set(figures[name]) >= {"nDCG@10", "recall@5", "MRR", "nDCG@10, nl → fr", "project recall@5"}
    assert data.store.value(app_db, "select count(*) from ideas") == 0, "nothing of it stays"


def test_matching_needs_ideas_to_be_measured_on(run: Run, tmp_path: Path) -> None:
    noise = {"title": "Ruis", "description": "Ruis.", "kind": "noise", "topic": None, "lang": "nl"}
    assert "Er is niets om op te meten" in run("evaluate", "matching", written(tmp_path, noise), status=1).output
    bad = tmp_path / "bad.jsonl"
    bad.write_text("[]\n")
    assert "line 1" in run("evaluate", "matching", str(bad), status=1).output


def test_clusters_are_measured_beside_what_they_have_to_beat(run: Run, app_db: Database, tmp_path: Path) -> None:
    texts = {
        "graven": ("Een register van grafconcessies", "Grafconcessies in een register", "Register van grafconcessies"),
        "zwembad": ("Baden reserveren in het zwembad", "Zwembad reserveren", "In het zwembad baden reserveren"),
    }
    rows: list[dict[str, Any]] = [
        {"title": text, "description": f"{text}.", "kind": "idea", "topic": topic, "lang": "nl"}
        for topic, three in texts.items()
        for text in three
    ]
    noise = {"title": "Het bos", "description": "Wandelen in het bos.", "kind": "noise", "topic": None, "lang": "nl"}
    ideas = written(tmp_path, *rows, noise)
    table = run("evaluate", "clusters", ideas).output
    figures = json.loads(run("evaluate", "clusters", ideas, "--json").stdout)
    ours = figures["Medestanders"]
    assert (ours["pairwise F1"], ours["V-measure"], ours["stability, other order"]) == (1, 1, 1)
    assert set(figures) > {"HDBSCAN", "community detection ≥ 0.75", "k-means, best silhouette"}
    answered = {name: figures.pop(name) for name in ("Medestanders, 200 answers", "Medestanders, 200 random answers")}
    assert all(set(found) == set(ours) for found in figures.values())
    assert all(found["pairwise F1"] == 1 <= found["answers"] <= 21 for found in answered.values())
    assert "| pairwise F1 |" in table
    assert data.store.value(app_db, "select count(*) from ideas") == 0
    assert "Er is niets om op te meten" in run("evaluate", "clusters", written(tmp_path, noise), status=1).output
