"""Files behind a URL, through fsspec: object stores, and file systems of other machines."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

from workers.errors import StorageError
from workers.local_storage import UNFINISHED, refusal, unfinished_name
from workers.places import MEMORY, SCHEMES, joined, missing_package, scheme_of


class UrlStorage:
    """One fsspec file system.

    Listings are never taken from fsspec's cache: other processes write here too.

    Args:
        filesystem: of fsspec.
        whole: a put shows the whole object or nothing; else it is written beside and renamed.
    """

    def __init__(self, filesystem: Any, *, whole: bool) -> None:
        self._fs, self._whole = filesystem, whole

    @classmethod
    def at(cls, address: str) -> UrlStorage:
        """The file system of an address; credentials and endpoints come from the environment.

        Raises:
            StorageError: if it isn't installed, or refuses.
        """
        missing = missing_package(address)
        if missing:
            raise StorageError(missing)
        import fsspec

        try:
            filesystem, _ = fsspec.core.url_to_fs(address)
        except Exception as error:
            raise refusal(f"{address} can't be reached", error) from error
        scheme = scheme_of(address)
        return cls(filesystem, whole=scheme == MEMORY or SCHEMES[scheme].whole)

    def read(self, address: str) -> bytes:
        """The whole content."""
        try:
            content: bytes = self._fs.cat_file(self._path(address))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise refusal(f"{address} can't be read", error) from error
        return content

    def write(self, address: str, content: bytes | memoryview) -> None:
        """Put the object; where a put may stay half done, beside it first."""
        path = self._path(address)
        try:
            if self._whole:
                self._fs.pipe_file(path, bytes(content))
                return
            folder, _, name = path.rpartition("/")
            self._fs.makedirs(folder, exist_ok=True)
            beside = joined(folder, unfinished_name(name))
            try:
                self._fs.pipe_file(beside, bytes(content))
                self._fs.mv(beside, path)
            except BaseException:
                with suppress(Exception):
                    self._fs.rm_file(beside)
                raise
        except Exception as error:
            raise refusal(f"{address} can't be written", error) from error

    def remove(self, address: str) -> None:
        """Delete a file."""
        try:
            self._fs.rm_file(self._path(address))
        except FileNotFoundError:
            pass
        except Exception as error:
            raise refusal(f"{address} can't be deleted", error) from error

    def clear(self, folder: str) -> None:
        """Delete all below a folder's name."""
        self._fs.invalidate_cache()
        try:
            self._fs.rm(self._path(folder), recursive=True)
        except FileNotFoundError:
            pass
        except Exception as error:
            raise refusal(f"{folder} can't be deleted", error) from error

    def exists(self, address: str) -> bool:
        """Whether there is such a file."""
        self._fs.invalidate_cache()
        try:
            self._fs.info(self._path(address))
        except FileNotFoundError:
            return False
        except Exception as error:
            raise refusal(f"{address} can't be looked for", error) from error
        return True

    def files(self, folder: str) -> dict[str, int]:
        """The bytes of every finished file."""
        found = self._find(folder)
        return {a: size for a, size in found.items() if not _is_unfinished(a)}

    def sweep(self, folder: str) -> int:
        """Delete all unfinished files: whose they are can't be seen; nobody may be writing."""
        left = [address for address in self._find(folder) if _is_unfinished(address)]
        for address in left:
            self.remove(address)
        return len(left)

    def check_writable(self, folder: str) -> None:
        """Write a few bytes, read them and delete them."""
        probe, content = joined(folder, f"probe-{secrets.token_hex(8)}"), secrets.token_bytes(8)
        self.write(probe, content)
        try:
            same = self.read(probe) == content
        except FileNotFoundError:
            same = False
        self.remove(probe)
        if not same:
            raise StorageError(f"{folder} doesn't give back what is written there")

    def _path(self, address: str) -> str:
        path: str = self._fs._strip_protocol(address)
        return path

    def _find(self, folder: str) -> dict[str, int]:
        root = self._path(folder)
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(root, detail=True)
        except FileNotFoundError:
            return {}
        except Exception as error:
            raise refusal(f"{folder} can't be listed", error) from error
        return {joined(folder, p[len(root) :].lstrip("/")): f["size"] for p, f in found.items()}


def _is_unfinished(address: str) -> bool:
    return UNFINISHED.fullmatch(address.rpartition("/")[2]) is not None
