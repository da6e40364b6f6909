"""The trials that a front is made of, as the database finds them."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nas.analysis.front import comparable, front_of, leaders
from tests.nas.store.conftest import NEW, ROW

TRIALS = st.lists(
    st.tuples(
        st.sampled_from(["done", "done", "done", "pruned", "failed"]),
        st.sampled_from(["search", "baseline", "finalist"]),
        st.integers(1, 6).map(lambda level: level / 8),
        st.integers(1, 5),
        st.integers(1, 5),
        st.none() | st.integers(1, 3).map(float),
    ),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=TRIALS,
    objective=st.sampled_from(["forward_flops", "parameters"]),
    limits=st.fixed_dictionaries({}, optional={"parameters": st.just(3), "latency_ms": st.just(2)}),
    under=st.fixed_dictionaries(
        {}, optional={"forward_flops": st.just(4), "latency_ms": st.just(2)}
    ),
)
def test_the_front_of_the_leaders_is_that_of_all(store, rows, objective, limits, under):
    name = f"job-{len(store.jobs.list())}"
    details = {"objective": objective, "reference": {"accuracy": 0.1, "cost": 6}}
    job = store.jobs.create(name, {"cost": {"limits": limits}}, details)
    for number, (state, kind, accuracy, flops, parameters, latency) in enumerate(rows):
        new = replace(
            NEW,
            kind=kind,
            hash=str(number),
            architecture='{"attention":[]}',
            forward_flops=flops,
            parameters=parameters,
            latency_ms=latency,
        )
        trial = store.trials.add(job.id, number, new)
        store.trials.report(
            trial, replace(ROW, trial_id=trial.id, validation_accuracy=accuracy), state
        )
    everyone = store.trials.list(job.id)
    found = leaders(store, [job], under).get(job.id, [])
    assert front_of(job, found, under) == front_of(
        job, [trial for trial in everyone if trial.searched], under
    )
    if not under:
        assert best(job, found) == best(job, everyone)


def best(job, trials):
    return max(comparable(job, trials), key=lambda trial: trial.accuracy, default=None)
