import pytest

from nas.analysis.comparisons import Evidence, comparisons, corrected, seen_from
from nas.analysis.front import comparable, front_of, point_of, repeats_of


@pytest.fixture
def made(store, add_job):
    """``made(entries)``: the comparisons of a job with these trials."""

    def compare(entries):
        job = add_job(store, entries)
        rows = store.trials.list(job.id)
        repeats = repeats_of(rows)
        rules = [point_of(t, repeats) for t in comparable(job, rows) if t.kind == "baseline"]
        made = comparisons(front_of(job, rows).points, rules, Evidence.of(repeats), "forward_flops")
        return corrected(made)[0]

    return compare


def again(*values):
    return [(seed, value, None) for seed, value in enumerate(values, start=1)]


def pairs(found):
    return [(c.trial.trial, c.against.trial, c.neighbours) for c in found]


def test_members_are_compared_with_every_baseline_and_with_their_neighbours(made):
    # Front: 0, 3, 1, 4. Baselines: 0, 1, 2.
    assert pairs(made(None)) == [
        (3, 0, True),
        (3, 1, True),
        (3, 2, False),
        (4, 0, False),
        (4, 1, True),
        (4, 2, False),
    ]


def test_costs_are_shares_of_the_other_and_backbones_are_told_apart(made):
    first, second, *_ = made(None)
    assert first.cost["forward_flops"] == pytest.approx(0.05)
    assert first.cost["latency_ms"] is None
    assert (first.same_backbone, first.affordable) == (True, True)
    assert (second.same_backbone, second.affordable) == (False, False)


def test_differences_are_of_the_further_seeds(made):
    (found,) = made(
        [
            {"label": "none", "flops": 10, "accuracy": 0.1, "repeats": again(0.80, 0.81, 0.80)},
            {"flops": 20, "accuracy": 0.9, "repeats": again(0.83, 0.84, 0.84)},
        ]
    )
    assert found.accuracy.mean == pytest.approx(0.1 / 3)
    assert found.better
    assert (found.why_not, found.adjusted) == ("", found.accuracy.probability)


def test_without_repeats_nothing_is_separable_however_large(made):
    (found,) = made(
        [
            {"label": "none", "flops": 10, "accuracy": 0.1},
            {"flops": 20, "accuracy": 0.9},
        ]
    )
    assert not found.separable
    assert found.why_not == "one run each"
    assert found.accuracy.mean == pytest.approx(0.8)


def test_more_comparisons_ask_for_more(made):
    found = made(
        [
            {"label": "none", "flops": 10, "accuracy": 0.80, "repeats": again(0.80, 0.81, 0.80)},
            {"label": "rule", "flops": 11, "accuracy": 0.70, "repeats": again(0.80, 0.80, 0.81)},
            {"flops": 20, "accuracy": 0.9, "repeats": again(0.83, 0.84, 0.84)},
        ]
    )
    assert len(found) == 2
    lowest = min(c.accuracy.probability for c in found)
    assert min(c.adjusted for c in found) == pytest.approx(2 * lowest)


def test_it_is_json(made):
    for found in made(None):
        assert found.to_dict()["why_not"] == "one run each"


def test_seen_from_the_other_point_everything_turns(made):
    found = made(
        [
            {"label": "none", "flops": 10, "accuracy": 0.1, "repeats": again(0.80, 0.81, 0.80)},
            {"flops": 20, "accuracy": 0.9, "repeats": again(0.83, 0.84, 0.84)},
        ]
    )
    (seen,) = seen_from(found[0].against, found, "forward_flops")
    assert (seen.trial, seen.against) == (found[0].against, found[0].trial)
    assert seen.accuracy.mean == -found[0].accuracy.mean
    assert (seen.accuracy.low, seen.accuracy.high) == (
        -found[0].accuracy.high,
        -found[0].accuracy.low,
    )
    assert (seen.affordable, seen.worse) == (False, True)
    assert seen.cost["forward_flops"] == pytest.approx(-0.5)
    assert seen.turned("forward_flops") == found[0]
    assert seen_from(found[0].trial, found, "forward_flops") == found
