import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "torchvision", "ray", "mlflow")

#: Runs the command line in this process, then tells which of the packages it loaded.
PROBE = """
import runpy, sys
sys.argv = ["nas", *sys.argv[2:]]
status = None
try:
    if {module!r}:
        runpy.run_module({module!r}, run_name="__main__")
    else:
        from nas.cli import main
        main()
except SystemExit as end:
    status = end.code
found = sorted({{name.partition(".")[0] for name in sys.modules}})
print("STATUS", status or 0, *found, file=sys.stderr)
"""


def loaded(tmp_path, *arguments, module=""):
    """The top-level packages in memory after a command, which must have succeeded."""
    answer = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module), "--", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "NAS_HOME": str(tmp_path / "home")},
    )
    status, *modules = answer.stderr.splitlines()[-1].removeprefix("STATUS ").split()
    assert status == "0", answer.stderr
    return set(modules)


@pytest.mark.parametrize("module", ["", "nas"])
def test_help_loads_click_and_little_else(tmp_path, module):
    found = loaded(tmp_path, "--help", module=module)
    assert "click" in found
    assert found.isdisjoint({*HEAVY, "sqlalchemy", "optuna", "pydantic", "yaml", "rich", "numpy"})
    assert found.isdisjoint({"search_spaces", "workers", "dashboard"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", str(ROOT / "examples" / "demo.yaml")),
        ("validate", str(ROOT / "examples" / "demo.yaml"), "-o", "json"),
        ("init",),
        ("spaces",),
        ("spaces", "show", "cifar_small"),
    ],
    ids=" ".join,
)
def test_light_commands_load_nothing_heavy(tmp_path, arguments):
    found = loaded(tmp_path, *arguments)
    assert found.isdisjoint({*HEAVY, "sqlalchemy", "optuna", "numpy"})


@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "my.own:net"])
def test_jobs_with_traced_backbones_are_validated_without_them(tmp_path, backbone):
    job = (ROOT / "examples" / "demo.yaml").read_text().replace("stages: all", "stages: [1, 2]")
    head, rest = job.split("  backbone:\n", 1)
    rest = rest[rest.index("  attention:") :]
    (tmp_path / "job.yaml").write_text(f'{head}  backbone: {{name: "{backbone}"}}\n{rest}')
    found = loaded(tmp_path, "validate", "job.yaml")
    assert found.isdisjoint({*HEAVY, "sqlalchemy", "optuna", "numpy"})


def test_list_loads_the_store_alone(tmp_path):
    assert loaded(tmp_path, "list").isdisjoint({*HEAVY, "optuna"})


def test_dashboard_loads_neither_torch_nor_ray_nor_mlflow(tmp_path):
    code = "import sys, dashboard.app; print(*{n.partition('.')[0] for n in sys.modules})"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert set(answer.stdout.split()).isdisjoint({*HEAVY, "optuna"})


def test_the_probe_would_see_torch(tmp_path):
    assert "torch" in loaded(tmp_path, "validate", str(ROOT / "examples/demo.yaml"), "--deep")
