"""Every attention type as its paper and most public code write it: the formula, step by step.

Each function maps (module, x) to the module's output with the module's own weights, paper start,
and none of its short cuts; ``attention.py --check`` holds outputs and gradients equal.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

Forward = Callable[[nn.Module, Tensor], Tensor]


class Plain(nn.Module):
    """A module that computes another's output the plain way."""

    def __init__(self, forward: Forward, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.formula = forward

    def forward(self, x: Tensor) -> Tensor:
        """The formula."""
        return self.formula(self.module, x)


def conv1x1(layer: nn.Module, x: Tensor) -> Tensor:
    """A linear layer as the 1x1 convolution that public code has."""
    return F.conv2d(x, layer.weight[:, :, None, None], layer.bias)


def se(m: nn.Module, x: Tensor) -> Tensor:
    pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
    gate = torch.sigmoid(m.channel.expand(F.relu(m.channel.reduce(pooled))))
    return x * gate[:, :, None, None].expand_as(x)


def eca(m: nn.Module, x: Tensor) -> Tensor:
    pooled = F.adaptive_avg_pool2d(x, 1).squeeze(3).transpose(1, 2)
    logits = F.conv1d(pooled, m.channel.band.weight[:, None], padding=m.channel.padding)
    return x * torch.sigmoid(logits.transpose(1, 2)[..., None]).expand_as(x)


def asr(m: nn.Module, x: Tensor) -> Tensor:
    gate = torch.sigmoid(m.channel.expand(F.relu(m.channel.reduce(m.psi.flatten(1)))))
    return x * gate[:, :, None, None].expand_as(x)


def cbam_channel(m: nn.Module, x: Tensor) -> Tensor:
    pools = (F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, 1))
    logits = [m.expand(F.relu(m.reduce(pooled.flatten(1)))) for pooled in pools]
    return sum(logits)[:, :, None, None].expand_as(x)


def cbam_spatial(m: nn.Module, x: Tensor) -> Tensor:
    statistics = torch.cat((x.max(1)[0].unsqueeze(1), x.mean(1).unsqueeze(1)), dim=1)
    return m.norm(m.conv(statistics))


def cbam(m: nn.Module, x: Tensor) -> Tensor:
    x = x * torch.sigmoid(cbam_channel(m.channel, x))
    return x * torch.sigmoid(cbam_spatial(m.spatial, x))


def bam(m: nn.Module, x: Tensor) -> Tensor:
    pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
    branch = m.channel
    channel = branch.expand(F.relu(branch.norm(branch.reduce(pooled))))
    channel = channel[:, :, None, None].expand_as(x)
    spatial = m.spatial(x).expand_as(x)
    joint = channel + spatial if m.composition == "par_logit_sum" else channel * spatial
    return (1 + torch.sigmoid(joint)) * x


def scse(m: nn.Module, x: Tensor) -> Tensor:
    s = x * torch.sigmoid(m.channel(x))
    q = torch.sigmoid(conv1x1(m.spatial.project, x))
    if m.composition == "par_sum":
        return s + x * q
    if m.composition == "par_prod":
        return s * q
    return x * torch.maximum(torch.sigmoid(m.channel(x)), q)


def centred_covariance(rows: Tensor) -> Tensor:
    """With the centring matrix that the official code builds."""
    batch, _, count = rows.shape
    one = torch.ones(count, count, dtype=rows.dtype, device=rows.device)
    centring = torch.eye(count, dtype=rows.dtype, device=rows.device) / count - one / count**2
    return rows.bmm(centring.expand(batch, -1, -1)).bmm(rows.transpose(1, 2))


def gsop_rows(branch: nn.Module, matrix: Tensor) -> Tensor:
    normed = branch.norm(matrix[:, :, None])
    rows = branch.rows
    return F.conv2d(normed.transpose(2, 3), rows.weight[..., None], rows.bias, groups=rows.groups)


def gsop_gates(m: nn.Module, x: Tensor) -> list[Tensor]:
    gates = []
    if m.variant != "spatial":
        matrix = centred_covariance(F.relu(m.channel.reduce(x)).flatten(2))
        gates.append(torch.sigmoid(conv1x1(m.channel.expand, gsop_rows(m.channel, matrix))))
    if m.variant != "channel":
        cells = F.adaptive_avg_pool2d(m.spatial.reduce(x), 8).flatten(2).transpose(1, 2)
        rows = F.relu(gsop_rows(m.spatial, centred_covariance(cells)))
        mask = torch.sigmoid(conv1x1(m.spatial.expand, rows)).view(-1, 1, 8, 8)
        gates.append(F.adaptive_avg_pool2d(mask, x.shape[2:]))
    return gates


