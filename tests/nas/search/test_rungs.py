import numpy as np

from nas.search.rungs import at_last_rung


def test_trials_at_the_top_keep_their_accuracy():
    y, extra = at_last_rung([{1: 0.3, 9: 0.8}, {1: 0.2, 9: 0.7}])
    assert y.tolist() == [0.8, 0.7]
    assert extra.tolist() == [0, 0]


def test_a_rung_that_predicts_moves_the_estimate_and_one_that_does_not_teaches_nothing():
    rng = np.random.default_rng(0)
    last = 0.7 + 0.05 * rng.normal(size=40)
    for noise, slope in ((0.0, 0.9), (5.0, 0.2)):
        low = last - 0.3 + noise * 0.05 * rng.normal(size=40)
        reports = [{1: a, 9: b} for a, b in zip(low, last, strict=True)]
        y, extra = at_last_rung([*reports, {1: 0.35}, {1: 0.45}])
        moved = (y[-1] - y[-2]) / 0.1
        assert (moved > slope) if noise == 0 else (moved < slope)
        assert (extra[-1] < 0.2 * last.var()) if noise == 0 else (extra[-1] > 0.5 * last.var())


def test_before_anything_reached_the_top_the_highest_rung_counts():
    y, extra = at_last_rung([{1: 0.3}, {1: 0.4, 3: 0.6}])
    assert y[1] == 0.6
    assert extra[0] > 0


def test_no_report_is_no_number():
    y, _ = at_last_rung([{}, {1: 0.3}])
    assert np.isnan(y[0])
    assert y[1] == 0.3
    assert np.isnan(at_last_rung([{}])[0]).all()
