"""One MLflow database for all of these tests: making one takes seconds; jobs keep them apart."""

import sqlite3
from dataclasses import dataclass

import pytest

from nas.tracking.exporter import Exporter


@dataclass(frozen=True)
class Tracking:
    uri: str
    artifacts: str

    def exporter(self, store, job, **options):
        url = store.engine.url.render_as_string(hide_password=False)
        return Exporter(url, job.name, self.uri, self.artifacts, poll_seconds=0.05, **options)

    def export(self, store, job):
        outcome = self.exporter(store, job).start().close(60)
        assert outcome.up_to_date, outcome.reason

    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    def runs(self, job):
        """The runs of a job by what they are: ``job`` or the trial's number."""
        client = self.client()
        experiment = client.get_experiment_by_name("attention placement")
        wanted = f"tags.`nas.job` = '{job.name}' and tags.`nas.created_ms` = '{job.created_ms}'"
        (parent,) = client.search_runs([experiment.experiment_id], wanted)
        children = client.search_runs(
            [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
        )
        found = {int(run.data.tags["nas.trial"]): run for run in children}
        assert len(found) == len(children), "a trial has two runs"
        return {"job": parent, **found}

    def content(self, job):
        """All that MLflow holds of a job, without its own ids: equal for equal records."""
        with sqlite3.connect(self.uri.removeprefix("sqlite:///")) as connection:
            return {
                key: {
                    "status": run.info.status,
                    "times": (run.info.start_time, run.info.end_time),
                    "params": run.data.params,
                    "tags": {k: v for k, v in run.data.tags.items() if k != "mlflow.parentRunId"},
                    "points": connection.execute(
                        "SELECT key, step, timestamp, value FROM metrics WHERE run_uuid = ?"
                        " ORDER BY key, step, timestamp, value",
                        (run.info.run_id,),
                    ).fetchall(),
                }
                for key, run in self.runs(job).items()
            }


def make_tracking(folder):
    return Tracking(f"sqlite:///{folder / 'mlflow.db'}", str(folder / "artifacts"))


@pytest.fixture(scope="session")
def tracking(tmp_path_factory):
    from nas.tracking.mlflow_client import Experiment

    made = make_tracking(tmp_path_factory.mktemp("mlflow"))
    Experiment.open(made.uri, made.artifacts)  # whichever test comes first, its place is this
    return made


@pytest.fixture
def fresh_tracking(tmp_path):
    """A database that nothing has written to."""
    return make_tracking(tmp_path)
