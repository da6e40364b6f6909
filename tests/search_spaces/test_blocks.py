import pytest
import torch
from torch import nn

from search_spaces.backbones.blocks import find_blocks, find_stages
from search_spaces.backbones.flow import Flow
from search_spaces.backbones.tracing import open_model
from tests.search_spaces.toy_backbones import Bare, Boxed, Plain, Residual


class Joined(nn.Module):
    """Concatenates instead of adding; has parts of a class that stands outside as well."""

    def __init__(self, width):
        super().__init__()
        self.left, self.right = Unit(width, width), Unit(width, width)

    def forward(self, x):
        return torch.cat([self.left(x), self.right(x)], 1)


class Unit(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv, self.act = nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()

    def forward(self, x):
        return self.act(self.conv(x))


def flow_of(model, size=16):
    opened = open_model(model.eval())
    return Flow(opened, opened.observe(torch.zeros(1, 3, size, size)))


def test_blocks_are_what_adds():
    blocks = find_blocks(flow_of(Residual()))
    assert [block.path for block in blocks] == ["body.0", "body.1", "body.2"]
    assert {block.kind for block in blocks} == {"Block"}
    assert all(len(block.additions) == 1 for block in blocks)


def test_without_sums_the_outermost_repeated_modules_are_blocks():
    net = nn.Sequential(Unit(3, 4), Joined(4), nn.MaxPool2d(2), Joined(8), nn.Conv2d(16, 4, 1))
    flow = flow_of(net)
    assert [block.path for block in find_blocks(flow)] == ["1", "3"]
    shapes = [flow.seen[stage.end].shape for stage in find_stages(flow)]
    assert shapes == [(8, 16, 16), (16, 8, 8)]


def test_a_sum_in_the_models_own_forward_is_a_block():
    (block,) = find_blocks(flow_of(Bare()))
    assert block.path == ""
    assert block.kind == "addition"


def test_blocks_in_closed_boxes_come_in_forward_order():
    paths = [block.path for block in find_blocks(flow_of(Boxed()))]
    assert paths == ["box.inner.0", "box.inner.1", "after"]


@pytest.mark.parametrize(
    ("kind", "shapes"),
    [
        (Residual, [(4, 16, 16), (8, 8, 8)]),
        (Boxed, [(4, 16, 16), (8, 8, 8)]),
        (Plain, [(4, 16, 16), (6, 8, 8)]),
        (Bare, [(4, 16, 16)]),
    ],
)
def test_stages_end_at_their_resolution(kind, shapes):
    flow = flow_of(kind())
    stages = find_stages(flow)
    assert [flow.seen[stage.end].shape for stage in stages] == shapes
    assert [stage.name for stage in stages] == [f"stage{i + 1}" for i in range(len(shapes))]


def test_a_network_without_convolutions_has_no_stages():
    assert find_stages(flow_of(nn.Sequential(nn.Flatten(), nn.Linear(768, 2)))) == ()
