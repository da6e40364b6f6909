import pytest

from nas.analysis.comparisons import Comparison
from nas.analysis.even_cost import EvenCost
from nas.analysis.front import Point
from nas.analysis.names import Names
from nas.analysis.noise import Difference
from nas.analysis.sentences import name, neighbour_sentence, sentences

NAMES = Names()
SE = {"stage3.pre_add": {"type": "se", "ratio": 4}}


def point(trial, flops, width=8, attention=None, label=""):
    return Point(
        trial=trial,
        kind="baseline" if label else "search",
        label=label,
        accuracy=0.9,
        parameters=flops,
        forward_flops=flops,
        latency_ms=None,
        architecture={
            "backbone": {"name": "cifar_resnet", "width": width},
            "attention": attention or {},
        },
    )


NARROW, PLAIN, WIDE = (
    point(trial, flops, width, label="none")
    for trial, flops, width in ((0, 50, 4), (1, 100, 8), (2, 400, 16))
)
EVERYWHERE = point(3, 110, attention=SE, label="se everywhere")
PLACED = point(9, 103, attention=SE)


def duel(against, mean, adjusted=0.001, trial=PLACED, neighbours=False):
    return Comparison(
        trial,
        against,
        Difference(mean, mean - 0.01, mean + 0.01, adjusted, 3),
        {"forward_flops": trial.forward_flops / against.forward_flops - 1},
        trial.architecture["backbone"] == against.architecture["backbone"],
        against.forward_flops <= trial.forward_flops,
        neighbours,
        adjusted,
    )


def told(*made, baselines=(NARROW, PLAIN, WIDE, EVERYWHERE)):
    front = [NARROW, PLAIN, PLACED, WIDE]
    return sentences(front, list(baselines), list(made), "forward_flops", NAMES)


def test_names():
    assert name(PLACED, NAMES) == "trial 9 (se in stage3)"
    assert name(EVERYWHERE, NAMES) == "trial 3 (se everywhere)"
    assert name(WIDE, NAMES) == "trial 2 (no attention, width 16)"


def test_a_win_over_the_same_backbone_then_what_else_the_cost_buys_then_the_rules():
    first, *rest = told(
        duel(NARROW, 0.06), duel(PLAIN, 0.018), duel(WIDE, -0.01), duel(EVERYWHERE, 0.014)
    )
    assert first == (
        "Trial 9 (se in stage3) beats the same backbone without attention by 1.8 points "
        "(0.8 to 2.8) at 3 % more FLOPs."
    )
    assert rest == [
        "Widening the backbone instead, trial 2 (no attention, width 16), costs "
        "288 % more FLOPs and is 1.0 point more accurate.",
        "It beats the rule 'se everywhere' by 1.4 points.",
    ]


def test_where_no_placement_beats_the_best_rule_that_comes_first():
    first, second, *_, last = told(
        duel(NARROW, 0.06), duel(PLAIN, 0.018), duel(EVERYWHERE, 0.004, 0.4)
    )
    assert first == (
        "On this budget no placement beats the rule 'se everywhere'; the cheapest that equals it "
        "within the noise is trial 9 (se in stage3), at 6.4 % less FLOPs."
    )
    assert second.startswith("Trial 9 (se in stage3) beats the same backbone without attention")
    assert last == "It is not separable from the rule 'se everywhere'."
    first, *_ = told(duel(PLAIN, 0.018), duel(EVERYWHERE, -0.02))
    assert first == (
        "On this budget no placement beats the rule 'se everywhere'; those of the search are less "
        "accurate."
    )


def test_to_beat_a_rule_at_a_higher_cost_on_another_backbone_is_not_to_beat_it():
    dear = point(8, 500, width=16, attention=SE)
    duels = [duel(PLAIN, 0.018, trial=dear), duel(EVERYWHERE, 0.03, trial=dear)]
    assert told(*duels)[0].startswith("On this budget no placement beats the rule")
    same = [duel(PLAIN, 0.018), duel(EVERYWHERE, 0.03)]
    assert told(*same)[0].startswith("Trial 9 (se in stage3) beats the same backbone")


