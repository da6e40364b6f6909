import http.server
import json
import threading

import pytest

from nas.service.checks import service


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NAS_HOME", "NAS_STORE_URL", "NAS_SERVER", "NAS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def answering(monkeypatch):
    """A server that answers every request with the mapping it is given."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(server.body).encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("NAS_SERVER", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()


def test_without_a_service_nothing_is_wrong_and_nothing_written(here):
    assert service("service").state == "ok"
    assert list(here.iterdir()) == []


def test_jobs_that_nobody_takes_are_told(here, store, add_job):
    assert service("service").detail == "0 dispatchers, 0 jobs waiting"
    add_job(store, state="queued")
    found = service("service")
    assert (found.state, found.advice) == ("warn", "start a dispatcher: nas serve")
    store.leases.appear("elsewhere/1/1", 1)
    found = service("service")
    assert (found.state, found.detail) == ("ok", "1 dispatcher, 1 job waiting")


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"store": "ok", "dispatcher": "seen"}, "ok"),
        ({"store": "ok", "dispatcher": "unseen"}, "warn"),
        ({"store": "is locked", "dispatcher": "unknown"}, "fail"),
    ],
)
def test_a_service_elsewhere_is_asked(here, answering, body, state):
    answering.body = body
    assert service("service").state == state


def test_a_service_that_is_down_is_told(here, monkeypatch):
    monkeypatch.setenv("NAS_SERVER", "http://127.0.0.1:9")
    found = service("service")
    assert found.state == "fail"
    assert "http://127.0.0.1:9" in found.detail
