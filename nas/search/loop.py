"""The search: baselines, suggestions, pause and promote, until the budget of trials is spent."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from nas.budget import STOPPED
from nas.plan import Plan
from nas.search.audit import AuditSample
from nas.search.baselines import Baseline, choose_baselines
from nas.search.book import MAX_ATTEMPTS, TrialBook
from nas.search.drive import Fits, unlimited
from nas.search.inheritance import PLAIN, Inheriting
from nas.search.known import known_of
from nas.search.measuring import Candidate, Measuring
from nas.search.study import History, SearchStudy
from nas.search.warm import WarmStart
from nas.store.records import AUDIT, INHERITED, Trial
from search_spaces.architecture import Architecture
from search_spaces.errors import SpaceError
from workers.protocol import (
    Answer,
    Latency,
    Lost,
    Report,
    Task,
)


class Search:
    """What to train next, and what an answer means.

    A free worker takes the best waiting trial if one deserves promotion, else a new one. Nothing
    is stopped half-way: a trial that may not go on simply waits, and is pruned when the search
    ends. The study is rebuilt from the book, so a killed search goes on where its rows end.

    Args:
        plan: the job.
        book: its trials; the record of truth.
        reference: the plain backbone that latencies are measured beside, with its quiet latency.
        fits: whether the budget allows a trial the rest of its training; nothing begins that
            could not be brought to its end.
        warm: what earlier jobs give.
    """

    def __init__(
        self,
        plan: Plan,
        book: TrialBook,
        reference: tuple[Architecture, Latency] | None = None,
        fits: Fits = unlimited,
        warm: WarmStart | None = None,
    ) -> None:
        self._plan = plan
        self._book = book
        self._fits = fits
        search = plan.spec.search
        self._study = SearchStudy(
            plan.space,
            search.sampler,
            search.pruner,
            plan.rungs,
            search.reduction,
            search.seed,
            [known for trial in book.searched() if (known := _history(trial, book)) is not None],
            replace(known_of(plan), earlier=warm.earlier) if warm else known_of(plan),
            by_surrogate=search.promote_by_surrogate,
            prune_after=search.prune_after,
            threshold=search.audit.threshold,
        )
        self._sample = AuditSample(plan.space, search.audited, search.trials, search.seed)
        self._taken = deque(warm.taken if warm else ())
        self._recorded = {taken.architecture: taken.epoch for taken in self._taken}
        self._unfinished = deque(t.number for t in book.searched() if t.state == "running")
        self._rules = deque(self._open_baselines())
        self._measuring = Measuring(plan, reference)
        self._inheriting = Inheriting(plan, book)
        self._postponed: deque[Candidate] = deque()
        self.exhausted = False
        self.duplicates = 0

    def next_task(self) -> Task | None:
        """Unfinished work of a killed search first, then promotions, then a new trial."""
        for number in [n for n in self._unfinished if self._affordable(n)]:
            self._unfinished.remove(number)
            if (task := self._task(number)) is not None:
                return task
        recorded = self._next_recorded()
        if recorded is not None:
            return self._promote(recorded)
        return self._next_promoted() or self._new_trial() or self._next_promoted(now=True)

    def _next_promoted(self, *, now: bool = False) -> Task | None:
        """The best waiting trial that may go on; ``now``, by the newest reports, too."""
        waiting = self._book.waiting
        for number in self._study.promotable(waiting, now=now) if waiting else ():
            if self._affordable(number):
                return self._promote(number)
        return None

    def take(self, answer: Answer | Lost) -> None:
        """Record a report, a latency or a loss."""
        if self._measuring.awaits(answer):
            self._take_latency(answer)
            return
        number = int(answer.key.split(":")[0])
        if self._inheriting.restores(number):
            self._inheriting.restored(number, answer)
        elif isinstance(answer, Lost):
            self._take_loss(number, answer)
        elif isinstance(answer, Report):
            scored = answer.end_epoch == INHERITED
            (self._take_score if scored else self._take_report)(number, answer)
        self._unfinished.extend(self._inheriting.released())

    def close(self) -> None:
        """End the search: trials still waiting are pruned, and so is what the budget stopped."""
        for trial in self._book.in_state("waiting"):
            self._book.set_state(trial.number, "pruned")
            self._study.finish(trial.number, None)
        for trial in self._book.in_state("running"):
            if trial.searched:
                self._book.set_state(trial.number, "pruned", STOPPED)
                self._study.finish(trial.number, None)

    @property
    def slow(self) -> int:
        """Architectures that were measured and refused."""
        return self._measuring.slow

    def fruitless(self) -> str | None:
        """Why there is no trial at all though candidates were measured, in words."""
        return None if self._book.searched() else self._measuring.failure()

    def _open_baselines(self) -> list[Baseline]:
        plan = self._plan
        wanted = plan.spec.search.baselines
        trials = plan.spec.search.trials
        found = choose_baselines(wanted, plan.space, plan.shape, plan.limits, trials)
        return [b for b in found.chosen if not self._book.has(b.architecture, plan.seed)]

    def _new_trial(self) -> Task | None:
        begun = self._book.counted
        begun += sum(candidate.kind != "warm" for candidate in self._measuring.running)
        spent = begun >= self._plan.spec.search.trials or self.exhausted
        taken = None if self._rules and not spent else self._next_taken()
        if taken is not None:
            return self._begin(taken)
        if spent or self._must_wait():
            return None
        score = self._inheriting.epochs if self._book.trials else 0  # the first is a backbone
        if not self._fits(self._plan.rungs[-1] + score, None):
            return self._last_resort()
        candidate = self._next_candidate(self._plan.spec.search.trials - begun)
        if candidate is None:
            self.exhausted = True
            return None
        return self._begin(candidate)

    def _begin(self, candidate: Candidate) -> Task | None:
        if self._plan.measures_latency:
            return self._measuring.begin(candidate)
        return self._admit(candidate, None)

    def _next_taken(self) -> Candidate | None:
        """A trial of an earlier job that no rule has brought already."""
        while self._taken:
            found = self._taken.popleft().architecture
            if self._reason_against(found) is None:
                return Candidate(found, self._study.propose(found), "warm")
        return None

    def _next_recorded(self) -> int | None:
        """A waiting trial that was taken over and whose next rung is recorded: it costs nothing."""
        for trial in self._book.in_state("waiting") if self._recorded else ():
            architecture = Architecture.from_json(trial.architecture)
            if trial.kind == "warm" and trial.epoch < self._recorded.get(architecture, 0):
                return trial.number
        return None

    def _must_wait(self) -> bool:
        """Until the backbones are trained that candidates start from, nothing but backbones."""
        plain_next = self._rules and not self._rules[0].architecture.attention
        if self._inheriting.parked:
            return not plain_next
        return bool(self._postponed and self._measuring.running)

    def _affordable(self, number: int) -> bool:
        """Whether the budget allows the rest of a trial's training."""
        trial = self._book.trials[number]
        score = self._inheriting.epochs if self._inheriting.wanted(trial) else 0
        begins = self._book.start_of(trial)
        return self._fits(self._plan.rungs[-1] - begins + score, number)

    def _promote(self, number: int) -> Task | None:
        self._book.set_state(number, "running")
        return self._task(number)

    def _last_resort(self) -> Task | None:
        """Where the budget ends before any trial did: the best one goes on, or no front comes."""
        if any(trial.state in ("done", "running") for trial in self._book.searched()):
            return None
        waiting = [t for t in self._book.in_state("waiting") if self._affordable(t.number)]
        best = max(waiting, key=lambda t: (t.epoch, t.accuracy or 0.0), default=None)
        return None if best is None else self._promote(best.number)

    def _next_candidate(self, room: int) -> Candidate | None:
        """The next to train; before the first on a backbone to inherit from, that backbone."""
        if self._postponed:
            return self._postponed.popleft()
        found = self._rule_or_suggestion()
        plain = self._inheriting.lacks(found.architecture) if found and room > 1 else None
        if found is None or plain is None or self._refuse(plain) is not None:
            return found
        self._postponed.append(found)
        return Candidate(plain, self._study.propose(plain), "baseline", PLAIN)

    def _rule_or_suggestion(self) -> Candidate | None:
        while self._rules:
            rule = self._rules.popleft()
            if self._refuse(rule.architecture) is None:
                suggestion = self._study.propose(rule.architecture)
                return Candidate(rule.architecture, suggestion, "baseline", rule.label)
        audited = self._next_audited()
        if audited is not None:
            return Candidate(audited, self._study.propose(audited), label=AUDIT)
        suggestion = self._study.suggest(self._refuse)
        if suggestion is None:
            return None
        architecture = suggestion.architecture
        if self._inheriting.starts_others(architecture):
            return Candidate(architecture, suggestion, "baseline", PLAIN)
        return Candidate(architecture, suggestion)

    def _next_audited(self) -> Architecture | None:
        """A uniform draw, if one is due."""
        ahead = [c for c in self._measuring.running if c.kind != "warm"]
        audited = sum((c.kind, c.label) == ("search", AUDIT) for c in ahead) + self._book.audited
        if audited >= self._sample.due(self._book.counted + len(ahead)):
            return None
        return self._sample.draw(self._reason_against)

    def _refuse(self, architecture: Architecture) -> str | None:
        reason = self._reason_against(architecture)
        self.duplicates += reason == "duplicate"
        return reason

    def _reason_against(self, architecture: Architecture) -> str | None:
        """Why this can't be trained, in words, or None."""
        if self._book.has(architecture, self._plan.seed):
            return "duplicate"
        if (known := self._measuring.reason_against(architecture)) is not None:
            return known
        cost = self._plan.cost(architecture)
        return self._plan.over_limit(
            {"parameters": cost.parameters, "forward_flops": cost.forward_flops}
        )

    def _take_latency(self, answer: Answer | Lost) -> None:
        if isinstance(answer, Lost) and not answer.blamed:
            self._postponed.append(self._measuring.abandon(answer))
            return
        found = self._measuring.take(answer)
        if found.reason is None:
            self._unfinished.append(self._record(found.candidate, found.latency).number)
            return
        first = not self._book.searched()
        self.exhausted = self.exhausted or self._measuring.exhausted(first=first)
        if found.candidate.suggestion is not None:
            self._study.refuse(found.candidate.suggestion, found.reason)

    def _admit(self, candidate: Candidate, latency: Latency | None) -> Task | None:
        return self._task(self._record(candidate, latency).number)

    def _record(self, candidate: Candidate, latency: Latency | None) -> Trial:
        suggestion = candidate.suggestion
        trial = self._book.add(
            candidate.architecture,
            candidate.kind,
            self._plan.seed,
            dict(suggestion.params) if suggestion else None,
            latency,
            candidate.label,
        )
        if suggestion is not None:
            cost = trial.cost(self._plan.objective)
            protected = trial.kind == "baseline"
            self._study.admit(suggestion, trial.number, cost, protected, trial.audited)
        return trial

    def _task(self, number: int) -> Task | None:
        """What brings a trial to its next rung; None if it has to wait for its backbone."""
        trial = self._book.trials[number]
        if self._inheriting.wanted(trial):
            return self._inheriting.task(trial)
        rung = next(epoch for epoch in self._plan.rungs if epoch > trial.epoch)
        return self._book.segment(trial, rung)

    def _take_report(self, number: int, report: Report) -> None:
        if report.outcome == "bad_checkpoint":
            self._book.forget_checkpoint(number)
            self._take_loss(number, Lost(report.key, report.reason))
        elif report.outcome != "ok":
            self._fail(number, f"{report.outcome}: {report.reason}")
        else:
            last = report.end_epoch == self._plan.rungs[-1]
            if self._book.record(number, report, "done" if last else "waiting"):
                self._study.report(number, report.end_epoch, report.validation_accuracy)
                if last:
                    self._study.finish(number, report.validation_accuracy)

    def _take_score(self, number: int, report: Report) -> None:
        if report.outcome != "ok":
            self._inheriting.failed(number, report)
            self._unfinished.append(number)
        elif self._book.record(number, report, "waiting"):
            self._study.report(number, INHERITED, report.validation_accuracy)

    def _take_loss(self, number: int, lost: Lost) -> None:
        if lost.blamed and self._book.count_attempt(number) >= MAX_ATTEMPTS:
            self._fail(number, f"lost {MAX_ATTEMPTS} times: {lost.reason}")
        else:
            self._unfinished.append(number)

    def _fail(self, number: int, reason: str) -> None:
        self._book.set_state(number, "failed", reason)
        self._study.finish(number, None, reason)


def _history(trial: Trial, book: TrialBook) -> History | None:
    """None where the architecture lies outside of the space, as it is now."""
    try:
        params = book.plan.space.params_of(Architecture.from_json(trial.architecture))
    except SpaceError:
        return None
    return History(
        trial.number,
        params,
        trial.state,
        trial.cost(book.plan.objective),
        {row.epoch: row.validation_accuracy for row in book.reports[trial.number]},
        trial.kind == "baseline",
        trial.audited,
    )
