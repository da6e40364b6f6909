import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import pad

from search_spaces.architecture import TaskShape
from workers.augment import Augmentation, Normalisation


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=8, channels=3, height=8, width=6):
    shape = (count, channels, height, width)
    return torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator())


@settings(deadline=None)
@given(st.integers(1, 3), st.booleans(), st.integers(0, 100))
def test_every_image_is_a_window_of_its_padded_self(border, flip, seed):
    batch = images()
    augmentation = Augmentation(border, flip)
    draw = augmentation.draw(len(batch), generator(seed))
    padded = pad(batch, [border] * 4)
    for index, augmented in enumerate(augmentation.apply(batch, draw)):
        top, left = int(draw.top[index]), int(draw.left[index])
        window = padded[index, :, top : top + 8, left : left + 6]
        assert torch.equal(augmented, window.flip(2) if draw.mirrored[index] else window)


def test_all_offsets_and_both_sides_are_drawn():
    draw = Augmentation(2, True).draw(2000, generator())
    assert draw.top.unique().tolist() == draw.left.unique().tolist() == [0, 1, 2, 3, 4]
    assert 0.4 < draw.mirrored.float().mean() < 0.6


def test_nothing_asked_changes_nothing():
    batch = images()
    augmentation = Augmentation()
    assert augmentation.apply(batch, augmentation.draw(8, generator())) is batch


def test_the_generator_alone_decides():
    augmentation = Augmentation(2, True)
    one, other = augmentation.draw(50, generator(1)), augmentation.draw(50, generator(1))
    assert torch.equal(one.top, other.top)
    assert torch.equal(one.mirrored, other.mirrored)


def test_batches_of_choices_follow_each_other():
    draw = Augmentation(2, True).draw(10, generator())
    parts = list(draw.split(4))
    assert [len(part.top) for part in parts] == [4, 4, 2]
    assert torch.equal(torch.cat([part.left for part in parts]), draw.left)


@pytest.mark.parametrize(
    ("name", "side", "expected"),
    [
        ("none", 32, Augmentation()),
        ("crop", 8, Augmentation(1)),
        ("crop", 28, Augmentation(3)),
        ("crop_flip", 32, Augmentation(4, True)),
    ],
)
def test_names(name, side, expected):
    assert Augmentation.named(name, TaskShape(1, side, side, 10)) == expected


def test_normalised_images_have_mean_zero_and_deviation_one():
    batch = images(200)
    pixels = batch.float().transpose(0, 1).flatten(1)
    moments = tuple(pixels.mean(1).tolist()), tuple(pixels.std(1).tolist())
    out = Normalisation.of(*moments, torch.device("cpu"))(batch)
    assert out.dtype == torch.float32
    assert torch.allclose(out.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(out.std((0, 2, 3)), torch.ones(3), atol=1e-2)
