"""``python -m nas.service.driving JOB``: the process that drives one job of the service.

Of a job that is over it only completes the records in MLflow.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nas import logs
from nas.errors import Exit, LeaseLost, NasError
from nas.holding.leasing import PATIENCE_SECONDS, driving
from nas.home import Home
from nas.service.children import TOKEN_VARIABLE
from nas.signals import stopped_by_sigterm
from nas.store.records import Job
from nas.store.store import Store
from nas.store.transactions import Lease

if TYPE_CHECKING:
    from nas.jobs.progress import Progress

log = logging.getLogger("nas.jobs.driver")


def main(name: str) -> int:
    """Drive a job under the lease that the dispatcher took; gives the exit status."""
    from nas.tracking.follow import following

    stopped_by_sigterm()
    home = Home.here()
    token = os.environ.pop(TOKEN_VARIABLE)

    def say(text: str) -> None:
        log.warning(text, extra={"job": name})

    try:
        store = Store(home.store_url, patience=PATIENCE_SECONDS)
        job = store.jobs.get(name)
        lease = Lease(job.id, token)
        follower = following(store, home, job, say)
        if job.state in ("queued", "running"):
            job = _drive(store, home, job, follower, lease)
        else:
            with driving(store, job, lease), follower:
                pass
    except KeyboardInterrupt:
        log.info("stopped; the job is queued again", extra={"job": name})
        return 0
    except LeaseLost as error:
        log.warning("%s", error, extra={"job": name})
        return 0
    except NasError as error:
        log.error("%s", error, extra={"job": name})
        return Exit.JOB_FAILED
    except Exception:
        log.exception("unexpected", extra={"job": name})
        return Exit.UNEXPECTED
    log.info("%s", job.state, extra={"job": name})
    return 0


def _drive(
    store: Store, home: Home, job: Job, follower: AbstractContextManager[object], lease: Lease
) -> Job:
    from nas.jobs.driver import drive_job

    told = ""

    def observe(now: Progress) -> None:
        nonlocal told
        line = now.note or f"{now.phase}: {now.done} of {now.total}"
        if line != told:
            told = line
            log.info(line, extra={"job": job.name})

    return drive_job(
        store, home, job, observe, follower=follower, lease=lease, interrupted="queued"
    )


if __name__ == "__main__":
    logs.configure()
    sys.exit(main(sys.argv[1]))
