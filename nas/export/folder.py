"""A folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from nas.errors import UsageProblem


def check_target(target: Path, ours: Collection[str], force: bool, what: str = "an export") -> None:
    """Refuse a folder that holds something.

    Args:
        target: where a folder is to be written.
        ours: the names of files that ``force`` may replace; nothing else is ever removed.
        force: replace what an earlier call wrote.
        what: is written there.

    Raises:
        UsageProblem: naming what is in the way.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageProblem(f"{target} is a file; --to must name a folder")
    held = sorted(path.name for path in target.iterdir())
    foreign = [name for name in held if name not in ours]
    if foreign:
        raise UsageProblem(
            f"{target} holds {foreign[0]!r}, which is no part of {what}; choose a new folder"
        )
    if held and not force:
        raise UsageProblem(f"{target} holds {what}; --force replaces it")


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside the target and rename it at the end.

    On any error nothing is left, and what was at the target stays.

    Raises:
        UsageProblem: if the place can't be written.
    """
    place = next(folder for folder in target.parents if folder.is_dir())
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=place))
    except OSError as error:
        raise UsageProblem(f"{place} can't be written: {error.strerror}") from None
    try:
        folder = scratch / "new"
        folder.mkdir()
        yield folder
        _rename(folder, target, scratch / "old")
    except OSError as error:
        raise UsageProblem(f"{target} can't be written: {error.strerror}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rename(folder: Path, target: Path, old: Path) -> None:
    """Put the new folder in place; the old one comes back if that fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        folder.rename(target)
        return
    target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        old.rename(target)
        raise
