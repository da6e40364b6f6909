"""Room for checkpoints: a job's disk limit, and what to do when its place is full or is gone."""

from __future__ import annotations

import re
from collections import Counter, deque
from contextlib import suppress

from nas.errors import NoStorage
from nas.job_file.sizes import in_words
from nas.pareto import non_dominated_ranks
from nas.search.book import MAX_ATTEMPTS, TrialBook
from nas.search.cache import recalling
from nas.search.drive import Source
from nas.search.finalists import contenders
from nas.store.records import Trial
from nas.store.store import Store
from workers.errors import StorageError
from workers.protocol import Answer, Lost, Report, Segment, Task
from workers.storage import storage_of

#: What ``Plan.checkpoint`` names, below the place: all else there is none of ours.
_NAME = re.compile(r"(?P<number>\d{5,})/\d{4,}\.pt")


class Room:
    """What a job's checkpoints take, and which of them go when they take too much.

    What is needed never goes: checkpoints of trials that run or wait, of the front and the
    baselines that could stand against it, and of what was trained again on request.

    Args:
        book: the job's trials.
        store: where it is noted that the limit could not be kept.

    Attributes:
        freed: how many files were given up so far.
    """

    def __init__(self, book: TrialBook, store: Store) -> None:
        self._book, self._store = book, store
        self._limit = book.plan.spec.checkpoints.disk_limit
        self._strays: dict[str, int] = {}
        self._told = False
        self.freed = 0
        self._measure()

    @property
    def used(self) -> int:
        """Bytes, as far as they are known; a file that two jobs share counts for both."""
        return sum(self._book.held.values()) + sum(self._strays.values())

    def keep(self, writing: int) -> None:
        """Give up what may go until the limit holds, also while segments write their next file.

        Args:
            writing: how many segments are in flight.
        """
        if self._limit is None:
            return
        while self.used + writing * self._largest() > self._limit and self._give_up():
            pass
        if self.used > self._limit and not self._told:
            self._told = True
            over = {"bytes": self.used, "limit": self._limit}
            self._store.jobs.add_details(self._book.plan.job_id, {"over_disk_limit": over})

    def free(self, writing: int) -> bool:
        """Give up so much that as many files would fit, on a full disk; False if nothing may go."""
        wanted = self.used - max(1, writing) * self._largest()
        before = self.freed
        while self.used > wanted and self._give_up():
            pass
        return self.freed > before

    def _largest(self) -> int:
        return max(self._book.held.values(), default=0)

    def _measure(self) -> None:
        """Look what is there before anything runs: what no report names is left from a kill."""
        book = self._book
        try:
            found = storage_of(book.plan.checkpoints).files(book.plan.checkpoints)
        except StorageError:
            return
        last = {rows[-1].checkpoint: number for number, rows in book.reports.items() if rows}
        for address, size in found.items():
            if address in last:
                book.held[last[address]] = size
            elif self._is_stray(address):
                self._strays[address] = size

    def _is_stray(self, address: str) -> bool:
        """Whether a trial of ours left it, and neither its report nor its worker has it now."""
        book = self._book
        name = _NAME.fullmatch(address.removeprefix(book.plan.checkpoints).lstrip("/"))
        trial = book.trials.get(int(name["number"])) if name else None
        if trial is None or trial.state == "running":
            return False
        rows = book.reports[trial.number]
        return not rows or rows[-1].checkpoint != address

    def _give_up(self) -> bool:
        while self._strays:
            address, _ = self._strays.popitem()
            if self._is_stray(address):  # meanwhile its trial may have come to this rung
                with suppress(StorageError):
                    storage_of(address).remove(address)
                self.freed += 1
                return True
        number = next(iter(droppable(self._book)), None)
        if number is None:
            return False
        self._book.drop_checkpoint(number)
        self.freed += 1
        return True


def droppable(book: TrialBook) -> list[int]:
    """Trials that ended and whose weights nobody needs to go on, those to go first in front.

    First what a cancelled job left of pruned trials, then what is over a limit of cost or lies
    furthest behind the front, then repeats of finalists whose test accuracy is known.
    """
    ended = (*book.in_state("pruned"), *book.in_state("failed"))
    left = [trial for trial in ended if trial.number in book.held and book.reports[trial.number]]
    needed = {trial.number for trial in contenders(book)}
    done = [trial for trial in book.in_state("done") if book.reports[trial.number][-1].checkpoint]
    searched = [trial for trial in done if trial.searched]
    rest = [trial for trial in searched if trial.number not in needed]
    behind = _behind(book, searched)
    rest.sort(key=lambda trial: (-behind[trial.number], trial.accuracy or 0.0, trial.number))
    repeats = [t for t in done if t.kind == "finalist" and t.test_accuracy is not None]
    return [trial.number for trial in (*left, *rest, *repeats)]


def _behind(book: TrialBook, trials: list[Trial]) -> dict[int, int]:
    """How many fronts lie before each trial; all of them for one that is over a limit of cost."""
    costs = [trial.cost(book.plan.objective) for trial in trials]
    ranks = non_dominated_ranks([trial.accuracy or 0.0 for trial in trials], costs)
    return {
        trial.number: len(trials) if book.plan.over_limit(trial.costs()) else rank
        for trial, rank in zip(trials, ranks, strict=True)
    }


class Keeping:
    """A source whose checkpoints are kept within their room; a segment that found none is retried.

    Args:
        source: of the work.
        room: of the job.
    """

    def __init__(self, source: Source, room: Room) -> None:
        self._source, self._room = source, room
        self._flying: dict[str, tuple[Task, int]] = {}
        self._again: deque[Task] = deque()
        self._refusals: Counter[str] = Counter()

    def next_task(self) -> Task | None:
        """What has to be done again first, then the source's."""
        task = self._again.popleft() if self._again else self._source.next_task()
        if task is not None:
            self._flying[task.key] = (task, self._room.freed)
        self._room.keep(self._writing())
        return task

    def take(self, answer: Answer | Lost) -> None:
        """Pass an answer on, unless its place of checkpoints was the reason.

        Raises:
            NoStorage: if the disk is full and nothing more may go, or if the place has refused a
                task several times.
        """
        task, freed = self._flying.pop(answer.key)
        outcome = answer.outcome if isinstance(answer, Report) else ""
        if outcome == "disk_full":
            if not self._room.free(self._writing() + 1) and self._room.freed == freed:
                self._end(answer, "and no checkpoint may go: free some room")
            self._again.append(task)
        elif outcome == "no_storage":
            self._refusals[answer.key] += 1
            if self._refusals[answer.key] >= MAX_ATTEMPTS:
                self._end(answer, f"{MAX_ATTEMPTS} times: see to it")
            self._again.append(task)
        else:
            self._source.take(answer)
            self._room.keep(self._writing())

    def _writing(self) -> int:
        return sum(isinstance(task, Segment) for task, _ in self._flying.values())

    def _end(self, answer: Answer | Lost, words: str) -> None:
        held = in_words(self._room.used)
        raise NoStorage(f"{answer.reason}; {words}, then go on (the job's checkpoints hold {held})")


def kept(source: Source, room: Room, book: TrialBook, store: Store) -> Source:
    """The source, with the cache before the workers and the room for checkpoints behind them."""
    return Keeping(recalling(source, book, store), room)
