import http.server
import threading
from importlib.metadata import PackageNotFoundError

import pytest

from nas import checks
from nas.checks import CHECKS, run_checks
from nas.checks_value import Check


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NAS_HOME", "NAS_STORE_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in ("torch", "Ray")])
def test_cheap_checks_find_this_machine_fit_and_write_nothing(here, name):
    assert CHECKS[name](name).state in ("ok", "warn")
    assert list(here.iterdir()) == []


def test_torch_is_tried_in_a_process_of_its_own():
    check = checks.torch("torch")
    assert check.state in ("ok", "warn")
    assert "torchvision" in check.detail


def test_broken_package_is_told_with_its_last_line(monkeypatch):
    monkeypatch.setattr(checks, "_TORCH", "raise ImportError('operator nms does not exist')")
    check = checks.torch("torch")
    assert (check.state, check.detail) == ("fail", "ImportError: operator nms does not exist")
    assert "constraints.txt" in check.advice


def test_missing_and_old_packages_are_named(monkeypatch):
    def version(name):
        if name == "ray":
            raise PackageNotFoundError(name)
        return "0.1"

    monkeypatch.setattr(checks, "version", version)
    check = checks.packages("packages")
    assert check.state == "fail"
    assert "ray is missing" in check.detail
    assert "click 0.1 is not" in check.detail


def test_home_that_cannot_be_written(here, monkeypatch):
    (here / "file").write_text("")
    monkeypatch.setenv("NAS_HOME", str(here / "file" / "home"))
    assert checks.home("NAS_HOME").state == "fail"


def test_store_that_is_no_database(here):
    (here / ".nas").mkdir()
    (here / ".nas" / "store.db").write_bytes(b"no database" * 100)
    check = checks.store("store")
    assert check.state == "fail"
    assert check.advice


def test_mlflow_server_that_answers_and_one_that_does_not(here, monkeypatch):
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}/")
    try:
        assert checks.mlflow("MLflow").state == "ok"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert checks.mlflow("MLflow").state == "warn"


def test_check_that_breaks_is_a_failed_check(monkeypatch):
    monkeypatch.setattr(checks, "CHECKS", {"odd": lambda _: 1 / 0})
    (check,) = run_checks()
    assert check == Check(
        "odd", "fail", "ZeroDivisionError: division by zero", "please report this"
    )
