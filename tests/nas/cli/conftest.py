from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nas.cli.app import cli

JOB = """\
name: small
data:
  name: digits
space:
  backbone: {name: cifar_resnet, depth: 8, width: [4, 8]}
  attention:
    - types:
        none:
        se: {ratio: [2, 4]}
recipe:
  epochs: 4
search:
  trials: 6
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty current folder, with NAS_HOME (not there yet) inside."""
    monkeypatch.chdir(tmp_path)
    for name in ("NAS_HOME", "NAS_STORE_URL", "NAS_DEBUG", "MLFLOW_TRACKING_URI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def nas(here):
    """``nas("validate", "job.yaml")`` as the command line would run it, in the empty folder."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="nas")

    return run


@pytest.fixture
def job(here) -> Path:
    """A small, right job file."""
    path = here / "job.yaml"
    path.write_text(JOB)
    return path
