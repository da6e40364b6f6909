"""The job file as people write it: YAML and ``--set`` in, a checked spec or every problem out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nas.errors import JobFileError, Problem
from nas.job_file import yaml_source
from nas.job_file.messages import message_of
from nas.job_file.spec import JobSpec
from search_spaces.errors import unknown
from workers.datasets import DATASETS
from workers.places import is_url

#: ``locate(path, message)``: a problem at the place of that path.
Locate = Callable[[yaml_source.Path, str], Problem]

#: Name of a data set -> what it stands for: keys of the ``data`` section.
NamedData = Mapping[str, Mapping[str, Any]]


def load(
    path: str | Path, overrides: Sequence[str] = (), named: NamedData | None = None
) -> JobSpec:
    """Read and check a job file.

    Relative folders (``data.root``, ``checkpoints.place``) are meant from the current folder, and
    are made absolute here.

    Args:
        path: of the YAML file.
        overrides: ``a.b=value`` each, as given to ``--set``; the value is YAML.
        named: data sets that the settings name.

    Raises:
        JobFileError: with every problem found.
    """
    return parse(text_of(Path(path)), str(path), overrides, named)


def parse(
    text: str,
    filename: str = "job.yaml",
    overrides: Sequence[str] = (),
    named: NamedData | None = None,
) -> JobSpec:
    """Check the text of a job file; see ``load``.

    Raises:
        JobFileError: with every problem found.
    """
    document = Document.read(text, filename)
    for override in overrides:
        document.override(override)
    document.name_data(named or {})
    return checked(document)


def checked(document: Document) -> JobSpec:
    """The spec that a document holds.

    Raises:
        JobFileError: with every problem found.
    """
    found = list(document.problems)
    if document.usable:
        try:
            spec = JobSpec.model_validate(document.value)
        except ValidationError as error:
            flawed = {flaw.path for flaw in document.source.flaws}
            errors = [e for e in error.errors(include_url=False) if e["loc"] not in flawed]
            found += [document.place(e["loc"], message_of(e)) for e in errors]
        else:
            if not found:
                return _rooted(spec)
    raise JobFileError(_ordered(found))


def locator(path: str | Path, overrides: Sequence[str] = ()) -> Locate:
    """How to tell the places of problems that only a deep check finds.

    Returns:
        a function of (path in the spec, message) to a problem at its place in the file.
    """
    document = Document.open(path)
    for override in overrides:
        document.override(override)
    return document.place


def text_of(path: Path) -> str:
    """The text of a file that people write.

    Raises:
        JobFileError: if it can't be read as text.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        reason = "is not a text file (UTF-8)"
    except FileNotFoundError:
        reason = "there is no such file; 'nas init' writes one to start from"
    except IsADirectoryError:
        reason = "is a folder; a job file is a YAML file"
    except (OSError, ValueError) as error:
        reason = f"can't be read: {getattr(error, 'strerror', None) or error}"
    raise JobFileError([Problem(str(path), "", reason)])


def _rooted(spec: JobSpec) -> JobSpec:
    place = spec.checkpoints.place
    if place and not is_url(place):
        kept = spec.checkpoints.model_copy(update={"place": _absolute(place)})
        spec = spec.model_copy(update={"checkpoints": kept})
    if not spec.data.root:
        return spec
    root = _absolute(spec.data.root)
    return spec.model_copy(update={"data": spec.data.model_copy(update={"root": root})})


def _absolute(folder: str) -> str:
    return str(Path(folder).expanduser().absolute())


def _ordered(found: Sequence[Problem]) -> list[Problem]:
    """By place, without repeats."""
    return sorted(dict.fromkeys(found), key=lambda p: (p.line == 0, p.line, p.column))


