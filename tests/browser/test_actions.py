"""What people do to jobs in their browser, with and without tokens."""

import pytest
from playwright.sync_api import expect

from nas.errors import NotFound


def act(page, name):
    button = page.get_by_role("button", name=name, exact=True)
    if not button.is_visible():
        page.get_by_text("More▾").click()
    button.click()


def test_a_job_goes_through_its_states_without_a_reload(visit, store, add_job):
    job = add_job(store, [], state="queued", owner="ann")
    page = visit().open("/jobs/synthetic")
    page.evaluate("window.same = true")
    state = page.locator("#jobhead .state")
    for name, words in (("Pause", "paused"), ("Resume", "queued")):
        act(page, name)
        expect(page.locator("#acted")).to_have_text(f"Now {words}.")
        expect(page.locator("#acted")).to_be_focused()
        expect(state).to_have_text(words)
    act(page, "Priority…")
    page.get_by_role("spinbutton", name="Priority").fill("9")
    page.keyboard.press("Enter")
    expect(page.locator("#jobhead")).to_contain_text("priority 9")
    store.jobs.set_state(job.id, "paused")  # somebody else did
    expect(state).to_have_text("paused")
    assert page.evaluate("window.same")
    act(page, "Cancel…")
    page.get_by_role("button", name="Cancel the job").click()
    expect(state).to_have_text("cancelled")
    act(page, "Delete…")
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/")
    with pytest.raises(NotFound):
        store.jobs.get("synthetic")


@pytest.mark.parametrize("screen", ["wide dark", "narrow light"])
def test_menus_and_dialogs_fit_please_axe_and_close_by_key(visit, store, add_job, screen):
    add_job(store, state="paused")
    site = visit(screen)
    page = site.open("/jobs/synthetic")
    page.get_by_text("More▾").click()
    assert page.get_by_role("link", name="Job file").bounding_box()["x"] >= 0
    assert (max(0, site.overflow()), site.violations()) == (0, [])
    page.get_by_role("link", name="Job file").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Job file")).not_to_be_visible()
    for name in ("Extend…", "Cancel…"):
        act(page, name)
        expect(page.get_by_role("dialog")).to_be_visible()
        assert (max(0, site.overflow()), site.violations()) == (0, [])
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).not_to_be_visible()


def test_what_is_refused_is_said_in_words(visit, store, add_job):
    job = add_job(store, [], state="queued")
    site = visit()
    page = site.open("/jobs/synthetic")
    act(page, "Cancel…")
    store.jobs.set_state(job.id, "done")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_role("alert")).to_contain_text("is done and can't be cancelled")
    site.complaints.clear()  # the browser's own words on what was refused


def test_one_signs_in_sees_what_one_may_and_signs_out(visit, store, add_job):
    add_job(store, name="hers", state="paused", owner="annabelle")
    add_job(store, name="theirs", state="paused", owner="bea")
    text = store.tokens.create("annabelle", "submitter")[1]
    site = visit("narrow dark")
    page = site.open("/jobs/hers")
    assert (max(0, site.overflow()), site.violations()) == (0, [])
    page.get_by_label("Token").fill("nas_1_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    page.get_by_label("Token").fill(text)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs/hers")
    expect(page.locator("header")).to_contain_text("annabelle")
    assert page.locator("header").bounding_box()["height"] < 90, "two lines"
    assert site.violations() == []
    act(page, "Resume")
    expect(page.locator("#jobhead .state")).to_have_text("queued")
    site.open("/jobs/theirs")
    assert page.get_by_role("button", name="Resume").count() == 0
    page.evaluate("fetch('/api/v1/jobs/theirs/resume', {method: 'POST'})")
    assert store.jobs.get("theirs").state == "paused"
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    site.complaints.clear()  # the browser's own words on what was refused


def choose(page, job, action):
    row = page.locator(f"[data-job={job}]")
    row.locator("summary").click()
    row.get_by_role("button", name=action, exact=True).click()


def test_jobs_are_acted_on_from_their_rows(visit, store, add_job):
    job = add_job(store, [], name="mine", state="queued")
    add_job(store, [], name="other", state="queued")
    site = visit()
    page = site.open("/")
    state = page.locator("[data-job=mine] .state")
    for action, words in (("Pause", "paused"), ("Resume", "queued")):
        choose(page, "mine", action)
        expect(page.locator("#acted")).to_have_text(f"mine: Now {words}.")
        expect(state).to_have_text(words)
        focused = page.evaluate("document.activeElement.closest('[data-job]').dataset.job")
        assert focused == "mine"
    choose(page, "mine", "Extend…")
    dialog = page.get_by_role("dialog", name="Extend mine")
    assert dialog.get_by_label("More trials").get_attribute("placeholder") == "now 0"
    dialog.get_by_role("button", name="Extend and queue").click()
    expect(dialog.get_by_role("alert")).to_have_text("Nothing would change: fill in a field.")
    page.keyboard.press("Escape")
    choose(page, "mine", "Priority…")
    page.get_by_role("spinbutton", name="Priority").fill("7")
    page.keyboard.press("Enter")
    expect(page.locator("[data-job=mine]")).to_contain_text("priority 7")
    choose(page, "mine", "Cancel…")
    store.jobs.set_state(job.id, "done")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_role("alert")).to_contain_text("is done and can't be cancelled")
    page.get_by_role("button", name="Keep it going").click()
    choose(page, "other", "Delete…")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator("[data-job=other]")).to_have_count(0)
    assert [each.name for each in store.jobs.list()] == ["mine"]
    expect(page.locator("#acted")).to_have_text("other: Deleted.")
    site.complaints.clear()  # the browser's own words on what was refused


@pytest.mark.parametrize("screen", ["wide light", "narrow dark"])
def test_the_menu_of_a_row_fits_pleases_axe_and_goes_by_key(visit, store, add_job, screen):
    add_job(store, name="a-name-as-long-as-people-like-to-make-them-now-and-then", state="paused")
    site = visit(screen)
    page = site.open("/")
    summary = page.locator(".job summary")
    summary.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("button", name="Resume").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]
    assert (max(0, site.overflow()), site.violations()) == (0, [])
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Resume")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_an_open_menu_stays_with_its_job_while_others_come_and_go(visit, store, add_job):
    add_job(store, [], name="first", state="queued")
    gone = add_job(store, [], name="gone", state="queued")
    page = visit().open("/")
    page.locator("[data-job=first] summary").click()
    page.evaluate("document.querySelector('[data-job=first]').same = true")
    add_job(store, [], name="newer", state="queued")
    store.jobs.delete(gone.id)
    expect(page.locator("[data-job=newer]")).to_have_count(1)
    expect(page.locator("[data-job=gone]")).to_have_count(0)
    assert page.evaluate("document.querySelector('[data-job=first]').same")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-job=first] .state")).to_have_text("paused")
    assert store.jobs.get("newer").state == "queued"


def test_a_row_offers_what_one_may(visit, store, add_job):
    add_job(store, name="hers", state="paused", owner="ann")
    add_job(store, name="theirs", state="paused", owner="bea")
    page = visit().open("/sign-in")
    page.get_by_label("Token").fill(store.tokens.create("ann", "submitter")[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.locator("[data-job=theirs] summary").click()
    assert page.locator("[data-job=theirs] .menu button").count() == 0
    expect(page.get_by_role("link", name="Job file")).to_be_visible()
    choose(page, "hers", "Resume")
    expect(page.locator("[data-job=hers] .state")).to_have_text("queued")
