"""What processes of the service log: one line of JSON an event, or lines for people.

``NAS_LOG=json`` or ``text`` says which; by default text on a terminal and JSON elsewhere.
``extra={"job": …, "trial": …}`` of a call become keys of the line.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

#: The request that a web process is answering.
REQUEST: ContextVar[str] = ContextVar("nas_request", default="")

#: A token of the service, wherever it stands; its number may be told.
_TOKEN = re.compile(r"\bnas_(\d+)_[\w-]{8,}")

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


def configure(level: int = logging.INFO) -> None:
    """Log to stderr in the form that is asked for."""
    form = os.environ.get("NAS_LOG") or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler()
    handler.setFormatter(TextLines() if form == "text" else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def without_tokens(text: str) -> str:
    """The text with the secret of every token blotted out."""
    return _TOKEN.sub(r"nas_\1_***", text)


class JsonLines(logging.Formatter):
    """``{"time", "level", "logger", "message", …}``; an error has its traceback in ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        when = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extras(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return without_tokens(json.dumps(line, default=str, ensure_ascii=False))


class TextLines(logging.Formatter):
    """Time, level, message, and what it is about."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback of an error below it."""
        about = " ".join(f"{key}={value}" for key, value in extras(record).items())
        first, newline, rest = super().format(record).partition("\n")
        return without_tokens(f"{first} {about}".rstrip() + newline + rest)


def extras(record: logging.LogRecord) -> dict[str, object]:
    """What the caller said that it is about, and the request that is being answered."""
    # Others mark records too, such as Ray: with a line below in front.
    given = vars(record).items()
    found = {k: v for k, v in given if k not in _KNOWN and not k.startswith("_")}
    request = REQUEST.get()
    return {"request": request, **found} if request else found
