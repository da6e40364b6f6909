import pytest

from nas.analysis.alike import forbidden, unlike


def job(add_job, store, name, **details):
    return add_job(store, name=name, details=details)


def found(jobs):
    return {one.what: one for one in unlike(jobs)}


def test_equal_jobs_differ_in_nothing(store, add_job):
    assert unlike([job(add_job, store, "a"), job(add_job, store, "b")]) == []
    assert unlike([job(add_job, store, "c")]) == []


def test_other_images_forbid_any_word_on_accuracy(store, add_job):
    data = {"name": "mnist", "hash": "f" * 16}
    jobs = [job(add_job, store, "a"), job(add_job, store, "b", data=data)]
    (one,) = unlike(jobs)
    assert (one.what, one.forbids) == ("data", "accuracy")
    assert one.values == ("digits (00000000)", "mnist (ffffffff)")


def test_the_same_images_under_another_name_are_the_same(store, add_job):
    data = {"name": "mine", "hash": "0" * 16}
    assert unlike([job(add_job, store, "a"), job(add_job, store, "b", data=data)]) == []


def test_another_objective_forbids_one_picture(store, add_job):
    jobs = [job(add_job, store, "a"), add_job(store, name="b", objective="parameters")]
    one = found(jobs)["objective"]
    assert one.forbids == "cost"
    assert forbidden(unlike(jobs), "accuracy", "cause") == []


def test_latencies_of_two_devices_are_two_costs(store, add_job):
    jobs = [
        add_job(store, [], name=device, objective="latency_ms", details={"device": device})
        for device in ("cpu", "cuda")
    ]
    assert found(jobs)["latency's device"].forbids == "cost"


def test_another_recipe_may_be_the_cause(store, add_job):
    recipes = [{"epochs": 12, "batch_size": 64}, {"epochs": 20, "batch_size": 64}]
    jobs = [job(add_job, store, str(i), recipe=recipe) for i, recipe in enumerate(recipes)]
    (one,) = unlike(jobs)
    assert (one.what, one.values, one.forbids) == ("recipe.epochs", ("12", "20"), "cause")


@pytest.mark.parametrize(("key", "value"), [("rungs", [4, 12]), ("device", "cuda")])
def test_what_changes_no_meaning_is_told_and_forbids_nothing(store, add_job, key, value):
    (one,) = unlike([job(add_job, store, "a"), job(add_job, store, "b", **{key: value})])
    assert (one.what, one.forbids) == (key, "")


def test_what_forbids_most_comes_first(store, add_job):
    other = {"data": {"name": "x", "hash": "1" * 16}, "device": "cuda", "recipe": {"epochs": 1}}
    jobs = [job(add_job, store, "a"), job(add_job, store, "b", **other)]
    assert [one.forbids for one in unlike(jobs)] == ["accuracy", "cause", ""]