def gsop(m: nn.Module, x: Tensor) -> Tensor:
    gates = gsop_gates(m, x)
    if len(gates) == 1:
        return x * gates[0]
    products = [x * gate for gate in gates]
    return sum(products) / 2 if m.variant == "average" else x * torch.maximum(*gates)


def triplet(m: nn.Module, x: Tensor) -> Tensor:
    """Two rotated copies of the map, a gate on each, rotated back."""
    rotated = x.permute(0, 2, 1, 3).contiguous()
    total = (rotated * torch.sigmoid(cbam_spatial(m.cw, rotated))).permute(0, 2, 1, 3).contiguous()
    rotated = x.permute(0, 3, 2, 1).contiguous()
    gated = rotated * torch.sigmoid(cbam_spatial(m.hc, rotated))
    total = total + gated.permute(0, 3, 2, 1).contiguous()
    if m.hw is None:
        return total / 2
    return (total + x * torch.sigmoid(cbam_spatial(m.hw, x))) / 3


def psa(m: nn.Module, x: Tensor) -> Tensor:
    """Both branches with a map of values."""
    batch, _, height, width = x.shape
    branch = m.channel
    value = conv1x1(branch.value, x).flatten(2)
    query = conv1x1(branch.key, x).flatten(2).transpose(1, 2).softmax(1)
    z = branch.norm(branch.expand(torch.matmul(value, query).squeeze(2)))
    gated = x * torch.sigmoid(z)[:, :, None, None]
    y, branch = (x if m.composition == "par_sum" else gated), m.spatial
    value = conv1x1(branch.value, y).flatten(2)
    query = F.adaptive_avg_pool2d(conv1x1(branch.query, y), 1).flatten(1).softmax(1)
    mask = torch.sigmoid(torch.matmul(query[:, None], value)).view(batch, 1, height, width)
    return gated + y * mask if m.composition == "par_sum" else y * mask


def sca(m: nn.Module, x: Tensor) -> Tensor:
    for kind in m.order:
        if kind == "c":
            pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)[..., None]
            scores = m.channel.score(torch.tanh(m.channel.hidden(pooled)))
            x = x * (x.shape[1] * scores.softmax(1))[..., None]
        else:
            scores = m.spatial.score(torch.tanh(m.spatial.hidden(x)))
            shares = scores.numel() / len(x) * scores.flatten(2).softmax(2)
            x = x * shares.view_as(scores)
    return x


def coordinate(m: nn.Module, x: Tensor) -> Tensor:
    height, width = x.shape[2:]
    rows = F.adaptive_avg_pool2d(x, (height, 1))
    columns = F.adaptive_avg_pool2d(x, (1, width)).permute(0, 1, 3, 2)
    hidden = F.hardswish(m.norm(conv1x1(m.reduce, torch.cat((rows, columns), dim=2))))
    rows, columns = torch.split(hidden, [height, width], dim=2)
    columns = columns.permute(0, 1, 3, 2)
    return x * torch.sigmoid(conv1x1(m.columns, columns)) * torch.sigmoid(conv1x1(m.rows, rows))


def simam(m: nn.Module, x: Tensor) -> Tensor:
    count = x.shape[2] * x.shape[3] - 1
    distance = (x - x.mean(dim=(2, 3), keepdim=True)).pow(2)
    variance = distance.sum(dim=(2, 3), keepdim=True) / count
    energy = distance / (4 * (variance + m.regularization)) + 0.5
    return x * torch.sigmoid(m.gain * energy)


def sge(m: nn.Module, x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    grouped = x.view(batch * m.groups, -1, height, width)
    likeness = (grouped * F.adaptive_avg_pool2d(grouped, 1)).sum(1, keepdim=True)
    flat = likeness.view(batch * m.groups, -1)
    flat = flat - flat.mean(1, keepdim=True)
    flat = flat / (flat.var(1, keepdim=True, unbiased=False) + 1e-5).sqrt()
    gate = flat.view(batch, m.groups, height * width) * m.weight + m.bias
    gate = torch.sigmoid(gate.view(batch * m.groups, 1, height, width))
    return (grouped * gate).view(batch, channels, height, width)
