"""How fast the worker's loop trains, against the bare loop and the usual one.

    python benchmarks/training.py [--threads 2] [--rounds 9] [--seconds 2] [--write]

Three loops train the same ResNet-20 (batch 128) on random images of CIFAR-10's shape, in turn, in
one process:

worker   our loop: uint8 images in memory, crop and flip in batches, one-cycle schedule, accounting
bare     forward, backward and step on one fixed batch; same precision and memory format
usual    float32, NCHW, torchvision transforms on PIL images through a DataLoader

Each round times every loop once; the table gives medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "training.md"
BATCH = 128
IMAGES = 50_000
TARGETS = {"bare": 0.97, "usual": 1.5}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each loop in each round")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    return parser.parse_args()


#: Trains a number of steps; the caller holds the clock.
Loop = Callable[[int], None]


def make_loops(device_name: str) -> tuple[dict[str, Loop], str]:
    """The loops by name, and the device, precision and format of the first two in words."""
    from training_loops import Bench

    bench = Bench(BATCH, IMAGES, device_name)
    return {"worker": bench.worker(), "bare": bench.bare(), "usual": bench.usual()}, str(bench)


def measure(loops: dict[str, Loop], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Images per second of every loop in every round."""
    steps = {name: calibrate(loop, seconds) for name, loop in loops.items()}
    rates: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, loop in loops.items():
            rates[name].append(steps[name] * BATCH / timed(loop, steps[name]))
    return rates


def calibrate(loop: Loop, seconds: float) -> int:
    """Warm up, and find the number of steps that takes about so long."""
    loop(5)
    steps = max(2, round(seconds / (timed(loop, 5) / 5)))
    loop(steps)
    return steps


def timed(loop: Loop, steps: int) -> float:
    start = time.perf_counter()
    loop(steps)
    return time.perf_counter() - start


def table(rates: dict[str, list[float]]) -> str:
    """Medians, and the median over rounds of the worker's ratio to each loop."""
    lines = ["| loop | images/s | range | worker / loop | target |", "|---|---|---|---|---|"]
    for name, measured in rates.items():
        ratios = [w / m for w, m in zip(rates["worker"], measured, strict=True)]
        goal = f"{statistics.median(ratios):.2f} | ≥ {TARGETS[name]}" if name in TARGETS else "|"
        spread = f"{min(measured):.0f}–{max(measured):.0f}"
        lines.append(f"| {name} | {statistics.median(measured):.0f} | {spread} | {goal} |")
    return "\n".join(lines)


def machine(threads: int) -> str:
    """The machine's class: cores and what its CPU multiplies, no names."""
    import torch

    able = torch.cpu.get_capabilities()
    features = [f for f in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if able.get(f)]
    return (
        f"{os.cpu_count()} CPU cores ({', '.join(features) or able.get('architecture')}), "
        f"{threads} threads, torch {torch.__version__.split('+')[0]}"
    )


def main() -> None:
    given = arguments()
    from workers.threads import cap_threads

    cap_threads(given.threads)
    loops, setting = make_loops(given.device)
    rates = measure(loops, given.rounds, given.seconds)
    command = " ".join(["python", *sys.argv])
    text = (
        f"# Training speed\n\nResNet-20, batch {BATCH}, random images of CIFAR-10's shape; medians "
        f"of {given.rounds} rounds of {given.seconds:g} s a loop, in turn, in one process.\n"
        f"Machine: {machine(given.threads)}. Worker and bare loop: {setting}.\n\n"
        f"{table(rates)}\n\nMade by `{command}`.\n"
    )
    print(text)
    if given.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
