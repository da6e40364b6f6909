"""What a reader of a verdict must know: how it was measured, and what weakens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nas.analysis.comparisons import Evidence
from nas.analysis.front import Point
from nas.analysis.noise import Noise
from nas.analysis.people import bare, points
from nas.store.records import Job, Trial


def how_measured(
    job: Job,
    evidence: Evidence,
    seeds: int,
    tested: int,
    resolution: float | None,
    saved: Mapping[str, int | float],
) -> list[str]:
    """A sentence each; see ``Verdict`` for what the arguments mean."""
    data = job.details["data"]
    told = [
        f"Accuracy: {data[evidence.measure]:,} {evidence.measure} images of {data['name']}, "
        f"{data['train']:,} training images, {job.details['rungs'][-1]} epochs."
    ]
    if resolution is not None and evidence.noise is not None:
        told += [
            f"Differences are over {seeds} further seeds a point, paired by seed; the seed on "
            "which a point was selected is left out, because it flatters.",
            _noise_words(evidence.noise),
            "Intervals are of each comparison alone; separable means p < 0.05 after Holm's "
            f"correction over all {tested} comparisons that were made. Between two typical points, "
            f"differences below about {points(resolution)} can't be told apart by so few seeds.",
        ]
    if saved["saved_share"] > 0:
        reused = f" and took {saved['reused']:,} from earlier jobs" if saved["reused"] else ""
        told.append(
            f"The search trained {saved['trained']:,} epochs{reused}; without pruning it would "
            f"have been "
            f"{saved['without_pruning']:,}: {100 * saved['saved_share']:.0f} % saved."
        )
    return told


def warnings(
    job: Job, trials: Sequence[Trial], found: Sequence[Point], evidence: Evidence, seeds: int
) -> list[str]:
    """What must be known before believing the verdict, a sentence each."""
    told = []
    if job.state != "done":
        told.append(f"The job is {job.state}: the front may still change.")
    elif job.details.get("stopped_by"):
        told.append(f"The job was {job.reason}. With more, the front might be another.")
    if found and seeds < 2:
        told.append("Every point rests on a single seed: no interval, nothing is separable.")
    elif seeds and evidence.measure == "validation":
        told.append(
            "Differences are on the validation images, which also chose the front: optimistic."
        )
    if seeds >= 2:
        told.append("Intervals cover seeds, not the choice of images: other images may differ.")
    early = [t for t in trials if t.kind == "baseline" and t.state in ("pruned", "failed")]
    if early:
        listed = ", ".join(f"trial {t.number} ({t.label}, {t.state})" for t in early)
        told.append(f"Baselines that ended early and are not compared: {listed}.")
    told += _left_out(job, trials)
    uneven = [p for p in found if 0 < p.seeds < seeds]
    if uneven:
        listed = ", ".join(f"trial {p.trial}" for p in uneven)
        told.append(f"Not all repeats of {listed} finished.")
    return told


def skipped_baselines(job: Job, trials: Sequence[Trial]) -> list[tuple[str, str]]:
    """Label and reason of every rule that was not trained."""
    known = job.details.get("baselines", {})
    found = [(str(label), str(reason)) for label, reason in known.get("skipped", ())]
    if job.state == "done":
        seen = {trial.label for trial in trials}
        missing = [label for label in known.get("planned", ()) if label not in seen]
        found += [(label, _never_begun(job)) for label in missing]
    return found


def _never_begun(job: Job) -> str:
    """Why a planned rule was not trained in a job that is done."""
    cost = job.spec.get("cost", {})
    if job.details.get("stopped_by"):
        return "the budget ended before"
    if job.details["objective"] == "latency_ms" or cost.get("limits", {}).get("latency_ms"):
        return "its latency is over the limit or could not be measured"
    return "the same model was trained under another name"


def _left_out(job: Job, trials: Sequence[Trial]) -> list[str]:
    """Rules that were not trained, by reason; and those that were trained once only."""
    by_reason: dict[str, list[str]] = {}
    for label, reason in skipped_baselines(job, trials):
        by_reason.setdefault(reason, []).append(label)
    told = [f"Skipped: {', '.join(who)}, because {why}." for why, who in by_reason.items()]
    repeated = {trial.origin for trial in trials}
    once = [t for t in trials if t.kind == "baseline" and t.state == "done"]
    once = [t for t in once if t.number not in repeated]
    if once and len(repeated) > 1:
        listed = ", ".join(f"trial {t.number} ({t.label})" for t in once)
        told.append(f"Less accurate rules that were not repeated on further seeds: {listed}.")
    return told


def _noise_words(noise: Noise) -> str:
    spread = {trial: variance**0.5 for trial, variance in noise.variances.items()}
    calm, wild = min(spread, key=spread.__getitem__), max(spread, key=spread.__getitem__)
    return (
        "Noise between seeds is estimated for each point and drawn towards the others': a standard "
        f"deviation of {bare(spread[calm])} (trial {calm}) to {points(spread[wild])} "
        f"(trial {wild}), over {len(spread)} repeated trials."
    )
