"""Whether a cluster is there and the workers asked for fit it. No torch or Ray import."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from workers.errors import PoolError

#: Seconds that a cluster may take to answer a first knock.
KNOCK_SECONDS = 5.0


def check_reachable(address: str) -> None:
    """Knock at ``HOST:PORT``: Ray itself tries an address where nobody is for many minutes.

    Args:
        address: may begin with ``ray://``; one without a port (``auto``) is Ray's to find.

    Raises:
        PoolError: if nothing listens there.
    """
    try:
        _knock(address, KNOCK_SECONDS)
    except (OSError, ValueError, OverflowError) as error:
        raise PoolError(f"no Ray cluster answers at {address}: {error}") from None


def is_reachable(address: str, seconds: float) -> bool:
    """Whether somebody listens at ``HOST:PORT``."""
    try:
        _knock(address, seconds)
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _knock(address: str, seconds: float) -> None:
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), seconds).close()


def fitting(there: float, each: float) -> int:
    """How many workers a resource is enough for; a fraction never spans two GPUs or cores.

    Args:
        there: units in all.
        each: units that one worker takes, above 0.
    """
    if each < 1:
        return int(there) * int(1 / each + 1e-9)
    return int(there / each + 1e-9)


def check_resources(
    count: int, each: Mapping[str, float], there: Mapping[str, float], where: str
) -> None:
    """Refuse what would wait for ever: Ray itself wouldn't say.

    Args:
        count: workers asked for.
        each: units of every resource that one worker takes.
        there: units in all.
        where: the machine or cluster, for the message.

    Raises:
        PoolError: naming the resource, what there is and how many workers would fit.
    """
    for name, units in each.items():
        have = there.get(name, 0.0)
        if units and fitting(have, units) < count:
            raise PoolError(
                f"{count} workers with {units:g} {name} each don't fit: {where} has {have:g}, "
                f"enough for {fitting(have, units)}"
            )


def one_fits(each: Mapping[str, float], there: Mapping[str, float]) -> bool:
    """Whether a machine is large enough for one worker.

    Args:
        each: units of every resource that a worker takes.
        there: units that the machine has.
    """
    return all(not units or fitting(there.get(name, 0.0), units) for name, units in each.items())


def check_one_fits(
    each: Mapping[str, float], nodes: Sequence[Mapping[str, float]], where: str
) -> None:
    """Refuse a worker that none of a cluster's machines could ever hold.

    Args:
        each: units of every resource that a worker takes.
        nodes: units that each machine has.
        where: the cluster, for the message.

    Raises:
        PoolError: naming what a worker takes and the machines.
    """
    if any(one_fits(each, node) for node in nodes):
        return
    has = ", ".join(
        sorted({in_words({name: node.get(name, 0.0) for name in each}) for node in nodes})
    )
    raise PoolError(
        f"a worker takes {in_words(each)}, which no node of {where} has (they have: "
        f"{has or 'none is up'}); ask for less, or set workers.patience to wait for a larger node"
    )


def in_words(units: Mapping[str, float]) -> str:
    """``1 CPU, 0.25 GPU``; what is not asked for is left out unless nothing is."""
    asked = {name: value for name, value in units.items() if value} or dict(units)
    return ", ".join(f"{value:g} {name}" for name, value in asked.items())
