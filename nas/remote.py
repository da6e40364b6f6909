"""Job files that come from elsewhere: what they may ask for is for the service's settings to say.

No torch: pages check a file as one types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from nas.errors import JobFileError, NotAllowed, Problem, UsageProblem
from nas.job_file.reading import Document, checked
from nas.job_file.spec import JobSpec
from nas.job_file.yaml_source import Flaw, Path
from nas.settings import Settings, data_list
from search_spaces.errors import unknown
from search_spaces.space import SearchSpace

#: Keys that only people at the machine itself may set, and why.
_OURS: dict[Path, str] = {
    ("data", "root"): "is not for clients to say: the service knows data sets by name",
    ("data", "download"): "is not for clients to say: the service knows data sets by name",
    ("checkpoints", "place"): "is not for clients to say: the service has its own place",
}
_ADDRESS: Path = ("workers", "address")


def document_of(
    text: str, overrides: Sequence[str], settings: Settings, file_name: str = "job.yaml"
) -> Document:
    """A job file as the service means it, with what its sender may not ask for as problems."""
    document = Document.read(text, file_name)
    for override in overrides:
        document.override(override)
    if not document.usable:
        return document
    refused = dict(_refused(document, settings))
    for path, message in refused.items():
        document.problems.append(document.place(path, message))
        # What else is wrong there follows from it, and is not told.
        silent = [path, ("data", "root")] if path[0] == "data" else [path]
        mark = document.mark(path, message)
        document.source.flaws += [Flaw(mark, message, place) for place in silent]
    if ("data", "name") not in refused:
        document.name_data(settings.named_data())
    _take_out_files(document)
    if settings.checkpoints is not None and not document.problems:
        document.put(("checkpoints", "place"), settings.checkpoints, "the service's settings")
    return document


def spec_of(document: Document, settings: Settings) -> JobSpec:
    """The spec that a document of ``document_of`` holds.

    Raises:
        JobFileError: with every problem found.
    """
    spec = checked(document)
    problem = plugin_problem(document, spec.search_space(), settings)
    if problem:
        raise JobFileError([problem])
    return spec


def check_overrides(overrides: Sequence[str], allowed: Sequence[str]) -> None:
    """Refuse overrides of other keys before they are looked at.

    Raises:
        UsageProblem: naming the keys that are allowed.
    """
    for text in overrides:
        key = ".".join(part.strip() for part in text.partition("=")[0].split("."))
        if not any(key == one or key.startswith(f"{one}.") for one in allowed):
            raise UsageProblem(f"{key!r} can't change here; what can: {', '.join(allowed)}")


def plugin_problem(document: Document, space: SearchSpace, settings: Settings) -> Problem | None:
    """What is wrong with a space whose backbone is code of the sender's naming."""
    name = space.backbone.name
    if settings.allow_plugins or ":" not in name:
        return None
    told = f"{name!r} is code to import; this service's settings don't allow plug-ins"
    return document.place(("space", "backbone", "name"), told)


def check_priority(priority: int, settings: Settings, *, admin: bool) -> None:
    """Refuse a priority that the sender may not give.

    Raises:
        NotAllowed: naming the highest.
    """
    if not admin and priority > settings.max_priority:
        raise NotAllowed(
            f"priority {priority} is an administrator's; yours may be up to {settings.max_priority}"
        )


def names_of(settings: Settings) -> list[str]:
    """Data sets that a client can name."""
    return [one["name"] for one in data_list(settings)]


def _refused(document: Document, settings: Settings) -> Iterator[tuple[Path, str]]:
    for path, why in _OURS.items():
        if _given(document.value, path):
            known = ", ".join(names_of(settings))
            yield path, f"{why}: {known}" if path[0] == "data" else why
    if not settings.allow_addresses and _given(document.value, _ADDRESS):
        yield _ADDRESS, "is not for clients to say: the service trains on its own cluster"
    host = _unheard(document.value.get("webhook"), settings)
    if host:
        listed = ", ".join(settings.webhook_hosts) or "none"
        yield ("webhook",), f"{host!r} can't be told; this service's settings allow: {listed}"
    name = _at(document.value, ("data", "name"))
    if isinstance(name, str) and name not in names_of(settings):
        yield ("data", "name"), unknown("data set of this service", name, names_of(settings))


def _unheard(webhook: Any, settings: Settings) -> str | None:
    """Whom a webhook would tell though the settings don't name him."""
    host = urlsplit(webhook).hostname if isinstance(webhook, str) else None
    return host if host not in settings.webhook_hosts else None


def _take_out_files(document: Document) -> None:
    """A baseline may be the name of a file: on the sender's machine, not to be opened here."""
    own = _at(document.value, ("search", "baselines", "own"))
    files = [k for k, one in own.items() if isinstance(one, str)] if isinstance(own, dict) else []
    for label in files:
        told = "is the name of a file, which means nothing here; write the architecture out"
        path: Path = ("search", "baselines", "own", label)
        document.problems.append(document.place(path, told))
        del own[label]


def _given(value: Any, path: Path) -> bool:
    return _at(value, path) not in (None, "", False)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
