"""What ``make demo`` takes and gives: time, memory, trials, the front, what pruning saved.

Runs the demo's three commands in a folder of their own and watches the memory of every process
that they start: proportional set size, so that shared pages count once.

Run: python benchmarks/demo.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tables import write_table

ROOT = Path(__file__).parent.parent
COMMANDS = (
    ("run", "examples/demo.yaml", "-q"),
    ("report", "demo"),
    ("export", "demo", "--pick", "knee", "--to", "exported"),
)


def main() -> None:
    """Run, watch, write the table."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "NAS_HOME": folder}
        watch = Watch()
        begun = time.perf_counter()
        for command in COMMANDS:
            words = [w.replace("exported", f"{folder}/exported") for w in command]
            nas(environ, *words)
        seconds = time.perf_counter() - begun
        peak = watch.stop()
        summary, report = (
            json.loads(nas(environ, verb, "demo", "-o", "json")) for verb in ("show", "report")
        )
        searched = search_seconds(Path(folder))
    told = [c for c in report["comparisons"] if c["separable"]]
    trials, epochs = summary["trials"], summary["epochs"]
    rows = [
        ("search", f"{searched:.0f} s", "under 180 s"),
        ("the whole command, without the installation", f"{seconds:.0f} s", "under 300 s"),
        ("memory of all processes at the peak", f"{peak / 2**30:.1f} GiB", "under 4 GiB"),
        ("trials", f"{trials['total']}: {trials['done']} done, {trials['pruned']} pruned", "40"),
        ("epochs saved by pruning", f"{epochs['saved_share']:.0%}", "a third"),
        ("points on the front", str(summary["front_size"]), "4"),
        ("separable comparisons", f"{len(told)} of {len(report['comparisons'])}", "said by report"),
    ]
    write_table(
        "demo", "The demo", ("figure", "measured", "goal"), rows, "python benchmarks/demo.py"
    )


def nas(environ: dict[str, str], *words: str) -> str:
    """Run a command and give its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "nas", *words],
        cwd=ROOT,
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def search_seconds(home: Path) -> float:
    """From the driver's start to the end of the last searched trial."""
    from nas.store.store import Store

    store = Store(f"sqlite:///{home / 'store.db'}")
    job = store.jobs.get("demo")
    ends = [t.finished_ms for t in store.trials.list(job.id) if t.searched]
    return (max(end for end in ends if end) - (job.started_ms or 0)) / 1000


class Watch:
    """Samples the memory of this process' descendants until it is stopped."""

    def __init__(self) -> None:
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """End, and give the peak in bytes."""
        self._over.set()
        self._thread.join()
        return self._peak

    def _run(self) -> None:
        while not self._over.wait(0.5):
            self._peak = max(self._peak, sum(map(pss, descendants(os.getpid()))))


def descendants(root: int) -> set[int]:
    """Every process below this one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {root}
    while grown := {p for p, parent in parents.items() if parent in found} - found:
        found |= grown
    return found - {root}


def pss(process: int) -> int:
    """Proportional set size in bytes; 0 where the process has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
