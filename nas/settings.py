"""What the administrator of a service settles: data by name, what clients may ask for, limits.

``NAS_SETTINGS`` names the YAML file; by default it is ``settings.yaml`` in ``NAS_HOME``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from nas.errors import Problem, SettingsError
from nas.home import Home
from nas.job_file.messages import message_of
from nas.job_file.reading import Document, text_of
from nas.job_file.sections import DataSection, Flag, Section
from nas.names import check_name
from workers.datasets import DATASETS
from workers.places import check_place, is_url

_List = Annotated[tuple[str, ...], Field(strict=False)]


class Settings(Section):
    """The whole file; every key has a default.

    Attributes:
        data: data sets by the names that job files use for them; the only ones for clients.
        allow_plugins: clients may name backbones of the form ``package.module:factory``.
        allow_addresses: clients may say with ``workers.address`` which Ray cluster trains.
        max_priority: of jobs of submitters; administrators may go to 100.
        checkpoints: folder or URL for jobs that name no place of their own; None: in ``NAS_HOME``.
        retention_days: after which jobs that are over are forgotten; None: never.
        webhook_hosts: that may be told of a job's end.
        requests_per_minute: of a token without a limit of its own.
        failed_sign_ins_per_minute: of one address.
        request_bytes: the largest body of a request.
    """

    data: dict[str, DataSection] = Field(default_factory=dict)
    allow_plugins: Flag = False
    allow_addresses: Flag = False
    max_priority: int = Field(10, ge=-100, le=100)
    checkpoints: str | None = None
    retention_days: float | None = Field(None, gt=0)
    webhook_hosts: _List = ()
    requests_per_minute: int = Field(1200, ge=1)
    failed_sign_ins_per_minute: int = Field(10, ge=1)
    request_bytes: int = Field(2**20, ge=2**10, le=2**26)

    @field_validator("checkpoints")
    @classmethod
    def _understood(cls, place: str | None) -> str | None:
        return None if place is None else check_place(place)

    @field_validator("data")
    @classmethod
    def _named(cls, data: dict[str, DataSection]) -> dict[str, DataSection]:
        for name in data:
            check_name(name)
        return data

    @classmethod
    def here(cls, home: Home | None = None, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings of this home; without a file, the defaults.

        Raises:
            SettingsError: with everything that is wrong, by line and column.
        """
        env = os.environ if environ is None else environ
        named = env.get("NAS_SETTINGS", "")
        path = Path(named) if named else (home or Home.here(env)).root / "settings.yaml"
        if not path.exists():
            if named:
                raise SettingsError([Problem(named, "", "there is no such file (NAS_SETTINGS)")])
            return cls()
        return cls.read(text_of(path), path)

    @classmethod
    def read(cls, text: str, path: Path) -> Settings:
        """Check the text of a settings file; relative folders are meant from its own.

        Raises:
            SettingsError: with everything that is wrong, by line and column.
        """
        document = Document.read(text, str(path))
        if document.value is None and not document.source.flaws:
            return cls()
        found: list[Problem] = list(document.problems)
        if document.usable and not found:
            try:
                settings = cls.model_validate(document.value)
            except ValidationError as error:
                errors = error.errors(include_url=False)
                found = [document.place(e["loc"], message_of(e, cls)) for e in errors]
            else:
                return settings._rooted(path.absolute().parent)
        raise SettingsError(found)

    def named_data(self) -> dict[str, dict[str, Any]]:
        """What each name of a data set stands for: keys of a job file's ``data`` section."""
        return {
            name: section.model_dump(exclude_unset=True) | {"name": section.name}
            for name, section in self.data.items()
        }

    def _rooted(self, folder: Path) -> Settings:
        data = {
            name: section.model_copy(update={"root": str(folder / Path(section.root).expanduser())})
            if section.root
            else section
            for name, section in self.data.items()
        }
        place = self.checkpoints
        if place and not is_url(place):
            place = str(folder / Path(place).expanduser())
        return self.model_copy(update={"data": data, "checkpoints": place})


def named_data() -> dict[str, dict[str, Any]]:
    """What names of data sets stand for here."""
    return Settings.here().named_data()


def data_list(settings: Settings) -> list[dict[str, Any]]:
    """Data sets that a job file names without a folder: the settings', then those without files."""
    named = settings.named_data()
    free = {
        name: {"name": name}
        for name, info in DATASETS.items()
        if not info.needs_root and name not in named
    }
    return [
        {"name": name, "kind": keys["name"], "keys": {k: v for k, v in keys.items() if k != "name"}}
        for name, keys in (named | free).items()
    ]
