"""What a worker finds around itself, and whether a job's trainings may be mixed with it.

Equal segments give equal numbers only under equal versions on one kind of device.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version

from workers.protocol import TRAINING_VERSION


@dataclass(frozen=True)
class Environment:
    """Versions and device; in an expected one, empty fields stand for anything.

    Attributes:
        python: major and minor version.
        torch: version, with its build; torchvision: likewise.
        training: of our training code.
        device: ``cpu`` or ``cuda``.
        gpu: its name.
    """

    python: str = ""
    torch: str = ""
    torchvision: str = ""
    training: str = ""
    device: str = ""
    gpu: str = ""


_TOLD = {"training": "training code", "gpu": "GPU"}


def look_around(device: str) -> Environment:
    """This process' environment.

    Args:
        device: that is asked for; torch is loaded only to look for a GPU.
    """
    return Environment(
        ".".join(platform.python_version_tuple()[:2]),
        _version("torch"),
        _version("torchvision"),
        str(TRAINING_VERSION),
        *_device(device),
    )


def differences(expected: Environment, found: Environment) -> str:
    """What differs, in words: ``torch 2.14.0, not 2.15.0``; empty where nothing does."""
    told = []
    for name in (field.name for field in fields(Environment)):
        wanted, has = getattr(expected, name), getattr(found, name)
        if wanted and _public(wanted) != _public(has):
            told.append(f"{_TOLD.get(name, name)} {has or 'none'}, not {wanted}")
    return "; ".join(told)


def _public(version: str) -> str:
    """Without the build: who submits may have torch for CPUs only, its workers torch for GPUs."""
    return version.partition("+")[0]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _device(asked: str) -> tuple[str, str]:
    """A CPU is everywhere; a GPU has to be seen."""
    if asked != "cuda":
        return asked, ""
    import torch

    if not torch.cuda.is_available():
        return "cpu", ""
    return "cuda", torch.cuda.get_device_name()
