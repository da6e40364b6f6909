import pytest

from nas.job_file.baselines import RULES, read_baselines
from nas.search.baselines import choose_baselines, refused_own
from nas.search.hand_rules import HAND_RULES, by_the_paper
from search_spaces.architecture import Choice, Placement, TaskShape
from search_spaces.backbones.table import complete_backbone, placement_sites, refused_at
from search_spaces.catalogue import CATALOGUE, refusal
from search_spaces.cost import cost_of
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SHAPE, SPACE

FOUR = ["se late", "se everywhere", "se last 1", "eca everywhere", "cbam everywhere"]


def rules(space, wanted=True, trials=100, limits=None):
    space = SearchSpace.from_dict(space)
    return space, choose_baselines(read_baselines(wanted), space, SHAPE, limits or {}, trials)


def labels(found):
    return list(dict.fromkeys(b.label for b in found.chosen))


def test_the_table_of_rules_is_the_one_that_a_job_file_knows():
    assert list(HAND_RULES) == list(RULES)


def test_no_attention_on_every_backbone_from_cheap_to_dear():
    space, found = rules(SPACE)
    plain = [b.architecture for b in found.chosen if b.label == "none"]
    assert {a.backbone for a in plain} == set(space.backbones)
    assert not any(a.attention for a in plain)
    costs = [cost_of(a, SHAPE).forward_flops for a in plain]
    assert costs == sorted(costs)


def test_every_rule_runs_and_lies_in_the_space_where_it_offers_the_type():
    space, found = rules(SPACE)
    assert labels(found) == ["none", *FOUR]
    assert found.skipped == ()
    assert all(b.architecture in space for b in found.chosen)


def test_se_late_stands_in_the_later_half_of_the_stages_and_last_k_in_the_last():
    _, found = rules(SPACE)
    stages = {b.label: [p.stage for p, _ in b.architecture.attention] for b in found.chosen}
    assert stages["se late"] == ["stage2", "stage3"]
    assert stages["se last 1"] == ["stage3"]
    assert "se last 2" not in stages  # the same architecture as "se late"


def test_a_space_without_se_tries_its_first_type_in_the_last_stages():
    types = {"none": None, "eca": None}
    _, found = rules({**SPACE, "attention": [{"types": types}]})
    assert {"eca last 1", "eca last 2", "se late", "se everywhere"} <= set(labels(found))


def test_a_space_without_the_type_gets_the_papers_choice_with_a_ratio_that_fits():
    space, found = rules(
        {
            "backbone": {"name": "cifar_resnet", "depth": 8, "width": 8},
            "attention": [{"stages": 3, "types": {"none": None, "eca": None}}],
        }
    )
    (everywhere,) = [b.architecture for b in found.chosen if b.label == "se everywhere"]
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
    widths = {b.architecture.backbone.as_dict()["width"] for b in found.chosen if b.label != "none"}
    assert widths == {4}


def test_rules_stand_at_a_stages_end_where_nothing_is_added():
    _, found = rules(
        {
            "backbone": {"name": "mobilenet_v3_small"},
            "attention": [{"stages": 2, "types": {"none": None, "eca": None}}],
        }
    )
    (everywhere,) = [b.architecture for b in found.chosen if b.label == "se everywhere"]
    assert [str(place) for place, _ in everywhere.attention] == [
        "stage1.stage_end",
        "stage2.pre_add",
        "stage3.pre_add",
        "stage4.pre_add",
    ]


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_type_of_the_catalogue_stands_somewhere_as_in_its_paper(kind):
    sites = placement_sites(
        complete_backbone("cifar_resnet", {"depth": 8, "width": 16}), TaskShape(3, 32, 32, 10)
    )
    stages = ["stage3", "stem", "backbone"]
    tried = [pair for stage in stages for pair in by_the_paper(kind, stage)]
    assert any(refused_at(choice, sites[place], place.position) is None for place, choice in tried)


@pytest.mark.parametrize("name", ["cifar_small", "context", "everything"])
def test_each_type_of_a_ready_space_runs_everywhere(name):
    space = SearchSpace.from_dict(ready_space(name))
    assert name in ready_names()
    found = choose_baselines(read_baselines(True), space, TaskShape(3, 32, 32, 10), {}, 500)
    kinds = {offer.name for slot in space.slots for offer in slot.offers} - {"none"}
    assert {f"{kind} everywhere" for kind in kinds} <= set(labels(found))


