import gzip
import json
import time

CHART = "/api/v1/jobs/synthetic/charts/front"


def test_a_chart_is_sent_once_to_who_holds_it_and_anew_when_the_job_changed(browse, store, add_job):
    job = add_job(store, state="running")
    first = browse.get(CHART)
    assert first.headers["content-encoding"] == "gzip"
    held = {"If-None-Match": first.headers["etag"]}
    again = browse.get(CHART, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    assert "content-security-policy" in again.headers
    store.trials.set_state(store.trials.get(job.id, 4), "failed")
    deadline = time.monotonic() + 20  # an answer that was hard to make is kept for a moment
    while (changed := browse.get(CHART, headers=held)).status_code == 304:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert changed.json() != first.json()


def test_who_can_not_unpack_gets_it_as_text(browse, store, add_job):
    add_job(store)
    plain = browse.get(CHART, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert json.loads(plain.content) == browse.get(CHART).json()
    with browse.stream("GET", CHART, headers={"Accept-Encoding": "gzip"}) as packed:
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
