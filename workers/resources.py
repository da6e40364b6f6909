"""Whether a cluster is there and the workers asked for fit it. No torch or Ray import."""

from __future__ import annotations

import socket
from collections.abc import Mapping

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
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise PoolError(f"no Ray cluster answers at {address}: {error}") from None


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
