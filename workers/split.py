"""Stratified, seeded choices of images: which are used at all, which are held out."""

from __future__ import annotations

import torch
from torch import Tensor

from workers.datasets import DataSpec
from workers.errors import DataError


def stratified(labels: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pick ``count`` images so that every class keeps its share to within one image.

    Args:
        labels: (N,) class of each image.
        count: how many to pick, 0…N.
        seed: of the choice within a class, and of who wins a tie between classes.

    Returns:
        The indices picked and the indices left, both ascending.
    """
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    place = torch.empty(len(labels), dtype=torch.float64)
    for label in torch.unique(labels):
        mine = shuffled[labels[shuffled] == label]
        place[mine] = (torch.arange(len(mine), dtype=torch.float64) + 0.5) / len(mine)
    order = shuffled[torch.argsort(place[shuffled], stable=True)]
    return order[:count].sort().values, order[count:].sort().values


def split(labels: Tensor, spec: DataSpec) -> tuple[Tensor, Tensor]:
    """Take the asked subset of the training images, then hold a share of it out.

    Returns:
        Ascending indices of the images to train on and of those to validate on.

    Raises:
        DataError: if more images are asked for than there are, or a part would be empty.
    """
    total = len(labels)
    used = spec.train_images or round(total * spec.fraction)
    if used > total:
        raise DataError(f"data.train_images is {used}, but {spec.name} has {total} training images")
    held_out = max(1, round(used * spec.validation))
    if used - held_out < 1:
        raise DataError(
            f"{used} images of {spec.name} with data.validation {spec.validation} leave "
            "no image to train on; use more images or a smaller share"
        )
    subset = stratified(labels, used, spec.split_seed)[0]
    validation, train = stratified(labels[subset], held_out, spec.split_seed + 1)
    return subset[train], subset[validation]
