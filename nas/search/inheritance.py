"""Scores on the trained weights of plain backbones, before the first rung.

The plain backbone of a candidate is a baseline like any other: trained once, for the full budget.
"""

from __future__ import annotations

from contextlib import suppress

from nas.plan import Plan
from nas.search.book import MAX_ATTEMPTS, TrialBook
from nas.store.records import INHERITED, ReportRow, Trial
from search_spaces.architecture import Architecture
from search_spaces.catalogue import CATALOGUE
from workers.errors import StorageError
from workers.protocol import Answer, Inheritance, Lost, Report, Segment
from workers.storage import storage_of

#: Label of plain backbones, which are always trained to the end.
PLAIN = "none"


class Inheriting:
    """Which trials are scored, on what, and which have to wait for their backbone.

    A trial without a score, because its backbone is not to be had or because it does not start as
    its backbone, goes straight to the first rung, as all do where this is switched off.

    Args:
        plan: the job.
        book: its trials.
    """

    def __init__(self, plan: Plan, book: TrialBook) -> None:
        self._plan, self._book = plan, book
        self._on = plan.spec.search.inherit
        self._unscored: set[int] = set()
        self._parked: list[int] = []
        self._restoring: set[int] = set()
        self._restored: set[int] = set()
        self._hopeless: set[int] = set()

    @property
    def epochs(self) -> int:
        """That a score takes; 0 where there are none."""
        return self._plan.spec.search.inherit_epochs if self._on else 0

    @property
    def parked(self) -> bool:
        """Whether a trial waits for its backbone."""
        return bool(self._parked)

    def starts_others(self, architecture: Architecture) -> bool:
        """Whether it is a plain backbone: a baseline also where the sampler suggests it."""
        return self._on and not architecture.attention

    def lacks(self, architecture: Architecture) -> Architecture | None:
        """The plain backbone that has to be trained for this architecture and isn't recorded."""
        plain = _plain(architecture)
        known = self._book.has(plain, self._plan.seed)
        return plain if self._on and not known and may_inherit(architecture) else None

    def task(self, trial: Trial) -> Inheritance | Segment | None:
        """What scores a trial, or trains its backbone again whose weights are lost.

        Returns:
            None if it has to wait, and is parked.
        """
        parent = self._parent(trial)
        assert parent is not None
        if parent.state == "done" and self._there(parent):
            return Inheritance(
                key=f"{trial.number}:{INHERITED}",
                architecture=trial.architecture,
                recipe=self._plan.recipe,
                data=self._plan.data,
                seed=trial.seed,
                epochs=self._plan.spec.search.inherit_epochs,
                backbone=self._last(parent).checkpoint,
                device=self._plan.device,
                backbone_sha256=self._last(parent).checkpoint_sha256,
                data_hash=self._plan.data_hash,
            )
        self._parked.append(trial.number)
        if parent.state != "done" or parent.number in self._restoring:
            return None
        self._restoring.add(parent.number)
        self._book.forget_checkpoint(parent.number)
        return self._book.segment(parent, self._plan.rungs[-1])

    def wanted(self, trial: Trial) -> bool:
        """Whether a trial is to be scored next."""
        begun = trial.epoch or self._book.reports[trial.number] or trial.number in self._unscored
        if (
            not self._on
            or begun
            or trial.kind == "warm"
            or not may_inherit(Architecture.from_json(trial.architecture))
        ):
            return False
        return self._parent(trial) is not None

    def failed(self, number: int, report: Report) -> None:
        """Note a score that came to nothing: for good, or because of the backbone's weights."""
        parent = self._parent(self._book.trials[number])
        if report.outcome == "bad_checkpoint" and parent is not None:
            weights = self._last(parent).checkpoint
            with suppress(StorageError):
                storage_of(weights).remove(weights)
            self._restored.discard(parent.number)
            if self._book.count_attempt(number) < MAX_ATTEMPTS:
                return
        self._unscored.add(number)

    def restores(self, number: int) -> bool:
        """Whether what comes back for this trial is its weights, trained again."""
        return number in self._restoring

    def restored(self, number: int, answer: Answer | Lost) -> None:
        """The weights are there again; or they can't be had, and nothing more is scored on them."""
        self._restoring.discard(number)
        if isinstance(answer, Report) and answer.outcome == "ok":
            self._restored.add(number)
            self._book.restore(number, answer)
        elif isinstance(answer, Lost) and not answer.blamed:
            return
        elif isinstance(answer, Report) or self._book.count_attempt(number) >= MAX_ATTEMPTS:
            self._hopeless.add(number)

    def released(self) -> list[int]:
        """Trials that waited and need to no longer."""
        free = [number for number in self._parked if not self._waits(number)]
        self._parked = [number for number in self._parked if number not in free]
        return free

    def _waits(self, number: int) -> bool:
        parent = self._parent(self._book.trials[number])
        if parent is None:
            return False
        return parent.state in ("running", "waiting") or parent.number in self._restoring

    def _parent(self, trial: Trial) -> Trial | None:
        """The trial of its plain backbone, if there is one whose weights can be had."""
        plain = _plain(Architecture.from_json(trial.architecture))
        found = self._book.find(plain, self._plan.seed)
        if found is None or found.number in self._hopeless:
            return None
        on_the_way = found.kind == "baseline" or found.audited
        sure = found.state == "done" or (on_the_way and found.state in ("running", "waiting"))
        return found if sure else None

    def _there(self, parent: Trial) -> bool:
        """Whether its weights are there; looked for again only after a worker missed them."""
        if parent.number in self._restored:
            return True
        weights = self._last(parent).checkpoint
        return bool(weights) and storage_of(weights).exists(weights)

    def _last(self, parent: Trial) -> ReportRow:
        return self._book.reports[parent.number][-1]


def may_inherit(architecture: Architecture) -> bool:
    """Whether it has attention that may start as the identity; its worker checks that it does.

    What stands for a convolution can't: it has no place for the weights of what it replaces.
    """
    families = {CATALOGUE[choice.name].family for _, choice in architecture.attention}
    return bool(families) and architecture.start == "identity" and "replace" not in families


def _plain(architecture: Architecture) -> Architecture:
    return Architecture.of(architecture.backbone, {}, architecture.start)
