from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.engine.grouping import ALONE, Grouping, fits, group, halves, heirs, weakest


def grouped(pairs: dict[tuple[int, int], float], *, n: int, **more) -> Grouping:
    edges = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    linked = {name: np.array(more.get(name, []), dtype=np.int64).reshape(-1, 2) for name in ("must", "cannot")}
    return group(
        edges, np.array(list(pairs.values())), n=n, at_least=more.get("at_least", 0.5), keys=more.get("keys"), **linked
    )


def sets(grouping: Grouping) -> list[set[int]]:
    return [set(members.tolist()) for members in grouping.groups()]


def test_no_items_make_no_groups():
    assert len(grouped({}, n=0).labels) == 0
    assert sets(grouped({}, n=0)) == []


def test_one_item_is_alone():
    assert grouped({}, n=1).labels.tolist() == [ALONE]


def test_two_clear_groups_and_one_alone():
    pairs = {(0, 1): 0.9, (1, 2): 0.8, (0, 2): 0.9, (3, 4): 0.7, (2, 3): 0.2}
    assert grouped(pairs, n=6).labels.tolist() == [0, 0, 0, 1, 1, -1]


def test_a_chain_does_not_become_one_group():
    # Each resembles the next; the ends have nothing in common. Single linkage would join all six.
    pairs = {(item, item + 1): 0.8 for item in range(5)}
    assert sets(grouped(pairs, n=6)) == [{0, 1}, {2, 3}, {4, 5}]


def test_a_hub_that_resembles_everybody_joins_only_one():
    pairs = {(0, other): 0.8 for other in range(1, 6)}
    assert sets(grouped(pairs, n=6)) == [{0, 1}]


def test_the_closest_merge_first():
    assert sets(grouped({(0, 1): 0.6, (1, 2): 0.9}, n=3)) == [{1, 2}]


def test_the_bound_itself_is_enough_and_a_hair_less_is_not():
    assert sets(grouped({(0, 1): 0.5}, n=2)) == [{0, 1}]
    assert sets(grouped({(0, 1): 0.4999}, n=2)) == []


def test_what_people_joined_stays_together_without_any_likeness():
    assert sets(grouped({(2, 3): 0.9}, n=4, must=[(0, 1), (1, 2)])) == [{0, 1, 2}]


def test_what_people_set_apart_stays_apart_however_alike():
    assert sets(grouped({(0, 1): 0.99}, n=2, cannot=[(1, 0)])) == []


def test_apart_holds_through_merges():
    # 0 and 3 are apart; the groups they grow into may not meet either.
    pairs = {(0, 1): 0.9, (2, 3): 0.9, (0, 2): 0.8, (0, 3): 0.8, (1, 2): 0.8, (1, 3): 0.8}
    assert sets(grouped(pairs, n=4, cannot=[(0, 3)])) == [{0, 1}, {2, 3}]


def test_contradictory_judgements_are_reported_and_nobody_guesses():
    found = grouped({(0, 1): 0.9, (3, 4): 0.9, (2, 3): 0.9}, n=5, must=[(0, 1), (1, 2)], cannot=[(0, 2)])
    assert sets(found) == [{3, 4}]
    assert [(item.items, item.pair) for item in found.contradictions] == [((0, 1, 2), (0, 2))]


def test_equal_pairs_are_settled_by_the_keys_not_by_the_order():
    pairs = {(0, 1): 0.8, (1, 2): 0.8}
    assert sets(grouped(pairs, n=3)) == [{0, 1}]
    edges = np.array(list(pairs))
    assert sets(group(edges, np.array([0.8, 0.8]), n=3, at_least=0.5, keys=[30, 20, 10])) == [{1, 2}]


def test_a_pair_given_twice_counts_once_with_its_highest():
    edges = np.array([[0, 1], [1, 0], [0, 0]])
    assert sets(group(edges, np.array([0.3, 0.6, 0.9]), n=2, at_least=0.6)) == [{0, 1}]


@st.composite
def worlds(draw):
    n = draw(st.integers(0, 12))
    every = list(combinations(range(n), 2))
    pick = st.lists(st.sampled_from(every), max_size=6, unique=True) if every else st.just([])
    pairs = draw(st.dictionaries(st.sampled_from(every), st.sampled_from([0.2, 0.5, 0.8, 0.8, 1.0]))) if every else {}
    return n, pairs, draw(pick), draw(pick), draw(st.permutations(range(n)))


