from urllib.parse import unquote

from nas.tracking.links import Pages, TrackedRun, mlflow_base

TRAINING = "?workflowType=machine_learning"
RUN = TrackedRun("http://me:***@mlflow:5000", "1", "abc")


def test_pages_are_named_only_where_the_dashboards_address_is_known():
    assert Pages.here({}).job("a") == Pages.here({}).trial("a", 3) == ""
    pages = Pages.here({"NAS_DASHBOARD_URL": " https://host/nas/ "})
    assert pages.job("a.b-2") == "https://host/nas/jobs/a.b-2"
    assert pages.trial("a", 3) == "https://host/nas/jobs/a/trials/3"


def test_a_run_is_found_again_in_a_jobs_details():
    assert TrackedRun.of({}) is None
    assert TrackedRun.of({"rungs": [1], **RUN.details()}) == RUN


def test_a_run_has_a_page_where_people_open_mlflow():
    assert RUN.url({}) == f"http://mlflow:5000/#/experiments/1/runs/abc{TRAINING}"
    public = {"NAS_MLFLOW_URL": "https://runs.example/"}
    assert RUN.url(public) == f"https://runs.example/#/experiments/1/runs/abc{TRAINING}"
    assert TrackedRun("sqlite:////mlflow.db", "1", "abc").url({}) is None
    assert mlflow_base("sqlite:////mlflow.db", public) == "https://runs.example"


def test_a_trials_run_is_found_in_the_list_of_runs_by_its_tags():
    base, _, wanted = RUN.trial_url(7, {}).partition("&searchFilter=")
    assert base.startswith(f"http://mlflow:5000/#/experiments/1/runs{TRAINING}&orderByKey=")
    assert unquote(wanted) == "tags.`mlflow.parentRunId` = 'abc' and tags.`nas.trial` = '7'"
    assert TrackedRun("sqlite:////mlflow.db", "1", "abc").trial_url(7, {}) is None
