import torch
from torch import nn

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.table import placement_sites
from search_spaces.build import build
from workers.attention_modules import placed_modules, watched

SHAPE = TaskShape(1, 8, 8, 10)
BACKBONE = Choice.of("cifar_resnet", {"depth": 14, "width": 8, "stem_stride": 1})
PLACES = {
    "stem.stem_end": Choice.of("se", {"ratio": 2}),
    "stage1.pre_add": Choice.of("se", {"ratio": 2}),
    "stage1.after_3x3": Choice.of("se", {"ratio": 4}),
    "stage1.shortcut": Choice.of("eca"),
    "stage2.post_add": Choice.of("non_local"),
    "stage2.stage_end": Choice.of("bam", {"ratio": 2}),
    "backbone.backbone_end": Choice.of("cbam", {"ratio": 2}),
}


def architecture(places=PLACES):
    return Architecture.of(BACKBONE, {Placement.parse(p): c for p, c in places.items()})


def test_finds_every_module_of_every_placement_in_forward_order():
    model = build(architecture(), SHAPE)
    found = placed_modules(model, architecture())
    sites = placement_sites(BACKBONE, SHAPE)
    for placement, _ in architecture().attention:
        blocks = [p.block for p in found if p.placement == placement]
        assert blocks == list(range(len(sites[placement])))
    assert all(model.get_submodule(p.path) is p.module for p in found)
    order: list[str] = []
    with torch.no_grad(), watched(found, lambda p, x, y: order.append(p.path)):
        model.eval()(torch.randn(2, 1, 8, 8))
    passed = [p.path for p in found]
    assert sorted(order) == sorted(passed)
    outside = [p for p in order if "shortcut" not in p]
    assert outside == [p for p in passed if "shortcut" not in p]


def test_finds_what_was_plugged_into_a_traced_backbone():
    holder = nn.ModuleDict({"stage1_pre_add": nn.ModuleList([nn.Identity(), nn.Identity()])})
    inner = nn.ModuleDict(
        {"attention": nn.ModuleDict({"features_4_output": nn.ModuleList([nn.ReLU()])})}
    )
    model = nn.ModuleDict({"attention": holder, "part": inner})
    pre, output = Placement("stage1", "pre_add"), Placement("features.4", "output")
    found = placed_modules(
        model, Architecture(BACKBONE, ((output, Choice.of("se")), (pre, Choice.of("se"))))
    )
    assert {(p.path, str(p.placement), p.block) for p in found} == {
        ("attention.stage1_pre_add.0", "stage1.pre_add", 0),
        ("attention.stage1_pre_add.1", "stage1.pre_add", 1),
        ("part.attention.features_4_output.0", "features.4.output", 0),
    }


def test_hooks_are_gone_after_reading():
    model = build(architecture(), SHAPE)
    found = placed_modules(model, architecture())
    with watched(found, lambda *_: None):
        assert all(p.module._forward_hooks for p in found)
    assert not any(p.module._forward_hooks for p in found)


def test_a_scaling_gc_is_a_gate():
    for fusion, family in (("add", "context"), ("scale", "gate")):
        one = architecture({"stage1.pre_add": Choice.of("gc", {"fusion": fusion, "ratio": 2})})
        assert placed_modules(build(one, SHAPE), one)[0].family == family


def test_a_shared_module_is_each_of_its_blocks_in_turn():
    places = {"stage2.pre_add": Choice.of("se", {"ratio": 2, "share": True})}
    model = build(architecture(places), SHAPE)
    found = placed_modules(model, architecture(places))
    assert [p.block for p in found] == [0, 1]
    order: list[int] = []
    with torch.no_grad(), watched(found, lambda p, x, y: order.append(p.block)):
        for _ in range(2):
            model.eval()(torch.randn(2, 1, 8, 8))
    assert order == [0, 1, 0, 1]
