"""An additive model of accuracy over architectures, on all trials at all rungs.

``accuracy = rung + features + architecture + noise of the rung``: the features' coefficients are
normal with one variance a block, the architecture's own deviation (what doesn't add up, and the
luck of its run) is a random effect that its rungs share. A linear mixed model (Henderson,
Biometrics 31, 1975), fitted by EM (Dempster, Laird and Rubin, 1977, section 4.4). Because it is a
likelihood of everything that was seen, trials that were pruned for a low accuracy don't bias it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Coefficients of this block are free: nothing draws them towards zero.
FREE = -1

#: What a block's variance is believed to be, in variances of the last rung's noise, and the number
#: of coefficients that this belief counts for: it keeps intervals from closing around zero.
_PRIOR_RATIO, _PRIOR_COUNT = 9.0, 4.0

#: How many observations the other rungs' noise counts for: few trials reach the last one.
_PRIOR_RUNS = 10.0

_WIDE = 1e6
_STEPS, _WORK = 200, 4e10


@dataclass(frozen=True)
class Observations:
    """What was seen, row by row.

    Attributes:
        rows: observations by features.
        block: of each feature; ``FREE`` or counted from 0.
        group: the architecture of each observation, counted from 0.
        rung: of each observation, counted from 0; the last one is what matters.
        values: accuracies, any unit.
    """

    rows: Floats
    block: Integers
    group: Integers
    rung: Integers
    values: Floats

    def weighted(self, factors: Floats) -> Observations:
        """The same with rows and values times a factor each, so that their variances are alike.

        Args:
            factors: one an observation, the same for all of an architecture; about 1.
        """
        return replace(self, rows=self.rows * factors[:, None], values=self.values * factors)


@dataclass(frozen=True)
class Additive:
    """A fitted model.

    Attributes:
        mean: of the coefficients.
        covariance: of them, given the variances.
        noise: variance of one observation, by rung.
        own: variance of an architecture's own deviation.
        freedom: degrees of freedom that are left: architectures less coefficients in use.
    """

    mean: Floats
    covariance: Floats
    noise: Floats
    own: float
    freedom: float

    def contrast(self, weights: Floats) -> tuple[Floats, Floats]:
        """Mean and standard error of combinations of coefficients, one a row."""
        spread = np.einsum("ij,jk,ik->i", weights, self.covariance, weights)
        return weights @ self.mean, np.sqrt(np.maximum(spread, 0.0))


def fit(seen: Observations) -> Additive:
    """Fit coefficients and variances.

    Args:
        seen: at least two observations that differ.
    """
    rungs = int(seen.rung.max()) + 1
    scale = float(np.var(seen.values)) or 1.0
    counts = np.maximum(np.bincount(seen.rung, minlength=rungs), 1)
    blocks = int(seen.block.max()) + 1 if len(seen.block) else 0
    noise, own = np.full(rungs, 0.2 * scale), 0.2 * scale
    if len(np.unique(seen.group)) == len(seen.group):
        own = 0.0  # one observation each: deviation and noise are the same thing
    variance = np.full(blocks, 0.2 * scale)
    size = seen.rows.shape[1]
    steps = int(np.clip(_WORK / max(1, len(seen.values) * size * (size + 20)), 15, _STEPS))
    state = _posterior(seen, variance, noise, own)
    for _ in range(steps):
        before = np.concatenate([variance, noise, [own]])
        left = np.bincount(seen.rung, state.squares, minlength=rungs)
        pooled = float(left.sum() / counts.sum())
        noise = (left + _PRIOR_RUNS * pooled) / (counts + _PRIOR_RUNS) + 1e-9 * scale
        own = state.own if own else 0.0
        for block in range(blocks):
            here = seen.block == block
            total = float((state.mean[here] ** 2 + np.diag(state.covariance)[here]).sum())
            prior = _PRIOR_COUNT * _PRIOR_RATIO * float(noise[-1] + own)
            variance[block] = (total + prior) / (here.sum() + _PRIOR_COUNT)
        state = _posterior(seen, variance, noise, own)
        after = np.concatenate([variance, noise, [own]])
        if float(np.abs(after - before).max()) < 1e-4 * scale:
            break
    groups = len(np.unique(seen.group))
    freedom = max(3.0, groups - state.used)
    return Additive(state.mean, state.covariance, noise, own, freedom)


@dataclass(frozen=True)
class _State:
    """What EM needs of the posterior: expected squares by observation, and of the deviations."""

    mean: Floats
    covariance: Floats
    squares: Floats
    own: float
    used: float


def _posterior(seen: Observations, variance: Floats, noise: Floats, own: float) -> _State:
    rows, groups = seen.rows, int(seen.group.max()) + 1
    weight = 1 / noise[seen.rung]
    weighted = rows * weight[:, None]
    sums = np.zeros((groups, rows.shape[1]))
    np.add.at(sums, seen.group, weighted)
    total = np.bincount(seen.group, weight, minlength=groups)
    shrink = own / (1 + own * total)  # the variance of a deviation once all else is known
    free = seen.block == FREE
    prior: Floats = np.where(free, 1 / _WIDE, 1 / np.append(variance, 1.0)[seen.block])
    precision = rows.T @ weighted - sums.T @ (shrink[:, None] * sums)
    precision[np.diag_indices_from(precision)] += prior
    covariance: Floats = np.linalg.inv(precision).astype(np.float64)
    seen_sums = np.bincount(seen.group, weight * seen.values, minlength=groups)
    mean = covariance @ (weighted.T @ seen.values - sums.T @ (shrink * seen_sums))
    residual = seen.values - rows @ mean
    deviation = shrink * np.bincount(seen.group, weight * residual, minlength=groups)
    moved = rows - (shrink[:, None] * sums)[seen.group]
    unsure = _quadratic(moved, covariance) + shrink[seen.group]
    squares = (residual - deviation[seen.group]) ** 2 + unsure
    spread = deviation**2 + shrink + shrink**2 * _quadratic(sums, covariance)
    used = float((1 - prior * np.diag(covariance)).sum())
    return _State(mean, covariance, squares, float(spread.mean()), used)


def _quadratic(rows: Floats, matrix: NDArray[Any]) -> Floats:
    result: Floats = ((rows @ matrix) * rows).sum(axis=1)
    return result
