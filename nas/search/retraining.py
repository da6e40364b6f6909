"""The training of one trial's architecture with a recipe of its own, in segments."""

from __future__ import annotations

from nas.search.book import MAX_ATTEMPTS, TrialBook
from workers.protocol import Answer, Lost, Report, Segment, Task

#: At most so many segments, however long the training.
MOST_SEGMENTS = 20


def segment_ends(epochs: int, spacing: int) -> tuple[int, ...]:
    """Epochs at which a training is saved: what a kill can cost, at most, is one segment.

    Args:
        epochs: the whole budget; the last end.
        spacing: the job's first rung; stretched where that would make too many segments.
    """
    step = max(spacing, -(-epochs // MOST_SEGMENTS))
    return (*range(step, epochs, step), epochs)


class Retraining:
    """One trial, segment after segment; it waits for nobody, so it is ``running`` until it ends.

    Args:
        book: with the plan of this training: its recipe, and its segments' ends as the rungs.
        number: of the trial, which is running.
    """

    def __init__(self, book: TrialBook, number: int) -> None:
        self._book = book
        self._number = number
        self._in_flight = False

    def next_task(self) -> Task | None:
        """The next segment, if none is in flight."""
        if self._in_flight or self._book.trials[self._number].state != "running":
            return None
        self._in_flight = True
        return self._segment()

    def take(self, answer: Answer | Lost) -> None:
        """Record a segment; the last comes with the test accuracy."""
        self._in_flight = False
        if isinstance(answer, Report) and answer.outcome == "ok":
            if answer.test_accuracy is not None:
                self._book.set_test_accuracy(self._number, answer.test_accuracy)
            last = answer.end_epoch == self._book.plan.rungs[-1]
            self._book.record(self._number, answer, "done" if last else "running")
            return
        reason = answer.reason if isinstance(answer, Report | Lost) else ""
        damaged = isinstance(answer, Report) and answer.outcome == "bad_checkpoint"
        if damaged:
            self._book.forget_checkpoint(self._number)
        elif isinstance(answer, Report):
            self._book.set_state(self._number, "failed", f"{answer.outcome}: {reason}")
            return
        if isinstance(answer, Lost) and not answer.blamed:
            return
        if self._book.count_attempt(self._number) >= MAX_ATTEMPTS:
            self._book.set_state(self._number, "failed", f"lost {MAX_ATTEMPTS} times: {reason}")

    def _segment(self) -> Segment:
        trial, rungs = self._book.trials[self._number], self._book.plan.rungs
        end = next(epoch for epoch in rungs if epoch > trial.epoch)
        return self._book.segment(trial, end, measure_test=end == rungs[-1])
