import re

import pytest


def text_of(answer):
    """What a reader sees: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_a_job_has_its_verdict_and_a_row_for_each_point_of_its_front(browse, store, add_job):
    from nas.analysis.verdict import verdict

    job = add_job(store)
    page = browse.get("/jobs/synthetic")
    assert verdict(store, job).sentence in page.text.replace("&#39;", "'")
    assert 'data-chart="/api/v1/jobs/synthetic/charts/front"' in page.text


def test_there_is_no_verdict_before_the_end(browse, store, add_job):
    add_job(store, state="running")
    assert "What stands behind it" not in browse.get("/jobs/synthetic").text


def test_a_running_job_is_watched_more_often_than_one_that_is_over(browse, store, add_job):
    add_job(store, name="over")
    add_job(store, name="going", state="running")
    assert 'data-wait-seconds="2"' in browse.get("/jobs/going").text
    assert 'data-wait-seconds="10"' in browse.get("/jobs/over").text


def test_a_failed_job_says_why(browse, store, add_job):
    add_job(store, state="failed")
    page = browse.get("/jobs/synthetic")
    assert "for a test" in text_of(page)
    assert 'class="state state-failed"' in page.text


def test_a_job_without_results_says_so(browse, store, add_job):
    add_job(store, [], state="queued", budget=5)
    text = text_of(browse.get("/jobs/synthetic"))
    assert "0 of 5" in text


@pytest.mark.parametrize("path", ["/jobs/syntetic", "/nowhere", "/jobs/synthetic/trials/four"])
def test_what_does_not_exist_is_a_page_with_a_way_back(browse, store, add_job, path):
    add_job(store)
    answer = browse.get(path)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text
    assert "Not found" in answer.text


def test_an_unknown_job_names_the_nearest(browse, store, add_job):
    add_job(store)
    assert "did you mean" in browse.get("/jobs/syntetic").text


def test_times_are_in_utc_for_machines_and_as_a_tooltip(browse, store, add_job):
    add_job(store)
    page = browse.get("/jobs/synthetic").text
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[\d:]+Z" title="[^"]+ UTC">', page)


def test_a_page_of_a_job_has_tabs_and_says_which_is_here(browse, store, add_job):
    add_job(store)
    page = browse.get("/jobs/synthetic").text
    assert '<a href="/jobs/synthetic" aria-current="page">Overview</a>' in page


def test_words_of_users_are_escaped(browse, store, add_job):
    job = add_job(store, [], state="queued")
    store.jobs.set_state(job.id, "failed", "<img src=x>")
    page = browse.get("/jobs/synthetic").text
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page
