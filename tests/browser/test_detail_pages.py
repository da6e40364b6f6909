"""The pages of a trial, of comparisons and of the cluster, as people see them."""

import itertools
import re
import zipfile

import pytest
from playwright.sync_api import expect

from nas.drawing.measured import subject_of
from nas.holding.holder import myself
from nas.store.rows import now_ms
from nas.store.schema import charges, drawings, leases
from search_spaces.architecture import Architecture, TaskShape
from tests.browser.conftest import OF_SCREENS

PAGES = {
    "a finished trial": "/jobs/one/trials/4",
    "a failed trial": "/jobs/one/trials/6",
    "two jobs": "/compare?job=one&job=two",
    "jobs that differ": "/compare?job=one&job=other",
    "architectures": "/compare?trial=one:4&trial=two:1",
    "nothing chosen": "/compare",
    "the cluster": "/cluster",
}
REPEATS = [(1, 0.93, 0.92), (2, 0.95, 0.94), (3, 0.94, 0.93)]


@pytest.fixture
def jobs(store, add_job):
    """A finished job with drawings and repeats, another to compare, a third on other images."""
    from tests.conftest import sample_trials

    trials = [*sample_trials()]
    trials[4] = {**trials[4], "repeats": REPEATS}
    recipe = {"recipe": {"epochs": 12, "batch_size": 64, "learning_rate": 0.1}}
    one = add_job(store, trials, name="one", details=recipe)
    two = add_job(store, trials[1:], name="two", details=recipe)
    images = {"name": "mnist", "hash": "f" * 16, "train": 1, "validation": 1, "test": 1}
    add_job(store, trials[:3], name="other", details={**recipe, "data": images})
    trial = store.trials.get(one.id, 4)
    shape = TaskShape(**one.details["shape"])
    subject = subject_of(Architecture.from_json(trial.architecture), shape).to_dict()
    with store.engine.begin() as connection:
        connection.execute(drawings.insert(), {"trial_id": trial.id, "subject": subject})
    _spend(store, one, now_ms() - 900_000)
    _spend(store, two, now_ms() - 400_000)
    return one, two


def _spend(store, job, start):
    outcomes = ["ok", "ok", "failed", "lost", "ok", "stopped", "ok"]
    with store.engine.begin() as connection:
        for place, outcome in enumerate(outcomes):
            row = {
                "job_id": job.id,
                "number": min(place, 3) if outcome == "ok" else 3,
                "work": "train",
                "outcome": outcome,
                "started_ms": start + 40_000 * place,
                "seconds": 30.0,
                "cpus": 1,
                "gpus": 0,
                "epochs": 3,
                "worker": "" if outcome == "lost" else f"host:{place % 2}",
            }
            connection.execute(charges.insert(), row)


def test_pages_fit_the_screen_please_axe_and_have_nothing_to_complain_of(visit, jobs):
    site = visit("wide light")
    found = {}
    for what, path in PAGES.items():
        site.show_as("wide light")
        site.open(path)
        found[what] = [(max(0, site.overflow()), site.violations())]
        site.show_as("narrow dark")
        found[what].append((max(0, site.overflow()), site.violations(*OF_SCREENS)))
    assert found == {what: [(0, []), (0, [])] for what in PAGES}


def test_a_trial_is_drawn_with_its_costs_and_curves(visit, store, jobs):
    site = visit()
    page = site.open(PAGES["a finished trial"])
    drawing = page.locator(".drawing svg")
    assert drawing.get_by_text("se", exact=True).count() == 1
    assert drawing.get_by_text("stage3", exact=True).is_visible()
    hidden = "box => box.scrollWidth - box.clientWidth"
    assert page.locator(".drawing").evaluate(hidden) == 0
    # Training is a line; validation has a mark at each of three rungs, and three repeats have one.
    assert site.marks("accuracy") == 6
    assert site.marks("loss") == 3
    page.locator("#accuracy").locator("xpath=..").get_by_text("The numbers").click()
    cells = page.get_by_role("region", name="Numbers of: Learning curve: accuracy")
    expect(cells.locator("tbody tr")).to_have_count(9)
    assert "96.00" in cells.locator("tbody tr").last.inner_text()  # two decimals, as all above
    assert page.get_by_text("94.00 % on average").is_visible()


def test_the_drawing_takes_the_colours_of_the_theme(visit, jobs):
    colours = {}
    for screen in ("wide light", "wide dark"):
        page = visit(screen).open(PAGES["a finished trial"])
        title = page.locator(".drawing svg text").first
        colours[screen] = title.evaluate("e => getComputedStyle(e).fill")
        body = page.locator("body").evaluate("e => getComputedStyle(e).color")
        assert colours[screen] == body
    assert len(set(colours.values())) == 2


