import pytest
import torch

from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.build import build
from workers.attention_maps import _pixels, attention_maps, in_turn
from workers.augment import Normalisation

BACKBONE = Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1})


def architecture_of(places, start="paper"):
    attention = {Placement.parse(place): choice for place, choice in places.items()}
    return Architecture.of(BACKBONE, attention, start)


def built(architecture, shape):
    """A network with weights far from any start, so that its attention does something."""
    torch.manual_seed(0)
    model = build(architecture, shape)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture(scope="module")
def looked(digits):
    architecture = architecture_of(
        {
            "stage1.after_3x3": Choice.of("se", {"ratio": 2}),
            "stage2.pre_add": Choice.of("cbam", {"ratio": 2, "kernel_size": 3}),
            "stage2.post_add": Choice.of("non_local"),
        }
    )
    model = built(architecture, digits.shape)
    return model, attention_maps(model, architecture, digits, 4)


def test_modules_come_in_forward_order_with_what_suits_them(looked):
    _, maps = looked
    kinds = [
        (m.placement.stage, m.choice.name, m.gate is None, not m.channels, m.change is None)
        for m in maps.modules
    ]
    assert kinds == [
        ("stage1", "se", True, False, True),
        ("stage2", "cbam", False, False, True),
        ("stage2", "non_local", True, True, False),
    ]
    assert len(maps.modules[1].gate) == 4 and len(maps.modules[1].gate[0]) == 4
    assert all(sum(map(sum, one)) == pytest.approx(1, abs=1e-3) for one in maps.modules[2].reach)


def test_channel_weights_are_the_gate_that_the_module_computes(looked, digits):
    model, maps = looked
    gates = []
    se = model.get_submodule(maps.modules[0].module)
    handle = se.channel.register_forward_hook(lambda _, i, o: gates.append(se.scale * o.sigmoid()))
    chosen = in_turn(digits.test.labels, 500)
    normalise = Normalisation.of(digits.mean, digits.std, torch.device("cpu"))
    with torch.no_grad():
        model(normalise(digits.test.images[chosen]).double())
    handle.remove()
    mine = gates[0][digits.test.labels[chosen] == 3].mean(0).flatten().tolist()
    told = maps.modules[0].channels[3]
    alive = [i for i, value in enumerate(told) if value is not None]
    assert alive and [told[i] for i in alive] == pytest.approx([mine[i] for i in alive], abs=0.02)


def test_images_are_test_images_with_what_the_model_says(looked, digits):
    model, maps = looked
    assert [i.label for i in maps.images] == [0, 1, 2, 3]
    for image in maps.images:
        pixels = digits.test.images[image.index]
        assert (image.height, image.width) == (8, 8)
        assert image.pixels[::3] == bytes(pixels.flatten().tolist())
        normalise = Normalisation.of(digits.mean, digits.std, torch.device("cpu"))
        with torch.no_grad():
            assert image.predicted == int(model(normalise(pixels[None]).double()).argmax())
    assert maps.counted == min(500, len(digits.test))


def test_identity_start_does_nothing_and_says_so(digits):
    architecture = architecture_of({"stage1.pre_add": Choice.of("cbam", {"ratio": 2})}, "identity")
    maps = attention_maps(build(architecture, digits.shape), architecture, digits, 2)
    assert maps.modules[0].gate is None and maps.modules[0].channels == {}


@pytest.mark.parametrize(
    ("place", "choice"),
    [
        ("stage2.stage_end", Choice.of("gc", {"ratio": 2})),
        ("stage2.stage_end", Choice.of("danet", {"ratio": 2})),
        ("stage2.stage_end", Choice.of("encoder", {"heads": 2, "layers": 1, "ffn_ratio": 1})),
        ("stage2.post_add", Choice.of("a2", {"m_ratio": 2, "n_ratio": 2})),
    ],
)
def test_every_kind_of_context_has_both_maps(digits, place, choice):
    architecture = architecture_of({place: choice})
    maps = attention_maps(built(architecture, digits.shape), architecture, digits, 2)
    (module,) = maps.modules
    assert max(v for row in module.change[0] for v in row) > 0
    assert max(v for row in module.reach[0] for v in row) > 0


def test_images_are_taken_class_by_class_in_turn():
    labels = torch.tensor([1, 1, 0, 2, 0])
    assert in_turn(labels, 9).tolist() == [2, 0, 3, 4, 1]
    assert in_turn(labels, 2).tolist() == [2, 0]


def test_pixels_are_rgb_whatever_the_image_has():
    colours = torch.arange(12, dtype=torch.uint8).view(3, 2, 2)
    assert _pixels(colours) == (2, 2, bytes([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]))
    assert _pixels(colours[:2])[2] == bytes(v for value in (2, 3, 4, 5) for v in [value] * 3)
