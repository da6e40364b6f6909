from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim import SGD, AdamW

from workers.optimizer import build_optimizer, learning_rate, set_learning_rate
from workers.recipe import Recipe


@given(st.integers(1, 500), st.floats(0, 1))
def test_one_cycle_rises_to_the_peak_once_and_falls(steps, warmup):
    recipe = Recipe(learning_rate=0.3, warmup=warmup)
    rates = [learning_rate(step, steps, recipe) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.3)
    assert all(0 < rate <= 0.3 + 1e-12 for rate in rates)
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a > b for a, b in pairwise(rates[top:]))


def test_the_peak_is_where_the_recipe_says():
    recipe = Recipe(warmup=0.25)
    rates = [learning_rate(step, 100, recipe) for step in range(100)]
    assert rates.index(max(rates)) == 24
    assert rates[-1] == pytest.approx(recipe.learning_rate / 76)


@given(st.lists(st.integers(1, 7), unique=True, max_size=3), st.integers(4, 30))
def test_a_restart_begins_the_schedule_anew_and_every_cycle_is_a_whole_one(restarts, an_epoch):
    recipe = Recipe(epochs=8, restarts=tuple(sorted(restarts)))
    rates = [learning_rate(step, 8 * an_epoch, recipe) for step in range(8 * an_epoch)]
    for begin, end in pairwise([0, *recipe.restarts, 8]):
        steps = (end - begin) * an_epoch
        alone = [learning_rate(step, steps, Recipe(epochs=end - begin)) for step in range(steps)]
        assert rates[begin * an_epoch : end * an_epoch] == alone


def test_a_restart_past_the_end_changes_nothing():
    rates = [[learning_rate(s, 40, Recipe(4, restarts=r)) for s in range(40)] for r in ((), (4, 9))]
    assert rates[0] == rates[1]


@pytest.mark.parametrize(("name", "kind"), [("sgd", SGD), ("adamw", AdamW)])
def test_only_weights_decay(name, kind):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    optimizer = build_optimizer(model, Recipe(optimizer=name, weight_decay=0.1))
    assert isinstance(optimizer, kind)
    decay = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    for name, parameter in model.named_parameters():
        assert decay[id(parameter)] == (0.1 if parameter.ndim >= 2 else 0.0), name


def test_sgd_is_nesterov_and_frozen_weights_are_left_out():
    model = nn.Linear(2, 2)
    model.weight.requires_grad_(False)
    optimizer = build_optimizer(model, Recipe(momentum=0.8))
    assert [g["nesterov"] for g in optimizer.param_groups] == [True]
    assert [g["momentum"] for g in optimizer.param_groups] == [0.8]
    set_learning_rate(optimizer, 0.5)
    before = model.bias.detach().clone()
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert torch.allclose(model.bias, before - 0.5 * 1.8)
