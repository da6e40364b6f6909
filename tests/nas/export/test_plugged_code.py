"""Users' own backbones as code: pieces, constants, names that are no attributes."""

import pytest
import torch
from torch import Tensor, nn

from nas.export.model_file import model_source
from nas.export.searched import SearchedModel
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.build import build
from tests.search_spaces.toy_backbones import Block

SHAPE = TaskShape(3, 16, 16, 5)


class Inner(nn.Module):
    """With a constant in its forward."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.block = Block(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x) + torch.tensor([0.5])


class Boxes(nn.Module):
    """Its forward reads ``training``, so that its parts are traced one by one."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.one = nn.Sequential(Block(width, width), Block(width, width))
        self.parts = nn.ModuleDict({"the-second": nn.Sequential(Block(width, 8, 2))})
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.parts["the-second"](self.one(self.stem(x)))
        if self.training:
            x = 1.0 * x
        return self.head(x.mean((2, 3)))


def numbered() -> nn.Module:
    """Parts with numbers for names."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 1), Block(4, 4), Block(4, 8, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 5),
    )  # fmt: skip


def constant(num_classes: int = 2) -> nn.Module:
    """With a tensor that tracing keeps."""
    body = [nn.Conv2d(3, 4, 1), Inner(4, 4, 1), Inner(4, 8, 2), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*body, nn.Flatten(), nn.Linear(8, num_classes))


HERE = "tests.nas.export.test_plugged_code"
SE, SK = Choice.of("se", {"ratio": 2}), Choice.of("sk", {"groups": 2})


@pytest.mark.parametrize(
    ("name", "axes", "places", "said"),
    [
        (
            "Boxes",
            {"width": 6},
            {"stage1.post_add": SE, "stage2.pre_add": SE, "stage1.after_3x3": SE},
            ["backbone.one = OneWithAttention(backbone.one)", "width=6"],
        ),
        ("numbered", {}, {"stage1.replace_3x3": SK, "stage2.pre_add": SE}, ["getattr(self, "]),
        ("constant", {}, {"stage2.stage_end": SE}, ["num_classes=5"]),
        ("numbered", {}, {"stage2.pre_add": Choice.of("se", {"ratio": 2, "share": True})}, []),
        ("numbered", {}, {}, ["return backbone"]),
    ],
)
def test_the_code_of_a_users_backbone_is_equal(tmp_path, name, axes, places, said):
    attention = {Placement.parse(place): choice for place, choice in places.items()}
    architecture = Architecture.of(Choice.of(f"{HERE}:{name}", axes), attention, "paper")
    torch.manual_seed(0)
    ours = build(architecture, SHAPE).eval()
    model = SearchedModel(architecture, SHAPE, (0.0,) * 3, (1.0,) * 3, {})
    source = model_source(model, name)
    scope = {"__file__": str(tmp_path / "model.py"), "__name__": "model"}
    exec(compile(source, "model.py", "exec"), scope)
    theirs = scope["build_model"]().eval()
    theirs.load_state_dict(ours.state_dict())
    image = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(theirs(image), ours(image))
    assert f"from {HERE} import {name} as make_backbone" in source
    assert all(text in source for text in said)
