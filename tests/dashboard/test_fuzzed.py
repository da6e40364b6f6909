"""The API holds to its own description, whatever is asked: no 5xx, every answer as documented."""

from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

JOBS = ("one", "two", "waits")

#: Few of each, as there are many operations.
FEW = settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def described(serve, store, add_job):
    for name in ("one", "two", "spare"):
        add_job(store, name=name)
    add_job(store, [], name="waits", state="queued")
    service = serve(requests_per_minute=10**6)
    token = service.token(role="admin")
    headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", service.app, headers=headers)
    return schema, headers


def test_every_operation_keeps_its_promises(described):
    schema, headers = described
    tried, seen = {}, Counter()
    for result in schema.get_all_operations():
        _try(result.ok(), headers, tried, seen)
    assert len(tried) > 25
    assert min(tried.values()) > 3
    assert sum(seen[status] for status in (200, 202, 204)) > 80, seen
    assert seen[401] + seen[429] == 0, seen


def _try(operation, headers, tried, seen):
    @seed(1)
    @FEW
    @given(case=operation.as_strategy())
    def holds(case):
        tried[operation.label] = tried.get(operation.label, 0) + 1
        _aim(case, tried[operation.label])
        answer = case.call_and_validate(checks=CHECKS, headers=headers | _accept(case))
        seen[answer.status_code] += 1

    holds()


def _aim(case, count):
    """Half of the time at something that is there; and nothing waits for a dispatcher."""
    if "name" in (case.path_parameters or {}) and (count % 2 or case.method == "DELETE"):
        # One alone may be deleted: the others are asked for to the end.
        case.path_parameters["name"] = "spare" if case.method == "DELETE" else JOBS[count % 3]
    if "wait" in str(case.operation.definition.raw):
        case.query = {**(case.query or {}), "wait": 0}


def _accept(case):
    # A stream of a job that isn't over would have no end.
    return {"Accept": "application/json"} if case.path.endswith("/events") else {}
