"""``nas extend``: more trials for a job, or another space."""

from __future__ import annotations

from pathlib import Path

import click

from nas.cli.foreground import drive_and_tell
from nas.cli.opened import opened_job, server
from nas.cli.output import Output, output_option, say
from nas.home import Home


@click.command()
@click.argument("job")
@click.option(
    "--trials", type=click.IntRange(min=1), metavar="N", help="Train N more architectures."
)
@click.option(
    "--space",
    metavar="SPACE",
    help="A wider or narrower one: a file, a ready space's name, or a section as YAML.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change search.trials, space, cost.limits, budget or finalists; may be repeated.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
@output_option
def extend(
    job: str,
    trials: int | None,
    space: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    output: Output,
) -> None:
    """Go on with JOB here, done or not, with more trials or another space.

    Nothing is trained again. Trials outside of a narrowed space stay on the front.
    """
    from nas.cli.progress import progress
    from nas.jobs.extension import asked_extension

    remote = server()
    if remote is not None:
        asked = {"trials": trials, "space": _sent(space), "overrides": list(overrides)}
        answer = remote.post(remote.job_path(job, "extend"), {k: v for k, v in asked.items() if v})
        done = remote.finished(answer)
        output.emit(done, lambda: f"job {done['id']} ({done['name']}) is {done['state']}")
        return
    home = Home.here()
    with opened_job(job) as (store, found):
        document, spec = asked_extension(store, found, trials, space, overrides)
        quiet = quiet or output.json
        with progress(quiet=quiet) as display:
            display.note(f"checking what changes in {found.name}: data, shapes, costs")
            from nas.jobs.deep import deep_check
            from nas.jobs.extending import extend as record

            report = deep_check(spec, document.place, estimate=False)
        found = record(store, home, found, spec, report)
        if not output.json:
            count = found.details["extensions"][-1]["trials"]
            say(f"{found.name} goes on: {count} of {spec.search.trials} trials have begun")
        drive_and_tell(store, home, found, quiet=quiet, output=output)


def _sent(space: str | None) -> str | None:
    """A space as a service takes it: the content of a file, which it can't read itself."""
    from nas.job_file.reading import text_of

    if space is None or Path(space).suffix not in (".yaml", ".yml"):
        return space
    return text_of(Path(space))
