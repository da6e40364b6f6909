"""The verdict finds a planted effect and finds nothing in noise."""

import json
import random
from dataclasses import replace

import pytest

from nas.analysis.front import race_of
from nas.analysis.spending import spending
from nas.analysis.verdict import verdict, verdict_of, verdict_text

SD = 0.004


def study(rng, effect=0.0, seeds=3, sd=SD):
    """Three plain widths, two rules and six placements; ``effect`` of cbam in stage3 of width 8."""
    plain = [
        {"label": "none", "width": w, "flops": w * w * 10_000, "true": 0.84 + 0.002 * w}
        for w in (4, 8, 16)
    ]
    everywhere = "stage1:{0} stage2:{0} stage3:{0}"
    rules = [
        {
            "label": f"{kind} everywhere",
            "width": 8,
            "attention": everywhere.format(kind),
            "flops": 660_000,
            "true": 0.856,
        }
        for kind in ("se", "cbam")
    ]
    places = [("se", 3, 0.0), ("cbam", 3, effect), ("eca", 1, 0.0), ("bam", 2, 0.0)]
    searched = [
        {
            "width": 8,
            "attention": f"stage{stage}:{kind}",
            "flops": 641_000 + 1000 * i,
            "true": 0.856 + more,
        }
        for i, (kind, stage, more) in enumerate(places)
    ]
    entries = [*plain, *rules, *searched]
    for entry in entries:
        true = entry.pop("true")
        entry["accuracy"] = true + rng.gauss(0, sd)
        entry["repeats"] = [
            (seed, true + rng.gauss(0, sd), true - 0.01 + rng.gauss(0, sd))
            for seed in range(1, seeds + 1)
        ]
    return entries


@pytest.fixture
def one(store, add_job):
    """``one(entries)``: the verdict of a job with these trials."""

    def judge(entries, **options):
        return verdict(store, add_job(store, entries, **options))

    return judge


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_planted_effect_of_two_points_is_found(one, seeds):
    found = one(study(random.Random(seeds), effect=0.02, seeds=seeds))
    assert found.sentence.startswith(
        "Trial 6 (cbam in stage3) beats the same backbone without attention by "
    )
    assert found.sentence.endswith(" at 0.3 % more FLOPs.")
    against = {c.against.trial: c for c in found.comparisons if c.trial.trial == 6}
    assert against[1].same_backbone
    assert against[1].better
    assert against[1].accuracy.low < 0.02 < against[1].accuracy.high


def test_the_planted_effect_is_rarely_missed(store, add_job):
    job = add_job(store, study(random.Random(0)))
    rows = store.trials.list(job.id)
    rng = random.Random(5)
    found = sum(
        "(cbam in stage3) beats" in verdict_of(job, redrawn(rows, rng, {6: 0.02})).sentence
        for _ in range(60)
    )
    assert found >= 45


def test_pure_noise_separates_nothing_but_rarely(store, add_job):
    job = add_job(store, study(random.Random(0)))
    rows = store.trials.list(job.id)
    rng = random.Random(7)
    wrong = sum(
        any(c.separable for c in verdict_of(job, redrawn(rows, rng, {})).comparisons)
        for _ in range(300)
    )
    assert wrong / 300 <= 0.05


def redrawn(rows, rng, effects):
    """The same trials with accuracies drawn anew around one value for all, and the effects."""
    drawn = []
    for row in rows:
        origin = row.number if row.origin is None else row.origin
        true = 0.85 + effects.get(origin, 0.0)
        tested = None if row.test_accuracy is None else true + rng.gauss(0, SD)
        drawn.append(replace(row, accuracy=true + rng.gauss(0, SD), test_accuracy=tested))
    return drawn


def plain_and(*more):
    calm = [(seed, 0.90 + 0.001 * seed, None) for seed in (1, 2, 3)]
    plain = {"label": "none", "width": 8, "flops": 1000, "accuracy": 0.90, "repeats": calm}
    return [plain, *more]


def placement(accuracy, values, flops=1010, attention="stage3:se"):
    repeats = [(seed, value, None) for seed, value in enumerate(values, start=1)]
    entry = {"width": 8, "attention": attention, "flops": flops, "accuracy": accuracy}
    return entry | {"repeats": repeats}


def test_within_the_noise_no_placement_beats_no_attention(one):
    found = one(plain_and(placement(0.91, (0.89, 0.92, 0.90))))
    assert found.sentence == (
        "On this budget no placement beats no attention at equal or lower cost; "
        "their differences are within the noise."
    )
    assert "not separable" in found.sentences[1]


def test_a_placement_that_only_looked_better_is_called_worse(one):
    found = one(plain_and(placement(0.93, (0.80, 0.801, 0.8021))))
    assert "plain backbones are more accurate" in found.sentence


