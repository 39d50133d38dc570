"""What encoders are measured on is read as it stands, and a bad line is named."""

import json
from pathlib import Path

import pytest

from cluster.engine import materials


def idea(**changes: object) -> str:
    whole = {"title": "Titel", "description": "Tekst", "kind": "idea", "topic": "loket", "lang": "nl", "id": "D1"}
    return json.dumps(whole | changes)


def test_ideas_ask_and_everything_may_be_found(tmp_path: Path) -> None:
    file, related = tmp_path / "ideas.jsonl", tmp_path / "related.json"
    lines = [idea(), idea(kind="project", lang="fr"), idea(kind="hard_negative", topic="loket")]
    file.write_text("\n".join(lines), encoding="utf8")
    related.write_text('[["loket", "zuil"]]', encoding="utf8")
    found = materials.labelled(file, related)
    assert found.texts == ["Titel. Tekst"] * 3
    assert found.topics == ["loket", "loket", None], "a look-alike is relevant to nothing"
    assert list(found.queries) == [0]
    assert found.related == {frozenset({"loket", "zuil"})}


@pytest.mark.parametrize("bad", ["{", '"text"', '{"title": "zonder de rest"}'])
def test_a_line_that_is_no_idea_is_named(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "ideas.jsonl"
    file.write_text(f"{idea()}\n{bad}\n", encoding="utf8")
    with pytest.raises(ValueError, match="line 2"):
        materials.labelled(file)


def test_a_table_will_do_and_must_name_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "processes.csv"
    file.write_text('\ufefftitle,topic,lang\n"Boeken, uitlenen",bib,\nMusées,cultuur,fr\nLos,,nl\n', encoding="utf8")
    rows, case = materials.case(file)
    assert [(one["description"], one["lang"]) for one in rows] == [
        ("Boeken, uitlenen", "nl"),
        ("Musées", "fr"),
        ("Los", "nl"),
    ]
    assert case.labelled.topics == ["bib", "cultuur", None]
    file.write_text("naam,categorie\nBoeken,bib\n", encoding="utf8")
    with pytest.raises(ValueError, match="title and topic"):
        materials.labelled(file)


def test_scored_pairs_are_read_from_both_kinds_of_table(tmp_path: Path) -> None:
    (tmp_path / "stsb-nl-dev.csv").write_text('"Een kat, een hond",Twee dieren,3.5\n', encoding="utf8")
    sick = 'pair_ID\tsentence_A\tsentence_B\trelatedness_score\tset\n1\tEen "kat"\tEen hond\t4.2\tTRAIN\n'
    (tmp_path / "sick.txt").write_text(sick, encoding="utf8")
    assert materials.scored_of(tmp_path, "dev") == {"nl": [("Een kat, een hond", "Twee dieren", 3.5)]}
    assert materials.scored(tmp_path / "sick.txt") == [('Een "kat"', "Een hond", 4.2)]


def test_a_pair_without_a_score_is_named(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("een,twee,3\neen,twee,veel\n", encoding="utf8")
    with pytest.raises(ValueError, match="row 2"):
        materials.scored(tmp_path / "pairs.csv")


def test_translations_are_kept_once_and_only_as_sentences(tmp_path: Path) -> None:
    file = tmp_path / "any.fr-nl.tsv"
    dutch, french = "Dit is een zin van zes", "Ceci est une phrase de six"
    file.write_text(f"{french}\t{dutch}\nkort\tkort\nzonder tab\n\tleeg\n{french}\t{dutch} woorden\n", encoding="utf8")
    pairs = materials.bitext(file)
    assert len(pairs) == 3
    assert materials.distinct(pairs) == [(f"{dutch} woorden", french)]
    assert len(materials.bitext(file, at_most=1)) == 1
