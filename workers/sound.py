"""Whether an answer's numbers are numbers. No torch import."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from workers.protocol import Answer, LatencyReport, Lost, Report


def sound(answer: Answer | Lost) -> Answer | Lost:
    """The answer, or a failed one in its place where a number can't be: nothing stores NaN.

    Args:
        answer: as a worker gave it.
    """
    if isinstance(answer, LatencyReport):
        times = [value for each in answer.latencies for value in (each.median_ms, each.spread_ms)]
        if all(isfinite(value) and value >= 0 for value in times):
            return answer
        return replace(answer, latencies=(), reason=f"the worker measured {times} ms")
    if isinstance(answer, Lost) or answer.outcome != "ok":
        return answer
    wrong = _wrong(answer)
    if not wrong:
        return answer
    return Report(
        answer.key, answer.end_epoch, "diverged", wrong, worker=answer.worker, device=answer.device
    )


def _wrong(report: Report) -> str:
    """The first number of a report that can't be, in words."""
    tested = () if report.test_accuracy is None else (report.test_accuracy,)
    shares = {
        "validation accuracy": (report.validation_accuracy,),
        "test accuracy": tested,
        "training accuracy": report.train_accuracy,
    }
    for name, values in shares.items():
        for value in values:
            if not 0 <= value <= 1:
                return f"the worker reported a {name} of {value}; allowed: 0 to 1"
    losses = {"validation loss": (report.validation_loss,), "training loss": report.train_loss}
    for name, values in losses.items():
        for value in values:
            if not isfinite(value):
                return f"the worker reported a {name} of {value}; allowed: a finite number"
    return ""
