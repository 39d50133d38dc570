"""The recipe, made small: what is drawn together, and a run that is stopped, goes on, and ends with an encoder."""

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from cluster.engine.encoder import load
from cluster.engine.training import batches, distil, export, parallel, pieces, prepare, start
from cluster.engine.training.batches import Needs
from cluster.engine.training.distil import Material, Recipe

SENTENCES = [
    ("The counter is open in the evening", "Het loket is open in de avond"),
    ("Citizens report a defect in the street", "Burgers melden een gebrek in de straat"),
    ("The council decides on the budget", "De gemeenteraad beslist over de begroting"),
    ("Parking permits for residents of the centre", "Parkeervergunningen voor bewoners van het centrum"),
] * 3


def needs() -> Needs:
    """Three needs of three texts in two languages, and one look-alike of the first."""
    made = Needs()
    for need, word in enumerate(("loket", "gebrek", "begroting")):
        for lang in ("nl", "nl", "fr"):
            made.titles.append(f"{word} {lang}")
            made.descriptions.append(f"Over {word} in {lang}")
            made.languages.append(lang)
            made.needs.append(need)
    made.titles.append("loket van hout")
    made.descriptions.append("Een timmerman")
    made.languages.append("nl")
    made.needs.append(3)
    made.near[0] = [9]
    return made


def test_ideas_are_read_with_their_look_alikes(tmp_path: Path) -> None:
    file = tmp_path / "ideas.jsonl"
    one = {"topic": "a", "kind": "idea", "confusable_with": None, "lang": "nl", "title": "t", "description": "d"}
    other = one | {"topic": None, "kind": "hard_negative", "confusable_with": "a"}
    file.write_text("\n".join(json.dumps(row) for row in (one, one, other)), encoding="utf8")
    read = batches.read_needs(file)
    assert read.members() == {read.needs[0]: [0, 1]}
    assert read.near == {read.needs[0]: [2]}
    assert batches.read_needs(file, without=["a"]).texts() == []


def test_the_kin_of_a_need_is_what_lies_nearest() -> None:
    vectors = np.asarray([[1, 0], [1, 0], [0.9, 0.436], [0, 1]], dtype=np.float32)
    assert batches.kin(vectors, [5, 5, 6, 7], nearest=1) == {5: [6], 6: [5], 7: [6]}


def test_a_batch_holds_kin_and_look_alikes() -> None:
    ideas = needs()
    ideas.kin = {0: [1], 1: [0], 2: [1]}
    for seed in range(10):
        rows = batches.of_needs(ideas, topics=2, each=2, seed=[seed])
        found = {ideas.needs[row] for row in rows} - {3}
        assert found in ({0, 1}, {1, 2}), "two needs that are kin"
        assert (9 in rows) == (0 in found), "a look-alike comes with what it looks like"
        assert len(set(rows)) == len(rows)


def test_batches_of_one_length_hold_every_row_once_and_keep_the_budget() -> None:
    lengths = np.asarray([3, 50, 4, 7, 200, 3, 9], dtype=np.int64)
    parts = batches.of_one_length(lengths, np.arange(7), budget=60, most=3, seed=0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(7))
    assert all(len(part) == 1 or len(part) * lengths[part].max() <= 60 for part in parts)
    assert max(len(part) for part in parts) <= 3


def test_parallel_texts_share_the_english_target(tmp_path: Path) -> None:
    (tmp_path / "wagtail.en-nl.tsv").write_text("A page\tEen pagina\nNever read\tNooit\n", encoding="utf8")
    (tmp_path / "wagtail.fr-nl.tsv").write_text("Une page\tEen pagina\nAutre\tAnders\n", encoding="utf8")
    read = parallel.read(tmp_path, never=["never read"])
    assert read.english == ["A page"]
    assert dict(zip(read.languages, read.targets, strict=True)) == {"nl": 0, "en": 0, "fr": 0}
    assert read.chances().sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def tokenizer() -> object:
    return pieces.train([text for pair in SENTENCES for text in pair], size=120)


def material(tokenizer: object) -> Material:
    """A teacher who points every English sentence elsewhere, and sentences in two languages."""
    texts = [text for english, dutch in SENTENCES[:4] for text in (english, dutch)]
    ideas = needs()
    whole, titles, descriptions = (
        pieces.rows(tokenizer, part, longest=64) for part in (ideas.texts(), ideas.titles, ideas.descriptions)
    )
    return Material(
        rows=pieces.rows(tokenizer, texts, longest=64),
        targets=np.repeat(np.arange(4), 2),
        chances=np.full(8, 1 / 8),
        teacher=np.eye(4, 32).astype(np.float16),
        needs=ideas,
        whole=whole,
        titles=titles,
        descriptions=descriptions,
    )


