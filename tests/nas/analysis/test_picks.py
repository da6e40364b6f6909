import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.analysis.front import Front, Point
from nas.analysis.picks import PICKS, pick, within_one_standard_error
from nas.errors import NothingToExport, UsageProblem


def point(trial, cost, accuracy, mean=None, sd=None, seeds=3):
    return Point(
        trial=trial,
        kind="search",
        label="",
        accuracy=accuracy,
        parameters=cost // 10,
        forward_flops=cost,
        latency_ms=None,
        architecture={"backbone": {}, "attention": {}},
        seeds=seeds if mean is not None else 0,
        accuracy_mean=mean,
        accuracy_sd=sd,
    )


def a_front(*points):
    reference = {"accuracy": 0.1, "cost": 1e6}
    return Front("j", "forward_flops", reference, 0.5, tuple(points))


STRAIGHT = a_front(point(0, 100, 0.5), point(1, 200, 0.6), point(2, 300, 0.7))
BENT = a_front(point(0, 100, 0.5), point(1, 120, 0.8), point(2, 300, 0.85), point(3, 900, 0.9))


def test_cheap_accurate_and_knee():
    assert pick(BENT, "cheap").trial == 0
    assert pick(BENT, "accurate").trial == 3
    assert pick(BENT, "knee").trial == 1


def test_accurate_trusts_the_further_seeds_where_all_points_have_them():
    lucky = point(1, 200, 0.95, mean=0.80, sd=0.01)
    steady = point(0, 100, 0.90, mean=0.89, sd=0.01)
    assert pick(a_front(steady, lucky), "accurate").trial == 0
    # Means and single runs are not compared with each other.
    assert pick(a_front(point(0, 100, 0.90), lucky), "accurate").trial == 1


@pytest.mark.parametrize("front", [STRAIGHT, a_front(*STRAIGHT.points[:2])])
def test_a_front_without_a_bend_has_its_knee_at_the_most_accurate_point(front):
    assert pick(front, "knee") == pick(front, "accurate")


def test_one_point_is_every_pick():
    front = a_front(point(7, 100, 0.5))
    assert {pick(front, rule).trial for rule in PICKS} == {7}


def test_an_empty_front_has_nothing_to_pick():
    with pytest.raises(NothingToExport, match="no trial of j"):
        pick(a_front(), "knee")


def test_an_unknown_rule_is_refused_with_the_nearest():
    with pytest.raises(UsageProblem, match="did you mean 'knee'"):
        pick(BENT, "kne")


def test_the_cheapest_within_a_standard_error():
    best = point(2, 300, 0.9, mean=0.90, sd=0.02, seeds=4)  # a standard error of .01
    near, far = point(1, 200, 0.9, mean=0.892, sd=0.0), point(0, 100, 0.9, mean=0.88, sd=0.0)
    assert within_one_standard_error(a_front(far, near, best)).trial == 1
    assert within_one_standard_error(BENT).trial == 3


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=3, max_size=8, unique=True)
)
def test_the_knee_is_the_farthest_from_the_chord(steps):
    points, cost, accuracy = [], 0, 0.0
    for trial, (dearer, better) in enumerate(steps):
        cost, accuracy = cost + dearer, accuracy + better / 1000
        points.append(point(trial, cost, accuracy))
    found = pick(a_front(*points), "knee")
    (x0, y0), (x1, y1) = [(p.forward_flops, p.accuracy) for p in (points[0], points[-1])]

    def above(p):
        return (p.accuracy - y0) / (y1 - y0) - (p.forward_flops - x0) / (x1 - x0)

    if max(above(p) for p in points) > 1e-9:
        assert above(found) == pytest.approx(max(above(p) for p in points))
    else:
        assert found.trial == points[-1].trial
