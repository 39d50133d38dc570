"""Groups that stood, grouped again: they stay, they grow, and they go where the evidence is clearly against them."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.engine.grouping import ALONE, group
from cluster.engine.steadiness import connected, seeds, steadier

World = dict[tuple[int, int], float]


def again(pairs: World, before: list[int], **more: list[tuple[int, int]]) -> list[int]:
    edges = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    linked = {name: np.array(more.get(name, []), dtype=np.int64).reshape(-1, 2) for name in ("must", "cannot")}
    found = group(
        edges, np.array(list(pairs.values())), n=len(before), at_least=0.5, before=np.array(before, np.int64), **linked
    )
    labels: list[int] = found.labels.tolist()
    return labels


def test_a_group_that_stood_stays_where_another_grouping_is_hardly_better() -> None:
    # Afresh 1 would go with 2: a hundredth more likely than with 0.
    pairs = {(0, 1): 0.6, (1, 2): 0.61}
    assert again(pairs, [ALONE] * 3) == [ALONE, 0, 0]
    assert again(pairs, [7, 7, ALONE]) == [0, 0, ALONE]


def test_a_group_that_stood_goes_where_another_grouping_is_clearly_better() -> None:
    assert again({(0, 1): 0.6, (1, 2): 0.9}, [7, 7, ALONE]) == [ALONE, 0, 0]
    assert again({(0, 1): 0.1}, [7, 7]) == [ALONE, ALONE]
    assert again({(0, 1): 0.49}, [7, 7]) == [0, 0]


def test_what_is_new_joins_the_group_that_stood_and_two_that_belong_together_become_one() -> None:
    assert again({(0, 1): 0.6, (0, 2): 0.6, (1, 2): 0.6}, [7, 7, ALONE]) == [0, 0, 0]
    pairs = dict.fromkeys(combinations(range(4), 2), 0.8)
    assert again(pairs, [7, 7, 3, 3]) == [0, 0, 0, 0]


def test_one_clearly_wrong_group_goes_and_its_neighbour_stays() -> None:
    pairs = {(0, 1): 0.05, (2, 3): 0.6, (3, 4): 0.61}
    assert again(pairs, [1, 1, 2, 2, ALONE]) == [ALONE, ALONE, 0, 0, ALONE]


def test_a_group_that_a_person_parted_is_grouped_afresh() -> None:
    pairs = dict.fromkeys(combinations(range(4), 2), 0.9)
    found = again(pairs, [5] * 4, cannot=[(0, 3)])
    assert found[0] != found[3]
    assert seeds(np.array([5, 5, 6, 6]), np.arange(4), np.array([[0, 1]])).tolist() == [0, 1, 2, 2]


def test_what_a_person_joined_brings_two_groups_that_stood_together() -> None:
    pairs = {(0, 1): 0.6, (2, 3): 0.6, **dict.fromkeys([(0, 2), (1, 2), (0, 3), (1, 3)], 0.43)}
    assert again(pairs, [1, 1, 2, 2]) == [0, 0, 1, 1]
    assert again(pairs, [1, 1, 2, 2], must=[(1, 2)]) == [0, 0, 0, 0]
    assert again(pairs, [ALONE] * 4, must=[(1, 2)]) == [0, 0, 0, ALONE]


def test_places_are_judged_one_by_one_and_nothing_is_nothing() -> None:
    stood, fresh = np.array([0, 0, 2, 2]), np.array([0, 1, 2, 3])
    edges = np.array([[0, 1], [2, 3]])
    assert steadier(stood, fresh, edges, np.array([0.9, 0.1]), at_least=0.5).tolist() == [0, 0, 2, 3]
    nothing = np.zeros(0, dtype=np.int64)
    none = np.zeros((0, 2), dtype=np.int64)
    assert len(steadier(nothing, nothing, none, np.zeros(0), at_least=0.5)) == 0
    assert connected(none, n=3).tolist() == [0, 1, 2]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, list[tuple[int, int]], list[tuple[int, int]], list[int], list[int]]:
    n = draw(st.integers(2, 10))
    every = list(combinations(range(n), 2))
    pick = st.lists(st.sampled_from(every), max_size=5, unique=True)
    pairs = draw(st.dictionaries(st.sampled_from(every), st.sampled_from([0.2, 0.49, 0.5, 0.51, 0.8, 1.0])))
    before = draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n))
    return pairs, draw(pick), draw(pick), before, draw(st.permutations(range(n)))


@given(worlds())
@settings(max_examples=300, deadline=None)
def test_whatever_stood_judgements_are_obeyed_order_does_not_matter_and_a_second_time_changes_nothing(
    world: tuple[World, list[tuple[int, int]], list[tuple[int, int]], list[int], list[int]],
) -> None:
    pairs, must, cannot, before, order = world
    labels = again(pairs, before, must=must, cannot=cannot)
    joined = connected(np.array(must, dtype=np.int64).reshape(-1, 2), n=len(before))
    broken = {int(joined[a]) for a, b in cannot if joined[a] == joined[b]}
    for a, b in must:
        assert labels[a] == labels[b] != ALONE or (joined[a] in broken and labels[a] == labels[b] == ALONE)
    for a, b in cannot:
        assert labels[a] != labels[b] or labels[a] == ALONE
    assert again(pairs, labels, must=must, cannot=cannot) == labels

    place = {item: at for at, item in enumerate(order)}

    def moved(given: list[tuple[int, int]]) -> np.ndarray:
        return np.array([(place[b], place[a]) for a, b in reversed(given)], dtype=np.int64).reshape(-1, 2)

    shuffled = group(
        moved(list(pairs)),
        np.array(list(reversed(pairs.values()))),
        n=len(order),
        at_least=0.5,
        must=moved(must),
        cannot=moved(cannot),
        keys=order,
        before=np.array([before[item] for item in order], dtype=np.int64),
    )
    assert [int(shuffled.labels[place[item]]) for item in range(len(order))] == labels
