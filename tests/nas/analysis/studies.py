"""Simulated searches with known effects, pruned as a search prunes them."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace

from search_spaces.space import SearchSpace

SPACE = SearchSpace.from_dict(
    {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": [4, 8, 16]},
        "attention": [
            {"types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None, "simam": None}}
        ],
    }
)
#: What is added by width: points for each doubling.
WIDTH = 0.03


def study(rng: random.Random, trials: int = 48, planted: float = 0.0):
    """A job, its trials and their reports; ``planted`` is what SE before the add of stage 3 adds.

    Interactions have a standard deviation of 0.3 points, the luck of a run 0.4, that of a rung 0.3.
    """
    drawn: dict = {}
    while len(drawn) < trials:
        drawn[SPACE.sample(rng)] = None
    rows = [_accuracies(rng, architecture, planted) for architecture in drawn]
    found, reports = [], {}
    for number, (architecture, reached) in enumerate(zip(drawn, _pruned(rows), strict=True)):
        width = architecture.backbone.as_dict()["width"]
        flops = 10_000 * width**2 * (1 + 0.01 * len(architecture.attention))
        found.append(_trial(number, architecture, flops))
        reports[number] = [
            SimpleNamespace(epoch=epoch, validation_accuracy=value)
            for epoch, value in zip((3, 6, 12)[:reached], rows[number], strict=False)
        ]
    job = SimpleNamespace(
        name="simulated", details={"rungs": [3, 6, 12]}, spec={"space": SPACE.to_dict()}
    )
    return job, found, reports


def _accuracies(rng, architecture, planted):
    place = next((c.name for p, c in architecture.attention if p.stage == "stage3"), "")
    level = 0.7 + WIDTH * math.log2(architecture.backbone.as_dict()["width"] / 4)
    level += rng.gauss(0, 0.003) + (planted if place == "se" else 0)
    luck = rng.gauss(0, 0.004)
    return [level * share + luck + rng.gauss(0, 0.003) for share in (0.8, 0.9, 1.0)]


def _pruned(rows):
    """How many rungs each trial reaches: the better half goes on."""
    alive, reached = set(range(len(rows))), [3] * len(rows)
    for rung in (0, 1):
        best = sorted(alive, key=lambda i: -rows[i][rung])[: max(4, len(alive) // 2)]
        for i in alive - set(best):
            reached[i] = rung + 1
        alive = set(best)
    return reached


def _trial(number, architecture, flops):
    return SimpleNamespace(
        id=number,
        number=number,
        kind="search",
        architecture=architecture.to_json(),
        forward_flops=flops,
        parameters=flops // 10,
        latency_ms=None,
        cost=lambda name: float(flops if name == "forward_flops" else flops // 10),
    )
