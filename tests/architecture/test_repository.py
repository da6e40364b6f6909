"""The repository around the code: pinned versions, promised targets, what is tracked."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20
TARGETS = {
    "bench",
    "bench-%",
    "clean",
    "demo",
    "faults",
    "format",
    "help",
    "lint",
    "audit",
    "mlflow",
    "screenshots",
    "serve",
    "setup",
    "test",
    "test-slow",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(text) for texts in lists for text in texts]


def needed() -> set[str]:
    """Everything that the declared requirements bring here, by what is installed."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    queue = [(canonicalize_name(r.name), r.extras) for r in declared()]
    while queue:
        name, extras = queue.pop()
        found.add(name)
        for extra in {"", *extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            for child in map(Requirement, requirements_of(name)):
                if child.marker is None or child.marker.evaluate({"extra": extra}):
                    queue.append((canonicalize_name(child.name), child.extras))
    return found


def requirements_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def test_constraints_hold_names_and_exact_versions_only() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line), (
            line
        )


def test_constraints_are_within_the_declared_ranges() -> None:
    versions = pinned()
    for requirement in declared():
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} but {version} is pinned"


def test_constraints_cover_everything_that_gets_installed() -> None:
    assert needed() - set(pinned()) == set()


def test_every_promised_target_is_listed_by_make_help() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    helped = dict(re.findall(r"^  make (\S+)\s+(\S.*)$", listed, re.MULTILINE))
    assert set(helped) == TARGETS


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert re.search(r"^exec make .*\btest$", text, re.MULTILINE)


def test_no_tracked_file_is_over_a_megabyte() -> None:
    large = [p.name for p in tracked() if p.is_file() and p.stat().st_size > MEGABYTE]
    assert large == []


def test_licence_is_apache_and_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
