"""A real browser on a real server; whatever the page complains of fails the test."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn

from dashboard.app import create_app

playwright = pytest.importorskip("playwright.sync_api")

#: Milliseconds for which a page may let itself be waited for on a busy machine.
PATIENCE = 60_000
playwright.expect.set_options(timeout=PATIENCE)

#: Name -> width and height in CSS pixels, and the system's theme.
SCREENS = {
    "wide light": (1280, 900, "light"),
    "wide dark": (1280, 900, "dark"),
    "narrow light": (390, 844, "light"),
    "narrow dark": (390, 844, "dark"),
}

#: What may please axe on one screen and not on another.
OF_SCREENS = ("color-contrast", "scrollable-region-focusable", "target-size")


@dataclass
class Site:
    """A page on a server.

    Attributes:
        complaints: errors and warnings of the console, refused content, failed requests.
    """

    base: str
    page: playwright.Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> playwright.Page:
        """Go to a page and scroll through it, so that every chart is drawn."""
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("networkidle")
        self.page.locator("[data-again]").wait_for(state="detached")
        for card in self.page.locator("[data-chart]").all():
            card.scroll_into_view_if_needed()
        loading = self.page.locator("[data-chart] > .loading")
        playwright.expect(loading).to_have_count(0)
        self.page.evaluate("scrollTo(0, 0)")
        return self.page

    def marks(self, chart: str) -> int:
        """How many points and bars a chart has drawn."""
        return self.page.locator(f"#{chart} .point").count()

    def overflow(self) -> int:
        """Pixels by which the page is wider than the screen."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        found: int = self.page.evaluate(wide)
        return found

    def show_as(self, screen: str) -> None:
        """The page that is open, on another screen and in another theme."""
        width, height, theme = SCREENS[screen]
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=theme)
        self.page.wait_for_timeout(400)  # charts follow

    def violations(self, *rules: str) -> list[str]:
        """What axe finds, by rule, with the elements; of all its rules unless some are named."""
        from axe_playwright_python.sync_playwright import Axe

        options = {"runOnly": list(rules)} if rules else {}
        found = Axe().run(self.page, options=options).response["violations"]
        return [f"{v['id']}: {[node['target'] for node in v['nodes']][:4]}" for v in found]


# For a module, not the session: as long as Playwright runs, no other test can start an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    """Debian's browser, or playwright's own; where there is none, tests skip, but never in CI."""
    path = shutil.which("chromium")
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no browser here: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def server(store, tmp_path, monkeypatch) -> Iterator[str]:
    """The dashboard over the test's store, on a port of its own; gives its address."""
    monkeypatch.setenv("NAS_HOME", str(tmp_path / ".nas"))
    url = store.engine.url.render_as_string(hide_password=False)
    # Streams of events never end by themselves.
    options = {"port": 0, "log_level": "warning", "timeout_graceful_shutdown": 1}
    running = uvicorn.Server(uvicorn.Config(create_app(url), **options))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 120
    while not running.started and time.monotonic() < deadline:
        time.sleep(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(60)


@pytest.fixture
def visit(chromium, server) -> Iterator[Callable[[str], Site]]:
    """``visit("narrow dark")`` gives a page of that screen; its complaints fail the test."""
    opened: list[tuple[playwright.BrowserContext, Site]] = []

    def open_(screen: str = "wide light", zone: str | None = None) -> Site:
        width, height, theme = SCREENS[screen]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, timezone_id=zone
        )
        context.set_default_timeout(PATIENCE)
        site = Site(server, context.new_page())
        page = site.page
        page.on(
            "console",
            lambda m: site.complaints.append(m.text) if m.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: site.complaints.append(str(error)))
        opened.append((context, site))
        return site

    yield open_
    complaints = [complaint for _, site in opened for complaint in site.complaints]
    for context, _ in opened:
        context.close()
    assert complaints == []
