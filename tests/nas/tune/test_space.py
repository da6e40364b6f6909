import json
import random
import sys
from subprocess import run

import pytest
from ray.tune.search.sample import Categorical
from ray.tune.search.variant_generator import generate_variants

from nas.errors import NotFound
from nas.tune import ExactCost, architecture_of, build_of, space_of
from search_spaces.architecture import TaskShape
from search_spaces.cost import cost_of, measure
from search_spaces.errors import SpaceError, SpaceErrors
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace


def test_a_choice_for_each_parameter_and_the_space_as_json(param_space, section):
    space = SearchSpace.from_dict(section)
    assert SearchSpace.from_dict(json.loads(param_space.pop("space"))) == space
    assert {key: domain.categories for key, domain in param_space.items()} == {
        p.name: list(p.values) for p in space.parameters()
    }
    assert all(isinstance(domain, Categorical) for domain in param_space.values())


def test_a_job_file_a_ready_space_a_section_and_a_space_are_taken_alike(tmp_path):
    section = ready_space("cifar_small")
    job = tmp_path / "job.yaml"
    job.write_text("name: a\ndata: {name: digits}\nspace: cifar_small\nsearch: {trials: 4}\n")
    texts = {
        space_of(source)["space"]
        for source in ("cifar_small", section, SearchSpace.from_dict(section), job, str(job))
    }
    assert len(texts) == 1


@pytest.mark.parametrize("name", ready_names())
def test_every_architecture_survives_the_way_through_a_config(name):
    space = SearchSpace.from_dict(ready_space(name))
    rng = random.Random(0)
    fixed = {"space": space_of(space)["space"], "lr": 0.1}
    for architecture in (space.sample_uniform(rng) for _ in range(20)):
        config = json.loads(json.dumps({**fixed, **space.params_of(architecture)}))
        assert architecture_of(config) == architecture


def test_tunes_own_sampler_draws_too_much_and_is_read_all_the_same(param_space, shape):
    for _ in range(10):
        _, config = next(generate_variants(param_space))
        architecture = architecture_of(config)
        assert architecture in SearchSpace.from_dict(json.loads(config["space"]))
        model = build_of(config, shape)
        assert ExactCost(shape, "parameters")(config) == measure(model, shape).parameters
        cost = cost_of(architecture, shape)
        assert ExactCost(shape)(config) == cost.forward_flops
        assert ExactCost(shape).features(config)[2] == len(architecture.attention)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": None}, "the config has no 'space' from nas.tune.space_of"),
        ({"backbone.width": None}, "the config lacks backbone.width .*; allowed: 4, 8"),
        ({"backbone.width": 5}, "backbone.width is 5; allowed: 4, 8"),
    ],
)
def test_a_config_that_makes_no_architecture_is_refused(param_space, change, message):
    _, config = next(generate_variants(param_space))
    with pytest.raises(SpaceError, match=message):
        architecture_of(config | change)


def test_what_cannot_be_a_space_is_refused(section):
    with pytest.raises(NotFound, match=r"no ready space or job file 'cifar_smal'.*cifar_small"):
        space_of("cifar_smal")
    with pytest.raises(SpaceErrors, match="ratio 4 is larger"):
        space_of(
            section | {"backbone": {"name": "cifar_resnet", "width": 1}}, TaskShape(1, 8, 8, 2)
        )
    with pytest.raises(
        ValueError, match=r"objective is 'flops'.*; allowed: forward_flops, parameters"
    ):
        ExactCost(TaskShape(1, 8, 8, 10), "flops")


def test_a_trial_needs_neither_optuna_nor_the_sampler():
    code = "import sys; from nas.tune import build_of; print('optuna' in sys.modules)"
    answer = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
