import numpy as np

from cluster.engine.areas import areas
from cluster.engine.proposals import Text, word_weights
from cluster.engine.relations import Relations

# Likeness of meaning alone decides: related from a cosine of about 0.56 on.
MEANING = Relations(same=(20.0, 0.0, -19.0), related=(20.0, 0.0, -14.0), same_at_least=0.5)

TEXTS = [
    Text("Graven beheren", "Concessies van graven opvolgen", "nl"),
    Text("Begraafplaats in kaart", "Waar ligt welk graf op de begraafplaats?", "nl"),
    Text("Uitvaart aangeven", "Begrafenisondernemers en de begraafplaats", "nl"),
    Text("Begraafplaats en uitvaart", "Een uitvaart regelen", "nl"),
    Text("Fietsen", "Een deelfiets", "nl"),
    Text("Deelfietsen", "Fietsen delen", "nl"),
]
GROUPS = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])]
PAIR = np.array([[0, 1]])


def named(groups=GROUPS, *, degrees=(0, 10, 40, 50, 150, 160), fitted=MEANING, **judged) -> list[str | None]:
    angles = np.radians(degrees)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return areas(groups, TEXTS, vectors, word_weights(TEXTS), fitted=fitted, **judged)


def test_related_groups_share_an_area_with_a_readable_name_and_others_have_none():
    one, other, bicycles = named()
    assert one == other
    assert one == "Begraafplaats, graven en uitvaart" or " en " in one
    assert bicycles is None


def test_the_order_of_the_groups_does_not_matter():
    assert named(list(reversed(GROUPS))) == list(reversed(named()))


def test_what_people_called_related_or_different_is_obeyed():
    assert named(cannot=PAIR) == [None, None, None]
    graves, _, bicycles = named(must=np.array([[0, 2]]), cannot=PAIR)
    assert graves == bicycles is not None


def test_terms_that_tell_too_little_give_way_to_the_first_title():
    texts = [Text("Het ene", "", "nl"), Text("Het andere", "", "nl")]
    vectors = np.ones((2, 1), dtype=np.float32)
    groups = [np.array([1]), np.array([0])]
    assert areas(groups, texts, vectors, word_weights(texts), fitted=MEANING) == ["Het ene", "Het ene"]


def test_without_groups_or_weights_there_are_no_areas():
    assert named([]) == []
    assert named(fitted=None) == [None, None, None]
