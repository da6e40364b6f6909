"""``nas serve`` as a user starts it: a real process, asked over HTTP, stopped by Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from nas.cli.app import cli
from nas.cli.serve import _shown


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answer_of(url, seconds=120):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=5) as answer:
                return answer.read()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_serves_the_store_of_nas_home_until_interrupted(store, add_job, tmp_path, port):
    add_job(store)
    process = subprocess.Popen(
        [sys.executable, "-m", "nas", "serve", "--port", str(port)],
        env={**os.environ, "NAS_HOME": str(tmp_path / ".nas"), "NAS_STORE_URL": ""},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        jobs = json.loads(answer_of(f"http://127.0.0.1:{port}/api/v1/jobs"))
        assert [job["name"] for job in jobs] == ["synthetic"]
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert f"http://127.0.0.1:{port}" in said
    assert "Traceback" not in said
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_a_port_that_is_taken_is_said_plainly(tmp_path, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        result = CliRunner().invoke(cli, ["serve", "--port", str(port)])
    assert result.exit_code == 2
    assert f"can't listen on 127.0.0.1:{port}" in result.output
    assert "--port" in result.output


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (("--host", "0.0.0.0"), 4, "there is no token yet"),
        (("--trusted-proxies", "10.0.0.2"), 4, "there is no token yet"),
        (("--trusted-proxies", "proxy"), 2, "'proxy' is no address or network"),
        (("--base-path", "a b"), 2, "base path 'a b' can't be"),
    ],
)
def test_what_is_refused_starts_nothing(
    store, add_job, tmp_path, monkeypatch, port, options, status, told
):
    # The dispatcher would have taken the job before the web process refused.
    monkeypatch.setenv("NAS_HOME", str(tmp_path / ".nas"))
    add_job(store, state="queued")
    result = CliRunner().invoke(cli, ["serve", "--port", str(port), *options])
    assert result.exit_code == status
    assert result.stderr.startswith("error: ")
    assert told in result.stderr
    assert store.leases.dispatchers() == []


def test_an_address_is_shown_as_a_browser_takes_it():
    assert _shown("0.0.0.0") == "127.0.0.1"
    assert _shown("::1") == "[::1]"
    assert _shown("box.example") == "box.example"
