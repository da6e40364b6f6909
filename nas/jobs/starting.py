"""Job files to start from: the commented template, a ready space, a job that was there before."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

import yaml

from nas.settings import Settings
from search_spaces.ready import ready_question
from workers.datasets import DATASETS

#: Keys of sections that are the service's own and mean nothing to who submits again.
_OURS = {"data": ("root", "download"), "checkpoints": ("place",), "workers": ("address",)}

_READY = """\
# {question}
name: {name}
data:
  name: {dataset}
space: {name}
recipe:
  epochs: 12                 # the full budget of one trial
search:
  trials: 40                 # architectures to train, baselines counted
"""


def job_file(name: str, dataset: str = "digits", root: str = "") -> str:
    """The text of the template for a job of this name and data set."""
    template = Template((files("nas") / "templates" / "job.yaml").read_text(encoding="utf-8"))
    needs_root = DATASETS[dataset].needs_root
    line = f"root: {root or 'data'}" if needs_root else "# root: data"
    return template.substitute(name=name, dataset=dataset, root_line=line)


def ready_job_file(space: str, dataset: str = "digits") -> str:
    """A short job file over a ready space, which says the question that the space answers.

    Raises:
        SpaceError: for an unknown name, with the nearest spelling.
    """
    return _READY.format(question=ready_question(space), name=space, dataset=dataset)


def job_file_of(spec: Mapping[str, Any], settings: Settings, name: str) -> str:
    """The job file by which a client asks for a job once more, every default written out.

    Args:
        spec: of the job, as it is recorded.
        settings: name the data sets that clients know by a name.
        name: of the new job.
    """
    sections = {key: _given(key, value) for key, value in spec.items()}
    data = sections.get("data", {})
    for known, keys in settings.named_data().items():
        kept = {key: value for key, value in keys.items() if key not in _OURS["data"]}
        if all(spec.get("data", {}).get(key) == value for key, value in keys.items()):
            rest = {key: value for key, value in data.items() if key not in kept}
            sections["data"] = {"name": known, **rest}
            break
    whole = {key: value for key, value in sections.items() if value not in (None, {}, [])}
    return yaml.safe_dump(
        {**whole, "name": name}, sort_keys=False, default_flow_style=None, width=100
    )


def _given(name: str, section: Any) -> Any:
    """A section without what is none anyway; a deeper none has a meaning, as types of a space."""
    if not isinstance(section, Mapping):
        return section
    hidden = _OURS.get(name, ())
    kept = {key: value for key, value in section.items() if key not in hidden}
    return {key: value for key, value in kept.items() if value is not None and value != {}}
