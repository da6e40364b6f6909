"""``nas serve``: the service."""

from __future__ import annotations

import os
import signal
import socket
import sys

import click

from nas.cli.dispatch import jobs_option
from nas.cli.opened import existing_store
from nas.cli.output import say
from nas.errors import UsageProblem
from nas.home import Home
from nas.service.listening import checked_base_path, checked_proxies, refuse_open


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@jobs_option
@click.option("--web-only", is_flag=True, help="Pages and API alone; 'nas dispatch' takes jobs.")
@click.option("--base-path", default="", metavar="PATH", help="Where a reverse proxy puts it.")
@click.option(
    "--trusted-proxies",
    default="",
    metavar="ADDRESSES",
    help="Proxies, by commas, whose X-Forwarded-… headers count.",
)
def serve(
    host: str, port: int, jobs: int, web_only: bool, base_path: str, trusted_proxies: str
) -> None:
    """Run the service until Ctrl-C: the dashboard, its API, and a dispatcher that takes jobs.

    Ctrl-C or SIGTERM queues running jobs again with every finished rung kept.
    """
    # All that the web process would refuse: a dispatcher beside it would take a job meanwhile.
    base_path, trusted_proxies = checked_base_path(base_path), checked_proxies(trusted_proxies)
    with existing_store() as store:
        refuse_open(host, bool(trusted_proxies), store is not None and store.tokens.any())
    _refuse_taken(host, port)
    home = Home.here()
    # By name, in processes of their own: the floors point down, so nas can't import dashboard.
    web = [sys.executable, "-m", "dashboard", "--host", host, "--port", str(port)]
    web += ["--base-path", base_path, "--trusted-proxies", trusted_proxies]
    say(f"dashboard of {home.where} at http://{_shown(host)}:{port}{base_path} (Ctrl-C stops it)")
    if web_only:
        os.execv(sys.executable, web)
    _make(home)
    from nas import logs
    from nas.service.supervisor import Supervisor

    logs.configure()

    dispatch = [sys.executable, "-m", "nas", "dispatch", "--jobs", str(jobs)]
    supervisor = Supervisor({"web": web, "dispatcher": dispatch})
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
    sys.exit(supervisor.run())


def _make(home: Home) -> None:
    """The store, before two processes come to make it."""
    from nas.store.store import Store

    Store(home.store_url).close()


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


def _shown(host: str) -> str:
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return anywhere.get(host, f"[{host}]" if ":" in host else host)
