"""What stands at the head of a job's pages: what may be done in which state, and by whom."""

import re

import pytest

from dashboard.guard.identity import Identity
from dashboard.job_head import ACTIONS, actions_of
from nas.holding.holder import myself
from nas.store.schema import JOB_STATES

ANN = Identity("ann's", "ann", "submitter")


def job(state, request="", failed=0, owner="ann"):
    return {"state": state, "request": request, "owner": owner, "trials": {"failed": failed}}


def test_every_state_has_its_actions():
    assert set(ACTIONS) == set(JOB_STATES)


@pytest.mark.parametrize("state", JOB_STATES)
@pytest.mark.parametrize("failed", [0, 2])
def test_the_service_takes_what_a_page_offers(serve, store, add_job, state, failed):
    made = add_job(store, state=state, owner="ann")
    service = serve()
    ann = service.client(service.token("ann"))
    verbs = {"retry_failed": ("retry", {"failed_trials": True}), "priority": ("priority", None)}
    for action in actions_of(job(state, failed=failed), ANN):
        store.jobs.set_state(made.id, state)
        if action in ("extend", "delete"):
            continue
        verb, body = verbs.get(action, (action, None))
        if verb == "priority":
            body = {"priority": 1}
        answer = ann.post(f"/api/v1/jobs/synthetic/{verb}", json=body)
        assert answer.status_code == 200, (action, answer.text)
    if "delete" in actions_of(job(state), ANN):
        assert ann.delete("/api/v1/jobs/synthetic").status_code == 204


def test_a_wish_to_pause_can_be_taken_back_and_one_to_cancel_not():
    assert actions_of(job("running", "pause"), ANN)[0] == "resume"
    assert actions_of(job("running", "cancel"), ANN) == ()


def test_failed_trials_are_retried_where_there_are_any():
    assert "retry_failed" not in actions_of(job("done"), ANN)
    assert "retry_failed" in actions_of(job("done", failed=1), ANN)


@pytest.mark.parametrize(
    ("name", "role", "offered"),
    [("ann", "submitter", 3), ("bea", "submitter", 0), ("eve", "viewer", 0), ("root", "admin", 3)],
)
def test_a_page_offers_what_one_may(serve, store, add_job, name, role, offered):
    add_job(store, state="running", owner="ann")
    service = serve()
    page = service.signed_in(service.token(name, role)).get("/jobs/synthetic").text
    assert len(re.findall(r"data-verb=\"pause\"|data-dialog=", page)) == offered
    assert ("<dialog" in page) == bool(offered)
    assert ("/submit?like=synthetic" in page) == (role != "viewer")
    assert f">{name}<" in page and "Sign out" in page


def test_owner_priority_driver_and_wish_are_shown(browse, store, add_job):
    made = add_job(store, state="running", owner="ann")
    assert "nobody drives it" in browse.get("/jobs/synthetic").text
    store.leases.take(made.id, myself())
    store.jobs.ask(made.id, "pause")
    store.jobs.set_priority(made.id, 7)
    page = browse.get("/jobs/synthetic").text
    for words in ("owner ann", "priority 7", "driven by process", "pausing:"):
        assert words in page
    assert "nobody drives it" not in page
