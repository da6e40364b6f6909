"""``nas serve``: the dashboard."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys

import click

from nas.cli.output import say
from nas.errors import UsageProblem
from nas.home import Home


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
def serve(host: str, port: int) -> None:
    """Show jobs and their Pareto fronts in a browser, until Ctrl-C. Read-only."""
    home = Home.here()
    _refuse_taken(host, port)
    if not _is_loopback(host):
        say(f"there is no sign-in: everybody who reaches {host}:{port} can read all jobs")
    where = "the store of NAS_STORE_URL" if home.store_address else str(home.root)
    say(f"dashboard of {where} at http://{_shown(host)}:{port} (Ctrl-C stops it)")
    # By name, in place of this process: the floors point down, so nas can't import dashboard.
    command = [sys.executable, "-m", "dashboard", "--host", host, "--port", str(port)]
    os.execv(sys.executable, command)


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageProblem(
                f"can't listen on {host}:{port}: {why}; choose another with --port or --host"
            ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return anywhere.get(host, f"[{host}]" if ":" in host else host)