@given(worlds())
@settings(max_examples=300, deadline=None)
def test_every_judgement_is_obeyed_or_reported_and_order_does_not_matter(world):
    n, pairs, must, cannot, order = world
    found = grouped(pairs, n=n, must=must, cannot=cannot)
    reported = {item for contradiction in found.contradictions for item in contradiction.items}
    labels = found.labels
    for a, b in must:
        assert labels[a] == labels[b] != ALONE or {a, b} <= reported
    for a, b in cannot:
        assert labels[a] != labels[b] or labels[a] == ALONE
    assert all(labels[item] == ALONE for item in reported)
    assert {tuple(sorted(item.pair)) for item in found.contradictions} <= {tuple(sorted(pair)) for pair in cannot}

    # The same world told in another order: item i stands at place[i], everything is listed backwards.
    place = {item: at for at, item in enumerate(order)}
    moved = {(place[b], place[a]): value for (a, b), value in reversed(pairs.items())}
    again = (
        grouped(
            moved,
            n=n,
            must=[(place[b], place[a]) for a, b in reversed(must)],
            cannot=[(place[b], place[a]) for a, b in reversed(cannot)],
            keys=list(order),
        )
        if n
        else found
    )
    assert [int(again.labels[place[item]]) for item in range(n)] == labels.tolist()
    assert [{order[item] for item in one.items} for one in again.contradictions] == [
        set(one.items) for one in found.contradictions
    ]


def plainly_grouped(edges, probabilities, *, n: int, at_least: float, must, cannot) -> list[set[int]]:
    """Average linkage as one would write it down: every two groups, at every step."""
    likeness = np.zeros((n, n))
    for (a, b), probability in zip(edges, probabilities, strict=True):
        likeness[a, b] = likeness[b, a] = max(likeness[a, b], probability)
    groups = [{item} for item in range(n)]
    for a, b in must:
        one, other = (next(group for group in groups if end in group) for end in (a, b))
        if one is not other:
            groups = [group for group in groups if group not in (one, other)] + [one | other]
    while True:
        found = []
        for one, other in combinations(sorted(groups, key=min), 2):
            mean = likeness[np.ix_(sorted(one), sorted(other))].sum() / (len(one) * len(other))
            if mean >= at_least and not any({a, b} & one and {a, b} & other for a, b in cannot):
                found.append((-mean, min(one), min(other), one, other))
        if not found:
            return sorted((group for group in groups if len(group) > 1), key=min)
        *_, one, other = min(found, key=lambda each: each[:3])
        groups = [group for group in groups if group not in (one, other)] + [one | other]


def test_groups_are_those_of_average_linkage_written_down_plainly():
    chance = np.random.default_rng(5)
    for _ in range(60):
        n = int(chance.integers(2, 40))
        edges = np.array([pair for pair in combinations(range(n), 2) if chance.random() < 0.4], np.int64).reshape(-1, 2)
        # Few are above the bound, as among neighbours: most groups never meet another that they may join.
        probabilities = chance.random(len(edges)) ** 3
        must, cannot = chance.permutation(n)[:2].reshape(-1, 2), chance.permutation(n)[: n // 4 * 2].reshape(-1, 2)
        cannot = cannot[[set(pair) != set(must[0]) for pair in cannot.tolist()]]
        given = {"n": n, "at_least": 0.3, "must": must, "cannot": cannot}
        assert sets(group(edges, probabilities, **given)) == plainly_grouped(edges.tolist(), probabilities, **given)


def test_fit_is_the_mean_with_the_others_and_the_weakest_pair_is_named():
    matrix = np.array([[1, 0.9, 0.6], [0.9, 1, 0.3], [0.6, 0.3, 1]])
    assert np.allclose(fits(matrix), [0.75, 0.6, 0.45])
    assert weakest(matrix) == (1, 2)
    assert fits(np.ones((1, 1))).tolist() == [1.0]
    assert weakest(np.ones((1, 1))) is None


def test_a_group_inherits_from_the_one_it_shares_most_with():
    old = [{"a", "b", "c"}, {"x", "y"}]
    assert heirs(old, [{"a", "b"}, {"c", "d"}, {"x", "y", "z"}]) == [0, None, 1]


def test_one_member_in_common_is_no_inheritance():
    assert heirs([{"a", "b"}], [{"b", "c"}]) == [None]


def test_of_two_heirs_the_larger_share_wins():
    assert heirs([{"a", "b", "c", "d", "e"}], [{"a", "b"}, {"c", "d", "e"}]) == [None, 0]
    assert heirs([], [{"a", "b"}]) == [None]


def test_a_group_is_halved_where_it_holds_least() -> None:
    matrix = np.full((5, 5), 0.1)
    matrix[:3, :3] = matrix[3:, 3:] = 0.9
    assert halves(matrix).tolist() == [0, 0, 0, 1, 1]


def test_an_item_apart_takes_the_one_with_it_that_fits_it_best() -> None:
    matrix = np.full((4, 4), 0.9)
    matrix[3, :] = matrix[:, 3] = [0.1, 0.1, 0.2, 1.0]
    assert halves(matrix).tolist() == [0, 0, 1, 1]
    # Also when the first item, which names the first part, is the one apart.
    assert sorted(halves(matrix[::-1, ::-1]).tolist()) == [0, 0, 1, 1]
