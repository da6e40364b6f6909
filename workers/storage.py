"""Files at an address, each there whole or not at all: a local path, or a URL through fsspec.

A path needs nothing but the standard library. ``FileNotFoundError`` and other ``OSError`` mean the
one file; ``StorageError`` means its place: full, not allowed, or it doesn't answer.
"""

from __future__ import annotations

from typing import Protocol

from workers.local_storage import LocalStorage
from workers.places import is_url


class Storage(Protocol):
    """What is asked of a place; every address is text."""

    def read(self, address: str) -> bytes:
        """The whole content.

        Raises:
            FileNotFoundError: if it isn't there.
            OSError: if this file can't be read.
            StorageError: if the place doesn't answer.
        """

    def write(self, address: str, content: bytes | memoryview) -> None:
        """Put a file there, in the place of an older one; after a crash it is whole or the older.

        Raises:
            NoRoom: if the disk or a quota is full.
            StorageError: if it can't be written for another reason.
        """

    def remove(self, address: str) -> None:
        """Delete a file; one that isn't there is no error.

        Raises:
            StorageError: if it can't be.
        """

    def clear(self, folder: str) -> None:
        """Delete a folder with all in it; one that isn't there is no error.

        Raises:
            StorageError: if it can't be.
        """

    def exists(self, address: str) -> bool:
        """Whether there is such a file.

        Raises:
            StorageError: if the place doesn't answer.
        """

    def files(self, folder: str) -> dict[str, int]:
        """The bytes of every finished file in a folder and below, by address.

        Raises:
            StorageError: if the place doesn't answer.
        """

    def sweep(self, folder: str) -> int:
        """Delete what processes that died while writing left anywhere in a folder.

        Returns:
            How many files there were.

        Raises:
            StorageError: if the place doesn't answer.
        """

    def check_writable(self, folder: str) -> None:
        """Find out whether a folder can be written, and leave nothing behind.

        Raises:
            StorageError: with the reason why not.
        """


def storage_of(address: str) -> Storage:
    """Who keeps the files at such an address.

    Raises:
        StorageError: if what its scheme needs is not installed.
    """
    if not is_url(address):
        return LocalStorage()
    from workers.url_storage import UrlStorage

    return UrlStorage.at(address)
