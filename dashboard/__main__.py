"""Start the dashboard: ``python -m dashboard --host H --port P``; ``nas serve`` runs this."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import uvicorn

from dashboard.app import create_app
from nas.home import Home


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m dashboard")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="0: any free port")
    options = parser.parse_args(arguments)
    app = create_app(Home.here().store_url, listens_on=options.host)
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
