"""No container engine runs here, so the deployment files are held by reading them."""

import re
from importlib.metadata import version
from pathlib import Path

import click
import pytest
import yaml

from nas.cli.app import cli
from nas.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
ONE_SHOT = {"migrate", "nas"}
RAY = {"ray-head", "ray-worker", "ray-worker-gpu"}
SECRETS = {"POSTGRES_PASSWORD", "RAY_AUTH_TOKEN"}
OURS = [name for name in SERVICES if name != "postgres"]

each_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)
each_ray_node = pytest.mark.parametrize("name", sorted(RAY))


def option(name: str, key: str) -> str:
    """The value of ``--key=value`` in a service's command."""
    (found,) = [word for word in SERVICES[name]["command"] if word.startswith(f"--{key}=")]
    return found.partition("=")[2]


def test_the_services_are_those_that_exist():
    always = {"postgres", "migrate", "mlflow", "ray-head", "ray-worker", "dispatcher", "web"}
    assert {name for name in SERVICES if "profiles" not in SERVICES[name]} == always
    assert SERVICES["ray-worker-gpu"]["profiles"] == ["gpu"]
    assert SERVICES["nas"]["profiles"] == ["tools"]


@each_service
def test_images_are_pinned(name):
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.search(r"\d+\.\d+", tag)


@each_service
def test_long_running_services_have_a_health_check_and_come_back(name):
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert "restart" not in service
        assert "healthcheck" not in service
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


