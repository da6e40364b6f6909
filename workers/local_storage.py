"""Files of this machine, each there whole or not at all; the standard library is enough."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from workers.errors import NoRoom, StorageError

#: The name of a file that is being written: ``.0003.pt.PROCESS.RANDOM``.
UNFINISHED = re.compile(r"\..+\.(?P<process>\d+)\.[0-9a-f]{8}")

#: Seconds after which an unfinished file is nobody's any more: its process number was given anew.
_ABANDONED = 3600.0

#: What a full disk, a used-up quota and a limit on the size of files say.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalStorage:
    """A file system of this machine, or one that is mounted."""

    def read(self, address: str) -> bytes:
        """The whole content."""
        return Path(address).read_bytes()

    def write(self, address: str, content: bytes | memoryview) -> None:
        """Write beside the target, flush to the disk, then rename over it."""
        path = Path(address)
        temporary = unfinished(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise refusal(f"{address} can't be written", error) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def remove(self, address: str) -> None:
        """Delete a file."""
        try:
            Path(address).unlink(missing_ok=True)
        except NotADirectoryError:
            pass
        except OSError as error:
            raise refusal(f"{address} can't be deleted", error) from error

    def clear(self, folder: str) -> None:
        """Delete a folder."""
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise refusal(f"{folder} can't be deleted", error) from error

    def exists(self, address: str) -> bool:
        """Whether there is such a file."""
        return Path(address).exists()

    def files(self, folder: str) -> dict[str, int]:
        """The bytes of every finished file."""
        found = {}
        for path in Path(folder).rglob("*"):
            if not UNFINISHED.fullmatch(path.name):
                with suppress(FileNotFoundError):
                    if path.is_file():
                        found[str(path)] = path.stat().st_size
        return found

    def sweep(self, folder: str) -> int:
        """Delete what processes that died while writing left."""
        swept = 0
        for path in Path(folder).rglob(".*"):
            found = UNFINISHED.fullmatch(path.name)
            if found and (not _lives(int(found["process"])) or _age(path) > _ABANDONED):
                path.unlink(missing_ok=True)
                swept += 1
        return swept

    def check_writable(self, folder: str) -> None:
        """Ask about the folder, or the nearest one above it that exists; nothing is created."""
        path = Path(folder).absolute()
        while not path.exists() and path != path.parent:
            path = path.parent
        if not path.is_dir():
            raise StorageError(f"{path} is a file, not a folder")
        if not os.access(path, os.W_OK | os.X_OK):
            raise StorageError(f"the folder {path} can't be written")


def link(source: str, target: str) -> None:
    """One local file under two names, or a copy where the file system has no links.

    Raises:
        FileNotFoundError: if the source isn't there.
        StorageError: if the target can't be made.
    """
    path = Path(target)
    beside = unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # renaming one link over another of one file does nothing
        try:
            os.link(source, beside)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, beside)
        beside.replace(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise refusal(f"{target} can't be written", error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """A name beside a file for what will replace it; ``sweep`` finds what is left under it."""
    return path.with_name(unfinished_name(path.name))


def unfinished_name(name: str) -> str:
    """The name of a file while it is written by this process."""
    return f".{name}.{os.getpid()}.{secrets.token_hex(4)}"


def refusal(what: str, error: Exception) -> StorageError:
    """A place's refusal for people; a full one is told apart."""
    if isinstance(error, StorageError):
        return error
    number = getattr(error, "errno", None)
    text = " ".join(
        (getattr(error, "strerror", None) or str(error) or type(error).__name__).split()
    )
    return (NoRoom if number in _FULL else StorageError)(f"{what}: {text}")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # there is one, of another user
    return True


def _age(path: Path) -> float:
    """Seconds since the last write; none if it is gone meanwhile."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
