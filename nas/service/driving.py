"""``python -m nas.service.driving JOB``: the process that drives one job of the service."""

from __future__ import annotations

import logging
import os
import sys

from nas import logs
from nas.errors import Exit, LeaseLost, NasError
from nas.home import Home
from nas.service.children import TOKEN_VARIABLE
from nas.signals import stopped_by_sigterm
from nas.store.store import Store
from nas.store.transactions import Lease

log = logging.getLogger("nas.driver")


def main(name: str) -> int:
    """Drive a job under the lease that the dispatcher took; gives the exit status."""
    from nas.driver import drive_job
    from nas.progress import Progress
    from nas.tracking.follow import following

    stopped_by_sigterm()
    home = Home.here()
    store = Store(home.store_url)
    job = store.jobs.get(name)
    lease = Lease(job.id, os.environ.pop(TOKEN_VARIABLE))
    told = ""

    def observe(now: Progress) -> None:
        nonlocal told
        line = now.note or f"{now.phase}: {now.done} of {now.total}"
        if line != told:
            told = line
            log.info(line, extra={"job": name})

    def say(text: str) -> None:
        log.warning(text, extra={"job": name})

    try:
        follower = following(store, home, job, say)
        job = drive_job(
            store, home, job, observe, follower=follower, lease=lease, interrupted="queued"
        )
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


if __name__ == "__main__":
    logs.configure()
    sys.exit(main(sys.argv[1]))
