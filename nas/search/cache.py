"""Never train the same thing twice: answers from what any job of the store has recorded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from nas.search.book import CachedReport, TrialBook
from nas.search.drive import Source
from nas.store.records import ReportRow, Trial
from nas.store.store import Store
from nas.store.trainings import Training
from workers.checkpoint import bring
from workers.errors import CheckpointError, StorageError
from workers.protocol import Answer, Evaluation, Lost, Report, Segment, Task


class Recalling:
    """A source whose work is answered from the store where it can be; the rest goes to workers.

    What is recalled comes to the source as any answer does, so the study, the pruner and whoever
    follows the store see no difference; but no worker is taken and nothing is charged.

    Args:
        source: of the work.
        cache: asked before every task.
    """

    def __init__(self, source: Source, cache: Cache) -> None:
        self._source, self._cache = source, cache

    def next_task(self) -> Task | None:
        """The next piece of work that nobody has done."""
        while (task := self._source.next_task()) is not None:
            answer = self._cache.answer(task)
            if answer is None:
                return task
            self._source.take(answer)
        return None

    def take(self, answer: Answer | Lost) -> None:
        """Pass an answer on."""
        self._source.take(answer)


class Cache:
    """Reports and test accuracies by the hash of the training, across the jobs of a store.

    A checkpoint that is still there comes along as a hard link (a copy where there are none, as
    behind a URL) in the trial's own folder: neither job's deletion touches the other's, as a
    checkpoint file is only ever replaced, never written into. Where it is gone or damaged the
    numbers are taken alone, and a trial that must go on from there is trained again from the start.
    """

    def __init__(self, book: TrialBook, store: Store) -> None:
        self._book, self._store = book, store

    def answer(self, task: Task) -> Report | None:
        """What was recorded for the same training; None if a worker has to do it."""
        number = int(task.key.split(":")[0]) if isinstance(task, Segment | Evaluation) else -1
        if number < 0:
            return None
        trial = self._book.trials[number]
        if isinstance(task, Segment):
            return self._report(task, trial)
        accuracy = self._store.trainings.test_accuracy(trial.hash)
        if accuracy is None:
            return None
        return Report(task.key, trial.epoch, "ok", test_accuracy=accuracy)

    def _report(self, task: Segment, trial: Trial) -> CachedReport | None:
        if trial.epoch >= task.end_epoch:
            return None  # recorded here already: it is the weights that are wanted
        found = self._store.trainings.of(trial.hash, task.end_epoch)
        if not found:
            return None
        test = self._store.trainings.test_accuracy(trial.hash) if task.measure_test else None
        # Checkpoints go by the very architecture; the same model may be written differently.
        alike = [training for training in found if training.architecture == trial.architecture]
        checkpoint, size = _brought(alike, task.checkpoint_out)
        if task.measure_test and test is None and not checkpoint:
            return None
        rung = found[0].reports[-1]
        passed = _epochs(found[0].reports, trial.epoch)
        return CachedReport(
            key=task.key,
            end_epoch=task.end_epoch,
            outcome="ok",
            validation_accuracy=rung.validation_accuracy,
            validation_loss=rung.validation_loss,
            train_loss=tuple(loss for loss, _, _ in passed),
            train_accuracy=tuple(accuracy for _, accuracy, _ in passed),
            test_accuracy=test,
            train_seconds=sum(seconds for _, _, seconds in passed),
            evaluation_seconds=rung.evaluation_seconds,
            checkpoint_sha256=checkpoint,
            worker=rung.worker,
            device=rung.device,
            source=found[0].source,
            checkpoint_bytes=size,
        )


def recalling(source: Source, book: TrialBook, store: Store) -> Source:
    """The source, with the cache before the workers unless the job file switches it off."""
    return Recalling(source, Cache(book, store)) if book.plan.spec.search.cache else source


def _epochs(rows: Sequence[ReportRow], start: int) -> list[tuple[float, float, float]]:
    """Loss, accuracy and seconds of each epoch after ``start``, whatever the rungs were."""
    found: dict[int, tuple[float, float, float]] = {}
    for row in rows:
        count = len(row.train_loss)
        curves = zip(row.train_loss, row.train_accuracy, strict=True)
        for step, (loss, accuracy) in enumerate(curves):
            found[row.epoch - count + 1 + step] = (loss, accuracy, row.train_seconds / count)
    return [found[epoch] for epoch in sorted(found) if epoch > start]


def _brought(found: Sequence[Training], target: str) -> tuple[str, int]:
    """Put the first intact checkpoint at ``target``; its sha256 and bytes, or nothing."""
    for training in found:
        row = training.reports[-1]
        if row.checkpoint and row.checkpoint_sha256:
            with suppress(CheckpointError, StorageError):
                return row.checkpoint_sha256, bring(row.checkpoint, target, row.checkpoint_sha256)
    return "", 0
