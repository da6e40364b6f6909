"""The docs tell the truth: commands, options, links, keys, defaults and job files are real ones."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from pydantic import BaseModel

from nas.cli.app import COMMANDS, cli
from nas.job_file.reading import parse
from nas.job_file.spec import JobSpec
from search_spaces.backbones.table import BACKBONES
from search_spaces.catalogue import CATALOGUE, COMPOSITIONS, POSITIONS
from search_spaces.ready import ready_names
from search_spaces.space import SearchSpace

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def all_text() -> str:
    return "\n".join(page.read_text() for page in pages())


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(page.read_text()) if language in languages]


def shell_lines() -> Iterator[tuple[str, list[str]]]:
    """Every command of every shell block, with its page; variables before it left out."""
    for page in pages():
        for text in blocks(page, "bash", "sh", "shell", "console"):
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                while words and re.match(r"[A-Z_]+=", words[0]):
                    words.pop(0)
                if words:
                    yield page.name, words


def keys_of(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and name != "limits":
            yield from keys_of(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_docs(command: str) -> None:
    assert re.search(rf"\bnas {command}\b", all_text())


def test_shell_commands_in_the_docs_exist() -> None:
    seen = 0
    for page, words in shell_lines():
        if Path(words[0]).name == "nas":
            check_nas(page, words[1:])
            seen += 1
        elif words[0] == "make":
            rules = (ROOT / "Makefile").read_text()
            for target in (word for word in words[1:] if "=" not in word):
                assert re.search(rf"^{target}:", rules, re.MULTILINE), f"{page}: {words}"
    assert seen > 5


def check_nas(page: str, words: list[str]) -> None:
    """The command exists, and so does each of its options."""
    where = f"{page}: nas {shlex.join(words)}"
    context = click.Context(cli)
    command = cli.get_command(context, words[0])
    assert command is not None, where
    if isinstance(command, click.Group) and len(words) > 1 and words[1] in command.commands:
        command = command.commands[words[1]]
    options = {name for param in command.get_params(context) for name in param.opts}
    for word in words[1:]:
        assert not word.startswith("-") or word.split("=")[0] in options, f"{where}: {word}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_job_files_and_spaces_in_the_docs_are_valid(page: Path) -> None:
    for text in blocks(page, "yaml"):
        data = yaml.safe_load(text)
        if not isinstance(data, dict) or "space" not in data:
            continue
        if "name" in data:
            parse(text)
        elif isinstance(data["space"], dict):
            SearchSpace.from_dict(data["space"])
        else:
            assert data["space"] in ready_names()


@pytest.mark.parametrize("key", list(keys_of(JobSpec)))
def test_every_key_of_a_job_file_is_documented(key: str) -> None:
    assert f"| `{key}` |" in (ROOT / "docs" / "job-file.md").read_text()


def test_defaults_in_the_docs_are_the_real_ones() -> None:
    spec = JobSpec.model_validate({"name": "x", "space": "channel", "search": {"trials": 1}})
    rows = re.findall(
        r"^\| `([a-z_.]+)` \| (\S+) \|", (ROOT / "docs/job-file.md").read_text(), re.MULTILINE
    )
    checked = 0
    for key, told in rows:
        value = spec
        for part in key.split("."):
            value = getattr(value, part)
        if isinstance(value, dict):
            value = value["rules"]  # true is short for the section of all rules
        if told not in ("required", "|"):
            told = yaml.safe_load(told.strip("`"))
            assert (float(told) if isinstance(value, float) else told) == value, key
            checked += 1
    assert checked > 20


def test_the_whole_catalogue_is_documented() -> None:
    pages = ("search-space.md", "backbones.md")
    text = "".join((ROOT / "docs" / page).read_text() for page in pages)
    axes = [axis for row in (*CATALOGUE.values(), *BACKBONES.values()) for axis in row.axes]
    values = [v for axis in axes for v in axis.values if isinstance(v, str)]
    names = [*CATALOGUE, *BACKBONES, *POSITIONS, *COMPOSITIONS, *ready_names(), *values]
    missing = {name for name in [*names, *(axis.name for axis in axes)] if f"`{name}`" not in text}
    assert missing == set()


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert {p.name for p in folder.glob("0*.md")} == listed
