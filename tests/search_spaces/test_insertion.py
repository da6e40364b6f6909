import torch
from torch import nn

from search_spaces.architecture import Placement
from search_spaces.backbones.flow import Flow
from search_spaces.backbones.insertion import insert
from search_spaces.backbones.layout import find_layout
from search_spaces.backbones.tracing import open_model
from tests.search_spaces.toy_backbones import Block


class Note(nn.Module):
    """Adds a digit at the end of every number: the result tells the order."""

    def __init__(self, digit):
        super().__init__()
        self.digit = digit

    def forward(self, x):
        return x * 10 + self.digit


class Silent(nn.Module):
    """A block whose branch is nothing, so that what was inserted can be read off."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv.weight)

    def forward(self, x):
        return x + self.conv(x)


def plugged(digits):
    model = nn.Sequential(nn.Conv2d(1, 1, 1), Silent(), nn.AdaptiveAvgPool2d(1)).eval()
    nn.init.zeros_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    opened = open_model(model)
    flow = Flow(opened, opened.observe(torch.zeros(1, 1, 4, 4)))
    makers = {Placement.parse(p): lambda _, d=d: Note(d) for p, d in digits.items()}
    return insert(opened, find_layout(flow), makers, {v.key: 1 for v in flow.seen})


def answer(digits):
    return plugged(digits)(torch.zeros(1, 1, 4, 4)).item()


def test_each_position_is_its_own():
    assert answer({"stem.stem_end": 1}) == 1
    assert answer({"stage1.pre_add": 1}) == 1
    assert answer({"stage1.shortcut": 2}) == 2
    assert answer({"stage1.after_3x3": 3}) == 3


def test_several_behind_one_value_stand_in_forward_order():
    digits = {"backbone.backbone_end": 3, "stage1.post_add": 1, "stage1.stage_end": 2}
    assert answer(digits) == 123


def test_only_the_sum_reads_attention_on_the_shortcut():
    assert answer({"stem.stem_end": 1, "stage1.shortcut": 2}) == 12
    assert answer({"stage1.after_3x3": 1, "stage1.pre_add": 2, "stage1.shortcut": 5}) == 17


def test_keys_name_the_placement():
    model = plugged({"stage1.pre_add": 1, "1.conv.output": 2})
    names = {name for name, module in model.named_modules() if isinstance(module, Note)}
    assert names == {"attention.stage1_pre_add.0", "attention.1_conv_output.0"}


def test_a_module_that_others_call_stays_when_one_convolution_goes():
    class Shared(Block):
        def forward(self, x):
            return self.act(x + self.last(self.act(self.norm(self.conv(x)))))

    model = nn.Sequential(nn.Conv2d(3, 4, 1), Shared(4, 4)).eval()
    opened = open_model(model)
    flow = Flow(opened, opened.observe(torch.zeros(1, 3, 8, 8)))
    shapes = []

    def make(channels, **convolution):
        shapes.append((channels, convolution))
        return nn.Conv2d(channels, convolution["out_channels"], 1, convolution["stride"])

    place = Placement("stage1", "replace_3x3")
    made = insert(opened, find_layout(flow), {place: make}, {v.key: 4 for v in flow.seen})
    assert shapes == [(4, {"out_channels": 4, "stride": 1})]
    names = dict(made.named_modules())
    assert "1.act" in names
    assert not {"1.conv", "1.norm"} & set(names)
    assert made(torch.randn(1, 3, 8, 8)).shape == (1, 4, 8, 8)
