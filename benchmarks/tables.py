"""What the benchmarks share: the machine's class in words, and a table in ``results/``."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine_class() -> str:
    """Cores, processor family, GPU and Python; never a host's name."""
    import torch

    words = [f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}"]
    if torch.cpu.get_capabilities().get("avx512_bf16"):
        words.append("AVX512-BF16")
    words.append(torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU")
    return ", ".join([*words, f"Python {platform.python_version()}"])


def write_table(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    command: str,
    notes: Sequence[str] = (),
) -> None:
    """Print a Markdown table and keep it in ``results/NAME.md`` with the command that made it."""
    text = show_table(title, columns, rows, command, notes)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")


def show_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    command: str,
    notes: Sequence[str] = (),
) -> str:
    """Print a Markdown table, and keep nothing."""
    lines = [
        f"# {title}",
        "",
        f"`{command}` on {machine_class()}.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(row) + " |" for row in rows),
        *([""] if notes else []),
        *notes,
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    return text
