from dataclasses import replace

import pytest
import torch

from search_spaces.architecture import Architecture, Choice, Placement
from workers.data import load
from workers.datasets import DataSpec
from workers.protocol import Segment
from workers.recipe import Recipe

BACKBONE = Choice.of("cifar_resnet", {"depth": 8, "width": 4, "stem_stride": 1})
SPEC = DataSpec("digits", train_images=320)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits():
    return load(SPEC)


@pytest.fixture
def architecture():
    return Architecture.of(
        BACKBONE, {Placement("stage2", "pre_add"): Choice.of("se", {"ratio": 2})}
    )


@pytest.fixture
def segment(tmp_path, architecture):
    """A factory of segments that end in ``tmp_path``; every field can be overridden."""

    def make(start=0, end=1, checkpoint=None, recipe=None, **fields):
        made = Segment(
            key=f"trial:{end}",
            architecture=architecture.to_json(),
            recipe=recipe or Recipe(epochs=4, batch_size=64),
            data=SPEC,
            seed=3,
            start_epoch=start,
            end_epoch=end,
            checkpoint_in=checkpoint,
            checkpoint_out=str(tmp_path / f"at-{end}.pt"),
            device="cpu",
        )
        return replace(made, **fields)

    return make
