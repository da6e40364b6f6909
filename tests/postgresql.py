"""A real PostgreSQL server for tests, started by them and gone with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

#: Debian keeps the server's programs out of the PATH.
_DEBIAN = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; None where no server is installed."""
    found = shutil.which("postgres")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def server() -> Iterator[str]:
    """Run a server in a folder of its own and give its address without a database."""
    folder = programs()
    assert folder is not None, "PostgreSQL is not installed: apt-get install postgresql"
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="nas-postgresql-"))
    if user:
        shutil.chown(home, user)
    data, port = home / "data", _free_port()

    def run(program: str, *words: str) -> None:
        command = [folder / program, *words]
        subprocess.run(command, check=True, user=user, cwd=home, stdout=subprocess.DEVNULL)

    try:
        run("initdb", "-D", str(data), "-U", "nas", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {home}"
        log = str(home / "log")
        run("pg_ctl", "start", "-w", "-D", str(data), "-l", log, "-o", options)
        yield f"postgresql://nas@127.0.0.1:{port}"
    finally:
        with suppress(subprocess.CalledProcessError):
            run("pg_ctl", "stop", "-D", str(data), "-m", "immediate")
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def database(address: str, name: str) -> Iterator[str]:
    """An empty database on the server; dropped afterwards, whoever is still connected."""
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{address}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
