"""The verdict: a job's front against its baselines, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nas.analysis.agreement import Agreement, search_against_retrain
from nas.analysis.audit import Audit, job_audit
from nas.analysis.caveats import how_measured, skipped_baselines, warnings
from nas.analysis.comparisons import Comparison, Evidence, comparisons, corrected
from nas.analysis.even_cost import EvenCost, at_even_cost
from nas.analysis.front import Point, comparable, front_of, point_of, race_of, repeats_of
from nas.analysis.inherited import Inherited, inherited
from nas.analysis.intervals import Interval
from nas.analysis.names import Names, names_for
from nas.analysis.noise import Noise
from nas.analysis.people import difference_range, signed_share
from nas.analysis.sentences import neighbour_sentence, sentences
from nas.analysis.spending import spending, spent_words
from nas.analysis.summary import epochs
from nas.budget import Spending
from nas.store.records import Job, Trial
from nas.store.store import Store
from nas.store.tallies import Group


@dataclass(frozen=True)
class Standing:
    """A point of the front and its mean over the repeats; ``seen`` is None without an interval."""

    point: Point
    seen: Interval | None

    def to_dict(self, names: Names) -> dict[str, Any]:
        """Accuracies as shares."""
        seen = self.seen
        return {
            "trial": self.point.trial,
            "name": names.full(self.point),
            "accuracy": seen.mean if seen else None,
            "low": seen.low if seen else None,
            "high": seen.high if seen else None,
        }


@dataclass(frozen=True)
class Verdict:
    """What a job's results mean.

    Attributes:
        job: its name.
        state: of the job.
        objective: the cost that accuracy is weighed against.
        sentences: the answer first, then what stands behind it.
        standings: the front by rising cost, with intervals.
        comparisons: every one that was made.
        even: points with attention against plain backbones of the very same cost.
        baselines: that finished.
        skipped: label and reason of every rule that was not trained.
        names: of the job's architectures.
        measure: ``test`` or ``validation``: the images that differences are measured on.
        seeds: how many further seeds the most repeated trial has.
        noise: of one run; None without repeats.
        resolution: the smallest difference that these repeats can tell apart; None without.
        agreement: of the search's order with that of the repeats; None with few of them.
        audit: how well early rungs predicted the last one; None without audited trials.
        inherited: what scores on inherited weights said; None without any.
        epochs: what stopping early saved; see ``nas.analysis.summary.epochs``.
        measured: how it was measured, a sentence each.
        warnings: what a reader must know before believing it.
    """

    job: str
    state: str
    objective: str
    sentences: tuple[str, ...]
    standings: tuple[Standing, ...]
    comparisons: tuple[Comparison, ...]
    even: tuple[EvenCost, ...]
    baselines: tuple[Point, ...]
    skipped: tuple[tuple[str, str], ...]
    names: Names
    measure: str
    seeds: int
    noise: Noise | None
    resolution: float | None
    agreement: Agreement | None
    audit: Audit | None
    inherited: Inherited | None
    epochs: dict[str, int | float]
    measured: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        return self.sentences[0]

    def to_dict(self) -> dict[str, Any]:
        """What ``nas report -o json`` prints."""
        return {
            "job": self.job,
            "state": self.state,
            "objective": self.objective,
            "sentence": self.sentence,
            "sentences": list(self.sentences),
            "measure": self.measure,
            "seeds": self.seeds,
            **self._noise(),
            "resolution": self.resolution,
            "agreement": self.agreement.to_dict() if self.agreement else None,
            "audit": self.audit.to_dict() if self.audit else None,
            "points": [standing.to_dict(self.names) for standing in self.standings],
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
            "even_cost": [one.to_dict() for one in self.even],
            "baselines": [asdict(point) for point in self.baselines],
            "skipped": [{"label": label, "reason": reason} for label, reason in self.skipped],
            "inherited": self.inherited.to_dict() if self.inherited else None,
            "epochs": dict(self.epochs),
            "measured": list(self.measured),
            "warnings": list(self.warnings),
        }

    def _noise(self) -> dict[str, float | None]:
        if self.noise is None:
            return dict.fromkeys(("noise_sd", "noise_sd_low", "noise_sd_high"))
        each = self.noise.variances.values()
        found = (self.noise.variance, min(each), max(each))
        names = ("noise_sd", "noise_sd_low", "noise_sd_high")
        return {name: variance**0.5 for name, variance in zip(names, found, strict=True)}


def verdict(store: Store, job: Job) -> Verdict:
    """Compare a job's front with its baselines, by the finalists' further seeds."""
    tally, budget = store.tallies.of(job.id), job.details["rungs"][-1]
    trials = store.trials.telling(job.id, race_of(job))
    scores = None
    if job.spec["search"].get("inherit"):
        scores = inherited(store.trials.list(job.id), store.trials.reports(job.id), budget)
    return verdict_of(
        job,
        trials,
        tally.reused.search_epochs,
        job_audit(store, job, trials),
        spending(store, job, tally),
        scores,
        groups=tally.groups,
        architectures=store.trials.architectures(job.id),
    )


def verdict_of(
    job: Job,
    trials: Sequence[Trial],
    reused: int = 0,
    audit: Audit | None = None,
    spent: Spending | None = None,
    scores: Inherited | None = None,
    *,
    groups: Sequence[Group] = (),
    architectures: Sequence[str] = (),
) -> Verdict:
    """The verdict over these trials of the job.

    Args:
        job: whose verdict.
        trials: all of it, or those that a verdict speaks of: ``Trials.telling``.
        reused: epochs that earlier jobs trained.
        audit: of the early rungs.
        spent: by the job.
        scores: on inherited weights.
        groups: of all trials of the job; by default of these.
        architectures: of all trials, as canonical JSON; by default of these.
    """
    objective: str = job.details["objective"]
    found = front_of(job, trials).points
    repeats = repeats_of(trials)
    baselines = [point_of(t, repeats) for t in comparable(job, trials) if t.kind == "baseline"]
    names = names_for([*found, *baselines], architectures or [t.architecture for t in trials])
    evidence = Evidence.of(repeats)
    even = at_even_cost(found, baselines, evidence, objective)
    made, beside = corrected(
        comparisons(found, baselines, evidence, objective),
        [one.difference.probability for one in even],
    )
    even = [replace(one, adjusted=p) for one, p in zip(even, beside, strict=True)]
    seeds = max((len(runs) for runs in evidence.runs.values()), default=0)
    noise = evidence.noise
    tested = sum(c.accuracy.probability is not None for c in made) + len(even)
    resolution = noise.resolution(seeds, tested) if noise and tested and seeds else None
    told = [*sentences(found, baselines, made, objective, names, even), neighbour_sentence(made)]
    every = groups or [Group(t.kind, t.state, t.saves, 1, t.epoch) for t in trials]
    saved = epochs(
        [group for group in every if group.searched],
        job.details["rungs"][-1],
        reused,
        scores.epochs if scores else 0,
    )
    agreement = search_against_retrain(trials, evidence.runs)
    measured = how_measured(job, evidence, seeds, tested, resolution, saved)
    if agreement:
        measured.append(agreement.sentence(evidence.measure))
    if audit:
        measured.append(audit.sentence())
    if spent is not None and spent.cpu_hours:
        measured.append(spent_words(job.name, spent))
    if scores:
        measured.append(scores.sentence(job.details["rungs"][-1]))
    return Verdict(
        job=job.name,
        state=job.state,
        objective=objective,
        sentences=tuple(sentence for sentence in told if sentence),
        standings=tuple(Standing(p, evidence.standing(p)) for p in found),
        comparisons=tuple(made),
        even=tuple(even),
        baselines=tuple(baselines),
        skipped=tuple(skipped_baselines(job, trials)),
        names=names,
        measure=evidence.measure,
        seeds=seeds,
        noise=noise,
        resolution=resolution,
        agreement=agreement,
        audit=audit,
        inherited=scores,
        epochs=saved,
        measured=tuple(measured),
        warnings=tuple(warnings(job, trials, found, evidence, seeds)),
    )


def verdict_text(store: Store, job: Job) -> str:
    """The verdict as Markdown: words, table, how it was measured, warnings."""
    found = verdict(store, job)
    lines = [f"# {found.job}", "", f"**{found.sentence}**", "", " ".join(found.sentences[1:]), ""]
    if found.comparisons:
        columns = table_columns(found)
        lines += [_row(columns), _row(["---"] * len(columns))]
        lines += [_row(row) for row in table_rows(found)]
        lines.append("")
    lines += ["## How it was measured", "", *(f"- {line}" for line in found.measured), ""]
    if found.warnings:
        lines += ["## Before you believe it", "", *(f"- {line}" for line in found.warnings), ""]
    return "\n".join(lines)


def table_columns(found: Verdict) -> list[str]:
    """Headings of the table of comparisons."""
    costs = ["parameters"] + (["latency"] if _timed(found) else [])
    return ["point", "against", "accuracy, points (95 %)", "FLOPs", *costs, "verdict"]


def table_rows(found: Verdict) -> list[list[str]]:
    """One row for each comparison; neighbours on the front are marked."""
    names = ["forward_flops", "parameters"] + (["latency_ms"] if _timed(found) else [])
    return [
        [
            _cell(c.trial, found.names),
            _cell(c.against, found.names) + (" · next on the front" if c.neighbours else ""),
            difference_range(c.accuracy.mean, c.accuracy.low, c.accuracy.high),
            *(signed_share(c.cost[cost]) for cost in names),
            "separable" if c.separable else f"not separable: {c.why_not}",
        ]
        for c in found.comparisons
    ]


def _cell(point: Point, names: Names) -> str:
    return f"trial {point.trial} ({names.full(point)})"


def _timed(found: Verdict) -> bool:
    return any(c.cost["latency_ms"] is not None for c in found.comparisons)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
