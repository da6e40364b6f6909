from nas.search.baselines import baselines
from search_spaces.architecture import Choice, Placement
from search_spaces.catalogue import refusal
from search_spaces.cost import cost_of
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SHAPE, SPACE


def rules(space):
    space = SearchSpace.from_dict(space)
    return space, baselines(space, SHAPE, lambda a: cost_of(a, SHAPE).forward_flops)


def test_no_attention_on_every_backbone_from_cheap_to_dear():
    space, found = rules(SPACE)
    plain = [b.architecture for b in found if b.label == "none"]
    assert {a.backbone for a in plain} == set(space.backbones)
    assert not any(a.attention for a in plain)
    costs = [cost_of(a, SHAPE).forward_flops for a in plain]
    assert costs == sorted(costs)


def test_rules_lie_in_the_space_where_it_offers_their_type():
    space, found = rules(SPACE)
    assert {b.label for b in found} == {"none", "se everywhere", "cbam everywhere", "se late"}
    assert all(b.architecture in space for b in found)


def test_se_late_stands_in_the_later_half_of_the_stages():
    _, found = rules(SPACE)
    (late,) = [b.architecture for b in found if b.label == "se late"]
    assert [place.stage for place, _ in late.attention] == ["stage2", "stage3"]


def test_a_space_without_the_type_gets_the_papers_choice_with_a_ratio_that_fits():
    space, found = rules(
        {
            "backbone": {"name": "cifar_resnet", "depth": 8, "width": 8},
            "attention": [{"stages": 3, "types": {"none": None, "eca": None}}],
        }
    )
    (everywhere,) = [b.architecture for b in found if b.label == "se everywhere"]
    attention = dict(everywhere.attention)
    assert attention[Placement("stage1", "pre_add")] == Choice.of("se", {"ratio": 8})
    assert attention[Placement("stage3", "pre_add")] == Choice.of("se", {"ratio": 16})
    assert all(
        refusal(c, 8 * 2 ** (int(p.stage[-1]) - 1), 2, 2) is None for p, c in attention.items()
    )
    assert everywhere not in space


def test_rules_stand_on_the_middle_backbone():
    space = {**SPACE, "backbone": {"name": "cifar_resnet", "depth": 8, "width": [2, 4, 8]}}
    _, found = rules(space)
    widths = {b.architecture.backbone.as_dict()["width"] for b in found if b.label != "none"}
    assert widths == {4}


def test_rules_stand_at_a_stages_end_where_nothing_is_added():
    _, found = rules(
        {
            "backbone": {"name": "mobilenet_v3_small"},
            "attention": [{"stages": 2, "types": {"none": None, "eca": None}}],
        }
    )
    (everywhere,) = [b.architecture for b in found if b.label == "se everywhere"]
    assert [str(place) for place, _ in everywhere.attention] == [
        "stage1.stage_end",
        "stage2.pre_add",
        "stage3.pre_add",
        "stage4.pre_add",
    ]
