"""What ``kubectl kustomize`` would print of deploy/kubernetes, as far as its files need it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"

Manifest = dict[str, Any]


def built(folder: Path) -> list[Manifest]:
    """All objects of a base or an overlay, patches applied."""
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found: list[Manifest] = []
    for name in plan["resources"]:
        path = (folder / name).resolve()
        found += built(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for patch in plan.get("patches", ()):
        wanted = patch["target"]
        (target,) = [
            m
            for m in found
            if (m["kind"], m["metadata"]["name"]) == (wanted["kind"], wanted["name"])
            and m["apiVersion"] == f"{wanted['group']}/{wanted['version']}"
        ]
        for change in yaml.safe_load((folder / patch["path"]).read_text()):
            _append(target, change)
    return found


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, dict[str, str], Manifest]]:
    """Name, labels and specification of every pod that the objects make."""
    for manifest in manifests:
        spec, name = manifest.get("spec", {}), manifest["metadata"]["name"]
        if manifest["kind"] == "RayCluster":
            labels = {"ray.io/cluster": name}
            yield "head", labels, spec["headGroupSpec"]["template"]["spec"]
            for group in spec["workerGroupSpecs"]:
                yield group["groupName"], labels, group["template"]["spec"]
        elif "template" in spec:
            template = spec["template"]
            yield name, template["metadata"]["labels"], template["spec"]


def _append(target: Manifest, change: Manifest) -> None:
    *parents, last = change["path"].strip("/").split("/")
    assert (change["op"], last) == ("add", "-")
    place: Any = target
    for key in parents:
        place = place[key]
    place.append(change["value"])
