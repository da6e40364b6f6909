"""The database dies, or the way to it is cut, while a job is driven: it waits and goes on."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from nas.errors import StoreUnreachable
from nas.store.store import Store
from tests import postgresql
from tests.faults import mortal
from tests.faults.conftest import prepared

#: Seconds without a database; ``make faults`` takes a whole minute.
AWAY = [pytest.param(3.0, id="short"), pytest.param(60.0, id="minute", marks=pytest.mark.slow)]


def until_reports(address, count):
    """Until so many rungs are recorded."""
    store = Store(address)
    deadline = time.monotonic() + 120
    while len(mortal.results(store, store.jobs.get("mortal"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    store.close()


@pytest.mark.parametrize("seconds", AWAY)
def test_a_killed_server_is_waited_for(checked, expected, tmp_path, server, seconds):
    with postgresql.database(server.address, "nas") as address:
        made = prepared(checked, tmp_path, address)
        driver = mortal.start(made.url, made.home, "mortal")
        until_reports(address, 2)
        server.kill()
        time.sleep(seconds)
        server.start()
        assert mortal.ended(driver) == 0
        store = Store(address)
        mortal.check_whole(store, "mortal", expected)
        store.close()


@pytest.mark.parametrize("seconds", AWAY)
def test_a_cut_network_is_waited_for(checked, expected, tmp_path, server, seconds):
    with postgresql.database(server.address, "nas") as address:
        port = int(address.rpartition(":")[2].partition("/")[0])
        with cable(port) as (near, cut, mend):
            made = prepared(checked, tmp_path, address.replace(str(port), str(near)))
            driver = mortal.start(made.url, made.home, "mortal")
            until_reports(address, 2)
            cut()
            time.sleep(seconds)
            mend()
            assert mortal.ended(driver) == 0
        store = Store(address)
        mortal.check_whole(store, "mortal", expected)
        store.close()


def test_without_patience_it_is_said_plainly(server, tmp_path):
    with postgresql.database(server.address, "nas") as address:
        store = Store(address)
        server.kill()
        with pytest.raises(StoreUnreachable, match="the store doesn't answer"):
            store.jobs.list()
        server.start()
        assert store.jobs.list() == []
        store.close()


@contextmanager
def cable(port):
    """A way to a port of this machine that can be cut: connections break, new ones are refused."""
    whole = threading.Event()
    whole.set()
    pairs = []
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        broken(source, target)

    def broken(*ends):
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # both ends hear of it, whoever reads from them

    def serve():
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            if not whole.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", port))
            pairs.append((near, far))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=carry, args=ends, daemon=True).start()

    def cut():
        whole.clear()
        for ends in pairs:
            broken(*ends)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], cut, whole.set
    listener.close()
    cut()
    for near, far in pairs:
        near.close()
        far.close()
