"""Equality with timm, torchvision and torch.nn where they compute the same, on the same weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
import torch
import torch.nn as nn
from timm.layers import EcaModule, SelectiveKernel, SEModule, SplitAttn
from timm.layers.cbam import CbamModule
from timm.layers.coord_attn import CoordAttn
from timm.layers.global_context import GlobalContext
from timm.layers.non_local_attn import NonLocalAttn
from torch import Tensor
from torchvision.ops import SqueezeExcitation

from search_spaces.architecture import Value
from search_spaces.catalogue import complete
from tests.contracts.attention_variants import randomised

C = 16


class Tokens(nn.Module):
    """Layers over tokens (B, N, C), as a module over maps (B, C, H, W)."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)


@dataclass(frozen=True)
class Peer:
    """A public module that equals a choice.

    Attributes:
        name: of the type.
        axes: of the choice.
        make: builds the public module for C channels.
        names: our prefix -> its prefix; without it the weights' order is the same.
        flipped: its weights whose input channels stand the other way round.
    """

    name: str
    axes: Mapping[str, Value]
    make: Callable[[], nn.Module]
    names: Mapping[str, str] = field(default_factory=dict)
    flipped: tuple[str, ...] = ()


def global_context(**fusion: bool) -> GlobalContext:
    """With the layer norm's epsilon of the official code, which is torch's default."""
    module = GlobalContext(C, rd_channels=4, **fusion)
    for mlp in filter(None, (module.mlp_add, module.mlp_scale)):
        mlp.norm.eps = 1e-5
    return module


