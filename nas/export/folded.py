"""A trained candidate as its user gets it: what folds into the layers before it is folded."""

from __future__ import annotations

from dataclasses import replace

import torch

from nas.errors import ExportMismatch
from nas.export.searched import SearchedModel
from search_spaces.architecture import Architecture
from search_spaces.catalogue import attention_type
from search_spaces.folding import fold

#: How far folding may round, of the largest output.
ROUNDING = 1e-3


def folding_types(architecture: Architecture) -> list[str]:
    """The attention types of an architecture that are folded, each once."""
    names = [choice.name for _, choice in architecture.attention]
    return [name for name in dict.fromkeys(names) if attention_type(name).folds]


def folded(model: SearchedModel) -> SearchedModel:
    """The same candidate without the attention that folds, in its weights; the same if none does.

    Raises:
        ExportMismatch: if it computes anything else but for rounding.
    """
    gone = folding_types(model.architecture)
    if not gone:
        return model
    kept = {
        place: choice for place, choice in model.architecture.attention if choice.name not in gone
    }
    architecture = Architecture.of(model.architecture.backbone, kept, model.architecture.start)
    searched = model.module()
    weights = {name: tensor.clone() for name, tensor in fold(searched).state_dict().items()}
    plain = replace(model, architecture=architecture, weights=weights)
    generator = torch.Generator().manual_seed(0)
    shape = model.shape
    images = torch.randn(2, shape.channels, shape.height, shape.width, generator=generator)
    with torch.no_grad():
        expected, found = searched(images), plain.module()(images)
    error = float((found - expected).abs().max())
    if not error <= ROUNDING * float(expected.abs().max()):
        raise ExportMismatch(
            f"nothing was exported: the network differs by {error:.3g} once {', '.join(gone)} is "
            f"folded"
        )
    return plain
