import pytest
from fastapi.testclient import TestClient

from dashboard.app import create_app


@pytest.fixture
def browse(store):
    """A client of the dashboard over the test's store."""
    url = store.engine.url.render_as_string(hide_password=False)
    with TestClient(create_app(url), base_url="http://127.0.0.1:8000") as client:
        yield client
