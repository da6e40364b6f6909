"""Charts as they go over the line: written and packed once for all who look at them."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass

from fastapi import Request, Response

from dashboard.charts.payload import Json

#: Of 1 to 9, as all other answers.
_LEVEL = 5


@dataclass(frozen=True)
class Written:
    """A chart.

    Attributes:
        chart: what its address answers.
        text: the same as JSON; ``packed`` by gzip.
        tag: by which a browser that holds it is told so, in place of all of it.
    """

    chart: Json
    text: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, chart: Json) -> Written:
        """Write it."""
        text = json.dumps(chart, allow_nan=False, separators=(",", ":")).encode()
        tag = f'"{hashlib.sha256(text).hexdigest()[:16]}"'
        return cls(chart, text, gzip.compress(text, _LEVEL, mtime=0), tag)

    def answer(self, request: Request) -> Response:
        """All of it, or that the browser's is still right."""
        headers = {"ETag": self.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") in (self.tag, f"W/{self.tag}"):
            return Response(status_code=304, headers=headers)
        packs = "gzip" in request.headers.get("accept-encoding", "")
        if packs:
            headers["Content-Encoding"] = "gzip"
        content = self.packed if packs else self.text
        return Response(content, media_type="application/json", headers=headers)
