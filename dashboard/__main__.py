"""Start the dashboard: ``python -m dashboard --host H --port P``; ``nas serve`` runs this."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI

from dashboard.app import create_app
from dashboard.warm import warm
from nas import logs
from nas.errors import NasError
from nas.home import Home
from nas.service.listening import checked_base_path, checked_proxies, refuse_open


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status."""
    options = _parser().parse_args(arguments)
    logs.configure()
    try:
        options.trusted_proxies = checked_proxies(options.trusted_proxies)
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
    app = create_app(
        Home.here().store_url,
        listens_on=options.host,
        base_path=checked_base_path(options.base_path),
        behind_proxy=bool(options.trusted_proxies),
    )
    has_token = app.state.guard.exposed and app.state.guard.keyring.required()
    refuse_open(options.host, bool(options.trusted_proxies), has_token)
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
