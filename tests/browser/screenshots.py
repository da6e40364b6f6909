"""Every page of the dashboard over a finished job, in both themes and both widths, as PNG files.

``make screenshots`` runs this over the demo's results; ``NAS_HOME`` names another folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright

from dashboard.app import create_app
from dashboard.reader import Reader
from nas.home import Home
from tests.browser.conftest import SCREENS


def pages(job: str, best: int) -> dict[str, str]:
    """Name -> address."""
    return {
        "jobs": "/",
        "overview": f"/jobs/{job}",
        "placements": f"/jobs/{job}/placements",
        "trials": f"/jobs/{job}/trials?sort=-accuracy&size=10",
        "trial": f"/jobs/{job}/trials/{best}",
        "compare": f"/compare?trial={job}:0&trial={job}:{best}",
        "cluster": "/cluster",
        "submit": "/submit",
        "sign-in": "/sign-in",
        "nothing-found": "/?text=no-such-job",
        "not-found": "/jobs/no-such-job",
    }


@contextmanager
def serving(url: str) -> Iterator[str]:
    """The dashboard over a store, on a free port."""
    options = {"port": 0, "log_level": "warning", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(create_app(url), **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def take(page: Page, address: str, file: Path) -> None:
    """Draw all charts of a page, then keep it from top to bottom."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator("[data-again]").wait_for(state="detached")
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        chart.locator("> .loading").wait_for(state="detached")
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=file, full_page=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path(".screenshots"), help="folder")
    parser.add_argument("--job", help="its name; by default the newest finished one")
    given = parser.parse_args()
    url = Home.here().store_url
    done = [j for j in Reader(url).jobs() if j["best"] and given.job in (None, j["name"])]
    if not done:
        sys.exit(f"no finished job in {url}; make demo makes one")
    job = next((job for job in done if job["state"] == "done"), done[0])
    given.to.mkdir(parents=True, exist_ok=True)
    with serving(url) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for screen, (width, height, theme) in SCREENS.items():
            viewport = {"width": width, "height": height}
            page = browser.new_page(viewport=viewport, color_scheme=theme)
            for name, path in pages(job["name"], job["best"]["trial"]).items():
                file = given.to / f"{name}-{screen.replace(' ', '-')}.png"
                take(page, base + path, file)
                print(file)
        browser.close()


if __name__ == "__main__":
    main()
