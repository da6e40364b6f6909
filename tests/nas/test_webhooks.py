import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from nas import webhooks
from nas.errors import NotAllowed, ServiceUnreachable
from nas.holding.control import cancel
from nas.home import Home
from nas.service.work import WORKS


@pytest.fixture
def receiver():
    """A server that answers with the statuses in its list, then 200, and keeps what it was told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.told.append(json.loads(body))
            self.send_response(server.statuses.pop(0) if server.statuses else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.told, server.statuses = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(webhooks, "WAITS", (0.0, 0.0, 0.0))
    root = tmp_path / ".nas"
    root.mkdir(exist_ok=True)
    (root / "settings.yaml").write_text("webhook_hosts: [127.0.0.1]\n")
    return Home(root)


def address(server):
    return f"http://127.0.0.1:{server.server_port}/done"


def test_the_end_of_a_job_is_told(store, home, add_job, receiver):
    job = add_job(store, state="queued")
    spec = {**job.spec, "webhook": address(receiver)}
    store.jobs.extend(job.id, spec, {}, "for a test")
    cancel(store, store.jobs.get(job.name))
    (task,) = store.tasks.list("queued")
    assert WORKS[task.kind](store, home, task) == {"status": 200, "tries": 1}
    (told,) = receiver.told
    assert (told["name"], told["state"]) == ("synthetic", "cancelled")
    assert told["trials"]["total"] == 7


def test_without_an_address_nobody_is_told(store, add_job):
    add_job(store)
    assert store.tasks.list() == []


def test_errors_are_tried_again_and_redirections_not_followed(home, receiver):
    receiver.statuses = [500, 302]
    assert webhooks.tell(home, address(receiver), {"a": 1}) == {"status": 200, "tries": 3}
    receiver.statuses = [503] * 4
    with pytest.raises(ServiceUnreachable, match="status 503"):
        webhooks.tell(home, address(receiver), {})


def test_only_hosts_of_the_settings_are_told(home, receiver):
    with pytest.raises(NotAllowed, match=r"the settings allow 127\.0\.0\.1"):
        webhooks.tell(home, "http://169.254.169.254/latest", {})
    (home.root / "settings.yaml").unlink()
    with pytest.raises(NotAllowed, match="allow none"):
        webhooks.tell(home, address(receiver), {})
    assert receiver.told == []
