"""The option ``--input 3x32x32``."""

from __future__ import annotations

from nas.errors import UsageProblem
from search_spaces.architecture import TaskShape


def parse_shape(size: str, classes: int) -> TaskShape:
    """Read an image's channels, height and width.

    Raises:
        UsageProblem: if the text is not ``CxHxW``.
    """
    parts = size.lower().split("x")
    if len(parts) == 3 and all(part.isdecimal() and int(part) > 0 for part in parts):
        return TaskShape(int(parts[0]), int(parts[1]), int(parts[2]), classes)
    raise UsageProblem(f"--input is {size!r}; it must be CxHxW, such as 3x32x32")