def non_local(scaled: bool) -> NonLocalAttn:
    """With the official scale, of the inner width; timm's is of the channels."""
    module = NonLocalAttn(C, rd_channels=C // 2, use_scale=scaled)
    module.scale = (C // 2) ** -0.5 if scaled else 1.0
    return module


def encoder_layer(norm: str) -> nn.Module:
    return nn.TransformerEncoderLayer(
        C, 4, 2 * C, dropout=0.0, batch_first=True, norm_first=norm == "pre"
    )


SE = {"channel.reduce": "fc1", "channel.expand": "fc2"}
CBAM = {
    "channel.reduce": "channel.fc1",
    "channel.expand": "channel.fc2",
    "spatial.conv": "spatial.conv.conv",
    "spatial.norm": "spatial.conv.bn",
}
NON_LOCAL = {"theta": "t", "phi": "p", "g": "g", "out": "z", "norm": "norm"}
COORDINATE = {"reduce": "conv1", "norm": "bn1", "rows": "conv_h", "columns": "conv_w"}
SPLIT = {"splits.0": "conv", "splits.1": "bn0", "fc1": "fc1", "norm": "bn1", "fc2": "fc2"}
SELECTIVE = {"reduce": "attn.fc_reduce", "norm": "attn.bn", "select": "attn.fc_select"} | {
    f"paths.{path}.{ours}": f"paths.{path}.{theirs}"
    for path in range(3)
    for ours, theirs in ((0, "conv"), (1, "bn"))
}


def context_names(mlp: str) -> dict[str, str]:
    return {"reduce": f"{mlp}.fc1", "norm": f"{mlp}.norm", "expand": f"{mlp}.fc2"}


def encoder_names(layers: int) -> dict[str, str]:
    parts = {
        "project": "self_attn.in_proj_",
        "out": "self_attn.out_proj",
        "expand": "linear1",
        "contract": "linear2",
        "norm1": "norm1",
        "norm2": "norm2",
    }
    return {
        f"layers.{i}.{ours}": f"layers.{i}.{theirs}"
        for i in range(layers)
        for ours, theirs in parts.items()
    }


ADD, SCALE = {"fuse_add": True, "fuse_scale": False}, {"fuse_add": False, "fuse_scale": True}
KEY = {"key": "conv_attn"}
ENCODER: dict[str, Value] = {"heads": 4, "ffn_ratio": 2, "layers": 2, "encoding": "none"}

PEERS = {
    "timm SE": Peer("se", {}, lambda: SEModule(C, rd_channels=4), SE),
    "torchvision SE": Peer("se", {}, lambda: SqueezeExcitation(C, 4), SE),
    "timm ECA": Peer("eca", {}, lambda: EcaModule(C), {"channel.band": "conv"}),
    "timm CBAM": Peer(
        "cbam",
        {},
        lambda: CbamModule(C, rd_channels=4, mlp_bias=True),
        CBAM,
        ("spatial.conv.conv.weight",),
    ),
    "timm CBAM, the gate": Peer(
        "gate",
        {},
        lambda: CbamModule(C, rd_channels=4, mlp_bias=True),
        CBAM,
        ("spatial.conv.conv.weight",),
    ),
    "timm coordinate": Peer(
        "coordinate", {}, lambda: CoordAttn(C, rd_channels=8, bias=True), COORDINATE
    ),
    "timm GC add": Peer(
        "gc", {}, lambda: global_context(**ADD), {**KEY, **context_names("mlp_add")}
    ),
    "timm GC scale": Peer(
        "gc",
        {"fusion": "scale"},
        lambda: global_context(**SCALE),
        {**KEY, **context_names("mlp_scale")},
    ),
    "timm GC average": Peer(
        "gc",
        {"pool": "average"},
        lambda: global_context(use_attn=False, **ADD),
        context_names("mlp_add"),
    ),
    "timm non-local": Peer("non_local", {}, lambda: non_local(False), NON_LOCAL),
    "timm non-local, scaled": Peer(
        "non_local", {"scale": True}, lambda: non_local(True), NON_LOCAL
    ),
    "timm SK": Peer(
        "sk",
        {"groups": 4},
        lambda: SelectiveKernel(C, groups=4, rd_channels=32, split_input=False),
        SELECTIVE,
    ),
    "timm SK, 3 paths": Peer(
        "sk",
        {"groups": 4, "paths": 3},
        lambda: SelectiveKernel(
            C, kernel_size=[3, 5, 7], groups=4, rd_channels=32, split_input=False
        ),
        SELECTIVE,
    ),
    **{
        f"timm split {radix}x{groups}": Peer(
            "split",
            {"radix": radix, "cardinality": groups},
            lambda radix=radix, groups=groups: SplitAttn(
                C,
                radix=radix,
                groups=groups,
                rd_channels=32 // radix,
                norm_layer=nn.BatchNorm2d,
            ),
            SPLIT,
        )
        for radix in (1, 2, 4)
        for groups in (1, 2)
    },
    **{
        f"torch encoder, {norm}-norm": Peer(
            "encoder",
            {**ENCODER, "norm": norm},
            lambda norm=norm: Tokens(*(encoder_layer(norm) for _ in range(2))),
            encoder_names(2),
        )
        for norm in ("pre", "post")
    },
}


def with_weights_of(ours: nn.Module, peer: Peer) -> nn.Module:
    """The public module with our weights and statistics, every one of them used."""
    module = peer.make().double()
    given = dict(module.state_dict())
    for name, value in ours.state_dict().items():
        prefix, _, last = name.rpartition(".")
        target = peer.names[prefix]
        key = f"{target}{last}" if target.endswith("_") else f"{target}.{last}"
        value = value.view_as(given[key])
        given[key] = value.flip(1) if key in peer.flipped else value
    used = sum(value.numel() for value in ours.state_dict().values())
    assert used == sum(value.numel() for value in module.state_dict().values())
    module.load_state_dict(given)
    return module


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS)
def test_equals_the_public_module(peer: Peer, training: bool) -> None:
    ours = randomised(complete(peer.name, peer.axes), C).train(training)
    theirs = with_weights_of(ours, peer).train(training)
    x = torch.randn(3, C, 6, 5, dtype=torch.float64, requires_grad=True)
    y, expected = ours(x), theirs(x)
    torch.testing.assert_close(y, expected, rtol=1e-9, atol=1e-9)
    pull = torch.randn_like(y)
    slopes = [torch.autograd.grad(out, x, pull)[0] for out in (y, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-7, atol=1e-8)
