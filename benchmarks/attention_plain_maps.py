"""The plain formulations of the types that gather, replace and warp; see ``attention_plain``."""

from __future__ import annotations

from collections.abc import Callable

import attention_plain as gates
import torch
import torch.nn as nn
import torch.nn.functional as F
from attention_plain import Forward, conv1x1
from torch import Tensor


def non_local(m: nn.Module, x: Tensor) -> Tensor:
    batch, _, height, width = x.shape
    keys = m.pooled(x)
    theta, phi = (x, keys) if m.mode == "gaussian" else (m.theta(x), m.phi(keys))
    theta, phi = theta.flatten(2).transpose(1, 2), phi.flatten(2)
    values = m.g(keys).flatten(2).transpose(1, 2)
    weights = pairs(m, theta, phi)
    gathered = torch.matmul(weights, values).transpose(1, 2).contiguous()
    return m.norm(m.out(gathered.view(batch, -1, height, width))) + x


def pairs(m: nn.Module, theta: Tensor, phi: Tensor) -> Tensor:
    """The normalised weight of every pair, (B, N, M)."""
    if m.mode == "concatenation":
        shape = (len(phi), phi.shape[1], theta.shape[1], phi.shape[2])
        left = theta.transpose(1, 2)[..., None].expand(shape)
        both = torch.cat((left, phi[:, :, None].expand(shape)), dim=1)
        return F.relu(conv1x1(m.pair, both)).squeeze(1) / phi.shape[2]
    logits = torch.matmul(theta, phi)
    if m.mode == "dot_product":
        return logits / phi.shape[2]
    return (logits if m.logit_scale == 1 else logits * m.logit_scale).softmax(-1)


def a2(m: nn.Module, x: Tensor) -> Tensor:
    batch, _, height, width = x.shape
    weights, biases = m.project.weight.split(m.widths), m.project.bias.split(m.widths)
    maps = [F.conv2d(x, w, b).flatten(2) for w, b in zip(weights, biases, strict=True)]
    descriptors = torch.bmm(maps[0], maps[1].softmax(-1).transpose(1, 2))
    shared = torch.matmul(descriptors, maps[2].softmax(1)).view(batch, -1, height, width)
    return x + m.norm(m.out(shared))


