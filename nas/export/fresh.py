"""Run exported models as a stranger would, in a process of its own; started as a script.

Its first argument names the packages that the models need, separated by commas; the others are
pairs of folders: an exported one and one with ``cases.pt``.
Prints one line of JSON: for each pair the largest difference of any output, or an error.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Collection, Iterator
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

OURS = ("nas", "workers", "search_spaces", "dashboard")

#: An exported model runs without these, though they may be installed here.
BLOCKED = frozenset((*OURS, "torchvision", "numpy", "ray", "mlflow", "optuna", "sqlalchemy"))

#: What torchvision imports itself.
WITH_TORCHVISION = frozenset(("torchvision", "numpy"))


def blocked_for(needs: Collection[str]) -> frozenset[str]:
    """What models that need these packages must not import; a user's own may import all but us."""
    if set(needs) <= {"torch"}:
        return BLOCKED
    if set(needs) <= {"torch", "torchvision"}:
        return BLOCKED - WITH_TORCHVISION
    return frozenset(OURS)


class Blocker(MetaPathFinder):
    """Refuses to import what an exported model must not need."""

    def __init__(self, blocked: frozenset[str] = BLOCKED) -> None:
        self._blocked = blocked

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Raise for a blocked package, else leave the search to others."""
        if fullname.partition(".")[0] in self._blocked:
            raise ModuleNotFoundError(f"{fullname} is not there for an exported model")


def exported(folder: Path) -> Any:
    """Import a folder's ``model.py``."""
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loaded(folder: Path) -> Iterator[tuple[Any, Any]]:
    """The exported module with its model, from each file of weights that can be read here."""
    module = exported(folder)
    yield module, module.load_model()
    try:
        from safetensors.torch import load_file
    except ImportError:
        return
    model = module.build_model()
    model.load_state_dict(load_file(str(folder / "model.safetensors")))
    yield module, model.eval()


def difference(folder: Path, cases: Path) -> float:
    """The largest absolute difference of any output; infinite where one is not a number."""
    import torch

    content = torch.load(cases / "cases.pt", weights_only=True)
    torch.set_num_threads(content["threads"])
    worst = 0.0
    for module, model in loaded(folder):
        for images, expected in content["cases"]:
            with torch.no_grad():
                found = model(module.preprocess(images))
            if found.shape != expected.shape or not bool(torch.isfinite(found).all()):
                return float("inf")
            worst = max(worst, float((found - expected).abs().max()))
    return worst


def main(arguments: list[str]) -> None:
    """Compare every pair of folders."""
    needs, *pairs = arguments
    blocked = blocked_for(needs.split(","))
    sys.meta_path.insert(0, Blocker(blocked))
    if blocked == set(OURS):
        sys.path.append(str(Path.cwd()))  # where a job finds a user's own code, too
    answers: list[dict[str, Any]] = []
    for folder, cases in zip(pairs[::2], pairs[1::2], strict=True):
        try:
            answers.append({"difference": difference(Path(folder), Path(cases))})
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {error}"})
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1:])
