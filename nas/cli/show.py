"""``nas show``: where one job stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option
from nas.cli.service import service

if TYPE_CHECKING:
    from nas.store.records import Trial


@click.command()
@click.argument("job")
@click.option("--trials", "with_trials", is_flag=True, help="List every trial, failed ones last.")
@output_option
def show(job: str, with_trials: bool, output: Output) -> None:
    """Show JOB (a name or an id): state, trials, epochs, costs."""
    from nas.analysis.summary import trial_row

    summary, rows = service().job(job), []
    if with_trials:
        with opened_job(job) as (store, found):
            rows = store.trials.list(found.id)
    data = (
        summary | {"trial_list": [trial_row(trial) for trial in rows]} if with_trials else summary
    )
    output.emit(
        data, lambda: [*parts(summary), *_how_to_go_on(summary), *_trial_table(rows, summary)]
    )


def parts(summary: Mapping[str, Any]) -> list[Part]:
    """A job's summary for people."""
    from nas.analysis.people import accuracy, cost

    trials, best, objective = summary["trials"], summary["best"], summary["objective"]
    head = f"job {summary['id']} ({summary['name']}) is {summary['state']}"
    states = _states(trials, summary["driven"])
    rows = [("trials", f"{trials['total']} of {summary['budget']['trials']}{states}")]
    if summary["warm_start"]["total"]:
        taken = summary["warm_start"]
        rows.append(("taken over", f"{taken['total']}{_states(taken)}"))
    if summary["finalists"]["total"]:
        repeats = summary["finalists"]
        rows.append(("finalists", f"{repeats['total']}{_states(repeats, summary['driven'])}"))
    rows += [("retrained", _again(one)) for one in summary["retrained"]]
    if summary["cache"]["reports"]:
        rows.append(("cache", _reused(summary["cache"])))
    if told := _checkpoints(summary["checkpoints"]):
        rows.append(("checkpoints", told))
    if summary["epochs"]["trained"]:
        rows += [("epochs", _epochs(summary["epochs"]))]
        rows += [("worker time", _duration(summary["worker_seconds"]))]
    rows += _spent(summary["spent"], summary["budget"])
    size, over = summary["space_size"], ", nothing new is left" if summary["exhausted"] else ""
    rungs = _listed(summary["rungs"])
    rows.append(("space", f"{size:,} architectures{over}, rungs at {rungs}"))
    rows += [("extended", _extended(entry)) for entry in summary["extensions"]]
    if best:
        spent = f"{cost(objective, best[objective])} {_UNITS[objective]}"
        rows.append(("best", f"{accuracy(best['accuracy'])} % (trial {best['trial']}), {spent}"))
        rows.append(("front", _front(summary)))
    if summary["mlflow"] and summary["mlflow"]["url"]:
        rows.append(("MLflow", summary["mlflow"]["url"]))
    ended = "finished" if summary["state"] == "done" else "stopped"
    times = (("started", summary["started"]), (ended, summary["finished"]))
    rows += [(key, _time(value)) for key, value in times if value]
    return [head + (f": {summary['reason']}" if summary["reason"] else ""), Table(("", ""), rows)]


def _spent(spent: Mapping[str, float], budget: Mapping[str, float | None]) -> list[tuple[str, str]]:
    """What is limited, with its limit; and wall clock and CPU-hours of every job that began."""
    from nas.budget import NAMES, TITLES, amount

    shown = [n for n in NAMES if budget[n] is not None or (spent[n] and n != "epochs")]
    titles = {**TITLES, "epochs": "epochs in all"}
    return [(titles[n], amount(n, spent[n], budget[n])) for n in shown]


def _again(one: Mapping[str, Any]) -> str:
    """A trial on a recipe of its own, which the front leaves out."""
    from nas.analysis.people import accuracy

    told = f"trial {one['trial']}: trial {one['origin']} for {one['epochs']} epochs"
    if one["state"] == "running":
        return f"{told}, {one['epoch']} done so far; the same nas retrain goes on"
    if one["state"] != "done":
        return f"{told}, {one['state']}"
    return f"{told}, {accuracy(one['accuracy'])} %, test {accuracy(one['test_accuracy'])} %"


def _epochs(epochs: Mapping[str, float]) -> str:
    saved = epochs["saved_share"]
    told = f"{epochs['trained']:,} trained by the search"
    if epochs["inherited"]:
        told += f" ({epochs['inherited']:,} of them on inherited weights)"
    return f"{told}, {100 * saved:.0f} % saved by pruning" if saved > 0 else told


