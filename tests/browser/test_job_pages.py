"""The pages of jobs, of the placement map and of trials over a real search, as people see them."""

import csv
import json
import re
import shutil
import time

import pytest
from playwright.sync_api import expect

from nas.analysis.effects import effects
from nas.analysis.front import front
from nas.analysis.verdict import verdict
from nas.home import Home
from nas.jobs.driver import drive_job
from nas.store.records import ReportRow
from nas.store.store import Store
from tests.conftest import RUNGS
from tests.nas.search.conftest import record
from workers.inline import InlinePool

SPACE = {
    "backbone": {"name": "cifar_resnet", "depth": [8, 14], "width": [4, 8, 16]},
    "attention": [
        {"types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None, "cbam": {"ratio": 4}}}
    ],
}

PAGES = {
    "jobs": "/",
    "no such job": "/?text=nowhere",
    "overview": "/jobs/searched",
    "placement map": "/jobs/searched/placements",
    "trials": "/jobs/searched/trials?sort=-accuracy",
    "a queued job": "/jobs/queued",
    "its placement map": "/jobs/queued/placements",
    "its trials": "/jobs/queued/trials",
    "a failed job": "/jobs/failed",
}
MAIN = ("jobs", "overview", "placement map", "trials")


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The file of a store with one job that our own driver searched, on workers of known truth."""
    folder = tmp_path_factory.mktemp("searched")
    opened = Store(f"sqlite:///{folder / 'store.db'}")
    wanted = {"name": "searched", "space": SPACE, "search.trials": 32, "finalists.seeds": 2}
    job = record(opened, **wanted)
    pool = InlinePool("workers.planted:planted")
    drive_job(opened, Home(folder), job, open_pool=lambda job, say: pool)
    opened.close()
    return folder / "store.db"


@pytest.fixture
def store(searched, tmp_path):
    """A copy for one test."""
    (tmp_path / ".nas").mkdir()
    shutil.copy(searched, tmp_path / ".nas" / "store.db")
    opened = Store(f"sqlite:///{tmp_path / '.nas' / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def others(store, add_job):
    """Beside it jobs in other states."""
    add_job(store, [], name="queued", state="queued", budget=20)
    add_job(store, name="failed", state="failed")


@pytest.mark.parametrize(
    ("screen", "pages"),
    [("wide light", PAGES), pytest.param("narrow dark", MAIN, marks=pytest.mark.slow)],
)
def test_pages_fit_the_screen_please_axe_and_complain_of_nothing(visit, others, screen, pages):
    site = visit(screen)
    found = {}
    for what in pages:
        site.open(PAGES[what])
        found[what] = (max(0, site.overflow()), site.violations())
    assert found == dict.fromkeys(pages, (0, []))


def drawn(page, chart, name):
    """What plotly drew of one trace: its values, and how many marks."""
    script = """([chart, name]) => {
        const index = document.getElementById(chart).data.findIndex((trace) => trace.name === name);
        const {x, y} = document.getElementById(chart).data[index];
        const group = document.querySelectorAll(`#${chart} .scatterlayer .trace`)[index];
        return {x, y, points: group.querySelectorAll(".point").length};
    }"""
    return page.evaluate(script, [chart, name])


def until(page, script, seconds=60):
    """Wait for a script to be true; the page's policy forbids what Playwright has for that."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(50)


def test_the_front_is_drawn_point_by_point_and_its_numbers_lead_to_trials(visit, store):
    page, job = visit().open("/jobs/searched"), store.jobs.get("searched")
    points = front(store, job).points
    shown = drawn(page, "front", "Pareto front (searched run)")
    assert shown["x"] == [point.forward_flops for point in points]
    assert shown["y"] == pytest.approx([100 * point.accuracy for point in points])
    assert shown["points"] == len(points)
    links = page.locator("#front-title").locator("xpath=ancestor::section").locator("tbody a")
    assert links.all_inner_texts() == [str(point.trial) for point in points]
    assert page.locator(".verdict").inner_text() == verdict(store, job).sentence
    links.first.click()
    page.wait_for_url(f"**/jobs/searched/trials/{points[0].trial}")


def test_a_click_on_a_point_opens_its_trial(visit, store):
    page = visit().open("/jobs/searched")
    marks = page.locator("#front .scatterlayer .trace").last.locator(".point")
    box = marks.last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#front .hovertext")).to_have_text(re.compile("^trial "))
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/jobs/searched/trials/*")


def test_the_placement_map_has_a_cell_for_each_effect_and_colours_what_is_there(visit, store):
    page = visit().open("/jobs/searched/placements")
    found = effects(store, store.jobs.get("searched")).effects
    glyphs = page.locator(".map .glyph")
    assert glyphs.count() == len(found)
    assert all(glyph.bounding_box()["width"] > 50 for glyph in glyphs.all())
    (planted,) = [e for e in found if (e.stage, e.type) == ("stage3", "cbam")]
    assert planted.separable
    cell = page.locator(".map td[class*=plus-]").first
    assert f"+{100 * planted.accuracy.mean:.1f}" in cell.inner_text()
    quiet = page.locator(".map td.quiet").first
    colours = [one.evaluate("e => getComputedStyle(e).backgroundColor") for one in (cell, quiet)]
    assert colours[0] != colours[1]


def test_what_a_chart_shows_can_be_downloaded(visit, store):
    page = visit().open("/jobs/searched")
    text = {}
    for kind in ("csv", "json", "svg"):
        with page.expect_download() as waiting:
            page.locator(f"[data-name=searched-front] [data-save={kind}]").click()
        assert waiting.value.suggested_filename == f"searched-front.{kind}"
        text[kind] = waiting.value.path().read_text()
    points = front(store, store.jobs.get("searched")).points
    rows = csv.DictReader(text["csv"].splitlines())
    assert [row["Trial"] for row in rows] == [str(point.trial) for point in points]
    assert [row[0] for row in json.loads(text["json"])["table"]["rows"]] == [
        point.trial for point in points
    ]
    assert text["svg"].startswith("<svg")


def test_filters_and_order_of_trials_are_in_the_address(visit, store):
    page = visit().open("/jobs/searched/trials")
    page.locator("select[name=state]").select_option("done")
    page.locator("select[name=type]").select_option("cbam")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**state=done**")
    page.get_by_role("link", name="Accuracy (%)").click()
    page.wait_for_url("**sort=-accuracy**")
    assert "type=cbam" in page.url
    shown = [float(text) for text in page.locator("td[data-label=Accuracy]").all_inner_texts()]
    assert len(shown) > 1
    assert shown == sorted(shown, reverse=True)


def test_curves_and_parallel_lines_are_drawn(visit, store):
    site = visit()
    page = site.open("/jobs/searched/trials")
    assert site.marks("rungs") > 24
    lines = page.locator("#parallel .scatterlayer .trace").last.locator(".js-line")
    assert lines.count() == len(front(store, store.jobs.get("searched")).points)


def test_the_theme_is_chosen_and_kept_and_charts_follow(visit, store):
    page = visit("wide light").open("/jobs/searched")
    text = "document.querySelector('#front .xtick text').style.fill"
    light = page.evaluate(text)
    button = page.get_by_role("button", name="Theme")
    button.click()
    button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    until(page, f"{text} !== {light!r}")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_a_new_point_appears_by_itself_and_nothing_shifts(visit, store, add_job):
    trials = [{"flops": 10**6 * n, "accuracy": 0.8 + n / 100} for n in (1, 2, 3)]
    job = add_job(store, [*trials, {"flops": 10**6, "state": "running"}], state="running")
    page = visit().open("/jobs/synthetic")
    page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({type: "layout-shift"}); }"""
    )
    trial = store.trials.get(job.id, 3)
    row = ReportRow(trial.id, RUNGS[-1], 0.95, 0.1, (), (), 1.0, 0.1, "", "", "w", "cpu", 0)
    assert store.trials.report(trial, row, "done")
    begin = time.monotonic()
    until(page, "document.getElementById('front').data.at(-1).y.includes(95)")
    assert time.monotonic() - begin < 10  # below one second on an idle machine
    expect(page.locator(".facts")).to_contain_text("95.00 %")
    # Drawn at once as what was just reported; then the front itself has it.
    names = "document.getElementById('front').data.map((trace) => trace.name)"
    until(page, f"!{names}.includes('just reported')")
    assert 95 in drawn(page, "front", "Pareto front (searched run)")["y"]
    assert page.evaluate("window.shift") < 0.01


def test_what_nobody_sees_is_drawn_anew_when_it_is_scrolled_to(visit, store, add_job):
    running = {"flops": 10**6, "state": "running"}
    add_job(store, [{"flops": 10**6, "accuracy": 0.8}, running], state="running")
    page = visit().open("/jobs/synthetic")
    page.set_viewport_size({"width": 1280, "height": 400})
    page.evaluate("document.getElementById('front').scrollIntoView()")
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    trial = store.trials.list(store.jobs.get("synthetic").id)[-1]
    row = ReportRow(trial.id, RUNGS[-1], 0.95, 0.1, (), (), 1.0, 0.1, "", "", "w", "cpu", 0)
    assert store.trials.report(trial, row, "done")
    whole = "({name, y}) => name !== 'just reported' && y.includes(95)"
    until(page, f"document.getElementById('front').data.some({whole})")
    assert "front" in asked
    assert "volume" not in asked
    with page.expect_request("**/charts/volume"):
        page.locator("#volume").scroll_into_view_if_needed()


def test_a_page_says_when_it_is_not_up_to_date_any_more(visit, store, add_job):
    add_job(store, [], name="waiting", state="queued")
    site = visit()
    page = site.open("/")
    before = page.locator("[data-job=waiting]").bounding_box()
    page.route("**/api/v1/jobs**", lambda route: route.abort())
    page.get_by_text("Not up to date since").wait_for(timeout=60_000)
    assert page.locator("[data-job=waiting]").bounding_box() == before
    page.unroute("**/api/v1/jobs**")
    page.get_by_text("Not up to date since").wait_for(state="hidden", timeout=60_000)
    site.complaints.clear()  # the browser's own words on what was cut off
