"""Taking an export out of the archive that a service sent; nothing of it lands elsewhere."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from nas.errors import ServiceUnreachable, UsageProblem


def unpack(archive: Path, top: str, folder: Path, *, force: bool = False) -> list[str]:
    """Write the files below ``top`` of an archive into a new folder.

    Args:
        archive: a zip file.
        top: the archive's one folder.
        folder: to make.
        force: replace what an earlier export left there.

    Returns:
        names of the files, relative to the folder.

    Raises:
        UsageProblem: if the folder is there already.
        ServiceUnreachable: if it is no archive, or a name in it points elsewhere.
    """
    refuse_taken(folder, force=force)
    try:
        with zipfile.ZipFile(archive) as content:
            names = [info for info in content.infolist() if not info.is_dir()]
            relative = {info.filename: _inside(info.filename, top) for info in names}
            if folder.exists():
                shutil.rmtree(folder)
            for info in names:
                target = folder / relative[info.filename]
                target.parent.mkdir(parents=True, exist_ok=True)
                with content.open(info) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
    except zipfile.BadZipFile:
        raise ServiceUnreachable("what the service sent is no archive") from None
    return sorted(str(name) for name in relative.values())


def refuse_taken(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, unless it is an earlier one of ours.

    Raises:
        UsageProblem: saying which.
    """
    taken = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    ours = any((folder / name).exists() for name in ("architecture.json", "index.html"))
    if taken and not force:
        raise UsageProblem(f"{folder} is not empty; --force replaces an earlier export there")
    if taken and not ours:
        raise UsageProblem(f"{folder} holds something else than an export; choose another folder")


def _inside(name: str, top: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.parts[:1] != (top,) or ".." in path.parts or path.is_absolute() or "\\" in name:
        raise ServiceUnreachable(f"what the service sent would write to {name!r}; nothing is kept")
    return path.relative_to(top)