def _reused(cache: Mapping[str, float]) -> str:
    count = cache["reports"]
    told = f"{count:,} rung{'' if count == 1 else 's'} taken from earlier trainings"
    return f"{told}: {cache['epochs']:,} epochs, {_duration(cache['worker_seconds'])} saved"


def _checkpoints(found: Mapping[str, Any]) -> str:
    """Where they lie, and what room they lack; empty where there is nothing to say."""
    from nas.job_file.sizes import in_words

    told, limit = [], found["disk_limit"]
    if found["place"]:
        told.append(f"in {found['place']}")
    if limit:
        told.append(f"at most {in_words(limit)}")
    if over := found["over_disk_limit"]:
        told.append(
            f"{in_words(over['bytes'])} were needed and kept although {in_words(over['limit'])} "
            f"was the limit"
        )
    if dropped := found["dropped"]:
        told.append(f"the weights of {dropped} trial{'' if dropped == 1 else 's'} made room")
    return ", ".join(told)


def _extended(entry: Mapping[str, Any]) -> str:
    changes = (
        key if key == "space" else f"{key} {old} → {new}"
        for key, (old, new) in entry["changes"].items()
    )
    return f"after {entry['trials']} trials: {', '.join(changes)}"


def _front(summary: Mapping[str, Any]) -> str:
    count, volume = summary["front_size"], summary["hypervolume"]
    told = f"{count} point{'' if count == 1 else 's'}"
    return told if volume is None else f"{told}, hypervolume {volume:.3f}"


def _time(iso: str) -> str:
    return iso.replace("T", " ").replace("Z", " UTC")


def _how_to_go_on(summary: Mapping[str, Any]) -> list[Part]:
    """A job whose driver was killed still says ``running``; only its lease tells."""
    name, state = summary["name"], summary["state"]
    if summary["driven"]:
        asked = {"pause": "paused", "cancel": "cancelled", "yield": "queued"}
        request = summary["request"]
        return [f"asked to {request}: it is {asked[request]} soon"] if request else []
    if state == "running":
        return [f"nothing drives this job any more; go on with: nas resume {name}"]
    if state in ("queued", "paused", "interrupted", "failed"):
        return [f"go on with: nas resume {name}"]
    return []


_UNITS = {"forward_flops": "MFLOPs", "parameters": "k parameters", "latency_ms": "ms"}


def _states(counted: Mapping[str, int], driven: bool = True) -> str:
    """What nobody drives doesn't run: it was cut short, and goes on with the job."""
    running = "running" if driven else "cut short"
    words = ((running if state == "running" else state, n) for state, n in counted.items())
    named = [f"{count} {word}" for word, count in words if count and word != "total"]
    return f": {', '.join(named)}" if named else ""


def _listed(rungs: Sequence[int]) -> str:
    return ", ".join(str(rung) for rung in rungs) + " epochs"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _what(trial: Trial) -> str:
    """A baseline's rule, or which trial was trained again, and how."""
    if trial.recipe is not None:
        return f"trial {trial.origin} for {trial.recipe['epochs']} epochs"
    return trial.label or ("" if trial.origin is None else f"repeats {trial.origin}")


def _trial_table(trials: Sequence[Trial], summary: Mapping[str, Any]) -> list[Part]:
    if not trials:
        return []
    from json import loads

    from nas.analysis.names import names_for
    from nas.analysis.people import (
        COST_HEADINGS,
        accuracy,
        attention_words,
        cost,
    )

    names = names_for((), (t.architecture for t in trials))
    objective = summary["objective"]
    rows = []
    for trial in sorted(trials, key=lambda t: (t.state == "failed", t.number)):
        built = loads(trial.architecture)
        what = _what(trial)
        cells = (accuracy(trial.accuracy), cost(objective, getattr(trial, objective)))
        state = trial.state + (f": {trial.reason}" if trial.reason else "")
        words = (names.size(built), attention_words(built))
        rows.append((trial.number, trial.kind, what, state, trial.epoch, *cells, *words))
    columns = ("trial", "kind", "rule", "state", "epoch", "accuracy %", COST_HEADINGS[objective])
    return ["", Table((*columns, "backbone", "attention"), rows)]
