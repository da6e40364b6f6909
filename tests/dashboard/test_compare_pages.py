import re

import pytest

BETTER = [
    {"flops": 2_000_000, "accuracy": 0.9, "repeats": [(1, 0.90, None), (2, 0.92, None)]},
    {"flops": 1_000_000, "accuracy": 0.7, "attention": "stage3:se"},
]
WORSE = [{"flops": 2_000_000, "accuracy": 0.8, "repeats": [(1, 0.80, None), (2, 0.81, None)]}]


def text_of(answer):
    """What a reader sees: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture
def two(store, add_job):
    """Two jobs whose trials were trained one after the other."""
    jobs = add_job(store, WORSE, name="worse"), add_job(store, BETTER, name="better")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE reports SET created_ms = 100000 * trial_id + epoch")
    return jobs


def test_without_anything_chosen_there_is_what_to_choose_from(browse, two):
    page = browse.get("/compare")
    assert "<option>better</option>" in page.text
    assert "Choose two jobs or more" in text_of(page)


def test_with_one_job_the_page_says_how_to_come_by_another(browse, store, add_job):
    add_job(store)
    assert "There is one job so far" in text_of(browse.get("/compare"))


def test_without_any_store_the_page_says_so_too(browse):
    assert "There are no jobs yet" in text_of(browse.get("/compare"))


def test_jobs_are_laid_side_by_side_with_the_answer_on_top(browse, two):
    told = text_of(browse.get("/compare?job=worse&job=better"))
    assert "With 9 trained epochs each" in told
    assert "At equal budget: 9 epochs trained" in told
    assert "The most accurate point against that of worse: better +10" in told


def test_chosen_jobs_stay_chosen_and_empty_fields_count_for_nothing(browse, two):
    page = browse.get("/compare?job=worse&job=&job=better&job=worse&trial=&by=seconds").text
    assert page.count("<option selected>") == 2
    assert '<option value="seconds" selected>' in page


def test_jobs_that_can_not_be_compared_say_why_and_no_verdict(browse, store, add_job):
    add_job(store, WORSE, name="a")
    add_job(
        store,
        BETTER,
        name="b",
        details={
            "data": {
                "name": "mnist",
                "hash": "f" * 16,
                "train": 1,
                "validation": 1,
                "test": 1,
            }
        },
    )
    page = browse.get("/compare?job=a&job=b")
    assert "Not comparable, as these differ: data (digits (00000000) / mnist" in text_of(page)
    assert "is worth the most" not in page.text
    assert "accuracies are not the same thing" in page.text
    chart = browse.get("/api/v1/compare/charts/fronts?job=a&job=b").json()
    assert (chart["data"], chart["table"]["rows"]) == ([], [])
    assert "no common axes" in chart["empty"]


def test_the_fronts_are_drawn_over_each_other(browse, two):
    chart = browse.get("/api/v1/compare/charts/fronts?job=worse&job=better").json()
    assert [trace["name"] for trace in chart["data"]] == ["worse", "better"]
    assert len({trace["line"]["color"] for trace in chart["data"]}) == 2
    assert len({trace["marker"]["symbol"] for trace in chart["data"]}) == 2
    assert {len(row) for row in chart["table"]["rows"]} == {len(chart["table"]["columns"])}


def test_hypervolumes_are_drawn_over_what_was_spent(browse, two):
    chart = browse.get("/api/v1/compare/charts/hypervolumes?job=worse&job=better").json()
    assert [trace["x"][-1] for trace in chart["data"]] == [9, 18]
    assert [shape["x0"] for shape in chart["layout"]["shapes"]] == [9]


def test_architectures_are_laid_side_by_side(browse, two):
    answer = browse.get("/compare?trial=worse:0&trial=better:0&trial=better:1")
    told = text_of(answer)
    assert "better:0 against worse:0: +10.5 (" in told
    assert "over 2 further seeds" in told
    assert "better:1 against worse:0: −10.0 points of accuracy, one run each at epoch 12" in told
    assert "se, ratio 4" in told
    assert "−50.0 %" in told
    chart = browse.get("/api/v1/compare/charts/curves?trial=worse:0&trial=better:1").json()
    assert [trace["name"] for trace in chart["data"]] == ["worse:0", "better:1"]
    assert chart["data"][0]["x"] == [3, 6, 12]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("job=worse&job=bettr", 404, "did you mean &#39;better&#39;?"),
        ("trial=worse:0&trial=better:9", 404, "trial &#39;9&#39;"),
        ("trial=worse&trial=better:0", 400, "write JOB:NUMBER"),
        ("&".join(f"job=j{i}" for i in range(9)), 400, "allowed: up to 8"),
    ],
)
def test_what_can_not_be_compared_is_refused_by_name(browse, two, query, status, says):
    answer = browse.get(f"/compare?{query}")
    assert answer.status_code == status
    assert says in answer.text


@pytest.mark.parametrize(
    ("query", "name"), [("job=worse&job=worse", "worse"), ("trial=worse:0", "worse:0")]
)
def test_what_is_named_alone_is_told_to_be(browse, two, query, name):
    assert f"{name} is named alone" in browse.get(f"/compare?{query}").text


def test_a_chart_of_nothing_is_refused(browse, two):
    answer = browse.get("/api/v1/compare/charts/fronts?job=worse")
    assert answer.status_code == 400
    assert "at least two" in answer.json()["error"]["message"]
    assert browse.get("/api/v1/compare/charts/front?job=a").status_code == 404
