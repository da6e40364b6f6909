import pytest

from nas.analysis.verdict import verdict


@pytest.fixture
def found(store, add_job):
    def again(*values):
        return [(seed, value, None) for seed, value in enumerate(values, start=1)]

    calm = {"label": "none", "flops": 10, "accuracy": 0.9, "repeats": again(0.90, 0.901, 0.90)}
    wild = {"flops": 20, "accuracy": 0.95, "repeats": again(0.90, 0.99, 0.94)}
    other = {"label": "rule", "flops": 30, "accuracy": 0.9, "repeats": again(0.91, 0.912, 0.91)}
    return verdict(store, add_job(store, [calm, wild, other]))


def test_the_range_of_noise_is_told_with_the_trials_that_hold_it(found):
    (told,) = [line for line in found.measured if line.startswith("Noise")]
    assert "(trial 1), over 3 repeated trials" in told


def test_holm_is_over_all_comparisons_that_were_made(found):
    assert any(
        f"Holm's correction over all {len(found.comparisons)} comparisons that were made" in line
        for line in found.measured
    )


def test_differences_on_the_images_that_chose_the_front_are_warned_about(found):
    assert any("optimistic" in warning for warning in found.warnings)


def test_rules_that_were_skipped_are_told_with_their_reasons(store, add_job):
    details = {
        "baselines": {
            "planned": ["none", "se late"],
            "skipped": [["a", "too dear"], ["b", "too dear"]],
        }
    }
    trials = [{"label": "none", "flops": 10, "accuracy": 0.9}]
    found = verdict(store, add_job(store, trials, details=details))
    assert "Skipped: a, b, because too dear." in found.warnings
    assert "Skipped: se late, because the same model was trained under another name." in (
        found.warnings
    )
    for name, changes, why in (
        ("timed", {"objective": "latency_ms"}, "its latency is over the limit or could not be"),
        ("short", {"details": {**details, "stopped_by": "epochs"}}, "the budget ended before"),
    ):
        timed = [{**trials[0], "latency_ms": 1.0}]
        job = add_job(store, timed, name=name, **{"details": details, **changes})
        assert any(f"se late, because {why}" in line for line in verdict(store, job).warnings)
    assert found.to_dict()["skipped"][0] == {"label": "a", "reason": "too dear"}


def test_rules_that_were_trained_once_are_named_and_make_no_sentence(store, add_job):
    def again(*values):
        return [(seed, value, None) for seed, value in enumerate(values, start=1)]

    trials = [
        {"label": "none", "flops": 10, "accuracy": 0.9, "repeats": again(0.90, 0.902, 0.901)},
        {
            "flops": 20,
            "attention": "stage3:se",
            "accuracy": 0.95,
            "repeats": again(0.95, 0.953, 0.951),
        },
        {"label": "eca everywhere", "attention": "stage1:eca", "flops": 30, "accuracy": 0.91},
    ]
    found = verdict(store, add_job(store, trials))
    assert any(
        "not repeated on further seeds: trial 2 (eca everywhere)" in w for w in found.warnings
    )
    assert not any("eca everywhere" in sentence for sentence in found.sentences)
