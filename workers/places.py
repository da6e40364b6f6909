"""Where checkpoints may lie: a folder, or a URL with one of these schemes. No torch, no fsspec."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass

from search_spaces.errors import unknown

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True)
class Scheme:
    """How a URL's files are reached.

    Attributes:
        package: that fsspec needs beside itself.
        install: what brings it.
        whole: an object appears whole or not at all; elsewhere it is written beside and renamed.
    """

    package: str
    install: str
    whole: bool


#: Every scheme that a place may have; ``file`` is the folder behind it.
SCHEMES: dict[str, Scheme] = {
    "file": Scheme("", "", whole=False),
    "s3": Scheme("s3fs", "'attention-placement-nas[s3]'", whole=True),
    "gs": Scheme("gcsfs", "gcsfs", whole=True),
    "abfs": Scheme("adlfs", "adlfs", whole=True),
    "az": Scheme("adlfs", "adlfs", whole=True),
    "sftp": Scheme("paramiko", "paramiko", whole=False),
}

#: One process' memory, which no other sees: for tests, and refused in job files.
MEMORY = "memory"


def is_url(place: str) -> bool:
    """Whether it is a URL, and not a folder; ``file://`` is a folder."""
    found = _URL.match(place)
    return found is not None and found["scheme"].lower() != "file"


def scheme_of(url: str) -> str:
    """The part before ``://``, in small letters."""
    return url.partition("://")[0].lower()


def check_place(place: str) -> str:
    """Hold a place to be a folder or a URL that is understood; nothing is looked at.

    Returns:
        The place without a slash at its end, and without ``file://``.

    Raises:
        ValueError: naming what is wrong with it and what is allowed.
    """
    found = _URL.match(place)
    if found is None:
        head = place.partition(":")[0].lower()
        if not place.strip() or "://" in place or (head in SCHEMES and ":" in place):
            raise ValueError(f"{place!r} is no place; allowed: a folder, or a URL such as s3://b/x")
        return place.rstrip("/") or "/"
    scheme, rest = found["scheme"].lower(), found["rest"].rstrip("/")
    if scheme not in SCHEMES:
        raise ValueError(unknown("scheme", scheme, SCHEMES))
    if scheme == "file":
        if not rest.startswith("/"):
            raise ValueError(f"{place!r} names no folder; write file:///FOLDER, or FOLDER alone")
        return rest
    if not rest.strip("/") or rest.startswith("/"):
        raise ValueError(f"{place!r} names no bucket or host; write {scheme}://NAME/FOLDER")
    if re.search(r"[?#*\[\]\s]|::|(^|/)\.\.(/|$)|//", rest):
        raise ValueError(
            f"{place!r} is no plain URL: it may hold none of ? # * [ ] :: // .. and no space"
        )
    if ":" in rest.partition("@")[0] and "@" in rest:
        raise ValueError(
            "holds a password, which everyone would see who sees the job; credentials belong into "
            "the environment of whoever runs it, and of its workers"
        )
    return f"{scheme}://{rest}"


def missing_package(place: str) -> str:
    """What has to be installed before a place can be reached, in words; empty if nothing."""
    if not is_url(place):
        return ""
    scheme = SCHEMES.get(scheme_of(place), Scheme("", "fsspec", whole=True))
    needed = [name for name in ("fsspec", scheme.package) if name]
    if all(importlib.util.find_spec(name) for name in needed):
        return ""
    return (
        f"{scheme_of(place)}:// needs {' and '.join(needed)}, here and on every worker: "
        f"pip install {scheme.install}"
    )


def joined(place: str, *names: str) -> str:
    """The address of something below a place."""
    return "/".join((place.rstrip("/"), *names))
