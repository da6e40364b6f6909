"""``nas attention-maps``: what the attention of a trained model looks at."""

from __future__ import annotations

from pathlib import Path

import click

from nas.cli.opened import opened_job, server
from nas.cli.output import Output, Part, Table, output_option, say


@click.command("attention-maps")
@click.argument("job")
@click.option(
    "--trial", type=click.IntRange(min=0), required=True, help="The number of a finished trial."
)
@click.option(
    "--images",
    type=click.IntRange(1, 32),
    default=8,
    show_default=True,
    help="How many test images to draw.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    required=True,
    help="The folder to make.",
)
@click.option("--force", is_flag=True, help="Replace earlier maps in that folder.")
@output_option
def attention_maps(
    job: str, trial: int, images: int, to: Path, force: bool, output: Output
) -> None:
    """Draw, stage by stage, what the attention of a trial of JOB does to test images."""
    remote = server()
    if remote is not None:
        from nas.cli.fetching import fetched

        asked = {"trial": trial, "images": images}
        data = fetched(remote, remote.job_path(job, "attention-maps"), asked, to, force=force)
        rows = [(str(to / name),) for name in data["files"]]
        output.emit(data, lambda: Table(("file",), rows))
        return
    with opened_job(job) as (store, found):
        from nas.drawing.maps import write_maps

        result = write_maps(store, found.name, trial, images, to, force=force)

    def parts() -> list[Part]:
        head = f"{len(result.modules)} attention modules of trial {trial}, {result.images} images"
        return [head, Table(("file",), [(str(result.folder / name),) for name in result.files])]

    output.emit(result.to_dict(), parts)
    if not output.json:
        say(f"next: open {result.folder / 'index.html'} in a browser")
