"""``nas retrain``: a trial's architecture trained again, usually longer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from nas.cli.job_progress import job_display
from nas.cli.opened import opened_job, server
from nas.cli.output import Output, Part, Table, output_option, say
from nas.cli.pick_options import pick_option, under_option
from nas.errors import UsageProblem
from nas.home import Home
from nas.signals import stopped_by_sigterm

if TYPE_CHECKING:
    from nas.client import Client
    from nas.jobs.retrain import Retrained


@click.command()
@click.argument("job")
@click.option("--trial", type=click.IntRange(min=0), help="The number of a trial.")
@pick_option(
    "A trial of the front: the best bargain (default), the most accurate, the cheapest, the "
    "cheapest within one standard error of the most accurate."
)
@under_option
@click.option(
    "--epochs",
    type=click.IntRange(1, 10_000),
    required=True,
    help="How long to train; the schedule spans all of it, so it starts anew.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Of weights, data order and augmentation; default: the trial's.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a key of the recipe, such as recipe.learning_rate=0.05; may be repeated.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
@output_option
def retrain(
    job: str,
    trial: int | None,
    pick: str | None,
    under: dict[str, float],
    epochs: int,
    seed: int | None,
    overrides: tuple[str, ...],
    quiet: bool,
    output: Output,
) -> None:
    """Train a trial of JOB again as a trial of its own, with the job's recipe at other epochs.

    The result stands beside the front, not on it: another budget is not comparable. After a kill,
    the same command goes on.
    """
    if trial is not None and (pick is not None or under):
        other = "--pick" if pick is not None else "--under"
        raise UsageProblem(f"--trial and {other} both say what to train; give one of them")
    number = _picked(job, pick or "knee", under) if trial is None else trial
    remote = server()
    if remote is not None:
        result = _from_afar(remote, job, number, epochs, seed, overrides)
    else:
        quiet = quiet or output.json
        result = _retrain(job, number, epochs, seed, overrides, quiet).to_dict()
    output.emit(result, lambda: _parts(result))
    if not output.json:
        say(f"next: nas export {result['job']} --trial {result['trial']}")


def _picked(name: str, pick: str, under: Mapping[str, float]) -> int:
    from nas.export.standing import picked_trial

    with opened_job(name) as (store, job):
        return picked_trial(store, job, pick, under).point.trial


def _from_afar(
    remote: Client,
    name: str,
    trial: int,
    epochs: int,
    seed: int | None,
    overrides: tuple[str, ...],
) -> dict[str, Any]:
    """Have the service train it, and wait for that."""
    asked = {"trial": trial, "epochs": epochs, "overrides": list(overrides), "seed": seed}
    say("the service trains it; Ctrl-C leaves it training")
    return remote.finished(remote.post(remote.job_path(name, "retrain"), asked))


def _retrain(
    name: str,
    trial: int,
    epochs: int,
    seed: int | None,
    overrides: tuple[str, ...],
    quiet: bool,
) -> Retrained:
    with opened_job(name) as (store, job):
        from nas.jobs.retrain import recipe_changes
        from nas.jobs.retrain import retrain as train_again
        from nas.tracking.follow import following

        changes = recipe_changes(epochs, overrides)
        home = Home.here()
        stopped_by_sigterm()
        try:
            with job_display(quiet=quiet) as (display, observe):
                follower = following(store, home, job, display.note)
                return train_again(
                    store, home, job, trial, changes, seed, observe, follower=follower
                )
        except KeyboardInterrupt:
            say("stopped; finished segments are kept, and the same command goes on")
            raise


def _parts(result: Mapping[str, Any]) -> list[Part]:
    from nas.analysis.people import accuracy

    number, origin = result["trial"], result["origin"]
    before = "was trained before" if result["trained_before"] else "is done"
    head = (
        f"trial {number} of job {result['job']} {before}: trial {origin}'s architecture, "
        f"{result['epochs']} epochs, seed {result['seed']}"
    )
    rows = [("validation accuracy", f"{accuracy(result['accuracy'])} %")]
    if result["origin_accuracy"] is not None:
        told = f"{accuracy(result['origin_accuracy'])} % after {result['origin_epochs']} epochs"
        rows.append((f"of trial {origin}", f"{told}, seed {result['origin_seed']}"))
    rows.append(("test accuracy", f"{accuracy(result['test_accuracy'])} %"))
    rows.append(("worker time", f"{result['worker_seconds']:.1f} s"))
    aside = "Another budget is not comparable: it stands beside the front, not on it."
    return [head, Table(("", ""), rows), aside]
