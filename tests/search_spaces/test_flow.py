import torch
from torch import nn

from search_spaces.backbones.flow import Flow
from search_spaces.backbones.tracing import open_model
from tests.search_spaces.toy_backbones import Bare, Residual


def flow_of(model):
    opened = open_model(model.eval())
    return Flow(opened, opened.observe(torch.zeros(1, 3, 16, 16)))


def named(flow, name):
    return next(i for i, value in enumerate(flow.seen) if value.node == name)


def test_modules_hold_what_was_made_in_them():
    flow = flow_of(Residual())
    block = flow.called["body.0"]
    assert [flow.seen[i].node for i in block.values][-2:] == ["add", "relu"]
    assert len(block.calls) == 1
    assert flow.owner(named(flow, "add")) == "body.0"
    assert flow.owner(named(flow, "mean")) == ""


def test_sums_of_feature_maps_are_told_from_other_sums():
    class Sums(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x):
            twice = x + self.act(x)
            shifted = twice + 1
            return shifted + x.mean((2, 3), keepdim=True)

    flow = flow_of(Sums())
    assert [flow.seen[i].node for i in range(len(flow.seen)) if flow.is_addition(i)] == ["add"]


def test_norms_and_activations_follow_a_convolution():
    flow = flow_of(Residual())
    conv = named(flow, "body_0_conv")
    names = [flow.seen[i].node for i in flow.followed(conv, norms=True)]
    assert names == ["body_0_conv", "body_0_norm", "body_0_act"]
    assert flow.followed(conv, norms=False) == [conv]


def test_a_value_that_two_read_is_followed_by_nothing():
    flow = flow_of(Bare())
    assert flow.followed(named(flow, "first"), norms=True) == [named(flow, "first")]
    assert set(flow.read_by(named(flow, "first"))) == {named(flow, "second"), named(flow, "add")}


def test_ancestors_and_their_convolutions():
    flow = flow_of(Bare())
    above = flow.ancestors(named(flow, "second"))
    assert {flow.seen[i].node for i in above} == {"x", "first", "second"}
    assert flow.convolutions(above) == 2


def test_parameters_of_modules_and_of_free_tensors():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Conv2d(3, 2, 1))
            self.scale = nn.Parameter(torch.ones(2, 1, 1))

        def forward(self, x):
            return self.inner(x) * self.scale

    flow = flow_of(Scaled())
    counts = {flow.seen[i].node: len(flow.parameters(i)) for i in range(len(flow.seen))}
    assert counts == {"x": 0, "inner_0": 2, "scale": 1, "mul": 0, "output": 0}


def test_pooling_ends_feature_maps():
    flow = flow_of(Residual())
    assert flow.pools(named(flow, "mean"))
    assert not flow.pools(named(flow, "add"))
