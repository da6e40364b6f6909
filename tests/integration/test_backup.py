"""docs/operations.md does what it says: its own commands, on SQLite and on a real PostgreSQL."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from nas.store.store import Store
from tests import postgresql

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"

#: There are no containers here: what compose would run in one runs as it is.
COMPOSE = """\
docker() {
  [[ $1 == compose ]] || return 1
  case "$2" in
    exec) shift 4; "$@" ;;
    run) [[ $5 == --entrypoint ]] || return 1; local program=$6; shift 7; "$program" "$@" ;;
    up|start|stop) ;;
    *) return 1 ;;
  esac
}
"""


def commands(heading: str) -> list[str]:
    """The shell blocks below a heading: to back up, to restore."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```bash\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    return blocks


def run(script: str, folder: Path, **variables: str) -> None:
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", COMPOSE + script],
        cwd=folder,
        env=os.environ | {"PATH": programs} | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def everything(url: str) -> dict[str, list]:
    """What a store holds."""
    with closing(Store(url)) as store:
        jobs = store.jobs.list()
        trials = [trial for job in jobs for trial in store.trials.list(job.id)]
        reports = [store.trials.reports(job.id) for job in jobs]
        return {"jobs": jobs, "trials": trials, "reports": reports}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "logs" not in path.parts
    }


def checkpoint(home: Path) -> None:
    for name in ("checkpoints/synthetic/0.pt", "exports/winner/model.py", "logs/jobs/1.log"):
        path = home / name
        path.parent.mkdir(parents=True)
        path.write_text(name)


def test_one_machine_comes_back_as_it_was(tmp_path, add_job):
    backup, restore = commands("One machine, SQLite")
    home = tmp_path / "home"
    url = f"sqlite:///{home / 'store.db'}"
    checkpoint(home)
    with closing(sqlite3.connect(home / "mlflow.db")) as runs, closing(Store(url)) as store:
        runs.execute("CREATE TABLE runs AS SELECT 7 AS number")
        runs.commit()
        add_job(store)
        # In the middle of its life: the log beside the file holds what the file doesn't yet.
        assert (home / "store.db-wal").stat().st_size
        run(backup, tmp_path, NAS_HOME=str(home))
    before, kept = everything(url), files(home / "checkpoints")
    with closing(Store(url)) as store:
        add_job(store, name="later")
    run(restore, tmp_path, NAS_HOME=str(home))
    assert everything(url) == before
    new = tmp_path / "other"
    run(restore, tmp_path, NAS_HOME=str(new))
    assert everything(f"sqlite:///{new / 'store.db'}") == before
    assert files(new / "checkpoints") == kept
    assert (new / "exports" / "winner" / "model.py").exists()
    assert not (new / "logs").exists()
    with closing(sqlite3.connect(new / "mlflow.db")) as runs:
        assert runs.execute("SELECT number FROM runs").fetchall() == [(7,)]


@pytest.fixture
def server():
    if postgresql.programs() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgresql.server() as address:
        yield address


def test_compose_comes_back_on_a_new_machine(tmp_path, add_job, server):
    home, artifacts = tmp_path / "home", tmp_path / "artifacts"

    def here(script: str) -> str:
        places = {"/var/lib/nas": str(home), "/var/lib/mlflow": str(artifacts)}
        return re.sub("|".join(places), lambda found: places[found[0]], script)

    def made(*names: str) -> None:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            for name in names:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
                connection.execute(f"CREATE DATABASE {name}".encode())

    backup, restore = map(here, commands("Compose, PostgreSQL"))
    host, port = server.rpartition("@")[2].split(":")
    programs = f"{postgresql.programs()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = {"PGHOST": host, "PGPORT": port, "PATH": programs}
    made("nas", "mlflow")
    checkpoint(home)
    artifacts.mkdir()
    (artifacts / "front.json").write_text("{}")
    with psycopg.connect(f"{server}/mlflow") as runs:
        runs.execute("CREATE TABLE runs AS SELECT 7 AS number")
    with closing(Store(f"{server}/nas")) as store:
        add_job(store)
    before, kept = everything(f"{server}/nas"), files(home)
    run(backup, tmp_path, **variables)

    made("nas", "mlflow")
    for folder in (home, artifacts):
        shutil.rmtree(folder)
        folder.mkdir()
    with closing(Store(f"{server}/nas")) as store:
        add_job(store, name="something else")
    run(restore, tmp_path, **variables)
    assert everything(f"{server}/nas") == before
    assert files(home) == kept
    assert (artifacts / "front.json").read_text() == "{}"
    with psycopg.connect(f"{server}/mlflow") as runs:
        assert runs.execute("SELECT number FROM runs").fetchall() == [(7,)]
    with closing(Store(f"{server}/nas")) as store:
        assert add_job(store, name="next").id > before["jobs"][0].id
