import pytest

from nas.analysis.blocks import blocks, hidden
from nas.analysis.verdict import verdict


def again(value):
    """Three repeats around it, in an order of its own."""
    around = (-0.001, 0.0, 0.001)
    first = round(100 * value) % 3
    return [(seed, value + around[(first * seed) % 3], None) for seed in (1, 2, 3)]


@pytest.fixture
def found(store, add_job):
    rule = {"label": "se everywhere", "width": 8, "attention": "stage1:se stage3:se"}
    late = {"label": "se late", "width": 8, "attention": "stage3:se"}
    entries = [
        {"label": "none", "width": 4, "flops": 500, "accuracy": 0.80, "repeats": again(0.80)},
        {"label": "none", "width": 8, "flops": 1000, "accuracy": 0.90, "repeats": again(0.90)},
        rule | {"flops": 1020, "accuracy": 0.92, "repeats": again(0.92)},
        late | {"flops": 1010, "accuracy": 0.91, "repeats": again(0.91)},
        {"label": "none", "width": 16, "flops": 4000, "accuracy": 0.70, "repeats": again(0.70)},
    ]
    return verdict(store, add_job(store, entries))


def test_one_block_a_point_of_the_front_with_what_matters(found):
    plain, _, late, everywhere = blocks(found)
    assert plain.heading.startswith("trial 0: no attention, width 4 · 80.0 (")
    assert plain.rows == ()
    assert [row[0] for row in late.rows] == [
        "1: same backbone without attention",
        "2: se everywhere, width 8 (rule)",
    ]
    assert everywhere.heading.startswith("trial 2: se everywhere, width 8 · ")


def test_two_rules_on_the_front_are_compared_from_both_sides(found):
    *_, late, everywhere = blocks(found)
    there = next(row for row in late.rows if row[0].startswith("2:"))
    back = next(row for row in everywhere.rows if row[0].startswith("3:"))
    assert there[1].startswith("−1.0 (")
    assert back[1].startswith("+1.0 (")
    assert there[3] == back[3]


def pairs_in(made):
    return {
        frozenset((int(block.heading.split()[1][:-1]), int(row[0].split(":")[0])))
        for block in made
        for row in block.rows
    }


def test_all_comparisons_are_shown_on_demand(found):
    made = {frozenset((c.trial.trial, c.against.trial)) for c in found.comparisons}
    assert pairs_in(blocks(found, every=True)) == made
    assert hidden(found) == len(made - pairs_in(blocks(found))) > 0
