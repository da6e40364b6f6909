"""What a service makes on demand: asked for, waited for, and unpacked here."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas.client import Client


def fetched(
    remote: Client, path: str, asked: Mapping[str, Any], to: Path | None, *, force: bool
) -> dict[str, Any]:
    """Have the service do a task that ends in an archive; gives its result, with ``files`` here.

    Args:
        remote: the service.
        path: where to ask.
        asked: what for; empty values are left out.
        to: the folder to make; None: named as the service names it, in the current one.
        force: replace an earlier one.

    Raises:
        NasError: for what the service refuses, or if the folder can't be made.
    """
    from nas.unpacking import refuse_taken, unpack

    if to is not None:
        refuse_taken(to, force=force)
    task = remote.post(
        path, {key: value for key, value in asked.items() if value not in (None, {})}
    )
    result = remote.finished(task)
    folder = to or Path(result["folder"])
    with tempfile.TemporaryDirectory() as place:
        archive = Path(place) / "archive.zip"
        remote.download(f"tasks/{task['id']}/download", archive)
        files = unpack(archive, result["folder"], folder, force=force)
    kept = {key: value for key, value in result.items() if key != "file"}
    return {**kept, "folder": str(folder), "files": files}
