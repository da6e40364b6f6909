"""The public modules of timm, torchvision and torch that compute the same as a choice of ours."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn as nn
from torch import Tensor

from search_spaces.architecture import Choice


class Tokens(nn.Module):
    """A module over tokens (B, N, C), as one over maps (B, C, H, W)."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        return self.layers(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)


def peers(choice: Choice, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Names and modules, of the same widths as ``ours``; few types have any."""
    axes = choice.as_dict()
    find = globals().get(f"{choice.name}_peers")
    if find is not None:
        yield from find(axes, channels, ours)


def se_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers import SEModule
    from torchvision.ops import SqueezeExcitation

    hidden = ours.channel.reduce.out_features
    yield "timm", SEModule(channels, rd_channels=hidden)
    yield "torchvision", SqueezeExcitation(channels, hidden)


def eca_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers import EcaModule

    yield "timm", EcaModule(channels)


def cbam_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers.cbam import CbamModule

    if axes["composition"] == "serial_cs":
        hidden = ours.channel.reduce.out_features
        yield "timm", CbamModule(channels, rd_channels=hidden, mlp_bias=True)


def gate_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    yield from cbam_peers(axes, channels, ours)


def coordinate_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers.coord_attn import CoordAttn

    hidden = ours.reduce.out_features
    yield "timm", CoordAttn(channels, rd_channels=hidden, bias=True)


def gc_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers.global_context import GlobalContext

    add = axes["fusion"] == "add"
    yield (
        "timm",
        GlobalContext(
            channels,
            use_attn=axes["pool"] == "attention",
            fuse_add=add,
            fuse_scale=not add,
            rd_channels=ours.reduce.out_features,
        ),
    )


def non_local_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers.non_local_attn import NonLocalAttn

    if axes["mode"] == "embedded_gaussian" and axes["subsample"] == 1:
        inner = ours.theta.out_channels
        yield "timm", NonLocalAttn(channels, use_scale=axes["scale"], rd_channels=inner)


def encoder_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if axes["encoding"] == "none":
        layers = [
            nn.TransformerEncoderLayer(
                channels,
                axes["heads"],
                axes["ffn_ratio"] * channels,
                dropout=0.0,
                batch_first=True,
                norm_first=axes["norm"] == "pre",
            )
            for _ in range(axes["layers"])
        ]
        yield "torch.nn", Tokens(nn.Sequential(*layers))


def sk_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers import SelectiveKernel

    yield (
        "timm",
        SelectiveKernel(
            channels,
            kernel_size=[3, 5, 7][: axes["paths"]],
            groups=axes["groups"],
            rd_channels=ours.reduce.out_features,
            split_input=False,
        ),
    )


def split_peers(axes: dict, channels: int, ours: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    from timm.layers import SplitAttn

    yield (
        "timm",
        SplitAttn(
            channels,
            groups=axes["cardinality"],
            radix=axes["radix"],
            rd_channels=ours.fc1.out_channels // axes["radix"],
            norm_layer=nn.BatchNorm2d,
        ),
    )
