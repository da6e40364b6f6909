"""The page of a new job: what it begins with, and for whom."""

import html
import re

import pytest

from search_spaces.ready import ready_names

JOBS = "/api/v1/jobs"


def field(answer):
    assert answer.status_code == 200, answer.text
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", answer.text, re.S)
    return html.unescape(text.group(1))


@pytest.mark.parametrize("start", ["", "template", *ready_names()])
def test_what_one_can_start_from_is_right_as_it_stands(browse, start):
    text = field(browse.get("/submit", params={"start": start}))
    checked = browse.post(f"{JOBS}/check", json={"job_file": text}).json()
    assert checked["valid"], checked


def test_a_job_can_be_asked_for_again_under_a_free_name(browse, store, add_job):
    text = field(browse.get("/submit"))
    spec = browse.post(f"{JOBS}/check", json={"job_file": text}).json()["spec"]
    store.jobs.create("my-search", spec, {}, "ann")
    again = field(browse.get("/submit?like=my-search"))
    found = browse.post(f"{JOBS}/check", json={"job_file": again}).json()
    assert (found["valid"], found["name"]) == (True, "my-search-2")
    assert "name: my-search-2" in field(browse.get("/submit"))


def test_the_file_of_a_job_is_downloaded(browse, add_job, store):
    add_job(store, name="one")
    answer = browse.get("/jobs/one/job.yaml")
    assert answer.headers["content-disposition"] == 'attachment; filename="one.yaml"'
    assert answer.text.startswith("name: one\n")
    assert browse.get("/jobs/two/job.yaml").status_code == 404


def test_unknown_beginnings_are_told(browse):
    assert "did you mean" in browse.get("/submit?start=chanel").text
    assert browse.get("/submit?like=nothing").status_code == 404


def test_the_page_is_for_who_may_submit(serve, store, add_job):
    add_job(store)
    service = serve(max_priority=7)
    viewer = service.signed_in(service.token("eve", "viewer"))
    ann = service.signed_in(service.token("ann", "submitter"))
    root = service.signed_in(service.token("root", "admin"))
    assert viewer.get("/submit").status_code == 403
    assert "/submit" not in viewer.get("/").text
    assert 'href="/submit"' in ann.get("/").text
    assert 'max="7"' in ann.get("/submit").text
    assert 'max="100"' in root.get("/submit").text


def test_a_page_says_when_nobody_would_take_the_job(browse, store):
    assert "No dispatcher is running" in browse.get("/submit").text
    store.leases.appear("here/1/1", 1)
    assert "No dispatcher is running" not in browse.get("/submit").text
