"""The optimizer and its schedule of one cycle, or of one for each rung."""

from __future__ import annotations

from bisect import bisect_right

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from workers.recipe import Recipe

#: AdamW's second beta; the first is the recipe's momentum.
SECOND_BETA = 0.999


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """The rate of step 0…steps-1: linear up to the peak, then linear to near zero.

    A closed form of the step alone (Smith and Topin, Super-Convergence, 2018, with linear arms), so
    that all rungs of one epoch budget lie on one schedule wherever a segment begins. With restarts
    (Loshchilov and Hutter, SGDR, ICLR 2017, with these arms for their cosine) there is one such
    cycle up to each of them, so that a model is a finished one where a cycle ends.

    Args:
        step: counts from the beginning of the training.
        steps: of all ``recipe.epochs`` epochs.
        recipe: peak, warm-up and restarts.
    """
    ends = (steps * epoch // recipe.epochs for epoch in recipe.restarts if epoch < recipe.epochs)
    edges = [0, *ends, steps]
    cycle = bisect_right(edges, step) - 1
    step, steps = step - edges[cycle], edges[cycle + 1] - edges[cycle]
    rising = max(1, round(steps * recipe.warmup))
    if step < rising:
        return recipe.learning_rate * (step + 1) / rising
    return recipe.learning_rate * (steps - step) / (steps - rising + 1)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Use one rate for all groups."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def build_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """Nesterov SGD or AdamW; weights of two or more dimensions decay, norms and biases don't."""
    weights = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    groups = [
        {"params": weights, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "adamw":
        return AdamW(
            groups, lr=recipe.learning_rate, betas=(recipe.momentum, SECOND_BETA), fused=True
        )
    return SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        fused=True,
    )
