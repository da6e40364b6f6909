from dataclasses import replace

import pytest

from search_spaces.architecture import Architecture, Placement
from search_spaces.backbones.table import complete_backbone
from search_spaces.catalogue import complete
from tests.nas.search.conftest import new_plan  # noqa: F401  (a fixture)
from workers import protocol


@pytest.fixture
def plan(new_plan):  # noqa: F811
    return new_plan(**{"cost.limits": {"parameters": 1000, "forward_flops": 5e6}})


def test_the_hash_tells_apart_all_that_changes_a_training(plan, monkeypatch):
    architecture, other = plan.space.at(0), plan.space.at(1)
    base = plan.trial_hash(architecture, 0)
    changed = [
        plan.trial_hash(other, 0),
        plan.trial_hash(architecture, 1),
        replace(plan, recipe=replace(plan.recipe, epochs=10)).trial_hash(architecture, 0),
        replace(plan, recipe=replace(plan.recipe, precision="float64")).trial_hash(architecture, 0),
        replace(plan, recipe=replace(plan.recipe, restarts=(1,))).trial_hash(architecture, 0),
        replace(plan, recipe=replace(plan.recipe, restarts=(3,))).trial_hash(architecture, 0),
        replace(plan, data_hash="other").trial_hash(architecture, 0),
        replace(plan, data=replace(plan.data, split_seed=1)).trial_hash(architecture, 0),
        replace(plan, device="cuda").trial_hash(architecture, 0),
    ]
    monkeypatch.setattr("nas.plan.TRAINING_VERSION", protocol.TRAINING_VERSION + 1)
    changed.append(plan.trial_hash(architecture, 0))
    assert base not in changed
    assert len(set(changed)) == len(changed)


def test_a_plan_read_back_keeps_its_restarts(new_plan):  # noqa: F811
    plan = new_plan(**{"recipe.schedule": "annealed"})
    assert plan.recipe.restarts == (1, 3)


def test_the_hash_ignores_where_the_data_lies_and_what_the_search_does(plan):
    architecture = plan.space.at(0)
    moved = replace(plan, data=replace(plan.data, root="/elsewhere", download=True))
    assert moved.trial_hash(architecture, 0) == plan.trial_hash(architecture, 0)
    again = Architecture.from_json(architecture.to_json())
    assert plan.trial_hash(again, 0) == plan.trial_hash(architecture, 0)


def test_the_hash_ignores_how_the_same_model_is_written(plan):
    backbone = complete_backbone("cifar_resnet", {"depth": 8, "width": 8})
    place = Placement("stage1", "pre_add")
    written = [("se", 2), ("se", 4), ("se", 1)]
    hashes = [
        plan.trial_hash(Architecture.of(backbone, {place: complete(kind, {"ratio": ratio})}), 0)
        for kind, ratio in written
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_hash_is_stable_over_versions(plan):
    assert len(plan.trial_hash(plan.space.at(0), 0)) == 32


def test_the_first_limit_that_is_exceeded_is_named(plan):
    assert plan.over_limit({"parameters": 1000, "forward_flops": 5e6}) is None
    assert plan.over_limit({"parameters": None, "forward_flops": 1}) is None
    assert plan.over_limit({"parameters": 1001}) == "parameters 1,001 is over the limit of 1,000"


def test_every_auto_is_resolved_before_it_is_hashed(plan):
    assert "auto" not in {
        plan.recipe.precision,
        plan.recipe.channels_last,
        plan.recipe.augmentation,
    }


def test_the_reference_is_chance_and_the_highest_cost(plan):
    accuracy, cost = plan.reference
    assert accuracy == 0.1
    dearest = max(plan.cost(architecture).forward_flops for architecture in plan.space.enumerate())
    assert cost == dearest
