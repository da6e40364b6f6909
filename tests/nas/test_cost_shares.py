import pytest

from nas.cost_shares import cost_shares
from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.cost import cost_of
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SHAPE, SPACE, record


def test_shares_are_those_of_the_counted_costs():
    space = SearchSpace.from_dict(SPACE)
    place = Placement("stage2", "pre_add")
    seen = []
    for backbone in space.backbones:
        plain = cost_of(Architecture.of(backbone, {}), SHAPE).parameters
        for ratio in (2, 4):
            built = Architecture.of(backbone, {place: Choice.of("se", {"ratio": ratio})})
            seen.append(cost_of(built, SHAPE).parameters / plain - 1)
    found = cost_shares(space, SHAPE)["stage2.pre_add"]["se"]["parameters"]
    assert found == pytest.approx([sum(seen) / len(seen), min(seen), max(seen)])


def test_choices_of_baselines_outside_of_the_space_count_too():
    space = SearchSpace.from_dict(SPACE)
    place = Placement("stage1", "stage_end")
    rule = Architecture.of(
        space.backbones[0], {place: Choice.of("simam", {"regularization": 1e-4})}
    )
    assert "stage1.stage_end" not in cost_shares(space, SHAPE)
    found = cost_shares(space, SHAPE, [rule])["stage1.stage_end"]["simam"]
    assert found["forward_flops"] == [0, 0, 0]


def test_a_job_keeps_them(store):
    job = record(store)
    kept = store.jobs.cost_shares(job.id)
    assert kept["stage1.pre_add"]["se"]["parameters"][0] > 0
    assert "cost_shares" not in job.details
