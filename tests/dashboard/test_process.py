"""The web process as it is started: below a base path, behind a proxy, with tokens."""

import json
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest


@pytest.fixture
def process(store, tmp_path):
    """``process(*options)``: over the test's store; gives its address and its log's file."""
    started = []

    def start(*options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = tmp_path / "web.log"
        env = {**os.environ, "NAS_HOME": str(tmp_path / ".nas"), "NAS_STORE_URL": ""}
        with log.open("wb") as out:
            command = [sys.executable, "-m", "dashboard", "--port", str(port), *options]
            started.append(subprocess.Popen(command, stderr=out, env=env))
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                return f"http://127.0.0.1:{port}", log
            except httpx.TransportError:
                assert started[-1].poll() is None, log.read_text()
                time.sleep(0.1)
        raise AssertionError(log.read_text())

    yield start
    for one in started:
        one.terminate()
        one.wait(120)


def test_behind_a_proxy_with_tokens(process, store, add_job):
    job = add_job(store, [], state="running", owner="ann")
    _, text = store.tokens.create("ann", "submitter")
    _, other = store.tokens.create("bea", "viewer")
    address, log = process("--base-path", "/nas", "--trusted-proxies", "127.0.0.1")
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3", "Host": "nas.example"}

    # Links, redirections and the cookie are those of the address that people see.
    answer = httpx.get(f"{address}/nas/jobs/synthetic", headers=forwarded)
    assert answer.headers["location"] == "/nas/sign-in?next=/jobs/synthetic"
    form = {"token": text, "next": "/jobs/synthetic"}
    origin = {"Origin": "https://nas.example"}
    answer = httpx.post(f"{address}/nas/sign-in", data=form, headers=forwarded | origin)
    assert answer.headers["location"] == "/nas/jobs/synthetic"
    cookie = answer.headers["set-cookie"]
    assert "Secure" in cookie and "Path=/nas" in cookie
    page = httpx.get(
        f"{address}/jobs/synthetic", headers=forwarded | {"Cookie": cookie.partition(";")[0]}
    )
    assert page.status_code == 200
    assert 'action="/nas/sign-out"' in page.text

    # Who follows a job is let go within seconds when the token is revoked; others stay.
    url = f"{address}/nas/api/v1/jobs/synthetic/events?after={store.jobs.last_event(job.id)}"
    as_ann, as_bea = ({"Authorization": f"Bearer {one}"} for one in (text, other))
    with (
        httpx.stream("GET", url, headers=as_ann, timeout=60) as ann,
        httpx.stream("GET", url, headers=as_bea, timeout=60) as bea,
    ):
        assert (ann.status_code, bea.status_code) == (200, 200)
        store.tokens.revoke("ann")
        began = time.monotonic()
        for _ in ann.iter_lines():
            pass
        assert time.monotonic() - began < 15  # about a second on an idle machine
        store.jobs.set_state(job.id, "done")
        assert "event: end" in list(bea.iter_lines())
    assert httpx.get(f"{address}/api/v1/jobs", headers=as_ann).status_code == 401

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"10.1.2.3", "127.0.0.1"} <= {line.get("address") for line in lines}
    for secret in (text, other, cookie.partition("=")[2].partition(";")[0]):
        assert secret[-20:] not in log.read_text()


def test_nobody_elses_forwarded_headers_count(process, store):
    store.tokens.create("ann", "submitter")
    address, log = process("--trusted-proxies", "10.9.9.9")
    httpx.get(f"{address}/api/v1/jobs", headers={"X-Forwarded-For": "10.1.2.3"}, timeout=60)
    deadline = time.monotonic() + 60
    while not (told := [line for line in log.read_text().splitlines() if "/jobs" in line]):
        assert time.monotonic() < deadline, log.read_text()  # it is written after the answer
        time.sleep(0.05)
    (line,) = map(json.loads, told)
    assert line["address"] == "127.0.0.1"
