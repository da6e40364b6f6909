"""YAML read with the place of every key and value, by YAML 1.2's rules for plain words.

PyYAML's own constructor follows YAML 1.1 (``on`` is true, ``010`` is 8, ``1e-3`` is text) and
forgets where things stood; its ``compose`` keeps the marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

#: More values than any job file has; stops aliases of aliases of aliases.
MAX_VALUES = 20_000
MAX_CHARACTERS = 1_000_000

_INTEGER = re.compile(r"[-+]?[0-9][0-9_]{0,30}")
_OCTAL_LIKE = re.compile(r"[-+]?0[0-9_]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Mark:
    """A place in a text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Flaw:
    """Something that is wrong with the YAML itself."""

    mark: Mark
    message: str
    path: Path = ()


@dataclass
class Source:
    """What a YAML text holds, and where.

    Attributes:
        value: plain Python values.
        keys: the place of each key; values: of each value; both by path.
        sections: paths of mappings and of empty values, which begin below their keys.
        flaws: what is wrong with the YAML itself; then ``value`` is what could still be read.
    """

    value: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    sections: set[Path] = field(default_factory=set)
    flaws: list[Flaw] = field(default_factory=list)


def read(text: str) -> Source:
    """Read one YAML document; never raises on bad text, the flaws say what is wrong."""
    source = Source()
    if len(text) > MAX_CHARACTERS:
        source.flaws.append(Flaw(Mark(1, 1), f"is longer than {MAX_CHARACTERS:,} characters"))
        return source
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        if node is not None:
            source.value = _Reader(source).value(node, ())
    except yaml.MarkedYAMLError as error:
        source.flaws.append(_syntax_flaw(error))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        source.flaws.append(
            Flaw(mark, f"holds the character {error.character!r}, so it is no text")
        )
    except RecursionError:
        source.flaws.append(Flaw(Mark(1, 1), "is nested too deeply"))
    except (ValueError, OverflowError) as error:  # PyYAML's escapes: "\UFFFFFFFF"
        source.flaws.append(Flaw(Mark(1, 1), f"is not YAML: {error}"))
    return source


def _syntax_flaw(error: yaml.MarkedYAMLError) -> Flaw:
    mark = error.problem_mark or error.context_mark
    place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
    text = error.problem or error.context or str(error)
    if "'\\t'" in text:
        return Flaw(place, "a tab can't indent YAML; use spaces")
    if "single document" in (error.context or ""):
        return Flaw(place, "a second document begins here; a job file is one document")
    return Flaw(place, f"is not YAML: {text}")


class _Reader:
    """Turns composed nodes into values, writing down places and flaws."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.open: set[int] = set()
        self.count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The value of a node; aliases are read again at each place that they stand."""
        self.source.values[path] = _mark(node)
        if isinstance(node, yaml.MappingNode) or not node.value:
            self.source.sections.add(path)
        self.count += 1
        if self.count > MAX_VALUES:
            return self.flaw(node, path, f"more than {MAX_VALUES:,} values in all")
        if id(node) in self.open:
            return self.flaw(node, path, "an alias that holds itself")
        self.open.add(id(node))
        try:
            return self._typed(node, path)
        finally:
            self.open.discard(id(node))

    def flaw(self, node: yaml.Node, path: Path, message: str) -> None:
        """Write a flaw down once; the value then counts as empty."""
        flaw = Flaw(_mark(node), message, path)
        if message not in {known.message for known in self.source.flaws if known.path == path}:
            self.source.flaws.append(flaw)

    def _typed(self, node: yaml.Node, path: Path) -> Any:
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in (
            "str",
            "seq",
            "map",
        ):
            return self.flaw(node, path, f"the tag {_short(node.tag)} is not allowed here")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return self.sequence(node, path)
        assert isinstance(node, yaml.ScalarNode)
        return self.scalar(node, path)

    def sequence(self, node: yaml.SequenceNode, path: Path) -> list[Any] | None:
        """A list; cut short once the text turned out too large."""
        items = []
        for index, item in enumerate(node.value):
            items.append(self.value(item, (*path, index)))
            if self.count > MAX_VALUES:
                break
        return items

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        """A section: a key may stand once; ``<<`` brings keys that the section doesn't have."""
        found: dict[str, Any] = {}
        for key, value in self.pairs(node, path):
            name = key.value
            if name in found:
                first = self.source.keys[(*path, name)].line
                self.flaw(key, (*path, name), f"stands twice; the first is in line {first}")
                continue
            self.source.keys[(*path, name)] = _mark(key)
            found[name] = self.value(value, (*path, name))
            if self.count > MAX_VALUES:
                break
        for merged, value in self.merges(node, path):
            if merged.value not in found:
                self.source.keys[(*path, merged.value)] = _mark(merged)
                found[merged.value] = self.value(value, (*path, merged.value))
        return found

    def pairs(
        self, node: yaml.MappingNode, path: Path
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """The section's own keys and values."""
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.flaw(key, path, "a key must be a word")
            elif not _is_merge(key):
                yield key, value

    def merges(
        self, node: yaml.MappingNode, path: Path, depth: int = 0
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Keys and values that ``<<`` brings, the nearest first."""
        for key, value in node.value:
            if not _is_merge(key):
                continue
            several = isinstance(value, yaml.SequenceNode)
            for other in value.value if several else [value]:
                if not isinstance(other, yaml.MappingNode) or depth > 8:
                    self.flaw(value, path, "'<<' takes a section or a list of sections")
                    continue
                yield from self.pairs(other, path)
                yield from self.merges(other, path, depth + 1)

    def scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        """A word by YAML 1.2's rules; quoted and block text is text."""
        text = node.value
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _OCTAL_LIKE.fullmatch(text):
            plain = text.replace("_", "").lstrip("+-0") or "0"
            message = f"{text} is read as 8-based by some and as 10-based by others; write {plain}"
            return self.flaw(node, path, f"{message}, or '{text}' for text")
        return number(text)


def number(text: str) -> int | float | str:
    """A number written plainly (``1_000``, ``1e-3``), else the text itself."""
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", "").rstrip("_"))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text


def _is_merge(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.style is None


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