def test_a_gain_over_its_own_backbone_that_a_cheaper_plain_one_has_too_is_no_win(one):
    """Attention on a deep backbone must also beat the shallow plain one that costs less."""
    deep = {"label": "none", "width": 8, "depth": 14, "flops": 2000, "accuracy": 0.80}
    deep["repeats"] = [(1, 0.801, None), (2, 0.802, None), (3, 0.803, None)]
    good = placement(0.905, (0.9009, 0.9022, 0.9032), flops=2010) | {"depth": 14}
    found = one([*plain_and(), deep, good])
    assert found.sentence.startswith("On this budget no placement beats no attention")


def test_the_wider_backbone_is_named_as_the_alternative(one):
    wide = {"label": "none", "width": 16, "flops": 4000, "accuracy": 0.96}
    wide["repeats"] = [(1, 0.951, None), (2, 0.952, None), (3, 0.9531, None)]
    found = one([*plain_and(placement(0.93, (0.931, 0.932, 0.9331))), wide])
    assert found.sentence.startswith("Trial 1 (se in stage3) beats the same backbone")
    assert any(
        "costs 296 % more FLOPs and is 2.0 points more accurate" in s for s in found.sentences
    )


def test_a_front_without_attention_says_so(one):
    found = one(plain_and(placement(0.80, (0.8, 0.8, 0.8))))
    assert found.sentence.startswith("Attention doesn't pay on this budget")


def test_single_runs_are_not_separable(one):
    entries = plain_and(placement(0.95, ()))
    entries[0].pop("repeats")
    found = one(entries)
    assert found.sentence.startswith("Nothing can be told apart")
    assert {c.why_not for c in found.comparisons} == {"one run each"}
    assert any("single seed" in warning for warning in found.warnings)
    assert (found.noise, found.resolution) == (None, None)


def test_no_baseline_and_no_trial_are_said_plainly(one):
    assert "can't be said" in one([placement(0.95, (0.9, 0.91))], name="a").sentence
    assert one([], name="b", budget=3).sentence == "No trial has finished yet."


def test_differences_are_on_test_images_only_if_every_repeat_has_one(one):
    entries = study(random.Random(1))
    assert one(entries, name="a").measure == "test"
    entries[0]["repeats"][0] = (1, 0.85, None)
    found = one(entries, name="b")
    assert found.measure == "validation"
    assert any("validation images" in warning for warning in found.warnings)


def test_every_pair_is_compared_once_and_neighbours_are_marked(one):
    found = one(study(random.Random(2), effect=0.02))
    pairs = [frozenset((c.trial.trial, c.against.trial)) for c in found.comparisons]
    assert len(pairs) == len(set(pairs))
    assert any(c.neighbours for c in found.comparisons)
    assert all(len(pair) == 2 for pair in pairs)


def test_what_ended_early_and_a_job_under_way_are_warned_about(one):
    pruned = {"label": "se late", "width": 8, "flops": 1005, "accuracy": 0.5, "epoch": 3}
    found = one([*plain_and(), pruned], state="running")
    assert any("running" in warning for warning in found.warnings)
    assert any("trial 1 (se late, pruned)" in warning for warning in found.warnings)


def test_it_says_what_pruning_saved(one):
    pruned = {"width": 8, "attention": "stage1:se", "flops": 1005, "accuracy": 0.5, "epoch": 3}
    found = one([*plain_and(), pruned])
    assert found.epochs == {
        "trained": 15,
        "inherited": 0,
        "reused": 0,
        "without_pruning": 24,
        "saved_share": 0.375,
    }
    assert any("38 % saved" in line for line in found.measured)


def test_the_json_is_json_and_the_text_holds_words_and_table(store, add_job):
    job = add_job(store, study(random.Random(3), effect=0.02))
    data = json.loads(json.dumps(verdict(store, job).to_dict(), allow_nan=False))
    assert data["sentence"] == data["sentences"][0]
    assert {"trial", "against", "difference", "low", "high", "separable"} <= set(
        data["comparisons"][0]
    )
    text = verdict_text(store, job)
    assert data["sentence"] in text
    assert text.count("\n| trial ") == len(data["comparisons"])
    assert "## How it was measured" in text


def test_the_verdict_rests_on_a_few_trials_and_is_that_of_all(store, add_job):
    entries = study(random.Random(3), effect=0.02)
    entries += [
        {"width": 4, "attention": f"stage{n}:eca", "flops": 700_000 + n, "accuracy": 0.5}
        for n in (1, 2, 3)
    ]
    job = add_job(store, entries)
    whole = verdict_of(job, store.trials.list(job.id), spent=spending(store, job)).to_dict()
    assert verdict(store, job).to_dict() == whole
    assert len(store.trials.telling(job.id, race_of(job))) < len(store.trials.list(job.id))
