"""User attributes of a study's trials that sampler and pruner go by, and accuracies by rung.

Optuna's own intermediate values would break TPE in a study of several objectives
(``study.direction`` does not exist there); in a study of one objective they are read too.
"""

from __future__ import annotations

import math

from optuna.trial import FrozenTrial, TrialState

#: The second objective, where it is known before the trial ends.
COST = "cost"

#: True for trials that no pruner may stop.
PROTECTED = "protected"

#: True for protected trials that were drawn uniformly: they tell which rungs predict the last one.
AUDIT = "audit"

#: What the names of attributes with accuracies at rungs begin with.
RUNG = "rung:"

#: The rung of a complete trial's value, whatever its number of epochs.
LAST = 2**31


def rung_key(epoch: int) -> str:
    """The user attribute that holds the accuracy at a rung."""
    return f"{RUNG}{epoch}"


def rungs_of(trial: FrozenTrial) -> dict[int, float]:
    """First objective by rung, as it was told."""
    found = {int(step): float(value) for step, value in trial.intermediate_values.items()}
    for name, value in trial.user_attrs.items():
        if name.startswith(RUNG) and name.removeprefix(RUNG).isdecimal():
            found[int(name.removeprefix(RUNG))] = float(value)
    return found


def reports_of(trial: FrozenTrial) -> dict[int, float]:
    """Those of ``rungs_of`` that are finite; a complete trial's value counts as ``LAST``'s."""
    found = rungs_of(trial)
    if trial.state == TrialState.COMPLETE:
        found[LAST] = float(trial.values[0])
    return {rung: value for rung, value in found.items() if math.isfinite(value)}
