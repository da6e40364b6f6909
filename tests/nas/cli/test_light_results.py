"""Looking at results needs neither torch nor ray nor mlflow, and answers soon."""

import os
import subprocess
import sys

import pytest

PROBE = """
import sys
from nas.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("show", "synthetic", "--trials"), ("front", "synthetic"), ("report", "synthetic")],
    ids=lambda arguments: arguments[0],
)
def test_results_load_nothing_heavy(here, store, add_job, arguments):
    repeats = [(seed, 0.9, 0.9) for seed in (1, 2, 3)]
    plain = {"label": "none", "flops": 10, "accuracy": 0.8, "repeats": repeats}
    add_job(store, [plain, {"flops": 20, "accuracy": 0.9, "repeats": repeats}])
    answer = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NAS_HOME": str(here / ".nas")},
    )
    modules = set(answer.stderr.splitlines()[-1].split())
    assert "sqlalchemy" in modules
    assert modules.isdisjoint({"torch", "torchvision", "ray", "mlflow", "optuna", "sklearn"})
    if arguments[0] in ("list", "show"):
        assert "scipy" not in modules
