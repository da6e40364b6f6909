"""What is exported: an architecture with its trained weights and its input's moments."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from search_spaces.architecture import Architecture, TaskShape
from search_spaces.build import build


@dataclass(frozen=True, eq=False)
class SearchedModel:
    """A trained candidate.

    Attributes:
        shape: of one image, and the class count.
        mean: of each input channel on the scale 0…255; std: its standard deviation.
        weights: state dict of the evaluated model, on the CPU.
    """

    architecture: Architecture
    shape: TaskShape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    weights: dict[str, Tensor]

    def module(self) -> nn.Module:
        """The model as it was searched: built by the search space, in eval mode.

        Raises:
            RuntimeError: if the weights are of another architecture.
        """
        with torch.device("cpu"):
            model = build(self.architecture, self.shape)
        model.load_state_dict(self.weights)
        return model.eval()
