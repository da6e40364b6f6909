"""Below a base path every address of ours begins with it, whether the proxy strips it or not."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard import app
from dashboard.app import create_app

PAGES = (
    "/",
    "/jobs/synthetic",
    "/jobs/synthetic/placements",
    "/jobs/synthetic/trials",
    "/jobs/synthetic/trials/4",
    "/compare?trial=synthetic:0&trial=synthetic:4",
    "/cluster",
    "/nowhere",
)


@pytest.fixture
def below(store):
    url = store.engine.url.render_as_string(hide_password=False)
    return TestClient(create_app(url, base_path="/a/nas"), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_asset_of_a_page_begins_with_the_base_path(below, store, add_job, page):
    add_job(store)
    text = below.get(f"/a/nas{page}").text
    found = re.findall(r"(?:href|src|action)=\"(/[^\"]*)", text)
    assert found
    assert [address for address in found if not address.startswith("/a/nas/")] == []
    assert 'data-base="/a/nas"' in text


@pytest.mark.parametrize("prefix", ["/a/nas", ""])
def test_a_proxy_may_strip_the_base_path_or_not(below, store, add_job, prefix):
    add_job(store)
    for path in (*PAGES[:2], "/api/v1/jobs/synthetic", "/static/style.css"):
        assert below.get(f"{prefix}{path}").status_code == 200, path
    assert below.get(f"{prefix}/api/v1/nowhere").json()["error"]["kind"] == "not_found"


def test_scripts_put_the_base_path_before_addresses_and_import_by_relative_ones(below):
    for path in (Path(app.__file__).parent / "static").glob("*.js"):
        script = path.read_text()
        assert 'from "/' not in script, path
        if "fetch(" in script or "EventSource(" in script:
            assert 'from "./base.js"' in script, path
