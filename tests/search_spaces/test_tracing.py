import copy

import pytest
import torch
from torch import nn

from search_spaces.backbones.tracing import open_model, reads_training
from tests.search_spaces.toy_backbones import Block, Boxed, Branching, Plain, Residual

OPENED = {Plain: [""], Residual: [""], Branching: ["stem", "body"], Boxed: ["", "box.inner"]}


def opened(kind):
    torch.manual_seed(0)
    model = kind().eval()
    return model, open_model(copy.deepcopy(model))


@pytest.mark.parametrize("kind", OPENED)
def test_an_opened_model_is_the_model(kind):
    model, found = opened(kind)
    image = torch.randn(2, 3, 16, 16)
    assert list(found.pieces) == OPENED[kind]
    assert torch.equal(found.model(image), model(image))
    before, after = model.state_dict(), found.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_what_no_forward_uses_stays():
    _, found = opened(Residual)
    assert found.model.get_submodule("unused").weight.shape == (2, 2)
    assert found.model.steps.shape == (3,)


@pytest.mark.parametrize("kind", OPENED)
def test_shapes_and_work_are_seen_in_order(kind):
    model, found = opened(kind)
    shapes = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda *at: shapes.append(tuple(at[2].shape[1:])))
    image = torch.randn(1, 3, 16, 16)
    model(image)
    seen = found.observe(image)
    convolved = [
        value.shape
        for value in seen
        if value.node in {n.name for n in found.pieces[value.piece].graph.nodes
                          if isinstance(_module(found, value.piece, n), nn.Conv2d)}
    ]  # fmt: skip
    assert convolved == shapes
    conv = next(value for value in seen if value.shape == shapes[0] and value.flops)
    assert conv.flops == 2 * 27 * 4 * 16 * 16


def _module(found, piece, node):
    return found.pieces[piece].get_submodule(node.target) if node.op == "call_module" else None


def test_what_runs_in_a_closed_box_is_counted_once():
    _, found = opened(Boxed)
    seen = found.observe(torch.randn(1, 3, 16, 16))
    block = 2 * (9 * 4 * 4 + 4 * 4) * 256
    assert sum(value.flops for value in seen if value.piece == "box.inner") == 2 * block
    assert next(value for value in seen if value.node == "box").flops == 0


def test_observing_changes_nothing():
    model, found = opened(Residual)
    image = torch.randn(1, 3, 16, 16)
    found.observe(torch.empty(1, 3, 64, 64, device="meta"))
    assert torch.equal(found.model(image), model(image))
    assert next(found.model.parameters()).device.type == "cpu"


class Child(Block):
    def forward(self, x):
        return self.helper(x)

    def helper(self, x):
        return [y for y in (x, x) if self.training]


@pytest.mark.parametrize(
    ("kind", "reads"), [(Block, False), (Branching, True), (Child, True), (nn.Sequential, False)]
)
def test_reading_the_training_flag_is_noticed(kind, reads):
    assert reads_training(kind) is reads
