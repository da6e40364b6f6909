import ast
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from search_spaces.backbones import resnet

ATTENTION = {"stage1.after_3x3": nn.BatchNorm2d, "stage2.pre_add": nn.BatchNorm2d}


class Recorder(nn.Module):
    """Doubles its input and writes its name down."""

    def __init__(self, log, name):
        super().__init__()
        self.log, self.name = log, name

    def forward(self, x):
        self.log.append(self.name)
        return 2 * x


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_torchvisions_weights_load_and_give_torchvisions_output(name):
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, name)(num_classes=7).eval()
    ours = getattr(resnet, name)(3, 7).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.randn(2, 3, 65, 47)
    with torch.no_grad():
        assert (ours(images) - theirs(images)).abs().max() == 0


def test_training_gives_torchvisions_gradients():
    torch.manual_seed(0)
    theirs, ours = torchvision.models.resnet18(num_classes=7), resnet.resnet18(3, 7)
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(4, 3, 40, 40)
    for model in (theirs, ours):
        model(images).square().sum().backward()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


@pytest.mark.parametrize(
    ("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)]
)
def test_the_small_resnets_have_the_parameters_of_the_paper(depth, millions):
    """He et al., table 6; option B adds 2,752 weights."""
    with torch.device("meta"):
        model = resnet.cifar_resnet(3, 10, depth=depth)
    weighted = [
        m
        for n, m in model.named_modules()
        if isinstance(m, nn.Conv2d | nn.Linear) and "downsample" not in n
    ]
    assert len(weighted) == depth
    parameters = sum(p.numel() for p in model.parameters())
    assert parameters / 1e6 == pytest.approx(millions, abs=0.035)


@pytest.mark.parametrize("make", [resnet.cifar_resnet, resnet.resnet18, resnet.resnet50])
@pytest.mark.parametrize("size", [(8, 8), (33, 20)])
def test_any_size_channels_and_classes(make, size):
    model = make(1, 4, width=3).eval()
    assert model(torch.randn(2, 1, *size)).shape == (2, 4)


def test_without_attention_nothing_of_it_is_in_the_model():
    model = resnet.cifar_resnet(3, 10, depth=8)
    assert not any("attention" in key for key in model.state_dict())
    assert not any(isinstance(module, nn.Identity) for module in model.modules())


@pytest.mark.parametrize("make", [resnet.cifar_resnet, resnet.resnet50])
def test_attention_stands_in_every_block_of_its_stage_and_once_at_its_end(make):
    attention = {**ATTENTION, "stage2.post_add": nn.BatchNorm2d, "stage3.stage_end": nn.BatchNorm2d}
    model = make(3, 10, width=4, attention=attention)
    names = {
        n
        for n, m in model.named_modules()
        if n.split(".")[-1].startswith("attention_") and n.count(".")
    }
    expected = {f"layer1.{i}.attention_after_3x3" for i in range(3)}
    blocks = len(model.stage(2))
    expected |= {
        f"layer2.{i}.attention_{p}" for i in range(blocks) for p in ("pre_add", "post_add")
    }
    assert names == expected
    assert list(model.attention_stage_end) == ["stage3"]
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("block", [resnet.BasicBlock, resnet.Bottleneck])
@pytest.mark.parametrize("position", ["after_3x3", "pre_add", "shortcut", "post_add"])
def test_each_position_is_where_its_name_says(block, position):
    torch.manual_seed(0)
    plain, x = block(8 * block.expansion, 8, 1).eval(), torch.randn(2, 8 * block.expansion, 6, 6)
    relu = nn.functional.relu
    if block is resnet.BasicBlock:
        inner = relu(plain.bn1(plain.conv1(x)))

        def rest(y):
            return plain.bn2(plain.conv2(y))
    else:
        inner = relu(plain.bn2(plain.conv2(relu(plain.bn1(plain.conv1(x))))))

        def rest(y):
            return plain.bn3(plain.conv3(y))

    expected = {
        "after_3x3": relu(rest(2 * inner) + x),
        "pre_add": relu(2 * rest(inner) + x),
        "shortcut": relu(rest(inner) + 2 * x),
        "post_add": 2 * relu(rest(inner) + x),
    }[position]
    log = []
    plain.insert(position, lambda channels: Recorder(log, channels))
    torch.testing.assert_close(plain(x), expected)
    assert log == [8 if position == "after_3x3" else plain.outputs]


@pytest.mark.parametrize("block", [resnet.BasicBlock, resnet.Bottleneck])
def test_what_replaces_the_convolution_gets_its_shape_and_the_rest_stays(block):
    torch.manual_seed(0)
    plain, replaced = block(6, 8, 2).eval(), block(6, 8, 2)
    gone = set(replaced.state_dict())
    told = []

    def make(channels, **shape):
        told.append((channels, shape))
        conv = nn.Conv2d(channels, shape["out_channels"], 3, shape["stride"], padding=1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(shape["out_channels"]), nn.ReLU())

    replaced.insert("replace_3x3", make)
    gone -= set(replaced.state_dict())
    conv, norm = block.first_3x3
    assert {name.split(".")[0] for name in gone} == {conv, norm}
    assert told == [(6 if block is resnet.BasicBlock else 8, {"out_channels": 8, "stride": 2})]
    names = {conv: "attention_replace_3x3.0", norm: "attention_replace_3x3.1"}
    weights = {
        ".".join([names.get(key.split(".")[0], key.split(".")[0]), *key.split(".")[1:]]): value
        for key, value in plain.state_dict().items()
    }
    replaced.load_state_dict(weights)
    x = torch.randn(2, 6, 7, 5)
    assert torch.equal(replaced.eval()(x), plain(x))


@pytest.mark.parametrize("make", [resnet.cifar_resnet, resnet.resnet18, resnet.resnet50])
def test_the_stem_ends_before_the_first_stage_and_the_backbone_before_pooling(make):
    log, maps = [], []
    places = ("stem.stem_end", "backbone.backbone_end")
    seen = {place: lambda channels: Recorder(log, channels) for place in places}
    model = make(3, 10, width=4, attention=seen).eval()
    model.layer1.register_forward_pre_hook(lambda _, args: maps.append(args[0]))
    last = model.stage(model.stages)
    last.register_forward_hook(lambda _, __, out: maps.append(out))
    model.attention_stem_end.register_forward_pre_hook(lambda _, args: maps.append(args[0]))
    logits = model(torch.randn(1, 3, 32, 32))
    assert log == [4, resnet.outputs_of(last)]
    torch.testing.assert_close(maps[1], 2 * maps[0])
    torch.testing.assert_close(logits, model.fc((2 * maps[2]).mean((2, 3))))


def test_the_end_of_a_stage_is_before_the_next_down_sampling():
    torch.manual_seed(0)
    log = []
    seen = {"stage2.stage_end": lambda channels: Recorder(log, channels)}
    model = resnet.cifar_resnet(3, 10, depth=8, width=4, attention=seen).eval()
    inputs = []
    model.layer3.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    outputs = []
    model.layer2.register_forward_hook(lambda _, __, out: outputs.append(out))
    model(torch.randn(1, 3, 16, 16))
    assert log == [8]
    torch.testing.assert_close(inputs[0], 2 * outputs[0])


@pytest.mark.parametrize("make", [resnet.cifar_resnet, resnet.resnet18])
def test_the_same_seed_gives_the_same_backbone_whatever_attention_follows(make):
    states = []
    for attention in ({}, {p: lambda c: nn.Conv2d(c, c, 1) for p in ATTENTION}):
        torch.manual_seed(5)
        states.append(make(3, 10, width=4, attention=attention).state_dict())
    plain, attended = states
    assert all(torch.equal(plain[key], attended[key]) for key in plain)
    assert len(attended) > len(plain)


def test_the_initialisation_of_attention_survives():
    def zeros(channels):
        conv = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(conv.weight)
        return conv

    model = resnet.cifar_resnet(3, 10, depth=8, width=4, attention={"stage1.pre_add": zeros})
    assert model.get_submodule("layer1.0.attention_pre_add").weight.abs().max() == 0


def test_no_residual_branch_starts_at_zero():
    model = resnet.resnet50(3, 10, width=4)
    assert all((m.weight == 1).all() for m in model.modules() if isinstance(m, nn.BatchNorm2d))


def test_the_file_can_be_exported_as_it_is():
    """It imports torch and the standard library alone."""
    tree = ast.parse(Path(resnet.__file__).read_text(encoding="utf-8"))
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert imported <= {"torch", "torch.nn", "torch.nn.functional", "typing", "collections.abc"}
