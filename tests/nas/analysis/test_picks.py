import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.analysis.front import Front, Point, front
from nas.analysis.picks import PICKS, limits_of, pick, within_one_standard_error
from nas.cli.pick_options import NAMES
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
    assert pick(BENT, "cheap").point.trial == 0
    assert pick(BENT, "accurate").point.trial == 3
    assert pick(BENT, "knee").point.trial == 1


def test_accurate_trusts_the_further_seeds_where_all_points_have_them():
    lucky = point(1, 200, 0.95, mean=0.80, sd=0.01)
    steady = point(0, 100, 0.90, mean=0.89, sd=0.01)
    assert pick(a_front(steady, lucky), "accurate").point.trial == 0
    # Means and single runs are not compared with each other.
    assert pick(a_front(point(0, 100, 0.90), lucky), "accurate").point.trial == 1


@pytest.mark.parametrize("made", [STRAIGHT, a_front(*STRAIGHT.points[:2])])
def test_a_front_without_a_bend_has_its_knee_at_the_most_accurate_point(made):
    assert pick(made, "knee").point == pick(made, "accurate").point


def test_one_point_is_every_pick():
    one = a_front(point(7, 100, 0.5))
    assert {pick(one, rule).point.trial for rule in PICKS} == {7}


def test_an_empty_front_has_nothing_to_pick():
    with pytest.raises(NothingToExport, match="no trial of j"):
        pick(a_front(), "knee")


def test_an_unknown_rule_is_refused_with_the_nearest():
    with pytest.raises(UsageProblem, match="did you mean 'knee'"):
        pick(BENT, "kne")


def test_the_cheapest_within_a_standard_error():
    best = point(2, 300, 0.9, mean=0.90, sd=0.02, seeds=4)  # a standard error of .01
    near, far = point(1, 200, 0.9, mean=0.892, sd=0.0), point(0, 100, 0.9, mean=0.88, sd=0.0)
    assert within_one_standard_error(a_front(far, near, best)).point.trial == 1
    assert within_one_standard_error(BENT).point.trial == 3


def test_every_pick_says_why_in_a_line():
    best = point(2, 300, 0.9, mean=0.90, sd=0.02, seeds=4)
    near = point(1, 200, 0.9, mean=0.892, sd=0.0)
    repeated = a_front(near, best)
    assert pick(repeated, "one-standard-error").reason == (
        "the cheapest within a standard error (1.0 point) of the most accurate, trial 2"
    )
    assert pick(repeated, "accurate").reason == "the most accurate: 90.0 % over further seeds"
    assert pick(BENT, "cheap").reason == "the front's lowest cost in FLOPs"
    assert pick(BENT, "knee").reason == (
        "the best bargain: 75 % of the front's gain in accuracy for 2 % of its span of FLOPs"
    )
    assert pick(STRAIGHT, "knee").reason.startswith("the front has no bend, so the most accurate:")
    assert pick(BENT, "one-standard-error").reason.startswith("without two further seeds")


def test_limits_are_read_and_bad_ones_refused():
    assert limits_of(["forward_flops=2e6", "parameters=40_000"]) == {
        "forward_flops": 2e6,
        "parameters": 40_000,
    }
    with pytest.raises(UsageProblem, match="did you mean 'forward_flops'"):
        limits_of(["foward_flops=1"])
    for text in ("parameters=many", "parameters=-1", "parameters=nan", "parameters"):
        with pytest.raises(UsageProblem, match="parameters"):
            limits_of([text])


def test_the_names_that_the_command_line_knows_are_the_rules():
    assert tuple(PICKS) == NAMES


def test_a_limit_on_another_cost_makes_a_front_of_its_own(store, add_job):
    trials = [
        {"flops": 10, "parameters": 500, "accuracy": 0.9},
        {"flops": 20, "parameters": 100, "accuracy": 0.85},
        {"flops": 30, "parameters": 400, "accuracy": 0.95},
    ]
    job = add_job(store, trials)
    assert [p.trial for p in front(store, job).points] == [0, 2]
    small = front(store, job, {"parameters": 450})
    assert [p.trial for p in small.points] == [1, 2]
    assert pick(small, "cheap").point.trial == 1
    assert "under 450 parameters" in pick(small, "accurate").reason
    with pytest.raises(NothingToExport, match="under 50 parameters has finished"):
        pick(front(store, job, {"parameters": 50}), "knee")
    assert front(store, job, {"latency_ms": 1}).points == ()


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=3, max_size=8, unique=True)
)
def test_the_knee_is_the_farthest_from_the_chord(steps):
    points, cost, accuracy = [], 0, 0.0
    for trial, (dearer, better) in enumerate(steps):
        cost, accuracy = cost + dearer, accuracy + better / 1000
        points.append(point(trial, cost, accuracy))
    found = pick(a_front(*points), "knee").point
    (x0, y0), (x1, y1) = [(p.forward_flops, p.accuracy) for p in (points[0], points[-1])]

    def above(p):
        return (p.accuracy - y0) / (y1 - y0) - (p.forward_flops - x0) / (x1 - x0)

    if max(above(p) for p in points) > 1e-9:
        assert above(found) == pytest.approx(max(above(p) for p in points))
    else:
        assert found.trial == points[-1].trial
