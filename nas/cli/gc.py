"""``nas gc``: delete what nobody needs."""

from __future__ import annotations

from dataclasses import asdict

import click

from nas.cli.opened import existing_store, refuse_from_afar
from nas.cli.output import Output, Part, output_option
from nas.home import Home


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@output_option
def gc(dry_run: bool, output: Output) -> None:
    """Delete what is left of deleted jobs, old archives, and jobs beyond retention_days.

    A dispatcher does it every hour. retention_days stands in settings.yaml; by default jobs are
    kept for ever.
    """
    from nas.settings import Settings
    from nas.sweeping import Swept
    from nas.sweeping import gc as sweep

    refuse_from_afar("what nobody needs is deleted")
    home, swept = Home.here(), Swept((), (), 0)
    with existing_store() as store:
        if store is not None:
            swept = sweep(store, home, Settings.here(home).retention_days, dry=dry_run)

    def parts() -> list[Part]:
        verb = "would delete" if dry_run else "deleted"
        megabytes = f"{swept.bytes / 1e6:.1f} MB"
        head = f"{verb} {len(swept.jobs)} jobs and {len(swept.files)} files, {megabytes}"
        return [head, *(f"  job {name}" for name in swept.jobs), *(f"  {f}" for f in swept.files)]

    output.emit(asdict(swept), parts)
