"""``nas logs``, ``watch`` and ``wait``: a job as it goes on, from here or from afar."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import click

from nas.cli.output import Output, output_option, put, say
from nas.cli.service import Service, service
from nas.errors import Exit

_ENDS = {"done": Exit.DONE, "failed": Exit.JOB_FAILED, "cancelled": Exit.JOB_CANCELLED}


@click.command()
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job is over.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only events above this id.")
@output_option
def logs(job: str, follow: bool, after: int, output: Output) -> None:
    """Print what happened in JOB, oldest first; JSON is one event a line."""
    try:
        _print_events(service().events(job, after, follow), output)
    except KeyboardInterrupt:
        _detached(job)


@click.command()
@click.argument("job")
def watch(job: str) -> None:
    """Show JOB as it goes on, until it is over; Ctrl-C leaves it running."""
    near = service()
    try:
        summary = _watched(near, job) if sys.stdout.isatty() else _lines(near, job)
    except KeyboardInterrupt:
        _detached(job)
    click.get_current_context().exit(_ENDS[summary["state"]])


@click.command()
@click.argument("job")
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up then, with status 101.")
@output_option
def wait(job: str, timeout: float | None, output: Output) -> None:
    """Wait until JOB is over; the exit status tells how: 0 done, 100 failed, 103 cancelled."""
    near, deadline = service(), None if timeout is None else time.monotonic() + timeout
    told = False
    try:
        while (summary := near.job(job))["state"] not in _ENDS:
            if summary["state"] in ("paused", "interrupted") and not told:
                told = True
                say(f"{job} is {summary['state']}; it goes on with: nas resume {job}")
            if deadline is not None and time.monotonic() >= deadline:
                break
            time.sleep(1.0)
    except KeyboardInterrupt:
        _detached(job)
    output.emit(summary, lambda: f"job {summary['id']} ({summary['name']}) is {summary['state']}")
    click.get_current_context().exit(_ENDS.get(summary["state"], Exit.JOB_RUNNING))


def follow_job(job: str, output: Output) -> None:
    """What ``nas submit --follow`` does after it: the job's events, and its end as exit status."""
    near = service()
    try:
        _print_events(near.events(job, 0, True), output)
    except KeyboardInterrupt:
        _detached(job)
    click.get_current_context().exit(_ENDS.get(near.job(job)["state"], Exit.JOB_RUNNING))


def _print_events(events: Iterable[Mapping[str, Any]], output: Output) -> None:
    from nas.analysis.events import event_words

    for event in events:
        if output.json:
            put(json.dumps(event))
        else:
            put(f"{_clock(event['at'])}  {event_words(event)}")


def _clock(iso: str) -> str:
    """A moment in the reader's own time."""
    return datetime.fromisoformat(iso).astimezone().strftime("%H:%M:%S")


def _lines(near: Service, job: str) -> dict[str, Any]:
    """A line whenever something changed, where there is no terminal to draw on."""
    told = ""
    while True:
        summary = near.job(job)
        line = _one_line(summary)
        if line != told:
            put(line)
        told = line
        if summary["state"] in _ENDS:
            return summary
        time.sleep(1.0)


def _watched(near: Service, job: str) -> dict[str, Any]:
    """The summary, drawn again every second."""
    from rich.console import Group, RenderableType
    from rich.live import Live
    from rich.text import Text

    from nas.cli.output import rich_table
    from nas.cli.show import parts

    def drawn(summary: Mapping[str, Any]) -> RenderableType:
        shown = [Text(p) if isinstance(p, str) else rich_table(p) for p in parts(summary)]
        return Group(*shown, Text("Ctrl-C leaves it running", style="dim"))

    summary = near.job(job)
    with Live(drawn(summary), refresh_per_second=4) as live:
        while summary["state"] not in _ENDS:
            time.sleep(1.0)
            summary = near.job(job)
            live.update(drawn(summary))
    return summary


def _one_line(summary: Mapping[str, Any]) -> str:
    from nas.analysis.people import accuracy

    trials, best = summary["trials"], summary["best"]
    told = f"{summary['state']}: {trials['total']} of {summary['budget']['trials']} trials"
    told += f", {trials['done']} done, {trials['pruned']} pruned, {trials['failed']} failed"
    if best:
        told += f"; best {accuracy(best['accuracy'])} %, {summary['front_size']} on the front"
    return told


def _detached(job: str) -> None:
    say(f"\nleft; {job} goes on. End it with: nas cancel {job}")
    click.get_current_context().exit(Exit.DETACHED)
