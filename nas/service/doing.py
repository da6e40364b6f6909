"""``python -m nas.service.doing TASK``: the process that does one task of the service."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from nas import logs
from nas.errors import LeaseLost, NasError
from nas.holding.holder import myself
from nas.holding.leasing import PATIENCE_SECONDS, Heart
from nas.home import Home
from nas.service.children import TOKEN_VARIABLE
from nas.service.work import WORKS
from nas.signals import stopped_by_sigterm
from nas.store.store import Store
from nas.store.tasks import ServiceTask

log = logging.getLogger("nas.tasks")


def main(number: int) -> int:
    """Do a task that the dispatcher claimed; gives the exit status."""
    stopped_by_sigterm()
    home = Home.here()
    store = Store(home.store_url, patience=PATIENCE_SECONDS)
    task = store.tasks.get(number)
    if task.token != os.environ.pop(TOKEN_VARIABLE):
        log.warning("task %s is done by another process", number)
        return 0
    try:
        heart = Heart(lambda: store.tasks.beat(task, myself()))
        try:
            result, error = _done(store, home, task)
        finally:
            heart.close()
        if error is None:
            store.tasks.finish(task, result)
        else:
            store.tasks.fail(task, error)
    except LeaseLost as lost:
        log.warning("%s", lost)
    except KeyboardInterrupt:
        store.tasks.put_back(task)
    return 0


def _done(
    store: Store, home: Home, task: ServiceTask
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The result, or the error as the API reports it."""
    try:
        return WORKS[task.kind](store, home, task), None
    except NasError as error:
        log.info("task %s: %s", task.id, error)
        return {}, error_body(error)
    except Exception as error:
        log.exception("task %s", task.id)
        message = f"unexpected: {type(error).__name__}; the log of task {task.id} has more"
        return {}, {"kind": "unexpected", "message": message, "problems": [], "status": 500}


def error_body(error: NasError) -> dict[str, Any]:
    """An error as the API reports it, with its HTTP status."""
    return {
        "kind": error.kind,
        "message": str(error),
        "problems": error.details(),
        "status": error.http_status,
    }


if __name__ == "__main__":
    logs.configure()
    sys.exit(main(int(sys.argv[1])))
