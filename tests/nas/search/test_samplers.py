from typing import get_args

import optuna
import pytest

from nas.job_file.sections import Pruner, Sampler
from nas.search.pruner import PRUNERS
from nas.search.samplers import SAMPLERS, make_sampler


def test_the_job_file_offers_exactly_what_there_is():
    assert set(get_args(Sampler)) == set(SAMPLERS)
    assert set(get_args(Pruner)) == set(PRUNERS)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_is_optunas_kind_and_follows_its_seed(name):
    def draw(seed):
        study = optuna.create_study(
            directions=["maximize", "minimize"], sampler=make_sampler(name, seed)
        )
        return [study.ask().suggest_categorical("x", list(range(1000))) for _ in range(4)]

    assert isinstance(make_sampler(name, 0), optuna.samplers.BaseSampler)
    assert draw(3) == draw(3)
    assert draw(3) != draw(4)
