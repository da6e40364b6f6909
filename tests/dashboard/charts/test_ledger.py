from dashboard.charts.ledger import ledger_chart
from dashboard.snapshot import Snapshot


def test_bars_and_rows_are_those_of_the_ledger(store, add_job):
    job = add_job(store)
    store.charges.close(store.charges.open(job.id, 0, "train", 1, 0), "ok", 300.0, 12)
    store.charges.close(store.charges.open(job.id, 3, "train", 1, 0), "ok", 60.0, 12)
    chart = ledger_chart(Snapshot(store, job))
    spent, saved = chart["data"]
    assert dict(zip(spent["y"], spent["x"], strict=True)) == {"baselines": 5.0, "search": 1.0}
    assert saved["y"] == ["saved by pruning"]
    assert chart["layout"]["xaxis"]["title"]["text"] == "Worker time (min)"
    rows = {row[0]: row[1:4] for row in chart["table"]["rows"]}
    assert rows["baselines"] == [1, 12, 300.0]
    assert rows["saved by pruning"][1] == 9


def test_without_charges_there_are_words(store, add_job):
    chart = ledger_chart(Snapshot(store, add_job(store, [], state="queued")))
    assert (chart["data"], chart["empty"]) == ([], "No worker has had a task yet.")
