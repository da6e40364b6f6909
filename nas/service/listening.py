"""Where the web process listens and who reaches it: checked before anything is started."""

from __future__ import annotations

import ipaddress
import re

from nas.errors import NotAllowed, UsageProblem

#: Addresses that only this machine's users reach.
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_exposed(host: str, behind_proxy: bool) -> bool:
    """Whether others than this machine's users reach the service: then a token is needed."""
    return host not in LOOPBACK or behind_proxy


def refuse_open(host: str, behind_proxy: bool, has_token: bool) -> None:
    """Refuse a service that others could use without a token.

    Raises:
        NotAllowed: if they could.
    """
    if not is_exposed(host, behind_proxy) or has_token:
        return
    reached = "through a proxy" if host in LOOPBACK else f"at {host}"
    raise NotAllowed(
        f"others could reach the service {reached}, and there is no token yet; "
        "make one first: nas token create NAME --role admin"
    )


def checked_base_path(given: str) -> str:
    """``/nas`` from ``/nas/`` or ``nas``; empty for the root.

    Raises:
        UsageProblem: for what can't be a path.
    """
    base = given.strip("/")
    if (base and not re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*", base, re.ASCII)) or ".." in base:
        raise UsageProblem(
            f"base path {given!r} can't be: letters, digits, '-', '_' and '.' between slashes"
        )
    return base and f"/{base}"


def checked_proxies(given: str) -> str:
    """Addresses and networks by commas, or ``*``, without blanks; empty for none.

    Raises:
        UsageProblem: for what no request could come from: its headers would silently not count.
    """
    listed = [one.strip() for one in given.split(",") if one.strip()]
    for one in listed:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            if listed == ["*"]:
                continue
            raise UsageProblem(
                f"trusted proxy {one!r} is no address or network, such as 10.0.0.2 or 172.16.0.0/12"
            ) from None
    return ",".join(listed)
