"""Files that nobody needs any more: of deleted jobs, of old tasks."""

from __future__ import annotations

import shutil

from nas.home import Home
from nas.store.records import Job


def sweep_job(home: Home, job: Job) -> None:
    """Delete the checkpoints and the log of a job that is forgotten."""
    shutil.rmtree(home.checkpoints(job.name), ignore_errors=True)
    home.job_log(job.name).unlink(missing_ok=True)
