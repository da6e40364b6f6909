"""A job file is typed, checked, mended and submitted, as people do it."""

import threading
import time

import pytest
from playwright.sync_api import expect

from nas.home import Home
from nas.service.doing import error_body
from nas.service.work import WORKS

JOB = """\
name: typed
data: {name: digits}
space:
  backbone: {name: cifar_resnet, depth: 8, width: [4, 8]}
  attention:
    - types: {none: , se: {ratio: [2, 4]}}
recipe: {epochs: 2}
search: {trials: 3}
finalists: {seeds: 0}
"""
WRONG = JOB.replace("trials: 3", "trails: 3")


@pytest.fixture
def dispatcher(store):
    """Does one task as a dispatcher's child does it, in a thread."""
    store.leases.appear("here/1/1", 1)
    over = threading.Event()

    def work():
        while not over.is_set():
            task = store.tasks.claim("a test")
            if task is None:
                time.sleep(0.05)
                continue
            try:
                store.tasks.finish(task, WORKS[task.kind](store, Home.here(), task))
            except Exception as error:
                store.tasks.fail(task, error_body(error))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join(60)


def typed(page, text):
    page.get_by_label("Job file").fill(text)
    return page.locator("#verdict")


def test_that_nobody_takes_jobs_is_told_in_the_page_and_covers_nothing(visit, store):
    page = visit("narrow light").open("/submit")
    notice = page.locator("main .notice").filter(has_text="No dispatcher is running")
    told, form = notice.bounding_box(), page.locator("form#submit").bounding_box()
    assert told["y"] + told["height"] <= form["y"]


@pytest.mark.parametrize("screen", ["wide light", "narrow dark"])
def test_a_wrong_file_is_told_by_place_and_the_page_pleases_axe(visit, store, screen):
    site = visit(screen)
    page = site.open("/submit")
    expect(page.locator("#verdict")).to_contain_text("Right")
    assert (max(0, site.overflow()), site.violations()) == (0, [])
    expect(typed(page, WRONG)).to_have_text("2 problems.")
    assert (max(0, site.overflow()), site.violations()) == (0, [])
    problem = page.get_by_role("listitem").filter(has_text="did you mean 'trials'?")
    problem.get_by_role("button", name="Go to line 8, column 10").click()
    chosen = "(f => f.value.slice(f.selectionStart, f.selectionEnd))(document.activeElement)"
    assert page.evaluate(chosen) == "trails"
    expect(page.locator(".stripes i")).to_have_count(1)
    assert "● 8\n9" in page.locator(".line-numbers").inner_text()
    page.keyboard.type("trials")
    expect(page.locator("#verdict")).to_contain_text("Right")
    expect(page.locator("#job-file")).to_have_attribute("aria-invalid", "false")
    facts = [fact.inner_text() for fact in page.locator("#facts dd").all()]
    assert facts == ["typed", "3", "54", "1, 2"]


def test_a_file_is_submitted_and_its_job_opens(visit, store, dispatcher):
    site = visit()
    page = site.open("/submit")
    typed(page, JOB)
    page.get_by_label("Priority").fill("4")
    page.get_by_role("button", name="Submit the job").click()
    page.wait_for_url("**/jobs/typed", timeout=60_000)
    job = store.jobs.get("typed")
    assert (job.state, job.priority) == ("queued", 4)
    expect(page.get_by_role("heading", name="typed")).to_be_visible()
    page.get_by_text("More▾").click()
    page.get_by_role("button", name="Extend…").click()
    page.get_by_label("More trials").fill("2")
    page.get_by_label("Budget: epochs").fill("none of that")
    page.get_by_role("button", name="Extend and queue").click()
    expect(page.get_by_role("alert")).to_contain_text("budget.epochs")
    page.get_by_label("Budget: epochs").fill("40")
    page.get_by_role("button", name="Extend and queue").click()
    expect(page.locator("#acted")).to_have_text("Extended and queued.", timeout=60_000)
    spec = store.jobs.get("typed").spec
    assert (spec["search"]["trials"], spec["budget"]["epochs"]) == (5, 40)
    site.complaints.clear()  # the browser's own words on what was refused


def test_what_the_deep_check_refuses_is_told_by_place(visit, store, dispatcher):
    page = visit().open("/submit")
    expect(typed(page, JOB + "budget: {wall_clock: 0.000001}\n")).to_contain_text("Right")
    page.get_by_role("button", name="Submit the job").click()
    expect(page.locator("#told")).to_contain_text("Not submitted", timeout=60_000)
    expect(page.locator("#problems")).to_contain_text("far less than one training takes")
    expect(page.get_by_role("button", name="Go to line 10, column 22")).to_be_focused()
    expect(typed(page, JOB + "cost: {limits: {parameters: 3}}\n")).to_contain_text("Right")
    page.get_by_role("button", name="Submit the job").click()
    expect(page.locator("#told")).to_contain_text("no architecture of the space", timeout=60_000)
    typed(page, JOB)
    expect(page.locator("#told")).to_have_text("")  # that was said of another text
    assert store.jobs.list() == []


def test_files_are_opened_and_ready_spaces_put_in_and_typing_survives_a_reload(visit, store):
    page = visit().open("/submit")
    file = {"name": "job.yaml", "mimeType": "text/yaml", "buffer": WRONG.encode()}
    page.get_by_label("Open a file").set_input_files(file)
    expect(page.locator("#verdict")).to_have_text("2 problems.")
    page.reload()
    expect(page.get_by_label("Job file")).to_have_value(WRONG)
    page.get_by_label("Start from").select_option("channel")
    page.get_by_role("button", name="Put it in").click()
    expect(page.locator("#facts [data-fact=name]")).to_have_text("channel")
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Job file")).to_have_value(WRONG)
