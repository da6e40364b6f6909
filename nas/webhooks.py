"""Telling others over HTTP that a job is over."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from nas.errors import NotAllowed, ServiceUnreachable
from nas.home import Home
from nas.settings import Settings

#: Seconds before each further try.
WAITS = (2.0, 10.0, 60.0)

_SECONDS = 10.0


def tell(home: Home, address: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Post JSON to an address; redirections are not followed.

    Args:
        home: of the settings, whose ``webhook_hosts`` say who may be told.
        address: of the job file.
        body: what is told.

    Returns:
        ``status`` of the answer and ``tries``.

    Raises:
        NotAllowed: if the settings don't name the host.
        ServiceUnreachable: if no try gave an answer below 300.
    """
    host, allowed = urlsplit(address).hostname, Settings.here(home).webhook_hosts
    if host not in allowed:
        listed = ", ".join(allowed) or "none"
        raise NotAllowed(f"webhook to {host}: the settings allow {listed} (webhook_hosts)")
    told = ""
    for number, wait in enumerate((*WAITS, 0.0), start=1):
        try:
            answer = httpx.post(address, json=dict(body), timeout=_SECONDS)
        except httpx.HTTPError as error:
            told = str(error) or type(error).__name__
        else:
            if answer.is_success:
                return {"status": answer.status_code, "tries": number}
            told = f"status {answer.status_code}"
        time.sleep(wait)
    raise ServiceUnreachable(f"webhook to {host}: {told}")
