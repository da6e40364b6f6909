"""Where a job stands while it is driven, for people who watch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nas.pareto import hypervolume
from nas.search.book import TrialBook
from nas.search.finalists import front_trials
from nas.store.records import Trial

Phase = Literal["starting", "search", "finalists", "test", "retrain", "done"]


@dataclass(frozen=True)
class Progress:
    """Where a job stands, for people who watch.

    Attributes:
        done: of ``total`` units of the phase: trials that ended, repeats, checkpoints.
        epochs: trained so far in the search.
        hypervolume: of the finished trials, in 0…1 of the reference box.
        budget: what was spent of each limit, in words.
    """

    phase: Phase
    done: int
    total: int
    running: tuple[Trial, ...] = ()
    states: tuple[tuple[str, int], ...] = ()
    epochs: int = 0
    best_accuracy: float | None = None
    front_size: int = 0
    hypervolume: float = 0.0
    note: str = ""
    budget: str = ""


Observer = Callable[[Progress], None]


#: After a look nobody looks for so many times as long as it took: it reads all trials.
REST = 20.0


def sparing(
    look: Callable[[], None], clock: Callable[[], float] = time.monotonic
) -> Callable[[], None]:
    """The same, but done only where it has rested since it was done last.

    Args:
        look: to be called after every report.
        clock: seconds, rising.
    """
    rested = clock()

    def told() -> None:
        nonlocal rested
        began = clock()
        if began >= rested:
            look()
            ended = clock()
            rested = ended + REST * (ended - began)

    return told


def searching(book: TrialBook, slow: int = 0) -> Progress:
    """During the search: its trials by state, what it found so far.

    Args:
        book: the trials.
        slow: candidates that were measured and are over the limit of latency: no trials.
    """
    searched = book.searched()
    over = ("done", "pruned", "failed", "waiting")
    ended = [t for t in searched if t.counted and t.state in over]
    done = [t for t in searched if t.state == "done"]
    counts: dict[str, int] = {}
    for trial in searched:
        counts[trial.state] = counts.get(trial.state, 0) + 1
    if slow:
        counts["too slow"] = slow
    return Progress(
        "search",
        len(ended),
        book.plan.spec.search.trials,
        tuple(t for t in searched if t.state == "running"),
        tuple(sorted(counts.items())),
        book.trained_epochs(),
        max((t.accuracy or 0.0 for t in done), default=None),
        len(front_trials(book)),
        book_hypervolume(book),
    )


def book_hypervolume(book: TrialBook) -> float:
    """Hypervolume of the finished trials against the reference fixed at submission."""
    done = [t for t in book.searched() if t.state == "done"]
    reference = book.plan.reference
    return hypervolume(
        [t.accuracy or 0.0 for t in done],
        [t.cost(book.plan.objective) for t in done],
        reference[0],
        reference[1],
    )


def repeating(book: TrialBook, planned: int) -> Progress:
    """While finalists train on further seeds, ``planned`` at first."""
    repeats = [t for t in book.trials.values() if t.kind == "finalist"]
    ended = sum(t.state in ("done", "failed") for t in repeats)
    running = tuple(t for t in repeats if t.state == "running")
    return Progress("finalists", ended, max(planned, len(repeats)), running)
