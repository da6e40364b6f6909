import pytest
import torch
import torchvision
from torch import nn
from torchvision.ops.misc import SqueezeExcitation

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.table import complete_backbone
from search_spaces.backbones.torchvision_models import make_torchvision
from search_spaces.build import build
from search_spaces.cost import cost_of, measure
from search_spaces.errors import SpaceError
from tests.search_spaces.small_choices import small

SMALL = "mobilenet_v3_small"
SHAPE = TaskShape(3, 32, 32, 10)
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def saved(tmp_path, classes=10):
    torch.manual_seed(3)
    model = torchvision.models.mobilenet_v3_small(num_classes=classes).eval()
    file = tmp_path / "weights.pt"
    torch.save(model.state_dict(), file)
    return model, file


def attended(axes, position="stage3.after_3x3", kind="eca"):
    attention = {Placement.parse(position): small(kind)}
    return Architecture.of(complete_backbone(SMALL, axes), attention)


def test_a_local_file_gives_its_weights(tmp_path):
    model, file = saved(tmp_path)
    made = make_torchvision(SMALL, {"weights": str(file)}, SHAPE).eval()
    assert torch.equal(made(IMAGES), model(IMAGES))


def test_other_classes_and_channels_keep_the_rest(tmp_path):
    model, file = saved(tmp_path, classes=21)
    made = make_torchvision(SMALL, {"weights": str(file)}, TaskShape(1, 32, 32, 5)).eval()
    assert made(IMAGES[:, :1]).shape == (2, 5)
    before, after = model.state_dict(), made.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"features.0.0.weight", "classifier.3.weight", "classifier.3.bias"}


def test_attention_is_plugged_into_pretrained_weights(tmp_path):
    model, file = saved(tmp_path)
    plugged = build(attended({"weights": str(file)}), SHAPE).eval()
    assert torch.equal(plugged(IMAGES), model(IMAGES))


def test_torchvisions_own_weights_are_asked_for_by_name(monkeypatch, tmp_path):
    model, file = saved(tmp_path, classes=1000)
    asked = []

    def fetched(url, *_, **__):
        asked.append(url)
        return torch.load(file, weights_only=True)

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetched)
    made = make_torchvision(SMALL, {"weights": "DEFAULT"}, TaskShape(3, 32, 32, 1000)).eval()
    assert torch.equal(made(IMAGES), model(IMAGES))
    assert asked == [torchvision.models.MobileNet_V3_Small_Weights.DEFAULT.url]


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("DEFALT", "did you mean 'DEFAULT'?"),
        ("/nowhere/weights.pt", "neither a file nor torchvision's"),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_unknown_weights_are_refused_before_anything_is_made(weights, says, device):
    with pytest.raises(SpaceError) as caught, torch.device(device):
        make_torchvision(SMALL, {"weights": weights}, SHAPE)
    assert says in str(caught.value)
    assert "IMAGENET1K_V1" in str(caught.value)


def test_files_that_hold_something_else_are_refused(tmp_path):
    _, file = saved(tmp_path)
    with pytest.raises(SpaceError, match="don't fit vgg11"):
        make_torchvision("vgg11", {"weights": str(file)}, SHAPE)
    file.write_text("not a tensor")
    with pytest.raises(SpaceError, match="can't be read"):
        make_torchvision(SMALL, {"weights": str(file)}, SHAPE)
    torch.save({"epoch": 3}, file)
    with pytest.raises(SpaceError, match="hold no state dict"):
        make_torchvision(SMALL, {"weights": str(file)}, SHAPE)


def test_no_code_in_a_weights_file_is_run(tmp_path):
    file = tmp_path / "evil.pt"
    torch.save(nn.Linear(1, 1), file)
    with pytest.raises(SpaceError, match="can't be read"):
        make_torchvision(SMALL, {"weights": str(file)}, SHAPE)


def gates(model):
    return sum(isinstance(module, SqueezeExcitation) for module in model.modules())


@pytest.mark.parametrize(("value", "left"), [("keep", 9), ("remove", 0), ("replace", 4)])
def test_built_in_attention_is_kept_removed_or_replaced(value, left):
    model = build(attended({"builtin_se": value}), SHAPE)
    assert gates(model) == left
    assert model(IMAGES).shape == (2, 10)


def test_what_is_to_be_replaced_stays_without_attention_in_front():
    plain = build(Architecture(complete_backbone(SMALL, {"builtin_se": "replace"})), SHAPE)
    assert gates(plain) == 9


@pytest.mark.parametrize("name", [SMALL, "efficientnet_b0", "regnet_y_400mf"])
@pytest.mark.parametrize("value", ["keep", "remove", "replace"])
def test_costs_add_up_whatever_becomes_of_built_in_attention(name, value):
    backbone = complete_backbone(name, {"builtin_se": value})
    attention = {Placement.parse(p): small("se") for p in ("stage3.after_3x3", "stage2.stage_end")}
    for architecture in (Architecture(backbone), Architecture.of(backbone, attention)):
        with torch.device("meta"):
            whole = measure(build(architecture, SHAPE), SHAPE)
        assert cost_of(architecture, SHAPE) == whole


def test_width_is_an_axis():
    costs = [
        cost_of(Architecture(Choice.of("mobilenet_v2", {"width_mult": width})), SHAPE)
        for width in (0.35, 0.5)
    ]
    assert costs[0].parameters < costs[1].parameters
