"""``nas draw``: a picture of an architecture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from nas.cli.image_size import parse_shape
from nas.cli.opened import opened_job
from nas.cli.output import Output, put, say
from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, TaskShape


@click.command()
@click.argument("what")
@click.option(
    "--trial", type=click.IntRange(min=0), help="The number of a trial, if WHAT is a job."
)
@click.option("--input", "size", metavar="CxHxW", help="Image size, such as 3x32x32.")
@click.option("--classes", type=click.IntRange(min=1), help="Class count.")
@click.option(
    "-o",
    "--output",
    metavar="FILE.svg",
    help="The file to write; default: print the SVG. 'json' prints its numbers instead.",
)
def draw(
    what: str, trial: int | None, size: str | None, classes: int | None, output: str | None
) -> None:
    """Draw an architecture as SVG: stages, the attention at its place, costs.

    WHAT is an architecture's JSON file, a folder that 'nas export' wrote, or a job.
    """
    target = _checked(output)
    architecture, shape = _find(what, trial)
    if classes is not None:
        shape = replace(shape, classes=classes)
    if size is not None:
        shape = parse_shape(size, shape.classes)
    from nas.drawing.measured import subject_of
    from nas.drawing.page import draw as drawn

    subject = subject_of(architecture, shape)
    if output == "json":
        Output("json").emit(subject.to_dict(), list)
    elif target is None:
        put(drawn(subject), nl=False)
    else:
        _write(target, drawn(subject))


def _checked(output: str | None) -> Path | None:
    if output in (None, "json", "-"):
        return None
    path = Path(str(output))
    if path.suffix.lower() != ".svg":
        raise UsageProblem(f"-o is {output!r}; it must be a file that ends in .svg, or json")
    return path


def _find(what: str, trial: int | None) -> tuple[Architecture, TaskShape]:
    """A file's or a folder's architecture, or a trial's with the shape of its job's images."""
    path = Path(what)
    if path.exists() or path.suffix.lower() == ".json":
        from nas.drawing.reading import default_shape, read_architecture

        if trial is not None:
            raise UsageProblem(f"--trial is for a job; {what} is a file or folder")
        architecture = read_architecture(path)
        return architecture, default_shape(architecture)
    with opened_job(what) as (store, job):
        if trial is None:
            raise UsageProblem(
                f"say which trial of {job.name}: --trial N; see nas front {job.name}"
            )
        found = store.trials.get(job.id, trial)
    return Architecture.from_json(found.architecture), TaskShape(**job.details["shape"])


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{path} can't be written: {error.strerror}") from None
    say(f"wrote {path}")
