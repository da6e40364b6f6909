"""A real PostgreSQL server for tests, started by them and gone with them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

#: Debian keeps the server's programs out of the PATH.
_DEBIAN = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; None where no server is installed."""
    found = shutil.which("postgres")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def require() -> None:
    """Skip where there is no server to start, never in CI."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        address: without a database.
        kill: SIGKILL to all of the server, as a machine that goes off; none of it is left when
            this returns. ``start`` it again.
    """

    address: str
    kill: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def server() -> Iterator[str]:
    """Run a server in a folder of its own and give its address without a database."""
    with mortal_server() as found:
        yield found.address


@contextmanager
def mortal_server() -> Iterator[Server]:
    """Run a server that can be killed and started again."""
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
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="
        )
        log = str(home / "log")

        def start() -> None:
            run("pg_ctl", "start", "-w", "-t", "180", "-D", str(data), "-l", log, "-o", options)

        def kill() -> None:
            file = data / "postmaster.pid"
            _kill_all(int(file.read_text().split()[0]))
            file.unlink()  # nothing is left, but who waits for dead processes here may be slow

        start()
        yield Server(f"postgresql://nas@127.0.0.1:{port}", kill, start)
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
    finally:  # on a new connection: the server may have been another meanwhile
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def empty(address: str, tables: Sequence[str]) -> None:
    """Make a database as new: others are cut off, rows are gone and numbers begin with 1 again.

    Args:
        address: of the database.
        tables: all of them, the ones that refer to others first.
    """
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(address) as connection:
        connection.execute(
            f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}".encode()
        )
        for table in tables:
            connection.execute(f'DELETE FROM "{table}"'.encode())
        connection.execute(
            b"SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences"
        )


def _kill_all(main: int) -> None:
    """Kill the server and who serves its clients: each of those leads a group of its own.

    They'd notice that the server is gone, but on a busy machine they answer once more before that.
    """
    parents = _parents()
    doomed = [main, *(process for process, parent in parents.items() if parent == main)]
    for process in doomed:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while not _parents().keys().isdisjoint(doomed):
        assert time.monotonic() < deadline, "the server lives on"
        time.sleep(0.02)


def _parents() -> dict[int, int]:
    """Each process that lives, and its parent."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(path.parent.name)] = int(parent)
    return found


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
