import pytest
import torch
from torch import nn

from workers.device import Numerics, has_bfloat16, reproducible, resolve_device
from workers.recipe import Recipe

CPU = torch.device("cpu")


def test_auto_is_a_device_that_is_there():
    device = resolve_device("auto")
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_missing_gpu_is_said():
    with pytest.raises(ValueError, match="no GPU is visible"):
        resolve_device("cuda")


@pytest.mark.parametrize(
    ("precision", "layout", "bfloat16", "channels_last"),
    [
        ("float32", "off", False, False),
        ("float32", "auto", False, True),
        ("bfloat16", "off", True, False),
        ("bfloat16", "auto", True, True),
        ("auto", "on", has_bfloat16(CPU), True),
    ],
)
def test_what_auto_means_on_a_cpu(precision, layout, bfloat16, channels_last):
    numerics = Numerics.of(Recipe(precision=precision, channels_last=layout), CPU)
    assert (numerics.bfloat16, numerics.channels_last) == (bfloat16, channels_last)


def test_model_and_images_get_the_format_and_the_precision():
    numerics = Numerics(CPU, bfloat16=True, channels_last=True)
    model = numerics.place(nn.Conv2d(3, 4, 3))
    images = numerics.images(torch.ones(2, 3, 8, 8))
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert model.weight.is_contiguous(memory_format=torch.channels_last)
    with numerics.autocast():
        assert model(images).dtype == torch.bfloat16
    with Numerics(CPU).autocast():
        assert model(images).dtype == torch.float32


def test_the_callers_random_state_is_left_alone():
    before = torch.get_rng_state()
    with reproducible(CPU):
        torch.manual_seed(5)
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
