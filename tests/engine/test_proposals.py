import numpy as np

from cluster.engine import proposals, steadiness
from cluster.engine.proposals import Text, propose
from cluster.engine.relations import Relations

# Likeness of meaning alone decides: P = 0.5 at a cosine of 0.7.
MEANING = Relations(same=(20.0, 0.0, -14.0), related=(20.0, 0.0, -14.0), same_at_least=0.5)
NONE = np.zeros((0, 2), dtype=np.int64)


def on_the_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


TEXTS = [
    Text("Graven beheren", "Grafconcessies van de begraafplaats opvolgen", "nl"),
    Text("Tombes", "Le cimetière en carte", "fr"),
    Text("Begraafplaats en grafconcessies in kaart", "Grafconcessies terugvinden", "nl"),
    Text("Fietsen", "Een deelfiets", "nl"),
]
VECTORS = on_the_circle(0, 10, 20, 150)


def test_nothing_gives_nothing():
    nothing = np.zeros((0, 2), dtype=np.float32)
    assert propose([], nothing, fitted=MEANING, must=NONE, cannot=NONE, at_least=0.5) == ([], ())


def test_a_proposal_names_its_central_item_its_fits_and_its_weakest_pair():
    [found], contradictions = propose(TEXTS, VECTORS, fitted=MEANING, must=NONE, cannot=NONE, at_least=0.5)
    assert found.items == (1, 0, 2)
    assert found.fits[0] == max(found.fits)
    assert found.weakest == (0, 2)
    assert 0.9 < found.cohesion <= 1
    assert contradictions == ()


def test_terms_and_name_are_dutch_where_there_is_dutch():
    [found], _ = propose(TEXTS, VECTORS, fitted=MEANING, must=NONE, cannot=NONE, at_least=0.5)
    assert set(found.name.lower().split(" en ")) == {"begraafplaats", "grafconcessies"}
    assert "cimetière" not in found.terms


def test_without_shared_terms_the_central_idea_gives_the_name():
    [found], _ = propose(TEXTS[1:], VECTORS[1:], fitted=MEANING, must=NONE, cannot=NONE, at_least=0.5)
    assert found.name == "Begraafplaats en grafconcessies in kaart"


def test_what_a_person_joined_counts_as_certain():
    [found], _ = propose(
        [TEXTS[0], TEXTS[3]], VECTORS[[0, 3]], fitted=MEANING, must=np.array([[0, 1]]), cannot=NONE, at_least=0.5
    )
    assert found.cohesion == 1.0


def test_an_encoder_without_weights_groups_near_copies_only():
    copies = [TEXTS[0], TEXTS[0], TEXTS[3]]
    found, _ = propose(copies, VECTORS[[0, 0, 3]], fitted=None, must=NONE, cannot=NONE, at_least=0.5)
    assert [one.items for one in found] == [(0, 1)]


def test_questions_are_about_what_is_least_sure_and_never_twice() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(6, 24))
    of = np.repeat(np.arange(6), 5)
    rows = centres[of] + 1.2 * rng.normal(size=(30, 24))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    texts = [proposals.Text(f"Tekst {at}", "", "nl") for at in range(30)]
    fitted = Relations(same=(12.0, 0.0, -6.0), related=(12.0, 0.0, -4.0), same_at_least=0.7)

    def ask(answers: dict[tuple[int, int], bool], at_most: int = 8) -> list[tuple[int, int, float]]:
        must, cannot = (
            np.array([pair for pair, same in answers.items() if same is wanted], dtype=np.int64).reshape(-1, 2)
            for wanted in (True, False)
        )
        return proposals.questions(
            texts, vectors, fitted=fitted, must=must, cannot=cannot, at_least=0.3, asked=set(answers), at_most=at_most
        )

    answers: dict[tuple[int, int], bool] = {}
    first = ask(answers)
    doubts = [abs(probability - 0.5) for _, _, probability in first]
    assert doubts == sorted(doubts)
    while found := ask(answers):
        for a, b, _ in found:
            assert a < b
            assert (a, b) not in answers
            answers[a, b] = bool(of[a] == of[b])
    # Every pair that could join two texts was answered, or follows from answers: the groups are those of the topics.
    must = np.array([pair for pair, same in answers.items() if same], dtype=np.int64)
    joined = steadiness.connected(must, n=30)
    edges = proposals.graph(texts, vectors, fitted=fitted)[1]
    assert all((joined[a] == joined[b]) == (of[a] == of[b]) for a, b in edges.tolist())
    assert len(answers) < len(edges) / 2
