"""``nas export``: a trained model as plain PyTorch code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nas.cli.opened import opened_job, server
from nas.cli.output import Output, Part, Table, output_option, say
from nas.cli.pick_options import pick_option, under_option
from nas.errors import UsageProblem
from nas.home import Home

if TYPE_CHECKING:
    from nas.export.bundle import ExportResult


@click.command()
@click.argument("job")
@click.option("--trial", type=click.IntRange(min=0), help="The number of a finished trial.")
@pick_option(
    "A trial of the front: the best bargain (default), the most accurate, the cheapest, the "
    "cheapest within one standard error of the most accurate."
)
@under_option
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to make; default: exports/JOB-trial-N in NAS_HOME.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export in that folder.")
@click.option("--onnx", is_flag=True, help="Write model.onnx, too; needs onnx and onnxscript.")
@click.option(
    "--register",
    "model_name",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    help="Also register the model in MLflow under this name (default: JOB), with the alias "
    "pareto-RULE; write it after JOB.",
)
@output_option
def export(
    job: str,
    trial: int | None,
    pick: str | None,
    under: dict[str, float],
    to: Path | None,
    force: bool,
    onnx: bool,
    model_name: str | None,
    output: Output,
) -> None:
    """Write a model of JOB as PyTorch code with weights; it needs torch alone."""
    if trial is not None and (pick is not None or under):
        other = "--pick" if pick is not None else "--under"
        raise UsageProblem(f"--trial and {other} both say what to export; give one of them")
    remote = server()
    if remote is not None:
        from nas.cli.fetching import fetched

        asked = {"trial": trial, "pick": pick, "under": under, "register_as": model_name}
        asked |= {"onnx": True} if onnx else {}
        data = fetched(remote, remote.job_path(job, "exports"), asked, to, force=force)
        output.emit(data, lambda: _listed(data))
        return
    with opened_job(job) as (store, found):
        from nas.export.bundle import export as export_trial
        from nas.export.standing import picked_trial
        from nas.tracking.registering import opened_registry, register

        reason = rule = ""
        if trial is None:
            rule = pick or "knee"
            picked = picked_trial(store, found, rule, under)
            trial, reason = picked.point.trial, f"{rule}: {picked.reason}"
        registry = registered = None
        if model_name is not None:
            registry = opened_registry(Home.here(), model_name or found.name)
        folder = to or Home.here().exports / f"{found.name}-trial-{trial}"
        result = export_trial(store, found.name, trial, folder, force=force, onnx=onnx)
        data = {**result.to_dict(), "picked": reason}
        if registry is not None:
            registered = register(registry, store, result, rule, reason).to_dict()
            data["registered"] = registered
    output.emit(data, lambda: _parts(result, reason, registered))
    if not output.json:
        say(f"next: read {result.folder / 'README.md'}")


def _listed(data: dict[str, Any]) -> list[Part]:
    head = [data["picked"]] if data["picked"] else []
    rows = [(str(Path(data["folder"]) / name),) for name in data["files"]]
    return [
        *head,
        f"exported trial {data['trial']} of job {data['job']}",
        Table(("file",), rows),
        *_registration(data.get("registered")),
    ]


def _parts(result: ExportResult, reason: str, registered: dict[str, Any] | None) -> list[Part]:
    facts = result.facts
    return [
        *([reason] if reason else []),
        f"exported trial {facts.trial} of job {facts.job}: {facts.accuracy_words()}; "
        f"{facts.cost_words()}",
        Table(("file",), [(str(result.folder / name),) for name in result.files]),
        *_registration(registered),
    ]


def _registration(made: dict[str, Any] | None) -> list[Part]:
    if made is None:
        return []
    told = "registered" if made["new"] else "registered before"
    where = f" ({made['url']})" if made["url"] else ""
    return [
        f"{told} in MLflow as version {made['version']} of {made['name']}{where}: {made['uri']}"
    ]
