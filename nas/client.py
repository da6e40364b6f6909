"""The service over HTTP: what ``NAS_SERVER`` makes the command line speak to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from nas import errors
from nas.errors import NasError, NotAllowed, NotFound, ServiceUnreachable, UsageProblem

#: Seconds between two looks at a task.
_TASK_SECONDS = 0.5

#: Tries to follow events again after the connection broke, and seconds in between.
_TRIES, _AGAIN_SECONDS = 30, 2.0


class RemoteError(NasError):
    """What the service refused, in its own words."""

    def __init__(self, body: Mapping[str, Any], status: int) -> None:
        super().__init__(str(body.get("message") or f"the service answered {status}"))
        self._kind = str(body.get("kind") or "unexpected")
        self._problems = list(body.get("problems") or ())
        self.exit_code = errors.exit_of(self._kind)
        self.http_status = status

    @property
    def kind(self) -> str:
        """As the service named it."""
        return self._kind

    def details(self) -> list[dict[str, object]]:
        """The single problems that the service told."""
        return self._problems


class Client:
    """One service.

    Args:
        address: ``https://host[:port][/base]``.
        token: of ``nas token create``; empty where the service asks for none.
        transport: of the requests; None: the network.
    """

    def __init__(
        self, address: str, token: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        self.address = _checked(address)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=f"{self.address}/api/v1/",
            headers=headers,
            timeout=httpx.Timeout(60.0, connect=10.0),
            transport=transport,
        )

    @classmethod
    def here(cls, environ: Mapping[str, str] | None = None) -> Client | None:
        """From ``NAS_SERVER`` and ``NAS_TOKEN``; None where no server is named."""
        env = os.environ if environ is None else environ
        address = env.get("NAS_SERVER", "").strip()
        return cls(address, env.get("NAS_TOKEN", "").strip()) if address else None

    @staticmethod
    def job_path(name: str, *below: str) -> str:
        """Where a job lies, or something of it: a name can't lead anywhere else.

        Raises:
            NotFound: for what a path can't hold; no job is called that.
        """
        if name in ("", ".", "..") or "/" in name:
            raise NotFound("job", name)
        return "/".join(("jobs", quote(name, safe=""), *below))

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path.

        Raises:
            NasError: for what the service refuses, or if it doesn't answer.
        """
        return self._json("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """Ask for something; see ``get``."""
        return self._json("POST", path, json=dict(body or {}), params=query)

    def delete(self, path: str) -> Any:
        """Remove something; see ``get``."""
        return self._json("DELETE", path)

    def finished(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for a task of the service's and give its result.

        Raises:
            RemoteError: with what went wrong there.
        """
        while task["state"] in ("queued", "running"):
            time.sleep(_TASK_SECONDS)
            task = self.get(f"tasks/{task['id']}")
        if task["state"] == "failed":
            error = task["error"] or {}
            raise RemoteError(error, error.get("status", 500))
        return dict(task["result"] or {})

    def download(self, path: str, to: Path) -> None:
        """Write what lies at a path into a file."""
        try:
            with self._http.stream("GET", path) as answer:
                self._refuse(answer)
                with to.open("wb") as file:
                    for part in answer.iter_bytes():
                        file.write(part)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    def events(self, job: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """A job's events after one of them, until the job is over; a broken connection is mended.

        Yields:
            the events as the API gives them; they end with the job.
        """
        failed = 0
        while True:
            try:
                for event in self._stream(self.job_path(job, "events"), after):
                    if event is None:
                        return
                    after, failed = event["id"], 0
                    yield event
            except httpx.HTTPError as error:
                failed += 1
                if failed > _TRIES:
                    raise self._unreachable(error) from None
            time.sleep(_AGAIN_SECONDS)

    def listed_events(self, job: str, after: int) -> list[dict[str, Any]]:
        """The next events that are there already."""
        headers = {"Accept": "application/json"}
        found: list[dict[str, Any]] = self._json(
            "GET", self.job_path(job, "events"), params={"after": after}, headers=headers
        )
        return found

    def _stream(self, path: str, after: int) -> Iterator[dict[str, Any] | None]:
        """Events, and None at the end of the job."""
        headers = {"Accept": "text/event-stream"}
        query = {"after": after}
        kind, data = "", ""
        with self._http.stream("GET", path, params=query, headers=headers) as answer:
            self._refuse(answer)
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    data += value
                elif not line and (kind or data):
                    if kind == "end":
                        yield None
                        return
                    yield json.loads(data)
                    kind, data = "", ""

    def _json(self, method: str, path: str, **named: Any) -> Any:
        try:
            answer = self._http.request(method, path, **named)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        self._refuse(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise self._another() from None

    def _refuse(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        answer.read()
        try:
            body = dict(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            body = {}
        if answer.status_code == 401:
            told = body.get("message") or "it asks for a token"
            raise NotAllowed(f"{told}; set NAS_TOKEN to one of 'nas token create'")
        if not body and answer.status_code < 500:
            raise self._another(f" (status {answer.status_code})")
        raise RemoteError(body, answer.status_code)

    def _another(self, how: str = "") -> ServiceUnreachable:
        return ServiceUnreachable(
            f"{self.address} answers{how}, but not as this service does; NAS_SERVER is its address "
            "with its base path, if it has one, such as https://nas.example/nas"
        )

    def _unreachable(self, error: Exception) -> ServiceUnreachable:
        told = str(error) or type(error).__name__
        return ServiceUnreachable(f"the service at {self.address} doesn't answer: {told}")


def _checked(address: str) -> str:
    """The address without a slash at its end; ``http`` where it names no scheme."""
    try:
        url = httpx.URL(address if "://" in address else f"http://{address}")
        port = url.port or 80
    except httpx.InvalidURL:
        url, port = httpx.URL(), 0
    if url.scheme not in ("http", "https") or not url.host or not 0 < port < 65_536:
        raise UsageProblem(f"NAS_SERVER={address} is no address such as https://nas.example")
    return str(url).rstrip("/")
