import itertools

from nas.jobs.progress import REST, sparing


def test_a_look_that_takes_long_is_not_taken_at_every_report():
    now, looks = [0.0], []

    def look():
        looks.append(now[0])
        now[0] += 0.1

    told = sparing(look, lambda: now[0])
    for _ in range(100):
        told()
        now[0] += 0.5
    assert looks[0] == 0.0
    spans = [later - earlier for earlier, later in itertools.pairwise(looks)]
    assert all(REST * 0.1 <= span <= REST * 0.1 + 0.7 for span in spans)
    assert len(looks) > 10


def test_a_look_that_takes_no_time_is_always_taken():
    looks = []
    told = sparing(lambda: looks.append(1), lambda: 0.0)
    for _ in range(5):
        told()
    assert len(looks) == 5
