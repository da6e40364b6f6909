import math
import random

import pytest

from nas.analysis.comparisons import Evidence
from nas.analysis.even_cost import at_even_cost
from nas.analysis.front import comparable, front_of, point_of, repeats_of
from nas.analysis.verdict import verdict

SD = 0.003


def trials(rng, attention):
    """Widths 4, 8, 16 on a line of 2 points for each fourfold cost, and SE at twice that of 8."""

    def again(level):
        return [(s, level + rng.gauss(0, SD), level + rng.gauss(0, SD)) for s in (1, 2, 3, 4)]

    plain = [
        {
            "label": "none",
            "width": w,
            "flops": 10_000 * w**2,
            "accuracy": level,
            "repeats": again(level),
        }
        for w, level in ((4, 0.88), (8, 0.90), (16, 0.92))
    ]
    placed = {
        "width": 8,
        "attention": "stage3:se",
        "flops": 2 * 640_000,
        "accuracy": 0.915,
        "repeats": again(0.91 + attention),
    }
    return [*plain, placed]


@pytest.fixture
def even(store, add_job):
    def find(entries):
        job = add_job(store, entries)
        rows = store.trials.list(job.id)
        repeats = repeats_of(rows)
        rules = [point_of(t, repeats) for t in comparable(job, rows) if t.kind == "baseline"]
        front = front_of(job, rows).points
        return at_even_cost(front, rules, Evidence.of(repeats), "forward_flops")

    return find


def test_the_line_is_taken_at_the_very_same_cost(even):
    (found,) = even(trials(random.Random(0), attention=0.02))
    assert (found.trial.trial, found.below.trial, found.above.trial) == (3, 1, 2)
    assert found.share == pytest.approx(math.log(2) / math.log(4))
    # Half-way between 90 and 92 is 91: what attention is worth is left.
    assert found.difference.low < 0.02 < found.difference.high
    assert found.difference.mean == pytest.approx(0.02, abs=3 * SD)


def test_a_gain_that_widening_has_too_is_no_gain(store, add_job):
    found = verdict(store, add_job(store, trials(random.Random(1), attention=0.0)))
    (even,) = found.even
    assert not even.separable
    against = {c.against.trial: c for c in found.comparisons if c.trial.trial == 3}
    assert against[1].better  # its own backbone without attention, at half the cost
    assert any("as accurate within the noise" in sentence for sentence in found.sentences)
    assert found.to_dict()["even_cost"][0]["trial"] == 3


def test_without_repeats_or_a_larger_plain_backbone_there_is_nothing_to_say(even):
    rows = trials(random.Random(2), attention=0.02)
    assert even([*rows[:2], rows[3]]) == []


def test_single_runs_say_nothing(even):
    rows = trials(random.Random(2), attention=0.02)
    for row in rows:
        del row["repeats"]
    assert even(rows) == []


def test_intervals_hold_the_truth(store, add_job):
    """Of 40 studies, 38 should; attention is worth a point more than the line at its cost."""
    from tests.nas.analysis.test_verdict import redrawn

    job = add_job(store, trials(random.Random(3), attention=0.01))
    rows, rng, held = store.trials.list(job.id), random.Random(4), 0
    for _ in range(40):
        again = redrawn(rows, rng, {0: -0.02, 2: 0.02, 3: 0.02})
        repeats = repeats_of(again)
        rules = [point_of(t, repeats) for t in comparable(job, again) if t.kind == "baseline"]
        front = [point_of(t, repeats) for t in again if t.number == 3]
        (found,) = at_even_cost(front, rules, Evidence.of(repeats), "forward_flops")
        held += found.difference.low <= 0.01 <= found.difference.high
    assert held >= 34
