from dataclasses import replace

import numpy as np
import pytest

from nas.search.attributes import LAST
from nas.search.candidates import Candidates
from nas.search.guide import MOST_ROWS, Guide, Memory
from nas.search.observations import Observation
from tests.nas.search.test_encoding import ENCODING


def accuracy_of(codes):
    return 0.6 + 0.1 * codes[0] + 0.05 * codes[1]


def cost_of(codes):
    return 1.0 + 5 * codes[0] + codes[4]


def observation(codes, state="done", cost=None, exact=True):
    reports = {LAST: accuracy_of(codes)} if state == "done" else {}
    cost = cost_of(codes) if cost is None else cost
    return Observation(codes, np.zeros(1), cost, reports, state, exact)


def rows(count, seed=0):
    return np.unique(ENCODING.random(np.random.default_rng(seed), 400), axis=0)[:count]


def some(count=30, **changes):
    codes = np.random.default_rng(3).permutation(rows(400))[:count]
    return [observation(row, **changes) for row in codes]


def pool_of(codes, cost=None):
    costs = np.array([cost_of(row) for row in codes]) if cost is None else np.full(len(codes), cost)
    return Candidates(codes, costs, np.zeros((len(codes), 1)))


def test_what_is_better_at_the_same_cost_scores_higher():
    guide = Guide(ENCODING, some(12), Memory(), "linear")
    better = np.array([[1, 2, 0, -1, 0], [1, 0, -1, -1, 0]], dtype=np.int16)
    score = guide.score(pool_of(better))
    assert score[0] > score[1]


def test_what_costs_less_at_the_same_accuracy_scores_higher():
    guide = Guide(ENCODING, some(12), Memory(), "linear")
    same = np.array([[2, 2, 0, -1, 0], [2, 2, 0, -1, 2]], dtype=np.int16)
    score = guide.score(Candidates(same, np.array([8.0, 30.0]), np.zeros((2, 1))))
    assert score[0] > score[1]


def test_a_region_that_fails_is_kept_away_from():
    codes = np.random.default_rng(0).permutation(rows(400))[:40]
    trials = [observation(row, "failed" if row[1] == 2 else "done") for row in codes]
    guide = Guide(ENCODING, trials, Memory(), "linear")
    free = Guide(ENCODING, [t for t in trials if t.state == "done"], Memory(), "linear")
    bad = np.array([[2, 2, 0, -1, 0]], dtype=np.int16)
    assert guide.score(pool_of(bad))[0] < 0.3 * free.score(pool_of(bad))[0]


def test_what_is_pending_is_not_worth_the_same_again():
    trials = some(12)
    pending = np.array([2, 2, 0, -1, 0], dtype=np.int16)
    alone = Guide(ENCODING, trials, Memory(), "linear")
    beside = Guide(ENCODING, [*trials, observation(pending, "open")], Memory(), "linear")
    pool = pool_of(pending[None])
    assert beside.score(pool)[0] < 0.5 * alone.score(pool)[0]


def test_costs_that_must_be_measured_are_predicted():
    trials = some(40, exact=False)
    guide = Guide(ENCODING, trials, Memory(), "linear")
    codes = rows(400)[:20]
    known, guessed = guide.score(pool_of(codes)), guide.score(pool_of(codes, np.nan))
    assert guessed == pytest.approx(known, rel=0.5, abs=0.2 * known.max())


def test_one_objective_is_plain_improvement():
    guide = Guide(ENCODING, some(), Memory(), "none")
    best = np.array([[2, 2, 0, -1, 0], [0, 0, -1, -1, 0]], dtype=np.int16)
    score = guide.score(pool_of(best))
    assert score[0] >= score[1]


def test_hyperparameters_are_fitted_anew_only_when_due():
    memory = Memory()
    Guide(ENCODING, some(30), memory, "linear")
    before = memory.accuracy
    Guide(ENCODING, some(32), memory, "linear")
    assert memory.accuracy is before
    Guide(ENCODING, some(33), memory, "linear")
    assert memory.accuracy is not before


def test_of_very_many_trials_the_front_stays():
    base = rows(400)
    trials = [observation(base[i % len(base)]) for i in range(MOST_ROWS * 3)]
    guide = Guide(ENCODING, trials, Memory(), "linear")
    best = max(trials, key=lambda t: accuracy_of(t.codes))
    assert any(accuracy_of(row) == accuracy_of(best.codes) for row in guide.parents)


def test_a_belief_leaves_out_what_the_trial_itself_reached():
    trials = some(30)
    lucky = replace(trials[0], reports={LAST: trials[0].reports[LAST] + 0.3})
    usual, raised = (
        Guide(ENCODING, [first, *trials[1:]], Memory(), "linear").belief([first, *trials[1:]])
        for first in (trials[0], lucky)
    )
    assert raised.height[0] > usual.height[0]
    assert raised.mean[0] - usual.mean[0] < 0.3 * (raised.height[0] - usual.height[0])
    assert (usual.deviation > 0).all()
    assert usual.cost.tolist() == [t.cost for t in trials]
    assert usual.noise > 0


def test_a_belief_of_a_trial_without_a_report_is_what_all_others_say():
    trials = [*some(30), observation(rows(400)[-1], "open")]
    belief = Guide(ENCODING, trials, Memory(), "linear").belief(trials)
    assert np.isfinite(belief.mean).all()
    assert belief.mean[-1] == pytest.approx(belief.height[-1], abs=0.02)
