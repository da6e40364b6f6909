"""How much of a budget the search may use: what the finalists will need is kept."""

from __future__ import annotations

from nas.budget import Spending
from nas.meter import Meter
from nas.search.book import TrialBook
from nas.search.finalists import contenders


class SearchShare:
    """Whether a training fits beside the repeats of those who would be finalists by now.

    So much is kept as the front and the baselines, as far as they have finished, need at the speed
    at which they were trained, but never more than ``budget.finalists_share`` of a limit. Before a
    first trial has finished nothing is kept.

    Args:
        meter: of the job.
        book: its trials.
        closed: the search was ended by the budget before; nothing begins any more.
    """

    def __init__(self, meter: Meter, book: TrialBook, *, closed: bool = False) -> None:
        self._meter, self._book, self._closed = meter, book, closed

    def __call__(self, epochs: int, number: int | None) -> bool:
        """Whether so many epochs fit, at the speed of this trial."""
        if self._closed:
            return False
        if not self._meter.budget.limits:
            return True
        return self._meter.fits(epochs, number, self.kept())

    def kept(self) -> Spending:
        """What the search has to leave over."""
        plan, need = self._book.plan, Spending()
        for trial in contenders(self._book) if plan.spec.finalists.seeds else ():
            repeats = plan.spec.finalists.seeds * plan.rungs[-1]
            need += self._meter.needed(repeats, trial.number)
        return self._meter.budget.kept(self._meter.shared(need))
