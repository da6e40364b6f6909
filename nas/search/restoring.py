"""Train again what has no weights any more, where the weights are wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from nas.search.book import TrialBook
from nas.search.drive import Fits, unlimited
from nas.search.finalists import contenders
from workers.protocol import Answer, Lost, Report, Segment, Task


class Restoring:
    """Finished trials whose checkpoint is gone or damaged, from the start.

    Their numbers were enough for the search; an export and the test accuracy need the model. The
    report becomes that of this training, and is charged. One that fails stays without weights.

    Args:
        book: the search has ended.
        fits: whether the budget allows a trial's training.
        numbers: of the trials; None: the front's members and the baselines beside it that the
            cache gave without weights, or that were dropped.
    """

    def __init__(
        self, book: TrialBook, fits: Fits = unlimited, numbers: Iterable[int] | None = None
    ) -> None:
        self._book, self._fits = book, fits
        if numbers is None:
            bare = (t for t in contenders(book) if not book.reports[t.number][-1].checkpoint)
            numbers = (trial.number for trial in bare)
        self._open = deque(numbers)

    def next_task(self) -> Task | None:
        """The whole training of the next one."""
        return self._segment(self._open.popleft()) if self._next_fits() else None

    def take(self, answer: Answer | Lost) -> None:
        """Put the training in the place of the report from the cache."""
        number = int(answer.key.split(":")[0])
        if isinstance(answer, Lost) and not answer.blamed:
            self._open.append(number)
        elif isinstance(answer, Report) and answer.outcome == "ok":
            self._book.restore(number, answer)
            if answer.test_accuracy is not None:
                self._book.set_test_accuracy(number, answer.test_accuracy)

    def _next_fits(self) -> bool:
        if not self._open:
            return False
        return self._fits(self._book.trials[self._open[0]].epoch, self._open[0])

    def _segment(self, number: int) -> Segment:
        trial = self._book.trials[number]
        self._book.forget_checkpoint(number)
        return self._book.segment(trial, trial.epoch, measure_test=trial.test_accuracy is None)