@dataclass
class Document:
    """A job file's raw content with the places of its parts.

    Attributes:
        usable: whether there is a mapping to check at all.
        overridden: the option that set it (``--set search.trials=40``) by path.
    """

    filename: str
    lines: list[str]
    source: yaml_source.Source
    problems: list[Problem] = field(default_factory=list)
    overridden: dict[yaml_source.Path, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str, filename: str) -> Document:
        """Read the YAML; what is wrong with it becomes the first problems."""
        document = cls(filename, re.split(r"\r\n|\r|\n", text), yaml_source.read(text))
        for flaw in document.source.flaws:
            document.problems.append(document.at(flaw.mark, flaw.path, flaw.message))
        if not document.problems and not document.usable:
            empty = document.value is None
            reason = "is empty" if empty else "is not a mapping of keys to values"
            document.problems.append(Problem(filename, "", f"{reason}; 'nas init' writes a start"))
        return document

    @classmethod
    def open(cls, path: str | Path) -> Document:
        """Read a file.

        Raises:
            JobFileError: if it can't be read.
        """
        return cls.read(text_of(Path(path)), str(path))

    @property
    def value(self) -> Any:
        """The content as plain values."""
        return self.source.value

    @property
    def usable(self) -> bool:
        """Whether the content is a mapping."""
        return isinstance(self.value, dict)

    def at(self, mark: yaml_source.Mark, path: yaml_source.Path, message: str) -> Problem:
        """A problem at a place of the file; where nobody wrote its lines, of the whole."""
        if not self.lines:
            return Problem(self.filename, dotted(path), message)
        line = self.lines[mark.line - 1] if mark.line <= len(self.lines) else ""
        where = f"{self.filename}:{mark.line}:{mark.column}"
        return Problem(where, dotted(path), message, mark.line, mark.column, line)

    def place(self, path: yaml_source.Path, message: str) -> Problem:
        """A problem at the place of a path, or of the override that set it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.overridden:
                return Problem(self.overridden[path[:length]], dotted(path), message)
        if path not in self.source.values:  # a section that only an override brought into being
            for key, option in self.overridden.items():
                if path and key[: len(path)] == path:
                    return Problem(option, dotted(path), message)
        return self.at(self.mark(path, message), path, message)

    def mark(self, path: yaml_source.Path, message: str) -> yaml_source.Mark:
        """Where to point: at a plain value, else at its key, else at the part that lacks it."""
        of_key = message.startswith("unknown key") or f" {path[-1]!r}" in message[:80]
        while path:
            value, key = self.source.values.get(path), self.source.keys.get(path)
            if value and not of_key and path not in self.source.sections:
                return value
            known = key or value
            if known:
                return known
            path, of_key = path[:-1], False
        return yaml_source.Mark(1, 1)

    def override(self, text: str) -> None:
        """Apply one ``a.b=value``; what is wrong with it becomes a problem."""
        key, equals, raw = text.partition("=")
        path = tuple(part.strip() for part in key.split("."))
        where = f"--set {text}"
        if not equals or not all(path):
            self.problems.append(Problem(where, "", "must be KEY=VALUE, such as search.trials=40"))
            return
        given = yaml_source.read(raw)
        for flaw in given.flaws:
            self.problems.append(Problem(where, key, flaw.message))
        if not given.flaws and self.usable:
            self.put(path, given.value, where)

    def name_data(self, named: NamedData) -> None:
        """Put what the settings say of a named data set in its place; the file's own keys win."""
        section = self.value.get("data") if self.usable else None
        name = section.get("name") if isinstance(section, dict) else None
        if not isinstance(section, dict) or not isinstance(name, str):
            return
        if name in named:
            given = {key: value for key, value in section.items() if value is not None}
            section.update({**named[name], **given, "name": named[name]["name"]})
        elif named and name not in DATASETS:
            place: yaml_source.Path = ("data", "name")
            told = unknown("data set", name, [*named, *DATASETS])
            self.problems.append(self.place(place, told))
            self.source.flaws.append(yaml_source.Flaw(self.mark(place, told), told, place))

    def put(self, path: tuple[str, ...], value: Any, where: str) -> None:
        """Set a value; what is wrong with it is told at ``where``, the option that gave it."""
        here: Any = self.value
        done: yaml_source.Path = ()
        for part in path[:-1]:
            step = _step(here, part)
            done = (*done, step)
            if isinstance(here, dict) and here.get(part) is None:
                here[part] = {}
            here = _child(here, step)
        step = _step(here, path[-1])
        if isinstance(here, dict) or (isinstance(here, list) and _child(here, step) is not None):
            here[step] = value  # type: ignore[index]
            self.overridden[(*done, step)] = where
        else:
            reason = f"{dotted(done)} holds no key {path[-1]!r} that could be set"
            self.problems.append(Problem(where, dotted(path), reason))


def _step(here: Any, part: str) -> str | int:
    return int(part) if isinstance(here, list) and part.isdecimal() else part


def _child(here: Any, step: str | int) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def dotted(path: yaml_source.Path) -> str:
    """``space.attention[0].types.se``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
