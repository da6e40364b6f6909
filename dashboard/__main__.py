"""Start the dashboard: ``python -m dashboard --host H --port P``; ``nas serve`` runs this."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI

from dashboard.app import LOOPBACK, create_app
from dashboard.guard.base_path import checked_base_path
from dashboard.warm import warm
from nas import logs
from nas.errors import NasError, NotAllowed
from nas.home import Home


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status."""
    options = _parser().parse_args(arguments)
    logs.configure()
    try:
        app = _application(options)
    except NasError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    warm(app)
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        log_config=None,  # ours, with a line a request that holds no token
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,  # who follows a job would never go
        proxy_headers=bool(options.trusted_proxies),
        forwarded_allow_ips=options.trusted_proxies or None,
    )
    return 0


def _application(options: argparse.Namespace) -> FastAPI:
    """The application, unless others could use it without a token.

    Raises:
        NotAllowed: if they could.
    """
    base_path = checked_base_path(options.base_path)
    app = create_app(
        Home.here().store_url,
        listens_on=options.host,
        base_path=base_path,
        behind_proxy=bool(options.trusted_proxies),
    )
    if app.state.guard.exposed and not app.state.guard.keyring.required():
        reached = "through a proxy" if options.host in LOOPBACK else f"at {options.host}"
        raise NotAllowed(
            f"others could reach the service {reached}, and there is no token yet; "
            "make one first: nas token create NAME --role admin"
        )
    return app


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="0: any free port")
    parser.add_argument("--base-path", default="", help="path below which all lies, behind a proxy")
    parser.add_argument(
        "--trusted-proxies",
        default="",
        metavar="ADDRESSES",
        help="proxies, by commas, whose X-Forwarded-… headers count",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