def test_a_small_budget_keeps_the_first_by_priority_and_says_what_it_left_out():
    _, found = rules(SPACE, trials=13)
    assert [b.label for b in found.chosen] == ["none", "none", "se late", "se everywhere"]
    assert [label for label, _ in found.skipped] == [
        "se last 1",
        "eca everywhere",
        "cbam everywhere",
    ]
    assert {reason for _, reason in found.skipped} == {
        "baselines take at most a third of search.trials, here 4 of 13"
    }


def test_of_too_many_plain_backbones_those_remain_that_span_the_costs():
    space = {**SPACE, "backbone": {"name": "cifar_resnet", "depth": 8, "width": [2, 4, 6, 8, 12]}}
    _, found = rules(space, trials=9)
    assert [b.architecture.backbone.as_dict()["width"] for b in found.chosen] == [2, 6, 12]
    assert [label for label, _ in found.skipped[:2]] == ["none (width 4)", "none (width 8)"]
    assert len({label for label, _ in found.skipped}) == len(found.skipped)


def test_rules_asked_for_by_name_are_not_cut():
    _, found = rules(SPACE, ["se late", "each everywhere"], trials=6)
    assert labels(found) == ["se late", "se everywhere", "eca everywhere", "cbam everywhere"]
    assert rules(SPACE, False)[1].chosen == ()


def test_what_is_over_a_limit_or_does_not_fit_is_skipped_with_the_reason():
    _, found = rules(SPACE, limits={"parameters": 5_500})
    assert {b.architecture.backbone.as_dict()["width"] for b in found.chosen} == {4}
    reasons = dict(found.skipped)
    assert reasons["none (width 8)"].endswith("is over the limit of 5,500")
    assert "se everywhere" in reasons
    assert "se last 1" in labels(found)
    wide = {**SPACE, "attention": [{"stages": 3, "types": {"none": None, "non_local": None}}]}
    space = SearchSpace.from_dict(wide)
    found = choose_baselines(read_baselines(True), space, TaskShape(3, 512, 512, 10), {}, 100)
    assert "more than" in dict(found.skipped)["non_local everywhere"]


OWN = {
    "own": {
        "end": {"attention": {"stage3.pre_add": "eca"}},
        "wide": {
            "backbone": {"width": 8},
            "attention": {"stage1.pre_add": {"type": "se", "ratio": 2}},
        },
    }
}


def test_the_users_own_run_whatever_the_budget_on_the_middle_backbone_or_their_own():
    _, found = rules(SPACE, OWN, trials=6)
    own = {b.label: b.architecture for b in found.chosen if b.label in ("end", "wide")}
    assert own["end"].backbone.as_dict()["width"] == 4
    assert own["wide"].backbone.as_dict()["width"] == 8
    assert dict(own["wide"].attention)[Placement("stage1", "pre_add")] == Choice.of(
        "se", {"ratio": 2}
    )
    assert rules(SPACE, {"rules": False, **OWN})[1].chosen[0].label == "end"


def test_the_users_own_that_does_not_fit_these_images_is_refused_with_its_place():
    wanted = {"own": {"mine": {"attention": {"stage1.pre_add": {"type": "se", "ratio": 64}}}}}
    space = SearchSpace.from_dict(SPACE)
    (error,) = refused_own(read_baselines(wanted), space, SHAPE, {})
    assert error.path == ("mine", "attention", "stage1.pre_add")
    assert "64" in str(error)
    assert refused_own(read_baselines(OWN), space, SHAPE, {}) == []


def test_a_rule_that_builds_the_model_of_an_earlier_one_is_not_trained_again():
    space = {**SPACE, "attention": [{"types": {"none": None, "se": {"ratio": 16}}}]}
    same = {"own": {"mine": {"attention": {"stage1.pre_add": {"type": "se", "ratio": 32}}}}}
    for i in (2, 3):
        same["own"]["mine"]["attention"][f"stage{i}.pre_add"] = {"type": "se", "ratio": 32}
    _, found = rules(space, {"rules": ["se everywhere"], **same})
    assert (labels(found), found.skipped) == (["se everywhere"], ())  # both are of the least width
