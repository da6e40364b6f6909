"""The page on which people submit a job file, and the files it begins with."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import rendering
from dashboard.actions import ServiceSettings
from dashboard.api import Read
from dashboard.guard.identity import Submitter
from dashboard.reader import Reader
from dashboard.service import Standing
from nas.errors import NotFound
from nas.holding.control import PRIORITIES
from nas.jobs.starting import job_file, job_file_of, ready_job_file
from nas.names import free_name
from nas.remote import names_of
from nas.settings import Settings
from search_spaces.ready import ready_names, ready_question

#: The template's name among what one can start from.
TEMPLATE = "template"

router = APIRouter(include_in_schema=False)


@router.get("/submit", response_class=HTMLResponse)
def submit_page(
    request: Request,
    read: Read,
    who: Submitter,
    settings: ServiceSettings,
    start: str = "",
    like: str = "",
) -> Response:
    """Asks for a job file.

    Args:
        request: of a browser.
        read: of the store.
        who: asks; at least a submitter.
        settings: say which data sets there are, and how urgent a job may be.
        start: a ready space, or ``template``: what is written in the field.
        like: a job whose file is written there instead.
    """
    store = read.existing()
    context = {
        "text": _beginning(read, settings, start, like),
        "given": bool(start or like),
        "start": start,
        "template": TEMPLATE,
        "spaces": [(name, ready_question(name)) for name in ready_names()],
        "data": names_of(settings),
        "dispatching": store is not None
        and Standing.of(store, request.app.state.alive).dispatching,
        "least": PRIORITIES.start,
        "most": PRIORITIES.stop - 1 if who.may("admin") else settings.max_priority,
    }
    return rendering.page(request, "submit.html", context)


@router.get("/jobs/{name}/job.yaml")
def job_file_page(name: str, read: Read, settings: ServiceSettings) -> Response:
    """The job file that a job has, as a file to keep."""
    job = read.found(name)
    headers = {"Content-Disposition": f'attachment; filename="{job.name}.yaml"'}
    text = job_file_of(job.spec, settings, job.name)
    return Response(text, media_type="application/yaml", headers=headers)


def _beginning(read: Reader, settings: Settings, start: str, like: str) -> str:
    if like:
        job = read.found(like)
        return job_file_of(job.spec, settings, _free(read, job.name))
    if start not in ("", TEMPLATE):
        if start not in ready_names():
            raise NotFound("file to start from", start, (TEMPLATE, *ready_names()))
        text = ready_job_file(start)
        return text.replace(f"\nname: {start}\n", f"\nname: {_free(read, start)}\n", 1)
    return job_file(_free(read, "my-search"))


def _free(read: Reader, name: str) -> str:
    store = read.existing()
    return free_name(name, {job.name for job in store.jobs.list()} if store else set())
