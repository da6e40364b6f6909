"""What one sees of a job in a real browser: how soon it is there, and how soon it moves."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from nas.analysis.front import leaders
from nas.store.records import Job, NewTrial, ReportRow
from nas.store.store import Store
from search_spaces.architecture import Architecture, Choice, Placement

#: Noted in the page: when the front's first marks and each accuracy were drawn.
_WATCH = """
window.seen = {first: null, drawn: {}};
new MutationObserver((changes, self) => {
  const front = document.getElementById("front");
  if (!front || !front.querySelector(".point")) return;
  self.disconnect();
  window.seen.first = performance.now();
  const note = () => {
    for (const trace of front.data) for (const y of trace.y) window.seen.drawn[y] ??= Date.now();
  };
  note();
  front.on("plotly_afterplot", note);
}).observe(document, {childList: true, subtree: true});
"""

_TIMES = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  return {interactive: page.domContentLoadedEventEnd, front: window.seen.first};
}"""


@dataclass(frozen=True)
class Opened:
    """A page in a browser that had nothing of it: milliseconds, and bytes over the line.

    Attributes:
        interactive: until its text, numbers, links and buttons are there and answer.
        front: until the front's marks are drawn.
        bytes: of all answers; ``own_bytes`` without plotly.js, which a browser keeps.
    """

    interactive: float
    front: float
    bytes: int
    own_bytes: int


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser, or Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def opened(browser: Browser, address: str) -> Opened:
    """Open a page as somebody who was never here."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    line = _Line(context.new_cdp_session(page))
    _go(page, address)
    times = page.evaluate(_TIMES)
    page.wait_for_timeout(500)
    found = Opened(times["interactive"], times["front"], line.bytes, line.own_bytes)
    context.close()
    return found


@dataclass(frozen=True)
class Update:
    """One new point of the front.

    Attributes:
        latency: milliseconds from before its report is written until its mark is drawn.
        work: milliseconds of the page's main thread, for the mark and for the refresh after it.
        bytes: over the line.
    """

    latency: float
    work: float
    bytes: int


def updates(browser: Browser, address: str, store: Store, job: Job, count: int) -> list[Update]:
    """Report new points of the front at moments that nobody expects, and watch them appear."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    line = _Line(session)
    # Time on a core, so that other programs on the machine change nothing.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    _go(page, address)
    page.wait_for_timeout(8000)  # what is opened settles
    draw = random.Random(0)
    number = max(trial.number for trial in store.trials.results(job.id)) + 1
    front = leaders(store, [job])[job.id]
    cheap = min(trial.forward_flops for trial in front)
    found = []
    for step in range(count + 1):
        accuracy = 0.001 * (900 + step) + 1e-5
        work, sent, began = _work(session), line.bytes, time.time()
        _report(store, job, number + step, accuracy, cheap - 1 - step)
        drawn = _await(page, 100 * accuracy)
        page.wait_for_timeout(draw.uniform(500, 1500))
        if step:  # the first brings what is loaded once
            took = 1000 * (_work(session) - work)
            found.append(Update(drawn - 1000 * began, took, line.bytes - sent))
    context.close()
    return found


def _go(page: Page, address: str) -> None:
    page.add_init_script(_WATCH)
    page.goto(address)
    deadline = time.monotonic() + 60
    while page.evaluate("window.seen.first") is None:
        assert time.monotonic() < deadline, "no front was drawn"
        page.wait_for_timeout(20)


def _await(page: Page, y: float) -> float:
    """The moment, in milliseconds since 1970, at which this accuracy was drawn."""
    deadline = time.monotonic() + 30
    script = "y => Object.entries(window.seen.drawn).find(([v]) => Math.abs(v - y) < 1e-6)?.[1]"
    while (moment := page.evaluate(script, y)) is None:
        assert time.monotonic() < deadline, f"{y} was not drawn"
        page.wait_for_timeout(100)
    return float(moment)


def _work(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")


class _Line:
    """Counts what a page receives, as it comes: compressed."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = self.own_bytes = 0
        self._plotly: set[str] = set()
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.dataReceived", self._came)
        session.send("Network.enable")

    def _asked(self, event: dict[str, object]) -> None:
        if "plotly.min.js" in str(event["request"]):
            self._plotly.add(str(event["requestId"]))

    def _came(self, event: dict[str, object]) -> None:
        size = int(str(event["encodedDataLength"]))
        self.bytes += size
        self.own_bytes += 0 if event["requestId"] in self._plotly else size


def _report(store: Store, job: Job, number: int, accuracy: float, flops: int) -> None:
    """A trial that is better and cheaper than all before."""
    like = store.trials.get(job.id, 0)
    built = Architecture.from_json(like.architecture)
    attention = {Placement("stage1", "pre_add"): Choice.of("se", {"ratio": 4})}
    text = Architecture.of(built.backbone, attention).to_json()
    new = NewTrial("search", f"{number:064x}", text, {}, 0, like.parameters, flops)
    trial = store.trials.add(job.id, number, new)
    last = job.details["rungs"][-1]
    curve = (0.5,) * last
    row = ReportRow(
        trial.id, last, accuracy, 0.1, curve, curve, 1.0, 0.1, "", "", "w", "cpu", trial.created_ms
    )
    store.trials.report(trial, row, "done")
