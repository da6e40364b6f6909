import time

from dashboard.app import create_app
from dashboard.warm import warm
from nas.home import Home


def test_warming_creates_nothing_and_bears_a_store_that_does_not_answer(tmp_path):
    home = Home(tmp_path / "none")
    for url in (home.store_url, "postgresql://nobody@127.0.0.1:1/none"):
        warm(create_app(url, home=home))
    assert not (tmp_path / "none" / "store.db").exists()


def test_after_warming_the_newest_jobs_are_known(store, add_job, tmp_path):
    add_job(store)
    app = create_app(store.engine.url.render_as_string(hide_password=False), home=Home(tmp_path))
    warm(app)
    reader, deadline = app.state.reader, time.monotonic() + 10
    while not reader._summaries._entries and time.monotonic() < deadline:
        time.sleep(0.02)
    assert reader._summaries._entries
