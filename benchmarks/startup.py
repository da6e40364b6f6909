"""How long ``nas --help`` takes against a bare click program: paired, interleaved, median.

Run: ``python benchmarks/startup.py [--runs 31]``. Writes ``benchmarks/results/startup.md``.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

RESULTS = Path(__file__).parent / "results" / "startup.md"
TARGET = 1.5

#: A click program with as many commands as ours, each with a line of help.
BARE = """\
import click


@click.group()
def cli():
    "A bare program."


for name in {names!r}:
    cli.command(name, help="One line of help.")(lambda: None)

cli()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=31)
    runs = max(15, parser.parse_args().runs)
    with tempfile.TemporaryDirectory() as folder:
        programs = programs_in(Path(folder))
        times = interleaved(programs, runs)
    text = report(times, runs)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def programs_in(folder: Path) -> dict[str, list[str]]:
    """The command lines to compare; the bare program is written into the folder."""
    from nas.cli.app import COMMANDS

    bare = folder / "bare.py"
    bare.write_text(BARE.format(names=list(COMMANDS)), encoding="utf-8")
    return {
        "bare click program": [sys.executable, str(bare), "--help"],
        "nas --help": [str(Path(sys.executable).parent / "nas"), "--help"],
        "python -m nas --help": [sys.executable, "-m", "nas", "--help"],
    }


def interleaved(programs: dict[str, list[str]], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each run; the first round warms the file cache and is left out."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for round_number in range(runs + 1):
        for name, command in programs.items():
            start = perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if round_number:
                times[name].append(1000 * (perf_counter() - start))
    return times


def report(times: dict[str, list[float]], runs: int) -> str:
    """A table; the ratio is the median of the pairs' ratios."""
    base, *_ = times.values()
    lines = [
        "# Start-up of the command line",
        "",
        f"`python benchmarks/startup.py --runs {runs}`: {runs} interleaved runs on "
        f"{platform.machine()}, Python {platform.python_version()}. Target: at most {TARGET}.",
        "",
        "| program | median ms | quartiles | against bare |",
        "|---|---:|---:|---:|",
    ]
    for name, values in times.items():
        low, _, high = quantiles(values, n=4)
        ratio = median(value / other for value, other in zip(values, base, strict=True))
        lines.append(f"| {name} | {median(values):.0f} | {low:.0f}-{high:.0f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
