"""What the first visitor would otherwise wait for: made when the web process starts."""

from __future__ import annotations

import logging
from threading import Thread

from fastapi import FastAPI

from dashboard import rendering
from dashboard.reader import Reader

#: Jobs whose numbers are read: those of the first page.
_JOBS = 20

_LOG = logging.getLogger(__name__)


def warm(app: FastAPI) -> None:
    """Make routes and templates now, and read the newest jobs on a thread beside.

    FastAPI makes its routes when the first request looks for one, which takes half a second.

    Args:
        app: about to be served.
    """
    scope = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(dict(scope))
    rendering.load_templates()
    Thread(target=_read, args=(app.state.reader,), name="warm", daemon=True).start()


def _read(reader: Reader) -> None:
    """Connect, have queries compiled, keep the summaries of the newest jobs."""
    try:
        reader.jobs_page((), None, "", 0, _JOBS)
    except Exception as error:  # whoever asks for it is told
        _LOG.info("the store can't be read yet: %s", error)
