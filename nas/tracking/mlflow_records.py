"""One job's runs in MLflow. Every call blocks, so it runs on a thread.

Checked against MLflow 3.17: equal points are kept once, a parameter's value can't change, and a
run that has ended still takes metrics and tags.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from mlflow.entities import Metric, Param, Run, RunTag

from nas.analysis.effects import Effects
from nas.analysis.front import front_of
from nas.figures import front_page
from nas.placement_page import placement_page
from nas.store.records import Job, ReportRow, Trial
from nas.tracking import values
from nas.tracking.links import TRACKED, Pages, TrackedRun
from nas.tracking.mlflow_client import Experiment
from nas.tracking.place import without_password
from nas.tracking.values import Point

CURSOR = "nas.cursor"
ON_FRONT = "on_front"

_METRICS_A_BATCH = 900  # MLflow takes 1000 entities in all, 100 of them parameters or tags
_PARAMS_A_BATCH = 90
_TAG_LENGTH, _PARAM_LENGTH = 5000, 6000


class MlflowRecords:
    """A job's parent run, a child run for each trial, and the artifacts of the front.

    Attributes:
        run: where the job's run is.
        cursor: the last event of the store that these records hold.
    """

    def __init__(
        self, tracking_uri: str, artifact_location: str | None, job: Job, pages: Pages
    ) -> None:
        """Find the job's runs, or make the parent run.

        Args:
            tracking_uri: ``sqlite:///PATH`` or ``http://…``.
            artifact_location: folder for the artifacts; None: the tracking server's own.
            job: whose runs they are.
            pages: of the dashboard, to which the runs link.

        Raises:
            Exception: MLflow's own, of many kinds, if it can't be reached or refuses.
        """
        experiment = Experiment.open(tracking_uri, artifact_location)
        self._client, self._experiment = experiment.client, experiment.id
        self._pages, self._job = pages, job.name
        parent = experiment.job_run(job) or self._make_parent(job)
        self._parent: str = parent.info.run_id
        self.run = TrackedRun(without_password(tracking_uri), self._experiment, self._parent)
        self.cursor = int(parent.data.tags.get(CURSOR, 0))
        self._children: dict[int, str] = {}
        self._on_front: set[int] = set()
        self._find_children()
        self._write_spec(job, parent)

    def write_trial(self, trial: Trial, reports: Sequence[ReportRow]) -> None:
        """Write a trial that has ended: one batch, then its status."""
        tags = values.trial_tags(trial, self._parent, reports)
        tags |= values.page_tags(self._pages.trial(self._job, trial.number))
        run = self._children.get(trial.number)
        if run is None:
            # What trains a member of the front again is no member itself.
            on_front = {ON_FRONT: "false"} if trial.searched else {}
            made = self._client.create_run(
                self._experiment,
                start_time=trial.created_ms,
                tags=tags | on_front,
                run_name=values.trial_name(trial),
            )
            run = self._children[trial.number] = made.info.run_id
        points = values.trial_points(trial, reports)
        self._log(run, points, values.trial_params(trial), tags)
        self._client.set_terminated(run, values.STATUS[trial.state], trial.finished_ms)

    def write_test_accuracy(self, number: int, point: Point) -> None:
        """Add the test accuracy to the run of a trial that was written."""
        self._log(self._children[number], [point])

    def write_progress(self, points: Iterable[Point], cursor: int) -> None:
        """Add to the job's own metrics; everything up to the event ``cursor`` is recorded."""
        self._log(self._parent, list(points), tags={CURSOR: str(cursor)})
        self.cursor = cursor

    def write_state(self, job_state: str, at_ms: int) -> None:
        """Show the job's state as the parent run's status."""
        status = values.STATUS[job_state]
        if status in ("RUNNING", "SCHEDULED"):
            self._client.update_run(self._parent, status)
        else:
            self._client.set_terminated(self._parent, status, at_ms)

    def write_front(self, job: Job, trials: Sequence[Trial]) -> None:
        """Write the front as a table and as a figure, and tag its members' runs."""
        points = front_of(job, trials).points
        self._client.log_dict(self._parent, values.front_table(points), "front.json")
        self._client.log_text(self._parent, front_page(job, trials), "front.html")
        # The store may be ahead: a member without a run yet is tagged the next time.
        members = {point.trial for point in points} & self._children.keys()
        for number in members ^ self._on_front:
            self._client.set_tag(self._children[number], ON_FRONT, str(number in members).lower())
        self._on_front = members

    def write_verdict(self, text: str) -> None:
        """Write the verdict in words: a file, and the run's description."""
        self._client.log_text(self._parent, text, "report.md")
        note = values.page_note(self._pages.job(self._job)) + text
        self._client.set_tag(self._parent, values.NOTE, note[:_TAG_LENGTH])

    def write_effects(self, found: Effects, objective: str) -> None:
        """Write what each type does at each placement: a table, and the placement map."""
        self._client.log_dict(self._parent, values.effects_table(found.effects), "effects.json")
        self._client.log_text(self._parent, placement_page(found, objective), "effects.html")

    def _make_parent(self, job: Job) -> Run:
        tags = values.job_tags(job) | {
            # Names a JSON artifact as a table, which MLflow's pages then draw as one.
            "mlflow.loggedArtifacts": json.dumps(
                [{"path": path, "type": "table"} for path in ("front.json", "effects.json")]
            )
        }
        return self._client.create_run(self._experiment, job.created_ms, tags, job.name)

    def _find_children(self) -> None:
        wanted = f"tags.`mlflow.parentRunId` = '{self._parent}'"
        token = None
        while True:
            page = self._client.search_runs([self._experiment], wanted, page_token=token)
            for run in page:
                number = int(run.data.tags["nas.trial"])
                self._children[number] = run.info.run_id
                if run.data.tags.get(ON_FRONT) == "true":
                    self._on_front.add(number)
            token = page.token
            if not token:
                return

    def _write_spec(self, job: Job, parent: Run) -> None:
        known = parent.data.params
        new = {key: text for key, text in values.job_params(job).items() if key not in known}
        tags = values.page_tags(self._pages.job(job.name))
        if values.NOTE in parent.data.tags:
            tags.pop(values.NOTE, None)  # the verdict may stand there
        self._log(self._parent, params=new, tags=tags)
        details = {key: value for key, value in job.details.items() if key != TRACKED}
        content = {"spec": job.spec, "details": details}
        self._client.log_dict(self._parent, content, "job.json")

    def _log(
        self,
        run: str,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        metrics = [Metric(p.key, p.value, p.timestamp_ms, p.step) for p in points]
        named = [Param(key, text[:_PARAM_LENGTH]) for key, text in (params or {}).items()]
        tagged = [RunTag(key, text[:_TAG_LENGTH]) for key, text in (tags or {}).items()]
        while True:
            self._client.log_batch(run, metrics[:_METRICS_A_BATCH], named[:_PARAMS_A_BATCH], tagged)
            metrics, named, tagged = metrics[_METRICS_A_BATCH:], named[_PARAMS_A_BATCH:], []
            if not metrics and not named:
                return
