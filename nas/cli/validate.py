"""``nas validate``: is a job file right, and what would it search?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nas.cli.job_options import job_file_arguments
from nas.cli.opened import server
from nas.cli.output import Output, Part, Table, output_option
from nas.home import Home
from nas.job_file.reading import load, locator
from nas.settings import named_data

if TYPE_CHECKING:
    from nas.job_file.spec import JobSpec
    from nas.jobs.deep import DeepReport


@click.command()
@job_file_arguments
@click.option("--deep", is_flag=True, help="Also read the data and build models of the space.")
@output_option
def validate(file: str, overrides: tuple[str, ...], deep: bool, output: Output) -> None:
    """Check the job FILE: keys, names and values; with --deep also shapes, costs and hours."""
    spec = load(file, overrides, named_data())
    found = None
    if deep:
        from nas.jobs.deep import deep_check
        from nas.jobs.recording import check_warm_start_here

        locate = locator(file, overrides)
        if server() is None:  # else the jobs are there
            check_warm_start_here(Home.here(), spec, locate)
        found = deep_check(spec, locate)
    data: dict[str, Any] = {"valid": True, **_summary(spec)}
    if found:
        data["deep"] = found.to_dict()
    output.emit(data, lambda: _parts(file, spec, found))


def _summary(spec: JobSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "trials": spec.search.trials,
        "space_size": spec.search_space().size(),
        "rungs": list(spec.rungs()),
        "spec": spec.model_dump(mode="json"),
    }


def _parts(file: str, spec: JobSpec, found: DeepReport | None) -> list[Part]:
    space = spec.search_space()
    rungs = ", ".join(map(str, spec.rungs()))
    parts: list[Part] = [
        f"{file} is valid: job {spec.name!r}, {spec.search.trials} trials out of "
        f"{space.size():,} architectures, compared at epochs {rungs}"
    ]
    if found:
        parts.append(Table(("what", "value"), found.rows()))
    return parts
