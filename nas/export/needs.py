"""Which packages an exported model needs."""

from __future__ import annotations

from search_spaces.architecture import Choice
from search_spaces.backbones.table import backbone_row, torchvision_name


def needed_packages(backbone: Choice) -> tuple[str, ...]:
    """What ``model.py`` imports beside the standard library: torch first."""
    if not backbone_row(backbone.name).traced:
        return ("torch",)
    if torchvision_name(backbone.name) is not None:
        return ("torch", "torchvision")
    return ("torch", backbone.name.partition(":")[0].partition(".")[0])


def needs_words(backbone: Choice) -> str:
    """``PyTorch alone``, ``PyTorch and torchvision``, or the package that has the factory."""
    others = needed_packages(backbone)[1:]
    if not others:
        return "PyTorch alone"
    if torchvision_name(backbone.name) is not None:
        return "PyTorch and torchvision"
    return f"PyTorch and the backbone's own code ({backbone.name})"


def requirements(backbone: Choice, versions: dict[str, str]) -> str:
    """A ``requirements.txt``; a package of the user's is a comment, since pip may not know it."""
    lines = []
    for name in needed_packages(backbone):
        if name in ("torch", "torchvision"):
            lines.append(f"{name}  # {versions[name]} was used" if name in versions else name)
        else:
            lines.append(f"# and {name}, which has the backbone {backbone.name}")
    return "\n".join(lines) + "\n"
