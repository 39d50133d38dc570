"""The bundled encoder: what anything that keeps or compares its vectors relies on."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cluster.engine import eight_bits, encoder
from cluster.engine.encoder import BUNDLED, Encoder, LazyEncoder, fingerprint, load, passages
from cluster.engine.relations import fitted

SHORT = ["Sluikstort melden met een foto", "Réserver une salle en ligne", "Borrow tools", "Ehrenamt vermitteln", ""]
LONG = " ".join(f"Zin {number} gaat over de openingsuren van het zwembad en de sporthal." for number in range(120))


@pytest.fixture(scope="module")
def bundled() -> Encoder:
    return load(None)


def words(text: str) -> int:
    return len(text.split())


def test_no_texts_give_no_rows(bundled: Encoder) -> None:
    assert bundled.encode([]).shape == (0, bundled.dimensions)


def test_one_text_gives_one_unit_row_of_single_precision(bundled: Encoder) -> None:
    row = bundled.encode(["Openingsuren van het recyclagepark"])
    assert row.shape == (1, bundled.dimensions)
    assert row.dtype == np.float32
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_rows_are_unit_rows_in_the_order_of_the_texts(bundled: Encoder) -> None:
    together = bundled.encode([*SHORT, LONG])
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    for text, row in zip([*SHORT, LONG], together, strict=True):
        assert float(bundled.encode([text])[0] @ row) > 0.998, "what is read with it adds nothing but rounding"


def test_vectors_are_those_of_sentence_transformers_but_for_eight_bits(
    bundled: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(BUNDLED), device="cpu", local_files_only=True)
    theirs = model.encode(SHORT, normalize_embeddings=True)
    assert ((bundled.encode(SHORT) * theirs).sum(axis=1) > 0.98).all()
    monkeypatch.setattr(eight_bits, "is_possible", lambda: False)
    whole = load(None)
    assert np.abs(whole.encode(SHORT) - theirs).max() < 1e-4
    assert whole.name == f"{bundled.name}-32", "vectors of one are never compared with those of the other"
    assert fitted(whole.name) == fitted(bundled.name)


def test_a_layer_in_eight_bits_looks_only_where_it_may(bundled: Encoder) -> None:
    alone = bundled.encode(["Parkeren"])[0]
    beside = bundled.encode(["Parkeren", LONG[:600]])[0]
    assert float(alone @ beside) > 0.998, "padding is not read"


def test_what_goes_into_the_products_is_measured_on_texts() -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(BUNDLED), device="cpu", local_files_only=True)
    few, more = (eight_bits.measured(model, texts) for texts in (SHORT[:1], SHORT))
    assert np.shape(few) == np.shape(more) == (6, 4, 2)
    few, more = np.array(few), np.array(more)
    assert (more[..., 0] <= few[..., 0] + 1e-3).all()
    assert (more[..., 1] >= few[..., 1] - 1e-3).all()
    assert (np.ptp(more, axis=-1) > 0).all()


def test_the_end_of_a_long_text_counts(bundled: Encoder) -> None:
    other_end = LONG + " " + "Daarnaast willen we onze laadpalen delen met de buurgemeente. " * 40
    assert float((bundled.encode([LONG]) @ bundled.encode([other_end]).T).item()) < 0.98


def test_a_text_that_fits_is_one_passage() -> None:
    assert passages("een twee drie", room=3, count=words) == ["een twee drie"]
    assert passages("", room=3, count=words) == [""]


def test_a_long_text_is_split_at_sentence_ends_and_loses_nothing() -> None:
    text = "Een twee drie. Vier vijf. Zes zeven acht! Negen tien?"
    parts = passages(text, room=6, count=words)
    assert parts == ["Een twee drie. Vier vijf.", "Zes zeven acht! Negen tien?"]


def test_a_sentence_that_does_not_fit_is_split_at_blanks_and_a_word_anywhere() -> None:
    parts = passages(" ".join(str(number) for number in range(50)), room=8, count=words)
    assert " ".join(parts).split() == [str(number) for number in range(50)]
    assert max(map(words, parts)) <= 8
    assert "".join(passages("x" * 50, room=8, count=len)).replace(" ", "") == "x" * 50


def test_the_same_need_is_nearer_than_another_need_in_all_four_languages(bundled: Encoder) -> None:
    same = [
        "Inwoners kunnen een put in de weg melden met hun telefoon",
        "Les habitants peuvent signaler un trou dans la route avec leur téléphone",
        "Residents can report a hole in the road with their phone",
        "Einwohner können ein Loch in der Straße mit ihrem Telefon melden",
    ]
    other = [
        "Ouders schrijven hun kind online in op de school",
        "Les parents inscrivent leur enfant à l'école en ligne",
        "Parents register their child at the school online",
        "Eltern melden ihr Kind online in der Schule an",
    ]
    one, two = bundled.encode(same), bundled.encode(other)
    within = one @ one.T
    assert within.min() > (one @ two.T).max()


def test_threads_get_the_same_vectors(bundled: Encoder) -> None:
    alone = bundled.encode(SHORT)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: bundled.encode([*SHORT, LONG]), range(16)))
    assert all(np.abs(rows[:5] - alone).max() < 1e-4 for rows in found)


def test_who_cannot_wait_has_the_first_passages_read_and_no_more(bundled: Encoder) -> None:
    other_end = f"{LONG} {'Daarnaast delen we laadpalen met de buurgemeente. ' * 40}"
    first = passages(LONG, room=bundled._model.max_seq_length - 2, count=bundled._count)[0]
    few = bundled.encode([LONG, "kort"], passages_at_most=1)
    assert np.abs(few - bundled.encode([first, "kort"])).max() < 1e-4
    assert np.abs(bundled.encode([other_end], passages_at_most=1) - bundled.encode([other_end])).max() > 0.01


def test_who_cannot_wait_is_told_that_others_keep_the_encoder_busy(bundled: Encoder) -> None:
    with bundled._lock:
        assert bundled.try_encode(SHORT, within_s=0.01, passages_at_most=2) is None
    for _ in range(2):
        found = bundled.try_encode(SHORT, within_s=0.01, passages_at_most=2)
        assert found is not None
        assert np.abs(found - bundled.encode(SHORT)).max() < 1e-4


def test_loading_draws_no_progress_bar() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from cluster.engine.encoder import load; load(None)"], capture_output=True, text=True
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_a_load_that_failed_is_tried_again_later_and_not_at_once(
    monkeypatch: pytest.MonkeyPatch, bundled: Encoder
) -> None:
    answers = [OSError("weg"), OSError("nog altijd weg"), bundled]

    def loader() -> Encoder:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lazy = LazyEncoder(loader)
    assert [lazy.get(), lazy.get(), lazy.error] == [None, None, "OSError: weg"]
    lazy._again_at = 0.0
    monkeypatch.setattr(encoder, "AGAIN_AFTER_S", 0.0)
    assert (lazy.get(), lazy.error) == (None, "OSError: nog altijd weg")
    assert (lazy.get(), lazy.error) == (bundled, None)


def test_the_bundled_encoder_is_small_enough_for_a_repository() -> None:
    assert sum(file.stat().st_size for file in BUNDLED.rglob("*") if file.is_file()) <= 60_000_000


def test_an_encoder_is_called_after_its_content(tmp_path: Path, bundled: Encoder) -> None:
    (tmp_path / "config.json").write_text("{}")
    before = fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert fingerprint(tmp_path) == before
    (tmp_path / "config.json").write_text('{"a": 1}')
    assert fingerprint(tmp_path) != before
    assert bundled.name == f"encoder-{fingerprint(BUNDLED)}"


def test_a_folder_can_be_named_and_gives_the_same_vectors(bundled: Encoder) -> None:
    named = load(str(BUNDLED))
    assert named.name == bundled.name
    assert np.abs(named.encode(SHORT) - bundled.encode(SHORT)).max() < 1e-5


def test_without_a_bundled_encoder_the_packaged_english_one_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder, "BUNDLED", tmp_path)
    english = load(None)
    assert english.name == "all-MiniLM-L6-v2"
    assert english.encode(["a town hall"]).shape == (1, 384)


class Model:
    """What an encoder asks a model for its prompt."""

    def __init__(self, prompts: dict[str, str], default: str | None = None) -> None:
        self.prompts, self.default_prompt_name = prompts, default


@pytest.mark.parametrize(
    ("name", "model", "prompt"),
    [
        ("encoder-1234abcd", Model({"query": "", "document": ""}), None),
        ("intfloat/multilingual-e5-small", Model({}), "query: "),
        ("clips/e5-small-trm-nl", Model({}), "query: "),
        ("some/model", Model({"query": "q: ", "passage": "p: "}), "q: "),
        ("some/model", Model({"query": "q: ", "sts": "s: "}, "sts"), "s: "),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", Model({}), None),
    ],
)
def test_both_sides_get_the_prompt_the_model_was_trained_with(name: str, model: Model, prompt: str | None) -> None:
    assert encoder._prompt(name, model) == prompt
