"""What a job knows of an architecture before training it, for a sampler that uses it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from nas.plan import Plan
from nas.search.samplers import Known

Params = Mapping[str, Any]


def known_of(plan: Plan) -> Known:
    """The exact costs of a job's space; a latency is measured, hence not known."""

    @lru_cache(maxsize=4096)
    def facts(answers: tuple[tuple[str, Any], ...]) -> tuple[dict[str, float], int]:
        params = dict(answers)
        architecture = plan.space.walk(lambda name, values: params[name])
        cost = plan.cost(architecture)
        costs = {
            "parameters": float(cost.parameters),
            "forward_flops": float(cost.forward_flops),
        }
        return costs, len(architecture.attention)

    def features(params: Params) -> list[float]:
        costs, places = facts(tuple(params.items()))
        return [*(math.log(value) for value in costs.values()), float(places)]

    def cost(params: Params) -> float:
        return facts(tuple(params.items()))[0][plan.objective]

    def allowed(params: Params) -> bool:
        return plan.over_limit(facts(tuple(params.items()))[0]) is None

    exact = None if plan.measures_latency else cost
    return Known(exact, plan.space.parameters(), features, allowed)
