import torch
from torch import nn

from search_spaces.architecture import Placement
from search_spaces.backbones.flow import Flow
from search_spaces.backbones.layout import find_layout, find_sites
from search_spaces.backbones.row import Site
from search_spaces.backbones.tracing import open_model
from tests.search_spaces.toy_backbones import Block, Residual


def found(model, size=16):
    opened = open_model(model.eval())
    flow = Flow(opened, opened.observe(torch.zeros(1, 3, size, size)))
    layout = find_layout(flow)
    return flow, layout, find_sites(layout, flow, yielding=False)


def at(layout, text):
    return layout.spots[Placement.parse(text)]


def test_the_branch_is_the_operand_with_more_convolutions():
    _, layout, _ = found(Residual())
    assert [spot.value[1] for spot in at(layout, "stage2.pre_add")] == [
        "body_1_last",
        "body_2_last",
    ]
    values = [spot.value[1] for spot in at(layout, "stage2.shortcut")]
    assert values == ["body_1_skip", "body_2_skip"]
    assert all(spot.reader is not None for spot in at(layout, "stage2.pre_add"))


def test_positions_stand_where_their_names_say():
    _, layout, sites = found(Residual())
    spots = {p: at(layout, p)[0].value[1] for p in (
        "stem.stem_end", "stage1.after_3x3", "stage1.post_add", "stage1.stage_end",
        "stage2.stage_end", "backbone.backbone_end", "body.1.output")}  # fmt: skip
    assert spots == {
        "stem.stem_end": "stem",
        "stage1.after_3x3": "body_0_act",
        "stage1.post_add": "relu",
        "stage1.stage_end": "relu",
        "stage2.stage_end": "relu_2",
        "backbone.backbone_end": "attention",
        "body.1.output": "relu_1",
    }
    assert sites[Placement("stage2", "pre_add")] == (Site(8, 8, 8), Site(8, 8, 8))


def test_a_replaced_convolution_frees_its_cost():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), Block(4, 4), Block(4, 8, 2))
    _, _, sites = found(model)
    first = sites[Placement("stage1", "replace_3x3")]
    second = sites[Placement("stage2", "replace_3x3")]
    assert first == (Site(4, 16, 16, 4, 1, (9 * 16 + 8, 2 * 9 * 16 * 256)),)
    assert second == (Site(4, 16, 16, 8, 2, (9 * 32 + 16, 2 * 9 * 32 * 64)),)


def test_depthwise_and_lone_convolutions_are_not_replaced():
    class Deep(Block):
        def __init__(self):
            super().__init__(4, 4)
            self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)

    class Lone(Block):
        def __init__(self):
            super().__init__(4, 4)
            self.norm = nn.Identity()

    for kind in (Deep, Lone):
        _, layout, _ = found(nn.Sequential(nn.Conv2d(3, 4, 1), kind(), kind()))
        positions = {place.position for place in layout.spots}
        assert "after_3x3" in positions
        assert "replace_3x3" not in positions


def test_attention_stands_before_what_drops_branches():
    class Dropping(Block):
        def __init__(self):
            super().__init__(4, 4)
            self.last = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Dropout(0.5))

    _, layout, _ = found(nn.Sequential(nn.Conv2d(3, 4, 1), Dropping()))
    (spot,) = at(layout, "stage1.pre_add")
    assert spot.value[1] == "_1_last_0"
    assert spot.reader == ("", "_1_last_1")


def test_a_module_that_is_called_twice_is_no_place():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()

        def forward(self, x):
            return self.act(self.conv(self.act(x)))

    _, layout, _ = found(Twice())
    assert Placement("conv", "output") in layout.spots
    assert Placement("act", "output") not in layout.spots
