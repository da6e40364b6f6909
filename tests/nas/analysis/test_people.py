import pytest

from nas.analysis import people


def test_accuracy_in_percent_with_its_interval():
    assert people.accuracy(0.9634) == "96.3"
    assert people.accuracy(None) == ""
    assert people.accuracy_range(0.963, 0.958, 0.969) == "96.3 (95.8–96.9)"
    assert people.accuracy_range(0.99, 0.97, 1.01) == "99.0 (97.0–100.0)"
    assert people.accuracy_range(0.99, None, None) == "99.0"
    assert people.accuracy_range(None, None, None) == ""


def test_differences_in_points():
    assert people.points(0.018) == "1.8 points"
    assert people.points(0.01) == "1.0 point"
    assert people.points(-0.00001) == "0.0 points"
    assert people.difference_range(0.018, 0.009, 0.027) == "+1.8 (+0.9 to +2.7)"
    assert people.difference_range(0.006, -0.003, 0.015) == "+0.6 (−0.3 to +1.5)"
    assert people.difference_range(-0.006, None, None) == "−0.6"


@pytest.mark.parametrize(
    "share, words",
    [
        (0.03, "3 % more"),
        (-0.2, "20 % less"),
        (0.0031, "0.3 % more"),
        (2.99, "299 % more"),
        (0.0, "no more"),
    ],
)
def test_how_much_more(share, words):
    assert people.change(share) == words


def test_signed_shares():
    assert people.signed_share(0.03) == "+3.0 %"
    assert people.signed_share(-0.75) == "−75.0 %"
    assert people.signed_share(-0.0001) == "0.0 %"
    assert people.signed_share(None) == ""


def test_costs_in_the_units_of_people():
    assert people.cost("forward_flops", 4_040_000) == "4.04"
    assert people.cost("forward_flops", 8_178_000_000) == "8,178"
    assert people.cost("parameters", 77_860) == "77.9"
    assert people.cost("latency_ms", 1.234) == "1.23"
    assert people.cost("latency_ms", None) == ""


def test_architectures_in_words():
    built = {
        "backbone": {"name": "cifar_resnet", "width": 16, "depth": 8},
        "attention": {
            "stage1.stage_end": {"type": "bam", "ratio": 4},
            "stage3.pre_add": {"type": "cbam", "ratio": 4},
        },
    }
    assert people.attention_words(built) == "bam in stage1 (stage_end), cbam in stage3"
    assert people.backbone_words(built) == "depth 8, width 16"
    assert people.backbone_words(built, {"width"}) == "width 16"
    assert people.backbone_words(built, set()) == ""
    assert people.attention_words(built, {("cbam", "ratio")}).endswith("cbam (ratio 4) in stage3")
    plain = {"backbone": {"name": "resnet18"}, "attention": {}}
    assert people.attention_words(plain) == "no attention"
    assert people.backbone_words(plain) == "resnet18"


def test_stages_with_the_same_attention_are_named_together():
    se = {"type": "se", "ratio": 4}
    built = {"attention": {f"stage{stage}.pre_add": se for stage in (1, 2, 4)}}
    assert people.attention_words(built) == "se in stage1+2+4"
    assert people.attention_words({"attention": {"stem.stem_end": se}}) == "se in stem (stem_end)"


def test_attention_behind_a_module_is_named_by_its_path():
    se, eca = {"type": "se"}, {"type": "eca"}
    built = {"attention": {"features.1.output": eca, "layers.0.1.output": se}}
    assert people.attention_words(built) == "eca in features.1, se in layers.0.1"