@pytest.mark.parametrize(
    "mean, adjusted, end",
    [
        (0.012, 0.001, "1.2 points (0.2 to 2.2) less accurate: attention buys more for its cost."),
        (
            -0.012,
            0.001,
            "1.2 points more accurate: widening the backbone buys more for the same cost.",
        ),
        (
            0.002,
            0.5,
            "as accurate within the noise: attention's gain over it is +0.2 points (−0.8 to 1.2).",
        ),
    ],
)
def test_what_the_same_cost_buys_in_plain_backbones_is_told(mean, adjusted, end):
    seen = Difference(mean, mean - 0.01, mean + 0.01, adjusted, 3)
    even = EvenCost(PLACED, PLAIN, WIDE, 0.02, seen, adjusted)
    front = [NARROW, PLAIN, PLACED, WIDE]
    made = [duel(NARROW, 0.06), duel(PLAIN, 0.018)]
    found = sentences(front, [NARROW, PLAIN, WIDE], made, "forward_flops", NAMES, [even])
    (line,) = [sentence for sentence in found if sentence.startswith("For exactly its cost")]
    assert line == (
        "For exactly its cost, a plain backbone between trial 1 (no attention, width 8) and "
        f"trial 2 (no attention, width 16) would be {end}"
    )


def test_losing_to_a_cheaper_plain_backbone_is_no_win_whatever_its_own_does():
    first, second, third = told(duel(NARROW, -0.02), duel(PLAIN, 0.018))
    assert first == (
        "On this budget no placement beats no attention at equal or lower cost; "
        "plain backbones are more accurate."
    )
    assert "against trial 0 (no attention, width 4)" in second
    assert third == (
        "Changing the backbone buys more for the same cost: trial 0 (no attention, width 4) is "
        "2.0 points more accurate than trial 9 (se in stage3) at 51 % less FLOPs."
    )


def test_where_attention_loses_to_a_larger_plain_backbone_widening_is_named():
    *_, last = told(duel(PLAIN, 0.018, 0.2), duel(WIDE, -0.04))
    assert last == (
        "Widening the backbone instead, trial 2 (no attention, width 16), costs 288 % more FLOPs "
        "and is 4.0 points more accurate."
    )


def test_where_widening_can_not_be_told_apart_either_it_says_so():
    *_, last = told(duel(PLAIN, 0.018, 0.2), duel(WIDE, -0.04, 0.3))
    assert last.endswith("costs 288 % more FLOPs and is not separably better.")


def test_rules_are_compared_from_either_side():
    other = point(4, 105, attention=SE, label="se late")
    front = [PLAIN, other, EVERYWHERE]
    made = [
        duel(PLAIN, 0.01, 0.2, trial=EVERYWHERE),
        duel(PLAIN, 0.03, trial=other),
        duel(other, -0.02, trial=EVERYWHERE),
    ]
    found = sentences(front, front, made, "forward_flops", NAMES)
    assert found[0].startswith("Trial 4 (se late) beats the same backbone")
    assert "It beats the rule 'se everywhere' by 2.0 points." in found


def test_what_is_not_separable_is_no_win():
    first, second = told(duel(NARROW, 0.06), duel(PLAIN, 0.018, 0.2))
    assert first.endswith("their differences are within the noise.")
    assert second == (
        "The closest is trial 9 (se in stage3): +1.8 points (0.8 to 2.8) against the same "
        "backbone without attention at 3 % more FLOPs, not separable."
    )


def test_without_its_own_backbone_the_best_plain_one_is_named():
    first, *_ = told(duel(NARROW, 0.06))
    assert first == (
        "Trial 9 (se in stage3) beats every plain backbone of equal or lower cost, trial 0 (no "
        "attention, width 4) the best of them, by 6.0 points (5.0 to 7.0) at 106 % more FLOPs."
    )


def test_a_closer_cheaper_backbone_is_named_too():
    _, second, *_ = told(duel(NARROW, 0.012), duel(PLAIN, 0.018))
    assert second.startswith("At equal or lower cost, the best plain backbone is trial 0")


def test_nothing_to_compare_with():
    assert "can't be said" in told(baselines=[EVERYWHERE])[0]
    assert told()[0].startswith("Nothing plain of equal or lower cost has finished")
    assert told(duel(PLAIN, 0.5, None))[0].startswith("Nothing can be told apart")


def test_neighbours():
    near, far = duel(PLAIN, 0.02, 0.001, neighbours=True), duel(WIDE, 0.02, 0.5, neighbours=True)
    assert neighbour_sentence([]) == ""
    assert neighbour_sentence([near, far]).startswith("1 of 2 neighbouring pairs on the front is")
    assert neighbour_sentence([near, near]).startswith("All neighbouring")
    assert neighbour_sentence([far, far]).startswith("None of the front's 2 neighbouring pairs")
    assert neighbour_sentence([far]) == "The front's two points are not separable in accuracy."
    assert neighbour_sentence([near]) == "The front's two points are separable in accuracy."
