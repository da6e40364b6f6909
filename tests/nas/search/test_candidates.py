import numpy as np

from nas.search.candidates import FIRST, NEAR, STEP, Breeder, first_choice
from nas.search.observations import Knowledge
from tests.nas.search.test_encoding import ENCODING


def cost(params):
    return 2.0 * params["width"] + params.get("stage1.ratio", 0)


def breeder(known=lambda key: False, allowed=None, cost=cost):
    rng = np.random.default_rng(0)
    return Breeder(ENCODING, Knowledge(cost, 1.0, None, allowed), rng, known)


TRIED = np.zeros((0, 5), dtype=np.int16)


def test_candidates_are_new_distinct_and_allowed():
    seen = {ENCODING.random(np.random.default_rng(1), 1)[0].tobytes()}
    found = breeder(seen.__contains__, lambda params: params["width"] < 24)
    pool = found.spread(200, TRIED)
    keys = [row.tobytes() for row in pool.codes]
    assert len(keys) == len(set(keys))
    assert not seen & set(keys)
    assert {ENCODING.decode(row)["width"] for row in pool.codes} == {8, 16}
    assert pool.cost.tolist() == [cost(ENCODING.decode(row)) for row in pool.codes]


def test_no_candidate_comes_twice():
    found = breeder()
    parents = found.random(10).codes
    first, second = found.children(parents, 60), found.children(parents, 60)
    assert not {r.tobytes() for r in first.codes} & {r.tobytes() for r in second.codes}


def test_where_a_cost_is_not_known_the_candidate_is_left_out_and_counted():
    found = breeder(cost=lambda params: params["stage1.ratio"])
    pool = found.random(100)
    assert found.unknown > 0
    assert (pool.codes[:, 2] >= 0).all()


def started(cost, trials):
    """Codes and ranks of cost, among the random candidates, of the first trials."""
    found = breeder(cost=cost)
    pool, tried = found.spread(200, TRIED), []
    for number in range(trials):
        missing = ENCODING.missing(pool.codes[tried])
        tried.append(first_choice(pool, found.usual, number, missing))
    ranks = np.searchsorted(found.usual, pool.cost[tried]) / len(found.usual)
    return pool.codes[tried], ranks


def test_the_start_lies_where_random_ones_lie_and_brings_new_values():
    codes, ranks = started(cost, 5)
    wanted = (FIRST + STEP * np.arange(5)) % 1
    # The space has few costs: many random architectures have the same one.
    assert np.abs(ranks - wanted).max() < NEAR + 0.1
    assert np.ptp(ranks) > 0.4
    assert all(len(missing) == 0 for missing in ENCODING.missing(codes))


def test_the_start_is_the_same_on_any_scale_of_costs():
    plain, _ = started(cost, 5)
    bent, _ = started(lambda params: cost(params) ** 4 + 7, 5)
    assert (plain == bent).all()


def test_a_pool_remembered_drops_what_was_tried_since():
    found = breeder()
    pool = found.random(20)
    gone = pool.codes[0].tobytes()
    again = breeder(lambda key: key == gone).remember(pool)
    assert len(again) == len(pool) - 1
