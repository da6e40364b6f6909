"""The client's addresses and paths; what a real service answers is in tests/integration."""

import httpx
import pytest

from nas.client import Client
from nas.errors import NotFound, ServiceUnreachable, UsageProblem


def answering(status, **content):
    """A client of something that always answers so."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, **content))
    return Client("nas.example", transport=transport)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("small", "jobs/small/front"),
        ("small?x=1", "jobs/small%3Fx%3D1/front"),
        ("small#x", "jobs/small%23x/front"),
        ("%2e", "jobs/%252e/front"),
    ],
)
def test_a_name_is_a_name_whatever_it_holds(name, path):
    assert Client.job_path(name, "front") == path


@pytest.mark.parametrize("name", ["", ".", "..", "../jobs", "small/front"])
def test_what_would_lead_elsewhere_is_no_job(name):
    with pytest.raises(NotFound, match="no job"):
        Client.job_path(name)


@pytest.mark.parametrize("address", ["http://[::1", "http://a:99999", "http://", "ftp://a", "a:b"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UsageProblem, match="is no address such as"):
        Client(address)


@pytest.mark.parametrize("status", [200, 307, 404])
def test_another_program_at_the_address_is_said_so(status):
    with pytest.raises(ServiceUnreachable, match="not as this service does; NAS_SERVER is"):
        answering(status, text="<html>").get("jobs")
