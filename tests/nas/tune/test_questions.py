import json
import random

import pytest
from ray import tune

from nas.tune import space_of
from nas.tune.questions import Questions
from search_spaces.architecture import Architecture
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace


@pytest.mark.parametrize("name", ready_names())
def test_the_same_is_asked_as_in_a_walk(name):
    space = SearchSpace.from_dict(ready_space(name))
    questions = Questions.of(space_of(space))
    assert questions.parameters == space.parameters()
    rng = random.Random(1)
    for architecture in (space.sample_uniform(rng) for _ in range(20)):
        answers = space.params_of(architecture)
        assert questions.ask(lambda name, values, a=answers: a[name]) == answers
        assert questions.params_of(architecture) == answers


def test_a_suggestion_has_every_key_and_nothing_else(param_space):
    questions = Questions.of({**param_space, "lr": tune.choice([0.1]), "seed": 3})
    params = questions.ask(lambda name, values: values[0])
    suggestion = questions.suggestion(params)
    assert suggestion["stage2.type"] == "none"
    assert suggestion["stage2.se.ratio"] is None
    assert suggestion["lr"] == 0.1
    assert suggestion.keys() == {*param_space, "lr"} - {"space"}
    assert questions.config(params) == {**suggestion, "seed": 3, "space": param_space["space"]}


def test_what_is_fixed_beside_the_space_is_not_asked(param_space):
    fixed = {"backbone.width": 8, "stage2.type": "se", "stage3.type": tune.choice(["none", "eca"])}
    questions = Questions.of({**param_space, **fixed, "optimizer": tune.choice(["sgd", "adam"])})
    assert [(p.name, p.values, p.conditions) for p in questions.parameters] == [
        ("backbone.depth", (8, 14), ()),
        ("stage2.se.ratio", (2, 4), ()),
        ("stage3.type", ("none", "eca"), ()),
        ("stage3.se.ratio", (2, 4), (("stage3.type", ("se",)),)),
        ("optimizer", ("sgd", "adam"), ()),
    ]


def test_points_are_architectures_or_configs_in_the_space(param_space, section):
    questions = Questions.of(param_space)
    space = SearchSpace.from_dict(section)
    plain = Architecture.of(space.backbones[0], {}, space.start)
    params = questions.params_of(plain)
    assert params == {
        "backbone.depth": 8,
        "backbone.width": 4,
        "stage2.type": "none",
        "stage3.type": "none",
    }
    assert questions.params_of(json.loads(json.dumps(questions.config(params)))) == params


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"backbone.depth": 8}, "backbone.width is missing; allowed: 4, 8"),
        ({"backbone.depht": 8}, "unknown parameter 'backbone.depht' .*backbone.depth"),
        ({"backbone.depth": 20}, "backbone.depth is 20; allowed: 8, 14"),
    ],
)
def test_a_point_outside_is_refused(param_space, point, message):
    with pytest.raises(ValueError, match=message):
        Questions.of(param_space).params_of(point)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"lr": tune.uniform(0, 1)}, "lr is a domain of type Float; .*tune.choice"),
        ({"lr": tune.grid_search([1, 2])}, "lr is a grid search; .*tune.choice"),
        ({"opt": {"lr": tune.choice([1, 2])}}, "opt.lr inside of opt; .*top level"),
        ({"lr": tune.choice([[1], 2])}, r"lr has the value \[1\]; allowed: text and numbers"),
    ],
)
def test_other_domains_are_refused(param_space, extra, message):
    with pytest.raises(ValueError, match=message):
        Questions.of({**param_space, **extra})


def test_a_space_without_a_choice_is_refused():
    with pytest.raises(ValueError, match="leaves nothing to choose"):
        Questions.of({"lr": 0.1})
