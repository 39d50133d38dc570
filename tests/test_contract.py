"""What scripts rely on: targets, variables, commands, addresses and words. Changing one of these breaks somebody."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from cluster.engine.encoder import Encoder, LazyEncoder, load
from cluster.web import create_app
from cluster.web.settings import Settings, read_settings
from models.clusters import ClusterState, Judgement
from models.ideas import Intent
from models.matches import Kind, Relation
from models.projects import Status

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = {
    "PORT": ("port", 8000),
    "MEDESTANDERS_DATA": ("data", Path("instance")),
    "MEDESTANDERS_ENCODER": ("encoder", None),
    "MEDESTANDERS_DEMO": ("demo", True),
    "MEDESTANDERS_SMTP_URL": ("smtp_url", None),
    "MEDESTANDERS_TRUSTED_PROXIES": ("trusted_proxies", 0),
    "MEDESTANDERS_SECRET_KEY": ("secret_key", None),
}


@pytest.mark.parametrize("target", ["install", "run", "test", "check", "bench", "browser", "soak"])
def test_a_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf8"), flags=re.M)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_has_its_default(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    attribute, default = VARIABLES[variable]
    assert getattr(read_settings(), attribute) == default


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("MEDESTANDERS_DEMO", "perhaps"),
        ("MEDESTANDERS_SMTP_URL", "mail.example"),
        ("MEDESTANDERS_TRUSTED_PROXIES", "-1"),
    ],
)
def test_a_wrong_value_stops_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, wrong: str
) -> None:
    monkeypatch.setenv(variable, wrong)
    with pytest.raises(SystemExit) as stopped:
        read_settings()
    assert stopped.value.code == 1
    assert variable in capsys.readouterr().err


def test_production_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MEDESTANDERS_DEMO", "0")
    with pytest.raises(SystemExit):
        read_settings()
    assert "MEDESTANDERS_SECRET_KEY" in capsys.readouterr().err


def run(app: Flask, *command: str, status: int = 0) -> str:
    """Run `flask --app wsgi …` and return what it printed."""
    result = app.test_cli_runner().invoke(args=command)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return str(result.output)


def written(path: Path, *items: dict[str, Any]) -> str:
    path.write_text("\n".join(json.dumps(item) for item in items), encoding="utf8")
    return str(path)


POOL = "Inwoners boeken zelf een baan in het zwembad, dag en nacht, zonder te bellen."
IDEAS = [
    {"id": "X-1", "title": "Zwembad online reserveren", "description": POOL, "municipality": "Genk", "lang": "nl"},
    {"id": "X-2", "title": "Zwembad reserveren", "description": POOL, "municipality": "Aalter", "lang": "nl", "z": 1},
    {
        "id": "X-3",
        "title": "Strooien waar het glad is",
        "description": "Sensoren sturen de dienst.",
        "municipality": "urn:Kortrijk",
        "lang": "nl",
        "theme": "Digitale democratie",
        "call": "1",
        "stage": "plan",
        "intent": "offer",
    },
]
PROJECT = {
    "id": "P-1",
    "title": "Slim zwembad",
    "description": POOL,
    "municipality": "Kortrijk",
    "lang": "nl",
    "status": "approved",
    "source": "https://kortrijk.example/zwembad",
}


def test_imports_and_clusters_speak_in_external_ids(app: Flask, tmp_path: Path) -> None:
    ideas = written(tmp_path / "ideas.jsonl", *IDEAS)
    assert run(app, "ideas", "import", ideas).startswith("3 toegevoegd")
    assert run(app, "ideas", "import", ideas).startswith("0 toegevoegd, 0 gewijzigd, 3 ongewijzigd")
    run(app, "projects", "import", written(tmp_path / "projects.jsonl", PROJECT))
    run(app, "embed")
    json.loads(run(app, "clusters", "propose", "--json"))
    (found,) = [one for one in json.loads(run(app, "clusters", "list", "--json")) if "idea:X-1" in one["members"]]
    assert set(found) == {"id", "state", "name", "terms", "members"}
    assert set(found["members"]) >= {"idea:X-1", "idea:X-2"}
    assert found["state"] == "proposed"
    assert json.loads(run(app, "clusters", "list", "--json", "--state", "accepted,rejected,dissolved")) == []
    answer = app.test_client().post(
        "/api/v1/similar", json={"title": IDEAS[0]["title"], "description": POOL, "limit": 50}
    )
    told = {match["external_id"]: match for match in answer.get_json()["matches"]}
    assert set(told) == {"X-1", "X-2", "X-3", "P-1"}
    assert (told["P-1"]["kind"], told["P-1"]["status"], told["X-2"]["organisation"]) == (
        "project",
        "approved",
        "Aalter",
    )


def test_bad_rows_are_named_by_line_and_nothing_is_imported(app: Flask, tmp_path: Path) -> None:
    file = written(tmp_path / "ideas.jsonl", IDEAS[0], {**IDEAS[1], "municipality": "Nergens"})
    said = run(app, "ideas", "import", file, status=1)
    assert "2" in said
    assert "municipality" in said
    assert app.test_client().get("/metrics").get_data(as_text=True).count("medestanders_ideas 0.0") == 1
    run(app, "ideas", "import", str(tmp_path / "missing.jsonl"), status=1)


def test_set_up_twice_changes_nothing_and_all_is_well(tmp_path: Path, encoder: Encoder) -> None:
    app = create_app(Settings(data=tmp_path, secret_key="s" * 40))
    app.extensions["medestanders"].encoder = LazyEncoder(lambda: encoder)
    assert "Klaar" in run(app, "setup")
    assert run(app, "setup").strip() == "Klaar."
    run(app, "work", "--once")
    assert "Alles in orde" in run(app, "doctor")
    app.extensions["medestanders"].close()


def test_the_encoder_gives_unit_rows(encoder: Encoder) -> None:
    vectors = load(None).encode(["Een zwembad", "Une piscine"])
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == 2
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, vectors.shape[1])


def test_words_are_the_words_of_the_contract() -> None:
    assert set(Kind) == {"idea", "project"}
    assert set(Intent) == {"need", "offer", "experience"}
    assert set(Relation) == {"same_need", "strongly_related", "related"}
    assert set(Status) == {"submitted", "approved", "refused", "unknown"}
    assert set(Judgement) == {"same", "related", "different", "unsure"}
    assert set(ClusterState) == {"proposed", "accepted", "rejected", "dissolved"}


def test_machines_can_ask_how_it_goes(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json()["status"] == "ok"
