"""What ``nas doctor`` looks at of a service: that of ``NAS_SERVER``, or of this machine's store."""

from __future__ import annotations

import httpx

from nas.checks_value import Check
from nas.client import Client
from nas.errors import NasError
from nas.holding.holder import is_gone, seems_gone
from nas.home import Home
from nas.store.store import Store

#: A dispatcher without a sign of life for so long is not counted on.
_SILENT_MS = 30_000


def service(name: str) -> Check:
    """Whether what is submitted is taken, and by whom."""
    try:
        client = Client.here()
        return _remote(name, client) if client is not None else _local(name)
    except NasError as error:
        return Check(name, "fail", str(error), "see NAS_SERVER and NAS_TOKEN")


def _remote(name: str, client: Client) -> Check:
    try:
        found = httpx.get(f"{client.address}/readyz", timeout=10).json()
    except (httpx.HTTPError, ValueError) as error:
        advice = "start it with nas serve, or correct NAS_SERVER"
        return Check(name, "fail", f"{client.address}: {error}", advice)
    client.get("jobs", size=1)  # which needs the token
    where = f"{client.address} answers"
    if found["store"] != "ok":
        return Check(name, "fail", f"{where}; its store: {found['store']}", "see the service's log")
    if found["dispatcher"] != "seen":
        advice = "on the service's side: nas serve without --web-only, or nas dispatch"
        return Check(name, "warn", f"{where}, but nobody takes jobs", advice)
    return Check(name, "ok", f"{where} and takes jobs")


def _local(name: str) -> Check:
    home = Home.here()
    if not home.has_store:
        return Check(name, "ok", "none here; nas run needs none")
    store = Store(home.store_url)
    try:
        there = store.leases.dispatchers()
        alive = [one for one in there if not seems_gone(one.holder, one.beat_ms, _SILENT_MS)]
        waiting = len(store.queue.waiting())
        gone = sum(is_gone(lease.holder) for lease in store.leases.list())
    finally:
        store.close()
    told = f"{_counted(len(alive), 'dispatcher')}, {_counted(waiting, 'job')} waiting"
    if gone:
        told += f", {_counted(gone, 'job')} left by processes that died"
    if (waiting or gone) and not alive:
        return Check(name, "warn", told, "start a dispatcher: nas serve")
    return Check(name, "ok", told)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
