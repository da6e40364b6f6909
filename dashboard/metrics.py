"""Numbers for Prometheus: of the requests of this process, and of the store at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dashboard.dispatchers import Alive
from nas.errors import StoreUnreachable
from nas.store.census import census
from nas.store.schema import JOB_STATES, TRIAL_STATES
from nas.store.store import Store

#: What ``/metrics`` answers with.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One registry for one application.

    Args:
        store: gives the store, or None where nothing was recorded yet.
        followers: gives the connections that follow a job.
        alive: watches dispatchers and leases.
    """

    def __init__(
        self, store: Callable[[], Store | None], followers: Callable[[], int], alive: Alive
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "nas_http_requests", "Requests.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "nas_http_request_seconds",
            "Seconds until an answer was sent; streams are not counted.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        gauge = Gauge("nas_event_followers", "Who follows a job.", registry=self._registry)
        gauge.set_function(followers)
        self._registry.register(_OfStore(store, alive))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request.

        Args:
            method: of HTTP.
            route: its pattern, not its path, of which there are too many.
            status: of the answer; 0: none was sent.
            seconds: that it took.
        """
        self._requests.labels(method, route, str(status)).inc()
        if not route.endswith("/events"):
            self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All numbers as they are."""
        return generate_latest(self._registry)


class _OfStore(Collector):
    """What the store says; nothing while it doesn't answer."""

    def __init__(self, store: Callable[[], Store | None], alive: Alive) -> None:
        self._store, self._alive = store, alive

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand."""
        return ()  # so that registering asks nothing

    def collect(self) -> Iterable[Metric]:
        """Ask the store."""
        try:
            store = self._store()
            if store is None:
                return [_plain("nas_store_up", "Whether the store answers.", 1)]
            return [_plain("nas_store_up", "Whether the store answers.", 1), *self._of(store)]
        except StoreUnreachable:
            return [_plain("nas_store_up", "Whether the store answers.", 0)]

    def _of(self, store: Store) -> list[Metric]:
        found, (held, stale) = census(store.engine), self._alive.leases(store)
        jobs = dict.fromkeys(JOB_STATES, 0) | found.jobs
        trials = dict.fromkeys(TRIAL_STATES, 0) | found.trials
        return [
            _by("nas_jobs", "Jobs by state.", "state", jobs),
            _by("nas_trials", "Trials by state, of all jobs.", "state", trials),
            _plain("nas_queue_depth", "Jobs that wait.", jobs["queued"]),
            _plain(
                "nas_queue_oldest_seconds",
                "Age of the oldest job that waits.",
                found.oldest_queued_seconds,
            ),
            _by(
                "nas_worker_seconds",
                "Seconds that workers were held, by the job's owner.",
                "owner",
                found.worker_seconds,
            ),
            _plain(
                "nas_dispatchers",
                "Dispatchers that show signs of life.",
                sum(lives for _, lives in self._alive.dispatchers(store)),
            ),
            _plain("nas_leases", "Jobs that are driven.", len(held) - len(stale)),
            _plain("nas_leases_stale", "Jobs whose driver shows no sign of life.", len(stale)),
            _plain("nas_tasks_open", "Tasks that wait or are done.", _open_tasks(store)),
        ]


def _open_tasks(store: Store) -> int:
    return len(store.tasks.list("queued")) + len(store.tasks.list("running"))


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _by(name: str, text: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
