"""After the search: repeats of the front and of baselines on further seeds, and test accuracy."""

from __future__ import annotations

from collections import deque

from nas.budget import STOPPED
from nas.pareto import front_indices
from nas.search.book import MAX_ATTEMPTS, TrialBook
from nas.search.drive import Fits, unlimited
from nas.store.records import Trial
from search_spaces.architecture import Architecture
from workers.protocol import Answer, Evaluation, Lost, Report, Segment, Task


def front_trials(book: TrialBook) -> list[Trial]:
    """Finished trials of the search within the limits that nothing dominates, by cost."""
    within = [t for t in book.searched() if book.plan.over_limit(t.costs()) is None]
    done = [trial for trial in within if trial.state == "done"]
    cost = [trial.cost(book.plan.objective) for trial in done]
    return [done[i] for i in front_indices([t.accuracy or 0.0 for t in done], cost)]


#: Baselines that are always repeated: what the verdict's first sentences are about.
ALWAYS = ("none", "se late", "se everywhere")

#: How many of the other rules are repeated: the most accurate ones.
OTHER_RULES = 2


def contenders(book: TrialBook) -> list[Trial]:
    """Who is repeated: the front's members, and the baselines that could stand against them.

    Those are no attention on every backbone, SE late and everywhere, rules that the job file asks
    for by name, the user's own, and the most accurate of the others: repeating each of twenty types
    everywhere would cost more than the search and tell no more. Choosing them by the searched run
    favours none, because it doesn't count afterwards.
    """
    front = front_trials(book)
    numbers = {trial.number for trial in front}
    rules = [t for t in book.searched() if t.kind == "baseline" and t.state == "done"]
    rest = [trial for trial in rules if trial.number not in numbers]
    others = [trial for trial in rest if not _always(trial.label, book)]
    others.sort(key=lambda trial: (-(trial.accuracy or 0.0), trial.number))
    left_out = {trial.number for trial in others[OTHER_RULES:]}
    return front + [trial for trial in rest if trial.number not in left_out]


def _always(label: str, book: TrialBook) -> bool:
    wanted = book.plan.spec.search.baselines
    return label in ALWAYS or label in wanted["own"] or wanted["rules"] is not True


class Finalists:
    """Train every contender for the full budget on further seeds, the same ones for each.

    Seeds are paired: weights, data order and augmentation of seed s are drawn alike for all.

    Args:
        book: the job's trials, after the search.
        fits: whether the budget allows one more repeat; the first that doesn't fit is the last.
    """

    def __init__(self, book: TrialBook, fits: Fits = unlimited) -> None:
        self._book = book
        self._fits = fits
        plan = book.plan
        # What a budget stopped is tried again: the job may have been given more.
        begun = [*book.in_state("running"), *book.in_state("pruned")]
        running = [t for t in begun if t.kind == "finalist"]
        self._unfinished = deque(trial.number for trial in running)
        self._open = deque(
            (trial, plan.seed + step)
            for step in range(1, plan.spec.finalists.seeds + 1)
            for trial in contenders(book)
            if not book.has(Architecture.from_json(trial.architecture), plan.seed + step)
        )
        self.planned = len(self._open) + len(self._unfinished)

    def next_task(self) -> Task | None:
        """A repeat that was under way before a restart, else the next seed's next contender."""
        if self._unfinished:
            if not self._affordable(self._book.trials[self._unfinished[0]].origin):
                return None
            return self._segment(self._unfinished.popleft())
        if not self._open or not self._affordable(self._open[0][0].number):
            return None
        origin, seed = self._open.popleft()
        architecture = Architecture.from_json(origin.architecture)
        trial = self._book.add(
            architecture, "finalist", seed, label=origin.label, origin=origin.number
        )
        return self._segment(trial.number)

    def take(self, answer: Answer | Lost) -> None:
        """Record a repeat's only report, with its test accuracy."""
        number = int(answer.key.split(":")[0])
        if isinstance(answer, Report) and answer.outcome == "ok":
            if answer.test_accuracy is not None:
                self._book.set_test_accuracy(number, answer.test_accuracy)
            self._book.record(number, answer, "done")
        elif isinstance(answer, Lost) and self._may_again(number, answer):
            self._unfinished.append(number)
        else:
            self._book.set_state(number, "failed", getattr(answer, "reason", ""))

    def _may_again(self, number: int, lost: Lost) -> bool:
        return not lost.blamed or self._book.count_attempt(number) < MAX_ATTEMPTS

    def close(self) -> None:
        """End: repeats that the budget stopped are pruned."""
        for trial in self._book.in_state("running"):
            if trial.kind == "finalist":
                self._book.set_state(trial.number, "pruned", STOPPED)

    def _affordable(self, origin: int | None) -> bool:
        return self._fits(self._book.plan.rungs[-1], origin)

    def _segment(self, number: int) -> Segment:
        if self._book.trials[number].state != "running":
            self._book.set_state(number, "running")
        trial = self._book.trials[number]
        return self._book.segment(trial, self._book.plan.rungs[-1], measure_test=True)


class TestScores:
    """Accuracy of the searched checkpoints on images that the search never saw.

    Attributes:
        damaged: trials whose checkpoint turned out to be missing or damaged.
    """

    __test__ = False

    def __init__(self, book: TrialBook, fits: Fits = unlimited) -> None:
        self._book = book
        self._fits = fits
        repeats = [t for t in book.in_state("done") if t.kind == "finalist"]
        self._open = deque(
            t.number for t in (*contenders(book), *repeats) if t.test_accuracy is None
        )
        self.damaged: list[int] = []

    def next_task(self) -> Task | None:
        """The next checkpoint to evaluate."""
        if not self._open or not self._fits(0, None):
            return None
        number = self._open.popleft()
        trial = self._book.trials[number]
        plan = self._book.plan
        row = self._book.reports[number][-1]
        return Evaluation(
            f"{number}:test",
            trial.architecture,
            plan.recipe,
            plan.data,
            row.checkpoint,
            plan.device,
            row.checkpoint_sha256,
            plan.data_hash,
        )

    def take(self, answer: Answer | Lost) -> None:
        """Record the accuracy; one whose worker died stays unknown."""
        number = int(answer.key.split(":")[0])
        if isinstance(answer, Report) and answer.test_accuracy is not None:
            self._book.set_test_accuracy(number, answer.test_accuracy)
        elif isinstance(answer, Report) and answer.outcome == "bad_checkpoint":
            self.damaged.append(number)
        elif isinstance(answer, Lost) and not answer.blamed:
            self._open.append(number)
