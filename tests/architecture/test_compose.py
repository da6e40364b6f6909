"""No container engine runs here, so the deployment files are held by reading them."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
ONE_SHOT = {"search"}

each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_services_are_those_that_exist():
    assert set(SERVICES) == {"postgres", "mlflow", "dashboard", "search"}


@each_service
def test_images_are_pinned(name):
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.search(r"\d+\.\d+", tag)


@each_service
def test_long_running_services_have_a_health_check_and_come_back(name):
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert "profiles" in service
        assert "restart" not in service
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


@each_service
def test_dependencies_are_waited_for_until_healthy(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[other]


@each_service
def test_ports_are_open_on_this_machine_only(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_the_database_is_not_published():
    assert "ports" not in SERVICES["postgres"]


@each_service
def test_secrets_have_no_default_and_say_what_to_do(name):
    for key, value in SERVICES[name].get("environment", {}).items():
        if "PASSWORD" in key or "postgresql" in value:
            assert "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD in .env}" in value


@each_service
def test_volumes_are_named_or_read_only(name):
    for volume in SERVICES[name].get("volumes", []):
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or volume.endswith(":ro")


def test_every_variable_is_explained():
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    explained = set(re.findall(r"^(?:# )?(\w+)=", (ROOT / ".env.example").read_text(), re.M))
    assert used == explained


def test_our_services_share_one_image_and_its_version_is_ours():
    from importlib.metadata import version

    images = {SERVICES[name]["image"] for name in SERVICES if name != "postgres"}
    assert images == {f"attention-placement-nas:{version('attention-placement-nas')}"}


def test_our_store_and_mlflow_have_databases_of_their_own():
    ours = SERVICES["dashboard"]["environment"]["NAS_STORE_URL"]
    theirs = SERVICES["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"]
    assert ours.endswith("/nas")
    assert theirs.endswith("/mlflow")
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "nas"
    script = (ROOT / "deploy" / "postgres" / "mlflow.sql").read_text()
    assert "CREATE DATABASE mlflow" in script


def test_mlflow_allows_the_host_name_that_searches_use():
    address = SERVICES["search"]["environment"]["MLFLOW_TRACKING_URI"].removeprefix("http://")
    (allowed,) = [c for c in SERVICES["mlflow"]["command"] if c.startswith("--allowed-hosts=")]
    assert address in allowed.partition("=")[2].split(",")


def test_the_image_is_pinned_and_does_not_run_as_root():
    assert re.search(r"^FROM python:3\.\d+\.\d+-", DOCKERFILE, re.M)
    assert re.findall(r"^USER (\w+)", DOCKERFILE, re.M)[-1] == "nas"


def test_the_image_takes_the_tested_versions():
    assert "-c constraints.txt" in DOCKERFILE


def test_the_image_holds_every_floor_and_can_see_it():
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {
        word for line in re.findall(r"^COPY (.*)", DOCKERFILE, re.M) for word in line.split()[:-1]
    }
    assert {"search_spaces", "workers", "nas", "dashboard"} <= copied
    for name in copied:
        assert f"!{name}" in sent