@each_service
def test_dependencies_are_waited_for_until_they_are_of_use(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if other in ONE_SHOT:
            assert how == {"condition": "service_completed_successfully"}
        elif (name, other) == ("dispatcher", "mlflow"):
            assert how == {"condition": "service_started"}
        else:
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", ["web", "dispatcher", "nas"])
def test_who_opens_the_store_finds_its_tables_made(name):
    assert "migrate" in SERVICES[name]["depends_on"]


def test_only_pages_are_published_and_on_this_machine_only():
    published = {name: SERVICES[name]["ports"] for name in SERVICES if "ports" in SERVICES[name]}
    assert set(published) == {"web", "mlflow"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@each_service
def test_secrets_have_no_default_and_say_what_to_do(name):
    for key, value in SERVICES[name].get("environment", {}).items():
        if "PASSWORD" in key or "postgresql" in value:
            assert "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD in .env}" in value
        if key.endswith("_TOKEN"):
            assert value == "${RAY_AUTH_TOKEN:?set RAY_AUTH_TOKEN in .env}"


@each_service
def test_volumes_are_named_or_read_only(name):
    for volume in SERVICES[name].get("volumes", []):
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or volume.endswith(":ro")


def test_every_variable_is_explained():
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    example = (ROOT / ".env.example").read_text()
    assert used == set(re.findall(r"^(?:# )?(\w+)=", example, re.M))
    assert set(re.findall(r"^(\w+)=$", example, re.M)) == SECRETS


def test_explained_defaults_are_the_real_ones():
    real = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    example = (ROOT / ".env.example").read_text()
    assert dict(re.findall(r"^# (\w+)=(\S*)", example, re.M)) == real


def test_our_services_share_one_image_and_its_version_is_ours():
    images = {SERVICES[name]["image"] for name in OURS}
    assert images == {f"attention-placement-nas:{version('attention-placement-nas')}"}


@each_of_ours
def test_our_services_can_change_only_what_they_must(name):
    service = SERVICES[name]
    assert service["read_only"] and service["init"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]


def test_our_store_and_mlflow_have_databases_of_their_own():
    ours = SERVICES["dispatcher"]["environment"]["NAS_STORE_URL"]
    theirs = SERVICES["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"]
    assert ours.endswith("/nas")
    assert theirs.endswith("/mlflow")
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "nas"
    script = (ROOT / "deploy" / "postgres" / "mlflow.sql").read_text()
    assert "CREATE DATABASE mlflow" in script


def test_who_opens_the_store_opens_the_same_by_the_same_settings():
    opening = {"web", "dispatcher", "migrate", "nas"}
    stores = {
        name: service["environment"]["NAS_STORE_URL"]
        for name, service in SERVICES.items()
        if "NAS_STORE_URL" in service.get("environment", {})
    }
    assert set(stores) == opening
    assert len(set(stores.values())) == 1
    held = {name for name in SERVICES if "settings.yaml" in str(SERVICES[name].get("volumes"))}
    assert held == opening


@pytest.mark.parametrize("name", ["web", "dispatcher", "migrate", "nas"])
def test_all_of_ours_go_by_the_same_settings(name):
    inside = SERVICES[name]["environment"]["NAS_SETTINGS"]
    (mounted,) = [v for v in SERVICES[name]["volumes"] if v.endswith(f":{inside}:ro")]
    (default,) = re.findall(r":-([^}]+)\}", mounted)
    settings = Settings.here(environ={"NAS_SETTINGS": str(ROOT / default)})
    assert "digits" in settings.data


def test_mlflow_allows_the_host_name_that_the_dispatcher_uses():
    address = SERVICES["dispatcher"]["environment"]["MLFLOW_TRACKING_URI"]
    allowed = option("mlflow", "allowed-hosts").split(",")
    assert address.removeprefix("http://") in allowed


def test_the_head_has_nothing_for_tasks_and_shows_nothing_outside():
    assert option("ray-head", "num-cpus") == option("ray-head", "num-gpus") == "0"
    assert option("ray-head", "dashboard-host") == "127.0.0.1"


@each_ray_node
def test_ray_nodes_end_with_their_processes_and_have_time_to(name):
    assert "--block" in SERVICES[name]["command"]
    assert SERVICES[name]["stop_grace_period"] == "45s"


@pytest.mark.parametrize("name", ["ray-worker", "ray-worker-gpu"])
def test_workers_and_dispatcher_join_the_head(name):
    assert SERVICES["dispatcher"]["environment"]["NAS_RAY_ADDRESS"] == option(name, "address")
    assert option(name, "address") == f"ray-head:{option('ray-head', 'port')}"


@pytest.mark.parametrize("name", ["ray-worker", "ray-worker-gpu", "dispatcher"])
def test_whoever_trains_sees_the_same_files_by_the_same_paths(name):
    assert {"home:/var/lib/nas", "${DATA:-./data}:/data:ro"} <= set(SERVICES[name]["volumes"])


@pytest.mark.parametrize("name", sorted(RAY | {"dispatcher"}))
def test_the_cluster_asks_for_its_token(name):
    environment = SERVICES[name]["environment"]
    assert environment["RAY_AUTH_MODE"] == "token"
    assert "${RAY_AUTH_TOKEN:?" in environment["RAY_AUTH_TOKEN"]


def test_only_the_dispatcher_reaches_both_records_and_cluster():
    networks = {name: set(SERVICES[name]["networks"]) for name in SERVICES}
    assert {name for name in networks if "cluster" in networks[name]} == RAY | {"dispatcher"}
    assert {name for name in networks if len(networks[name]) > 1} == {"dispatcher"}
    assert set().union(*networks.values()) == set(COMPOSE["networks"])


def test_gpus_are_for_the_profile_alone():
    with_gpus = {name for name in SERVICES if "gpu" in str(SERVICES[name].get("deploy"))}
    assert with_gpus == {"ray-worker-gpu"}


def test_the_dispatcher_has_time_to_put_its_jobs_down():
    assert SERVICES["dispatcher"]["stop_grace_period"] == "2m"


def test_the_image_is_pinned_and_does_not_run_as_root():
    assert re.search(r"^FROM python:3\.\d+\.\d+-", DOCKERFILE, re.M)
    (user,) = re.findall(r"useradd --uid (\d+)", DOCKERFILE)
    assert re.findall(r"^USER (\w+)", DOCKERFILE, re.M)[-1] == user


def test_the_image_takes_the_tested_versions():
    assert "-c constraints.txt" in DOCKERFILE


def test_the_image_holds_every_floor_and_can_see_it():
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {
        word for line in re.findall(r"^COPY (.*)", DOCKERFILE, re.M) for word in line.split()[:-1]
    }
    assert {"search_spaces", "workers", "nas", "dashboard"} <= copied
    for name in copied:
        assert f"!{name.partition('/')[0]}" in sent
        assert (ROOT / name).exists()


def test_programs_of_the_commands_are_in_the_image():
    programs = {SERVICES[name].get("entrypoint", SERVICES[name]["command"])[0] for name in OURS}
    assert programs == {"nas", "mlflow", "ray", "dispatcher"}
    assert "COPY deploy/dispatcher.sh /usr/local/bin/dispatcher" in DOCKERFILE
    assert (ROOT / "deploy" / "dispatcher.sh").stat().st_mode & 0o111


def test_commands_of_ours_exist_and_so_do_their_options():
    commands = [SERVICES[name]["command"][1:] for name in ("migrate", "web")]
    commands.append(["dispatch", *SERVICES["dispatcher"]["command"][1:]])
    assert '\nnas dispatch "$@" &\n' in (ROOT / "deploy" / "dispatcher.sh").read_text()
    for words in commands:
        command: click.Command = cli
        context = click.Context(cli)
        while isinstance(command, click.Group):
            command = command.get_command(context, words.pop(0))
        known = {name for parameter in command.params for name in parameter.opts}
        asked = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert asked <= known
