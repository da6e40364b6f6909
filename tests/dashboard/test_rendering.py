import re


def test_pages_rest_longer_between_refreshes_the_more_people_watch(browse, store, add_job):
    add_job(store, state="running")
    hub, rests = browse.app.state.hub, []
    for hub.followers in (0, 3, 100):
        page = browse.get("/jobs/synthetic").text
        rests += re.findall(r'data-rest="(\d+)"', page)
    assert rests == ["1000", "1000", "11000"]
