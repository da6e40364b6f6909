"""An additive model of accuracy over architectures, on all trials at all rungs.

``accuracy = rung + features + architecture + noise of the rung``: the features' coefficients are
normal with one variance a block, the architecture's own deviation (what doesn't add up, and the
luck of its run) is a random effect that its rungs share. A linear mixed model (Henderson,
Biometrics 31, 1975), fitted by EM (Dempster, Laird and Rubin, 1977, section 4.4). Because it is a
likelihood of everything that was seen, trials that were pruned for a low accuracy don't bias it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nas.analysis.moments import Floats, Integers, Moments, summed

#: Coefficients of this block are free: nothing draws them towards zero.
FREE = -1

#: What a block's variance is believed to be, in variances of the last rung's noise, and the number
#: of coefficients that this belief counts for: it keeps intervals from closing around zero.
_PRIOR_RATIO, _PRIOR_COUNT = 9.0, 4.0

#: How many observations the other rungs' noise counts for: few trials reach the last one.
_PRIOR_RUNS = 10.0

_WIDE = 1e6
_STEPS = 200


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
    sums = Moments.of(seen.rows, seen.group, seen.rung, seen.values)
    state = _posterior(seen, sums, variance, noise, own)
    for _ in range(_STEPS):
        before = np.concatenate([variance, noise, [own]])
        pooled = float(state.left.sum() / counts.sum())
        noise = (state.left + _PRIOR_RUNS * pooled) / (counts + _PRIOR_RUNS) + 1e-9 * scale
        own = state.own if own else 0.0
        for block in range(blocks):
            here = seen.block == block
            total = float((state.mean[here] ** 2 + np.diag(state.covariance)[here]).sum())
            prior = _PRIOR_COUNT * _PRIOR_RATIO * float(noise[-1] + own)
            variance[block] = (total + prior) / (here.sum() + _PRIOR_COUNT)
        state = _posterior(seen, sums, variance, noise, own)
        after = np.concatenate([variance, noise, [own]])
        if float(np.abs(after - before).max()) < 1e-4 * scale:
            break
    groups = len(np.unique(seen.group))
    freedom = max(3.0, groups - state.used)
    return Additive(state.mean, state.covariance, noise, own, freedom)


@dataclass(frozen=True)
class _State:
    """What EM needs of the posterior: expected squares by rung, and the deviations' mean square."""

    mean: Floats
    covariance: Floats
    left: Floats
    own: float
    used: float


def _posterior(
    seen: Observations, sums: Moments, variance: Floats, noise: Floats, own: float
) -> _State:
    weight, groups = 1 / noise, len(sums.pattern)
    # By pattern: the variance of a deviation once all else is known.
    shrink = own / (1 + own * (sums.seen @ weight))
    paired = sums.weights(weight)
    factors = paired * shrink[sums.pairs[:, 0]]
    free = seen.block == FREE
    prior: Floats = np.where(free, 1 / _WIDE, 1 / np.append(variance, 1.0)[seen.block])
    precision = np.tensordot(weight, sums.gram, 1) - np.tensordot(factors, sums.products, 1)
    precision[np.diag_indices_from(precision)] += prior
    covariance: Floats = np.linalg.inv(precision).astype(np.float64)
    mean = covariance @ (weight @ sums.cross - factors @ sums.answers)
    residual = seen.values - seen.rows @ mean
    pulled = summed(seen.group, weight[seen.rung] * residual, groups)
    deviation = shrink[sums.pattern] * pulled
    squares = (residual - deviation[seen.group]) ** 2
    # Traces with the covariance are what quadratic forms of single rows add up to.
    traces = np.tensordot(sums.products, covariance, 2)
    spread = sums.by_pattern(paired * traces)
    left = summed(seen.rung, squares, len(noise))
    left += np.tensordot(sums.gram, covariance, 2) - 2 * sums.by_rung(traces, weight, shrink)
    left += (shrink**2 * spread + shrink * sums.sizes) @ sums.seen
    deviations = (deviation**2).sum() + shrink @ sums.sizes + shrink**2 @ spread
    used = float((1 - prior * np.diag(covariance)).sum())
    return _State(mean, covariance, left, float(deviations / groups), used)