def student(made: Material, size: int) -> object:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64
    )
    static = start.static_vectors(
        made.rows, made.targets, made.teacher, made.chances, size=size, draws=2048, seed=0, batch=64
    )
    return start.student(BertModel(config), static, {0: 0})


def test_a_thinner_student_keeps_the_first_layer_and_the_last_ones() -> None:
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
    whole = BertModel(BertConfig(vocab_size=20, num_hidden_layers=6, **sizes))
    before = list(whole.encoder.layer)
    thin = start.thinned(whole, 3)
    assert [before.index(layer) for layer in thin.encoder.layer] == [0, 4, 5]
    assert thin.config.num_hidden_layers == 3, "what is written can be read"
    for asked in (1, 4):
        with pytest.raises(ValueError, match=f"{asked} layers asked for"):
            start.thinned(thin, asked)


def test_a_run_that_goes_on_from_an_encoder_reads_the_ideas_towards_its_vectors(tokenizer: object) -> None:
    made = material(tokenizer)
    texts = needs().texts() + needs().titles
    prepare.reread(made, np.eye(len(texts), 32).astype(np.float16), share=0.25)
    assert len(made.rows) == len(made.targets) == len(made.chances) == 8 + len(texts)
    assert made.chances.sum() == pytest.approx(1)
    assert made.chances[8:].sum() == pytest.approx(0.25)
    assert made.teacher[made.targets[8 + 3]].argmax() == 3
    again = pieces.rows(tokenizer, texts, longest=64)
    for row in (0, len(texts) - 1):
        assert made.rows.batch(np.asarray([8 + row]))[0].tolist() == again.batch(np.asarray([row]))[0].tolist()


def test_long_and_short_texts_come_back_in_the_order_they_were_asked(tokenizer: object) -> None:
    made = material(tokenizer)
    state = distil.begin(student(made, tokenizer.get_vocab_size()), Recipe())  # type: ignore[attr-defined]
    state.model.eval()
    chosen = np.asarray([7, 0, 3])
    together = distil.vectors(state.model, made.rows, chosen).detach().numpy()
    alone = [distil.vectors(state.model, made.rows, chosen[[one]]).detach().numpy()[0] for one in range(3)]
    assert np.abs(together - np.stack(alone)).max() < 0.05, "padding in half precision, and nothing else"


def test_a_run_that_is_stopped_goes_on_and_learns(tmp_path: Path, tokenizer: object) -> None:
    made = material(tokenizer)
    size = tokenizer.get_vocab_size()  # type: ignore[attr-defined]
    recipe = Recipe(minutes=0.05, needs_every=2, needs_topics=2, average_every=1, average_over=10)
    file = tmp_path / "checkpoint.pt"
    exported: list[int] = []
    first = distil.begin(student(made, size), recipe)
    done = distil.run(first, made, recipe, checkpoint=file, each_checkpoint=lambda state: exported.append(state.step))
    assert done
    assert exported == [first.step]
    again = distil.begin(student(made, size), recipe)
    distil.restore(again, file)
    assert (again.step, again.seconds, again.texts) == (first.step, first.seconds, first.texts)
    longer = Recipe(minutes=0.08, needs_every=2, needs_topics=2, average_every=1, average_over=10)
    assert distil.run(again, made, longer, checkpoint=file, each_checkpoint=lambda state: None)
    assert again.step > first.step

    whole = distil.average_model(again, student(made, size))
    texts = [text for pair in SENTENCES[:4] for text in pair]
    export.write(whole, tokenizer, tmp_path / "encoder", texts=texts)
    read = SentenceTransformer(str(tmp_path / "encoder"), device="cpu", local_files_only=True)
    found = read.encode(texts)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(8), abs=1e-3)
    assert (found[0::2] @ found[1::2].T).argmax(axis=1).tolist() == [0, 1, 2, 3], "a sentence finds its translation"
    served = load(str(tmp_path / "encoder")).encode(texts)
    assert (served[0::2] @ served[1::2].T).argmax(axis=1).tolist() == [0, 1, 2, 3], "in eight bits too"

    inputs = prepare.Inputs(tmp_path, tmp_path, tmp_path / "ideas.jsonl", (), tmp_path / "encoder")
    thin = prepare.student(inputs, made, tokenizer, tmp_path, layers=2, seed=0)
    begun = distil.begin(thin, recipe)
    distil.step(begun, made, recipe, np.arange(8))
    export.write(begun.model, tokenizer, tmp_path / "thin", texts=texts)
    assert (tmp_path / "thin" / "model.safetensors").stat().st_size < (
        tmp_path / "encoder" / "model.safetensors"
    ).stat().st_size
