import numpy as np

from nas.search.candidates import Breeder, first_choice
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


def test_the_start_takes_the_cheapest_then_goes_far_and_brings_new_values():
    found = breeder()
    pool = found.spread(200, TRIED)
    first = first_choice(pool, found.usual, np.array([]), ENCODING.missing(TRIED))
    assert pool.cost[first] == pool.cost.min()
    tried = pool.codes[[first]]
    second = first_choice(pool, found.usual, pool.cost[[first]], ENCODING.missing(tried))
    assert pool.cost[second] > (pool.cost.min() + pool.cost.max()) / 2 - 1
    assert (pool.codes[second] != tried[0]).all()


def test_where_costs_span_a_decade_the_start_spreads_their_logs():
    found = breeder(cost=lambda params: 10 ** (cost(params) / 8))
    pool, tried = found.spread(200, TRIED), []
    for _ in range(3):
        missing = ENCODING.missing(pool.codes[tried])
        tried.append(first_choice(pool, found.usual, pool.cost[tried], missing))
    low, high = np.log(pool.cost.min()), np.log(pool.cost.max())
    places = np.sort((np.log(pool.cost[tried]) - low) / (high - low))
    assert places[0] == 0
    assert 0.2 < places[1] < 0.8  # by the costs themselves it would lie at the dear end
    assert places[2] > 0.5


def test_a_pool_remembered_drops_what_was_tried_since():
    found = breeder()
    pool = found.random(20)
    gone = pool.codes[0].tobytes()
    again = breeder(lambda key: key == gone).remember(pool)
    assert len(again) == len(pool) - 1