def test_the_drawing_is_reached_and_scrolled_by_keyboard(visit, jobs):
    page = visit("narrow light").open(PAGES["a finished trial"])
    drawing = page.locator(".drawing")
    drawing.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert drawing.evaluate("e => e.scrollLeft") > 0
    assert drawing.evaluate("e => document.activeElement === e")


def test_two_jobs_are_chosen_in_the_form_and_drawn_over_each_other(visit, jobs):
    site = visit()
    page = site.open("/compare")
    page.get_by_label("First job").select_option("one")
    page.get_by_label("Another job").select_option("two")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_load_state("networkidle")
    site.open(page.url.removeprefix(site.base))
    assert page.get_by_text("At equal budget:").first.is_visible()
    rows = page.get_by_role("region", name="Jobs at equal budget").locator("tbody tr")
    fronts = [int(row.locator("td").nth(2).inner_text()) for row in rows.all()]
    assert site.marks("fronts") == sum(fronts) > 0


def test_jobs_that_can_not_be_compared_have_words_in_place_of_pictures(visit, jobs):
    page = visit().open(PAGES["jobs that differ"])
    assert page.get_by_text("Not comparable").is_visible()
    assert page.get_by_text("These fronts have no common axes").is_visible()


def test_the_timeline_has_a_bar_for_each_task_in_the_readers_own_time(visit, jobs):
    site = visit("narrow dark", zone="America/New_York")
    page = site.open(PAGES["the cluster"])
    chart = page.evaluate("fetch('/api/v1/cluster/charts/timeline').then(a => a.json())")
    drawn = sum(len(trace["x"]) for trace in chart["data"])
    assert site.marks("timeline") == drawn == 14
    names = page.locator("#timeline .legendtext").all_text_contents()
    assert {"one", "two", "failed", "lost", "stopped", "again after a loss"} <= set(names)
    script = "range => range.map(ms => new Date(ms).toLocaleTimeString('sv').slice(0, 3))"
    hours = page.evaluate(script, chart["layout"]["xaxis"]["range"])
    ticks = page.locator("#timeline .xtick")
    labels = ticks.all_text_contents()
    assert {label[:3] for label in labels} <= set(hours)
    assert re.search(r"\d [A-Z][a-z]{2} \d{4}$", labels[0])
    boxes = [tick.bounding_box() for tick in ticks.all()]
    assert len(boxes) > 1
    for before, after in itertools.pairwise(boxes):
        assert before["x"] + before["width"] < after["x"], "times must not run into each other"


def test_a_task_that_begins_appears_by_itself(visit, store, jobs):
    job = store.jobs.get("one")
    page = visit().open(PAGES["the cluster"])
    assert page.get_by_text("Nothing runs right now").is_visible()
    with store.engine.begin() as connection:
        now = now_ms()
        lease = {"job_id": job.id, "token": "t", "holder": myself(), "beats": 1, "since_ms": now}
        lease |= {"beat_ms": now, "takeovers": 0, "seen_event": 0}
        connection.execute(leases.insert(), lease)
    store.jobs.set_state(job.id, "running")
    store.charges.begin_drive(job.id)
    store.charges.open(job.id, 5, "train", 1, 0)
    row = page.get_by_role("region", name="Tasks that run now").locator("tbody tr")
    expect(row).to_contain_text("train")
    expect(row).to_contain_text("running")


def test_an_export_is_asked_for_followed_and_fetched(visit, store, jobs, tmp_path):
    store.leases.appear(myself(), 1)
    page = visit().open(PAGES["a finished trial"])
    page.get_by_label("with an ONNX file").check()
    page.get_by_role("button", name="Export this model").click()
    page.get_by_text("Waiting for a dispatcher").wait_for()
    task = store.tasks.claim(myself())
    asked = {key: value for key, value in task.payload.items() if value}
    assert (task.kind, asked) == ("export", {"trial": 4, "onnx": True})
    archive = tmp_path / ".nas" / "exports" / "tasks" / "one-trial-4.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("one-trial-4/model.py", "")
    store.tasks.finish(task, {"files": ["model.py"], "file": str(archive)})
    link = page.get_by_role("link", name="The export: download")
    link.wait_for(timeout=60_000)
    with page.expect_download() as fetched:
        link.click()
    assert fetched.value.suggested_filename == "one-trial-4.zip"


def test_an_export_that_fails_says_why(visit, store, jobs):
    store.leases.appear(myself(), 1)
    page = visit().open(PAGES["a finished trial"])
    page.get_by_role("button", name="Export this model").click()
    page.get_by_text("Waiting for a dispatcher").wait_for()
    error = {"kind": "nothing_to_export", "message": "its weights are gone"}
    store.tasks.fail(store.tasks.claim(myself()), error)
    page.get_by_text("That didn't work: its weights are gone").wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Export this model").is_enabled()
