import numpy as np

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
