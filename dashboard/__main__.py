"""Start the dashboard: ``python -m dashboard --host H --port P``; ``nas serve`` runs this."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import uvicorn

from dashboard.app import create_app
from dashboard.guard.base_path import checked_base_path
from nas.errors import NasError
from nas.home import Home


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status."""
    options = _parser().parse_args(arguments)
    try:
        base_path = checked_base_path(options.base_path)
        app = create_app(Home.here().store_url, listens_on=options.host, base_path=base_path)
    except NasError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,  # who follows a job would never go
        proxy_headers=bool(options.trusted_proxies),
        forwarded_allow_ips=options.trusted_proxies or None,
    )
    return 0


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
