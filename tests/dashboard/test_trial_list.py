import csv
import io
import re

import pytest


def test_a_page_of_the_api_says_where_it_is(browse, store, add_job):
    add_job(store)
    found = browse.get("/api/v1/jobs/synthetic/trials?size=3&page=2&sort=-accuracy").json()
    assert {key: found[key] for key in ("job", "total", "page", "size", "pages", "sort")} == {
        "job": "synthetic",
        "total": 7,
        "page": 2,
        "size": 3,
        "pages": 3,
        "sort": "-accuracy",
    }
    assert [trial["trial"] for trial in found["trials"]] == [3, 0, 5]
    assert found["trials"][0]["architecture"]["attention"]["stage3.pre_add"]["type"] == "cbam"


def test_csv_has_all_that_is_looked_for_whatever_the_page(browse, store, add_job):
    add_job(store)
    answer = browse.get("/api/v1/jobs/synthetic/trials.csv?state=done&size=2&page=2")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[4]["accuracy"] == "0.96"
    assert 'filename="synthetic-trials.csv"' in answer.headers["content-disposition"]


def test_csv_without_trials_is_a_heading(browse, store, add_job):
    add_job(store, [])
    assert browse.get("/api/v1/jobs/synthetic/trials.csv").text.startswith("trial,kind,label")


def test_the_list_links_to_every_trial_and_keeps_filters_in_its_links(browse, store, add_job):
    add_job(store)
    page = browse.get("/jobs/synthetic/trials?state=done&size=2&sort=-accuracy").text
    assert re.findall(r'href="/jobs/synthetic/trials/(\d+)"', page) == ["4", "1"]
    assert "state=done&amp;size=2&amp;sort=-accuracy&amp;page=2" in page
    assert 'aria-sort="descending"' in page
    assert "<option selected>done</option>" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "1 to 7 of 7"),
        ("?text=nowhere", "No trial is like that"),
        ("?state=failed&text=nowhere", "7 trials are in this job"),
        ("?page=4", "There is no page 4"),
    ],
)
def test_every_state_of_the_list_has_words(browse, store, add_job, query, words):
    add_job(store)
    assert words in re.sub(r"\s+", " ", browse.get(f"/jobs/synthetic/trials{query}").text)


def test_a_new_job_has_no_trials_yet(browse, store, add_job):
    add_job(store, [], state="queued")
    assert "No trials yet" in browse.get("/jobs/synthetic/trials").text


def test_a_wrong_query_is_refused_in_the_form_of_the_asker(browse, store, add_job):
    add_job(store)
    error = browse.get("/api/v1/jobs/synthetic/trials?sort=cost")
    assert error.status_code == 400
    assert "there are: trial, accuracy" in error.json()["error"]["message"]
    assert "there are: trial" in browse.get("/jobs/synthetic/trials?sort=cost").text


def test_words_of_users_are_escaped(browse, store, add_job):
    add_job(store, [{"flops": 1, "accuracy": 0.5, "label": "<img src=x>"}])
    page = browse.get("/jobs/synthetic/trials?text=%22%3E%3Cimg").text
    assert "<img src=x>" not in page
    assert 'value="&#34;&gt;&lt;img"' in page