def gc(m: nn.Module, x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    if m.pool == "attention":
        mask = conv1x1(m.key, x).view(batch, 1, height * width).softmax(2)[..., None]
        context = torch.matmul(x.view(batch, 1, channels, -1), mask).view(batch, channels, 1, 1)
    else:
        context = F.adaptive_avg_pool2d(x, 1)
    hidden = conv1x1(m.reduce, context)
    norm = m.norm
    hidden = F.layer_norm(
        hidden, hidden.shape[1:], norm.weight[:, None, None], norm.bias[:, None, None]
    )
    t = conv1x1(m.expand, F.relu(hidden))
    return x + t if m.fusion == "add" else x * torch.sigmoid(t)


def cca(m: nn.Module, x: Tensor) -> Tensor:
    for _ in range(m.recurrences):
        x = criss_cross(m, x)
    return x


def criss_cross(m: nn.Module, x: Tensor) -> Tensor:
    """One pass with rows and columns folded into the batch, and a matrix of -inf."""
    batch, _, height, width = x.shape
    weights, biases = m.project.weight.split(m.widths), m.project.bias.split(m.widths)
    q, k, v = (F.conv2d(x, w, b) for w, b in zip(weights, biases, strict=True))
    down = [t.permute(0, 3, 1, 2).contiguous().view(batch * width, -1, height) for t in (q, k, v)]
    across = [t.permute(0, 2, 1, 3).contiguous().view(batch * height, -1, width) for t in (q, k, v)]
    low = torch.diag(torch.full((height,), float("inf"), device=x.device, dtype=x.dtype))
    columns = torch.bmm(down[0].transpose(1, 2), down[1]) - low.expand(batch * width, -1, -1)
    rows = torch.bmm(across[0].transpose(1, 2), across[1])
    columns = columns.view(batch, width, height, height).permute(0, 2, 1, 3)
    weights = torch.cat((columns, rows.view(batch, height, width, width)), 3).softmax(3)
    in_column = weights[..., :height].permute(0, 2, 1, 3).reshape(batch * width, height, height)
    in_row = weights[..., height:].reshape(batch * height, width, width)
    z = torch.bmm(down[2], in_column.transpose(1, 2)).view(batch, width, -1, height)
    z = z.permute(0, 2, 3, 1)
    z = z + torch.bmm(across[2], in_row.transpose(1, 2)).view(batch, height, -1, width).permute(
        0, 2, 1, 3
    )
    return m.weight * z + x


def danet(m: nn.Module, x: Tensor) -> Tensor:
    y = 0
    if m.branch != "channel":
        weights, biases = m.project.weight.split(m.widths), m.project.bias.split(m.widths)
        q, k, v = (F.conv2d(x, w, b).flatten(2) for w, b in zip(weights, biases, strict=True))
        energy = torch.bmm(q.transpose(1, 2), k)
        weights = (energy * m.widths[0] ** -0.5 if m.scale else energy).softmax(-1)
        y = y + m.position_weight * torch.bmm(v, weights.transpose(1, 2)).view_as(x)
    if m.branch != "position":
        rows = x.flatten(2)
        energy = torch.bmm(rows, rows.transpose(1, 2))
        if m.scale:
            energy = energy * rows.shape[2] ** -0.5
        lifted = energy.max(-1, keepdim=True)[0].expand_as(energy) - energy
        y = y + m.channel_weight * torch.bmm(lifted.softmax(-1), rows).view_as(x)
    return y + x


def encoder(m: nn.Module, x: Tensor) -> Tensor:
    """Pre-norm layers with torch's own multi-head attention function."""
    from search_spaces.attention.encoder import sine_positions

    tokens = x.flatten(2).permute(2, 0, 1)
    places = sine_positions(x)[:, None] if m.encoding == "sine" else 0
    for layer in m.layers:
        normed = layer.norm1(tokens)
        looking = normed + places
        gathered, _ = F.multi_head_attention_forward(
            looking, looking, normed, x.shape[1], layer.heads, layer.project.weight,
            layer.project.bias, None, None, False, 0.0, layer.out.weight, layer.out.bias,
            need_weights=False,
        )  # fmt: skip
        tokens = tokens + gathered
        tokens = tokens + layer.contract(F.relu(layer.expand(layer.norm2(tokens))))
    return tokens.permute(1, 2, 0).reshape(x.shape)


def sk(m: nn.Module, x: Tensor) -> Tensor:
    maps = torch.stack([path(x) for path in m.paths], dim=1)
    pooled = maps.sum(1).mean((2, 3))
    logits = m.select(F.relu(m.norm(m.reduce(pooled))))
    shares = logits.view(len(x), maps.shape[1], -1, 1, 1).softmax(1)
    return (maps * shares).sum(1)


def split(m: nn.Module, x: Tensor) -> Tensor:
    batch, channels = x.shape[:2]
    maps = m.splits(x)
    splits = torch.split(maps, channels, dim=1)
    gap = F.adaptive_avg_pool2d(sum(splits), 1)
    logits = m.fc2(F.relu(m.norm(m.fc1(gap))))
    if m.radix == 1:
        return torch.sigmoid(logits) * maps
    shares = logits.view(batch, m.cardinality, m.radix, -1).transpose(1, 2).softmax(1)
    shares = shares.reshape(batch, -1, 1, 1).split(channels, dim=1)
    return sum(a * u for a, u in zip(shares, splits, strict=True)).contiguous()


def stn(m: nn.Module, x: Tensor) -> Tensor:
    seen = F.adaptive_avg_pool2d(x, m.pool).flatten(1)
    theta = m.theta(F.relu(m.look(seen))).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(x.shape), align_corners=m.align_corners)
    return F.grid_sample(x, grid, align_corners=m.align_corners)


def _gates(*names: str) -> dict[str, Callable[[nn.Module, Tensor], Tensor]]:
    return {name: getattr(gates, name) for name in names}


#: By the catalogue's name; ``gate`` at its defaults is CBAM.
PLAIN: dict[str, Forward] = {
    **_gates("se", "eca", "asr", "cbam", "bam", "scse", "gsop", "triplet", "psa", "sca"),
    **_gates("coordinate", "simam", "sge"),
    "gate": gates.cbam,
    "non_local": non_local,
    "a2": a2,
    "gc": gc,
    "cca": cca,
    "danet": danet,
    "encoder": encoder,
    "sk": sk,
    "split": split,
    "stn": stn,
}
