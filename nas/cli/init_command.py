"""``nas init``: a commented job file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from nas.cli.output import Output, output_option, say
from nas.errors import UsageProblem, did_you_mean
from nas.jobs.starting import job_file
from nas.names import check_name, nearest_name
from workers.datasets import DATASETS


@click.command()
@click.argument("path", default="job.yaml", type=click.Path(path_type=Path))
@click.option("--name", help="Of the job; default: the file's name.")
@click.option("--dataset", default="digits", show_default=True, help="A data set's name.")
@click.option("--root", default="", help="The folder of the data set's files.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@output_option
def init(
    path: Path, name: str | None, dataset: str, root: str, force: bool, output: Output
) -> None:
    """Write a commented job file to PATH (default job.yaml)."""
    if dataset not in DATASETS:
        known = ", ".join(DATASETS)
        raise UsageProblem(
            f"no data set {dataset!r}{did_you_mean(dataset, DATASETS)}; allowed: {known}"
        )
    text = job_file(_job_name(name, path), dataset, root)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageProblem(f"{path} exists; --force overwrites it") from None
    except OSError as error:
        raise UsageProblem(f"{path} can't be written: {error.strerror}") from None
    output.emit({"path": str(path)}, lambda: f"wrote {path}")
    if not output.json:
        say(f"next: edit it, then 'nas validate {path}' and 'nas run {path}'")


def _job_name(name: str | None, path: Path) -> str:
    if name is None:
        return nearest_name(path.stem) or "job"
    try:
        return check_name(name)
    except ValueError as error:
        raise UsageProblem(str(error)) from None
