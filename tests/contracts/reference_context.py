"""The context types once more, slowly."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.contracts.reference_parts import Axes, Weights, batch_norm, conv, gate, linear, relu


def non_local(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    height, width = x.shape[2:]
    keys = subsampled(x, int(axes["subsample"]))
    theta = phi = None
    if axes["mode"] == "gaussian":
        theta, phi = x, keys
    else:
        theta, phi = conv(w, "theta", x), conv(w, "phi", keys)
    theta, phi, g = theta.flatten(2), phi.flatten(2), conv(w, "g", keys).flatten(2)
    scale = theta.shape[1] ** -0.5 if axes.get("scale", False) else 1.0
    images = []
    for b in range(len(x)):
        z = [
            gather(w, str(axes["mode"]), theta[b, :, i], phi[b], g[b], scale)
            for i in range(height * width)
        ]
        images.append(torch.stack(z, 1).reshape(-1, height, width))
    return x + batch_norm(w, "norm", training, conv(w, "out", torch.stack(images)))


def gather(w: Weights, mode: str, query: Tensor, phi: Tensor, g: Tensor, scale: float) -> Tensor:
    """One position's sum over all keys, pair by pair."""
    total = torch.zeros(g.shape[0], dtype=g.dtype)
    norm = torch.zeros((), dtype=g.dtype)
    for j in range(phi.shape[1]):
        if mode == "concatenation":
            f = relu((w["pair.weight"][0] * torch.cat([query, phi[:, j]])).sum())
        else:
            f = (query * phi[:, j]).sum()
        if mode in ("gaussian", "embedded_gaussian"):
            f = torch.exp(f * scale)
        total = total + f * g[:, j]
        norm = norm + (f if mode in ("gaussian", "embedded_gaussian") else 1.0)
    return total / norm


def subsampled(x: Tensor, step: int) -> Tensor:
    """The largest value of each ``step`` x ``step`` window; a remainder at the edge is left out."""
    rows, columns = x.shape[2] // step, x.shape[3] // step
    windows = [
        [
            x[:, :, r * step : (r + 1) * step, c * step : (c + 1) * step].amax((2, 3))
            for c in range(columns)
        ]
        for r in range(rows)
    ]
    return torch.stack([torch.stack(row, 2) for row in windows], 2)


def softmax(values: Tensor, dim: int) -> Tensor:
    powers = torch.exp(values)
    return powers / powers.sum(dim, keepdim=True)


def a2(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    """Position by position: each asks for a mix of descriptors, each gathered from all."""
    m = w["out.weight"].shape[1]
    maps = conv(w, "project", x).flatten(2)
    n = (maps.shape[1] - m) // 2
    features, gather, share = maps[:, :m], maps[:, m : m + n], maps[:, m + n :]
    gather, share = softmax(gather, 2), softmax(share, 1)
    positions = range(maps.shape[2])
    descriptors = [
        total([features[:, :, j] * gather[:, k, j, None] for j in positions]) for k in range(n)
    ]
    z = [total([descriptors[k] * share[:, k, i, None] for k in range(n)]) for i in positions]
    mixed = torch.stack(z, 2).reshape(len(x), m, *x.shape[2:])
    return x + batch_norm(w, "norm", training, conv(w, "out", mixed))


def total(terms: list[Tensor]) -> Tensor:
    return torch.stack(terms).sum(0)


def layer_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    """Over the last axis."""
    count = x.shape[-1]
    mean = x.sum(-1, keepdim=True) / count
    variance = ((x - mean) ** 2).sum(-1, keepdim=True) / count
    return w[f"{name}.weight"] * (x - mean) / (variance + 1e-5) ** 0.5 + w[f"{name}.bias"]


def gc(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    contexts = []
    for image in x.flatten(2):
        weights = [torch.ones((), dtype=x.dtype) for _ in image.T]
        if axes["pool"] == "attention":
            key, bias = w["key.weight"][0], w["key.bias"][0]
            weights = [torch.exp((key * position).sum() + bias) for position in image.T]
        terms = [a * position for a, position in zip(weights, image.T, strict=True)]
        contexts.append(total(terms) / total(weights))
    hidden = relu(layer_norm(w, "norm", linear(w, "reduce", torch.stack(contexts))))
    t = linear(w, "expand", hidden)[:, :, None, None]
    return x + t if axes["fusion"] == "add" else x * gate(t, start)


def criss_cross(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    """Pass by pass, position by position, over the set of its row and its column."""
    for _ in range(int(axes["recurrences"])):
        q, k, v = queries_keys_values(w, x)
        rows = []
        for i in range(x.shape[2]):
            row = [gathered_across(q[:, :, i, j], k, v, i, j) for j in range(x.shape[3])]
            rows.append(torch.stack(row, 2))
        x = x + w["weight"] * torch.stack(rows, 2)
    return x


def queries_keys_values(w: Weights, x: Tensor) -> tuple[Tensor, ...]:
    """1x1 convolutions; values are as wide as ``x``."""
    maps, channels = conv(w, "project", x), x.shape[1]
    inner = (maps.shape[1] - channels) // 2
    return maps[:, :inner], maps[:, inner : 2 * inner], maps[:, 2 * inner :]


def gathered_across(q: Tensor, k: Tensor, v: Tensor, i: int, j: int) -> Tensor:
    """One position's sum over the H + W - 1 positions of its cross."""
    height, width = k.shape[2:]
    cross = sorted({(r, j) for r in range(height)} | {(i, c) for c in range(width)})
    assert len(cross) == height + width - 1
    weights = [torch.exp((q * k[:, :, r, c]).sum(1, keepdim=True)) for r, c in cross]
    terms = [a * v[:, :, r, c] for a, (r, c) in zip(weights, cross, strict=True)]
    return total(terms) / total(weights)


def danet(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    y = x
    if axes["branch"] != "channel":
        q, k, v = (t.flatten(2) for t in queries_keys_values(w, x))
        scale = q.shape[1] ** -0.5 if axes["scale"] else 1.0
        images = [
            torch.stack([gather(w, "gaussian", one, k[b], v[b], scale) for one in q[b].T], 1)
            for b in range(len(x))
        ]
        y = y + w["position_weight"] * torch.stack(images).reshape(x.shape)
    if axes["branch"] != "position":
        rows = x.flatten(2)
        scale = rows.shape[2] ** -0.5 if axes["scale"] else 1.0
        images = [torch.stack([least_similar(row, all_, scale) for row in all_]) for all_ in rows]
        y = y + w["channel_weight"] * torch.stack(images).reshape(x.shape)
    return y


def least_similar(row: Tensor, rows: Tensor, scale: float) -> Tensor:
    """One channel's sum over all channels, by how far each is below the most similar one."""
    likeness = torch.stack([(row * other).sum() * scale for other in rows])
    weights = torch.exp(likeness.max() - likeness)
    return (weights[:, None] * rows).sum(0) / weights.sum()
