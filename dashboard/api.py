"""JSON under ``/api/v1``: the command line's ``-o json``, over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from dashboard.reader import Reader


def reader_of(request: Request) -> Reader:
    """The application's reader."""
    reader: Reader = request.app.state.reader
    return reader


Read = Annotated[Reader, Depends(reader_of)]

router = APIRouter()


@router.get("/api/v1/jobs")
def jobs(read: Read) -> list[dict[str, Any]]:
    """All jobs, newest first."""
    return read.jobs()


@router.get("/api/v1/jobs/{name}")
def job(name: str, read: Read) -> dict[str, Any]:
    """One job."""
    return read.job(name)


@router.get("/api/v1/jobs/{name}/front")
def front(name: str, read: Read) -> dict[str, Any]:
    """A job's Pareto front."""
    return read.front(name)


@router.get("/api/v1/jobs/{name}/report")
def report(name: str, read: Read) -> dict[str, Any]:
    """A job's verdict against its baselines."""
    return read.report(name)
