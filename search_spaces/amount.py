"""What a model costs, as a value; ``search_spaces.cost`` counts it. No torch import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """The size of a model, and the work of its forward pass for one image."""

    parameters: int = 0
    forward_flops: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.forward_flops + other.forward_flops)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.parameters - other.parameters, self.forward_flops - other.forward_flops)
