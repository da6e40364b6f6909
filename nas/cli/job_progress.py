"""A running job on the terminal: one block that says where it stands, and lines that stay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nas.cli.progress import Progress as Display
from nas.cli.progress import progress

if TYPE_CHECKING:
    from nas.jobs.progress import Progress

#: Cells of the bar.
_BAR = 28


@contextmanager
def job_display(*, quiet: bool) -> Iterator[tuple[Display, Callable[[Progress], None]]]:
    """The display, and the observer that a driver tells."""
    begun = time.monotonic()
    with progress(quiet=quiet) as display:
        phase = ""

        def observe(now: Progress) -> None:
            nonlocal phase
            if now.phase == "starting":
                display.note(now.note)
                return
            if now.phase != phase:
                phase = now.phase
                display.note(_HEADINGS[phase])
            display.show(render(now, time.monotonic() - begun))

        yield display, observe


_HEADINGS = {
    "search": "search: candidates train, the best of each rung go on",
    "finalists": "finalists: the front and the baselines again, on further seeds",
    "test": "test: accuracy on images that the search never saw",
    "retrain": "retrain: one trial again, with a recipe of its own",
    "done": "done",
}


def render(now: Progress, seconds: float) -> str:
    """The block: bar and counts first, then the front so far, then what trains."""
    share = min(1.0, now.done / max(1, now.total))
    bar = "█" * round(share * _BAR)
    clock = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    lines = [f"{bar:·<{_BAR}} {now.done}/{now.total} {now.phase}  {clock}"]
    if now.states:
        lines[0] += "  " + ", ".join(f"{count} {state}" for state, count in now.states)
    if now.best_accuracy is not None:
        lines.append(
            f"best {now.best_accuracy:.1%}, {now.front_size} on the front, "
            f"hypervolume {now.hypervolume:.3f}, {now.epochs} epochs trained"
        )
    if now.budget:
        lines.append(f"spent: {now.budget}")
    lines += [f"  trial {trial.number}: {_short(trial.architecture)}" for trial in now.running]
    return "\n".join(lines)


def _short(architecture: str, width: int = 96) -> str:
    from search_spaces.architecture import Architecture

    text = str(Architecture.from_json(architecture))
    return text if len(text) <= width else text[: width - 1] + "…"
