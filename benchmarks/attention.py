"""Forward and backward of every attention type against public modules and the plain formula.

    python benchmarks/attention.py [--quick] [--only se,psa] [--size C64@32] [--device cuda]

Same run, interleaved, float32, one thread, train mode, gradient of x and of every parameter, batch
32; CPU time, the minimum of all repetitions. ``ours`` has identity start, as a search trains it.
On a GPU: bf16, eager and compiled, by the GPU's clock. A full run writes
``benchmarks/results/attention.md`` (``attention-gpu.md`` on a GPU).
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from attention_cases import (
    BATCH,
    SIZES,
    Case,
    check,
    choices,
    cpu_seconds,
    fastest,
    gpu_seconds,
    steps,
)
from tables import write_table

TARGET = 1.05

#: By type's label, size and implementation: seconds.
Measured = dict[str, dict[str, dict[str, float]]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two repetitions, nothing written")
    parser.add_argument("--only", default="", help="types, with commas")
    parser.add_argument("--size", choices=SIZES, help="one size")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each type and size")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--check", action="store_true", help="also hold outputs and gradients equal"
    )
    return parser.parse_args()


def measure(case: Case, given: argparse.Namespace) -> dict[str, float]:
    torch.manual_seed(0)
    if given.check and case.setting == "f32":
        check(case)
    clock = gpu_seconds if given.device == "cuda" else cpu_seconds
    times = fastest(steps(case, given.device), clock, 0 if given.quick else given.seconds)
    words = ", ".join(f"{name} {1000 * seconds:.2f}" for name, seconds in times.items())
    print(f"{case.label} {case.size} {case.setting}: {words} ms", file=sys.stderr, flush=True)
    return times


def ratio(times: dict[str, float]) -> float | None:
    """Ours over the fastest other; None where nothing else ran."""
    others = [seconds for name, seconds in times.items() if name != "ours"]
    return times["ours"] / min(others) if others else None


def rows(measured: Measured, sizes: list[str]) -> list[list[str]]:
    """A row for each implementation of each type: milliseconds by size, ours with its ratio."""
    table = []
    for label, by_size in measured.items():
        names = dict.fromkeys(name for times in by_size.values() for name in times)
        for name in names:
            cells = [cell(by_size[size], name) for size in sizes]
            table.append([label if name == "ours" else "", name, *cells])
    return table


def cell(times: dict[str, float], name: str) -> str:
    if name not in times:
        return "-"
    against = ratio(times) if name == "ours" else None
    return f"{1000 * times[name]:.2f}" + (f" ({against:.2f})" if against else "")


def slower(measured: Measured) -> str:
    """What the target refuses, in words."""
    found = [
        f"{label} {size} {against:.2f}"
        for label, by_size in measured.items()
        for size, times in by_size.items()
        if (against := ratio(times)) and against > TARGET
    ]
    return f"Slower than {TARGET}: {', '.join(found) or 'none'}."


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    sizes = [given.size] if given.size else list(SIZES)
    settings = ["bf16", "bf16 compiled"] if given.device == "cuda" else ["f32"]
    measured: Measured = {}
    for choice in choices(given.only):
        for setting in settings:
            cases = [Case(choice, size, setting) for size in sizes]
            label = cases[0].label + ("" if setting == "f32" else f", {setting}")
            measured[label] = {case.size: measure(case, given) for case in cases}
    print(slower(measured))
    if not (given.quick or given.only or given.size):
        write(measured, sizes, given)


def write(measured: Measured, sizes: list[str], given: argparse.Namespace) -> None:
    gpu = given.device == "cuda"
    write_table(
        "attention-gpu" if gpu else "attention",
        "Attention types, forward and backward",
        ["type", "implementation", *sizes],
        rows(measured, sizes),
        " ".join(["python", *sys.argv]),
        [
            f"Milliseconds ({'GPU time' if gpu else 'CPU time, float32, one thread'}), batch "
            f"{BATCH}, train mode, gradients of x and of every parameter: the minimum of "
            "interleaved repetitions. In brackets: ours over the fastest other; below 1 is faster. "
            "`plain` is the formula as papers and most public code write it, with our weights.",
            "The encoder has one layer here instead of six. Concatenation's plain form runs where "
            "its list of pairs fits in memory.",
            slower(measured),
        ],
    )


if __name__ == "__main__":
    main()
