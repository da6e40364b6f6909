import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("search_spaces", "workers", "nas", "dashboard")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(*FLOORS, include_external_packages=True, cache_dir=None)


def test_contracts_of_pyproject_are_kept():
    # A process of its own: import-linter turns off every logger that is there already.
    program = str(Path(sys.executable).with_name("lint-imports"))
    command = [program, "--config", "pyproject.toml", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize("floor", FLOORS)
def test_no_files_import_each_other_in_a_loop(graph, floor):
    assert find_loop(graph, floor) is None


def find_loop(graph, floor):
    """One loop of imports among a floor's files, or None."""
    done: set[str] = set()

    def visit(module, path):
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for target in sorted(graph.find_modules_directly_imported_by(module)):
            if target.partition(".")[0] == floor and (loop := visit(target, [*path, module])):
                return loop
        done.add(module)
        return None

    for module in sorted(m for m in graph.modules if m.partition(".")[0] == floor):
        if loop := visit(module, []):
            return " -> ".join(loop)
    return None


def test_a_loop_would_be_found():
    graph = grimp.ImportGraph()
    for module in ("a", "a.x", "a.y", "a.z"):
        graph.add_module(module)
    for importer, imported in (("a.x", "a.y"), ("a.y", "a.z"), ("a.z", "a.y")):
        graph.add_import(importer=importer, imported=imported)
    assert find_loop(graph, "a") == "a.y -> a.z -> a.y"


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("ray", ("workers.pool_ray", "nas.tune")),
        ("mlflow", ("nas.tracking",)),
        ("optuna", ("nas.search", "nas.tune")),
        (
            "torch",
            (
                "search_spaces",
                "workers",
                "nas.jobs.deep",
                "nas.jobs.estimate",
                "nas.export",
                "nas.jobs.submission",
                "nas.tracking.mlflow_served",
                "nas.tune",
            ),
        ),
    ],
)
def test_who_knows_a_heavy_package(graph, package, allowed):
    if package not in graph.modules:
        pytest.skip(f"nothing imports {package}")
    importers = graph.find_modules_that_directly_import(package)
    strangers = [m for m in importers if not any(f"{m}.".startswith(f"{a}.") for a in allowed)]
    assert strangers == []
