from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from dashboard.app import create_app
from nas.home import Home
from nas.settings import Settings


@pytest.fixture
def browse(store, tmp_path):
    """A client of the dashboard over the test's store."""
    url = store.engine.url.render_as_string(hide_password=False)
    with TestClient(
        create_app(url, home=Home(tmp_path / ".nas")), base_url="http://127.0.0.1:8000"
    ) as client:
        yield client


@dataclass
class Service:
    """Clients of one application: with a token, with a cookie, with nothing."""

    app: object
    store: object
    base_url: str = "http://127.0.0.1:8000"

    def client(self, text="", **named):
        headers = {"Authorization": f"Bearer {text}"} if text else {}
        named = {"base_url": self.base_url, "follow_redirects": False} | named
        return TestClient(self.app, headers=headers, **named)

    def token(self, name="ann", role="submitter", **named):
        return self.store.tokens.create(name, role, **named)[1]

    def signed_in(self, text):
        client = self.client()
        assert client.post("/sign-in", data={"token": text}).status_code == 303
        return client


@pytest.fixture
def serve(store, tmp_path):
    """``serve(**settings)``: a service over the test's store."""

    def make(listens_on="127.0.0.1", behind_proxy=False, base_path="", **settings):
        url = store.engine.url.render_as_string(hide_password=False)
        app = create_app(
            url,
            listens_on,
            base_path,
            behind_proxy=behind_proxy,
            home=Home(tmp_path / ".nas"),
            settings=Settings(**settings),
        )
        app.state.guard.keyring._seconds = 0.0
        return Service(app, store)

    return make


@pytest.fixture
def service(serve):
    return serve()
