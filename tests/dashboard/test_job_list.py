import html
import re

import pytest

from dashboard.job_list import HEIGHT, SIZE, WIDTH, _path


def names(page):
    return re.findall(r'class="name" href="/jobs/([^"]+)"', page.text)


def test_without_jobs_the_page_says_how_to_start_one(browse):
    assert "No jobs yet" in browse.get("/").text


def test_jobs_are_listed_newest_first_with_progress(browse, store, add_job):
    add_job(store, name="older")
    add_job(store, name="newer", state="running", budget=20)
    page = browse.get("/")
    assert names(page) == ["newer", "older"]
    assert "7 of 20 trials" in page.text
    assert "5 done, 1 pruned, 1 failed" in page.text
    assert 'class="state state-running"' in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?state=running", ["beta"]),
        ("?text=ALPHA", ["alpha"]),
        ("?owner=anna", ["beta"]),
        ("?state=done&text=beta", []),
        ("?state=&text=", ["beta", "alpha"]),
    ],
)
def test_filters_of_the_address(browse, store, add_job, query, found):
    add_job(store, name="alpha")
    job = add_job(store, [], name="beta", state="running")
    with store.engine.begin() as connection:
        from nas.store.schema import jobs

        connection.execute(jobs.update().where(jobs.c.id == job.id).values(owner="anna"))
    page = browse.get(f"/{query}")
    assert names(page) == found
    assert ("No job is like that" in page.text) is not bool(found)


def test_many_jobs_come_in_pages_that_keep_the_filter(browse, store, add_job):
    for number in range(SIZE + 1):
        add_job(store, [], name=f"job-{number}")
    first = browse.get("/?state=done")
    assert len(names(first)) == SIZE
    assert 'href="/?state=done&amp;page=2"' in first.text
    assert names(browse.get("/?state=done&page=2")) == ["job-0"]


def test_a_page_watches_the_jobs_that_it_shows(browse, store, add_job):
    for number in range(SIZE + 1):
        add_job(store, [], name=f"job-{number}", state="queued")
    page = html.unescape(browse.get("/?state=queued&page=2").text)
    watched = re.search(r'data-watch="([^"]+)"', page).group(1)
    assert [job["name"] for job in browse.get(watched).json()] == ["job-0"]


@pytest.mark.parametrize(
    ("query", "words"),
    [("?state=don", "did you mean &#39;done&#39;"), ("?page=0", "page &#39;0&#39; can&#39;t be")],
)
def test_what_is_not_known_is_refused(browse, query, words):
    answer = browse.get(f"/{query}")
    assert answer.status_code == 400
    assert words in answer.text
    assert "That address can&#39;t be shown" in answer.text


def test_a_page_that_there_is_not_leads_to_the_first(browse, store, add_job):
    add_job(store, [], name="only", state="queued")
    page = browse.get("/?state=queued&page=7").text
    assert "There is no page 7" in page
    assert '<a href="/?state=queued">The first page</a>' in page


def test_a_front_has_a_sparkline_in_words_too(browse, store, add_job):
    add_job(store)
    assert "Hypervolume over the trials that ended: from 0.778 to 0.823" in browse.get("/").text
    add_job(store, [], name="new", state="queued")
    assert "no front yet" in browse.get("/").text


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.5, 0.5], [0.1, 0.2, 0.9]])
def test_sparklines_stay_in_their_box(values):
    path = _path(values)
    heights = [float(y) for y in re.findall(r"(?:V|M0 )([\d.]+)", path)]
    assert len(heights) == len(values)
    assert all(0 < height < HEIGHT for height in heights)
    assert heights == sorted(heights, reverse=True)
    assert path.endswith(f"H{WIDTH:g}")
