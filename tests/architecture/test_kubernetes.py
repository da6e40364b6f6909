"""No cluster runs here, so the files of deploy/kubernetes are held by reading them."""

import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from nas.settings import Settings
from tests.architecture.manifests import FOLDER, built, pods

PLACES = ["base", "overlays/gpu"]
OURS = "attention-placement-nas"
BASE = built(FOLDER / "base")
WITH_GPUS = built(FOLDER / "overlays" / "gpu")
PODS = {name: (labels, spec) for name, labels, spec in pods(WITH_GPUS)}
COMPOSE = yaml.safe_load((FOLDER.parents[1] / "docker-compose.yml").read_text())["services"]

each_pod = pytest.mark.parametrize("name", sorted(PODS))


def of_kind(kind: str) -> dict[str, dict]:
    return {m["metadata"]["name"]: m for m in WITH_GPUS if m["kind"] == kind}


def only_container(name: str) -> dict:
    (container,) = PODS[name][1]["containers"]
    return container


def selected(selector: dict) -> set[str]:
    """The pods that a selector takes."""

    def takes(labels: dict) -> bool:
        exact = selector.get("matchLabels", {}).items() <= labels.items()
        rules = selector.get("matchExpressions", ())
        assert all(rule["operator"] == "In" for rule in rules)
        return exact and all(labels.get(rule["key"]) in rule["values"] for rule in rules)

    return {name for name, (labels, _) in PODS.items() if takes(labels)}


def test_every_file_is_part_of_it():
    for place in PLACES:
        plan = yaml.safe_load((FOLDER / place / "kustomization.yaml").read_text())
        named = {*plan["resources"], *(patch["path"] for patch in plan.get("patches", ()))}
        there = {path.name for path in (FOLDER / place).iterdir()} - {"kustomization.yaml"}
        assert {name for name in named if not name.startswith("..")} == there
        assert plan["namespace"] in of_kind("Namespace")


def test_no_two_objects_share_a_name():
    names = [(m["kind"], m["metadata"]["name"]) for m in WITH_GPUS]
    assert len(names) == len(set(names))


def test_the_pods_are_those_of_the_service():
    always = {"postgres", "migrate", "mlflow", "dispatcher", "web", "head", "cpu"}
    assert {name for name, _, _ in pods(BASE)} == always
    assert set(PODS) == always | {"gpu"}


@each_pod
def test_images_are_pinned_and_ours_is_the_one_of_compose(name):
    image = only_container(name)["image"]
    if name == "postgres":
        assert image == COMPOSE["postgres"]["image"]
    else:
        assert image == COMPOSE["web"]["image"] == f"{OURS}:{version(OURS)}"


def test_ray_is_the_version_that_is_tested():
    constraints = (FOLDER.parents[1] / "constraints.txt").read_text()
    (tested,) = re.findall(r"^ray==(\S+)", constraints, re.M)
    assert of_kind("RayCluster")["ray"]["spec"]["rayVersion"] == tested


@each_pod
def test_nobody_is_root_or_can_become_it(name):
    pod, container = PODS[name][1]["securityContext"], only_container(name)["securityContext"]
    assert pod["runAsNonRoot"] and pod["runAsUser"] >= 100
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_pod
def test_only_the_head_speaks_to_the_kubernetes_api(name):
    spec = PODS[name][1]
    if name == "head":
        assert "serviceAccountName" not in spec
    else:
        assert spec["automountServiceAccountToken"] is False
        assert spec["serviceAccountName"] in of_kind("ServiceAccount")


@each_pod
def test_resources_are_asked_for_and_limited(name):
    resources = only_container(name)["resources"]
    for key in ("requests", "limits"):
        assert {"cpu", "memory"} <= set(resources[key])


@each_pod
def test_long_running_pods_are_probed_by_what_the_image_has(name):
    container = only_container(name)
    probes = {key: value for key, value in container.items() if key.endswith("Probe")}
    if name == "migrate":
        assert not probes
        return
    assert "readinessProbe" in probes
    # One that is cut off from the cluster must not end a dispatcher, whose jobs go on elsewhere.
    assert ("livenessProbe" in probes) == (name != "dispatcher")
    ports = {port["name"] for port in container.get("ports", ())}
    for probe in probes.values():
        if "httpGet" in probe:
            assert probe["httpGet"]["port"] in ports
        else:
            assert probe["exec"]["command"][0] in {"ray", "pg_isready"}


def test_web_is_probed_where_it_answers():
    container = only_container("web")
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@each_pod
def test_what_a_pod_names_is_there(name):
    spec, container = PODS[name][1], only_container(name)
    claims, configs = of_kind("PersistentVolumeClaim"), of_kind("ConfigMap")
    volumes = {volume["name"] for volume in spec["volumes"]}
    for volume in spec["volumes"]:
        if "persistentVolumeClaim" in volume:
            assert volume["persistentVolumeClaim"]["claimName"] in claims
        elif "configMap" in volume:
            assert volume["configMap"]["name"] in configs
        else:
            assert "emptyDir" in volume
    if name == "postgres":
        volumes.add("database")
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    for source in container.get("envFrom", ()):
        assert source["configMapRef"]["name"] in configs


@each_pod
def test_secrets_are_named_and_never_written_down(name):
    for variable in only_container(name).get("env", ()):
        if "PASSWORD" in variable["name"] or variable["name"].endswith("_TOKEN"):
            key = variable["valueFrom"]["secretKeyRef"]
            assert key["name"] == "nas"
            assert key["key"] in {"postgres-password", "ray-auth-token"}
        if "postgresql+" in variable.get("value", ""):
            assert "://nas:$(POSTGRES_PASSWORD)@postgres:5432/" in variable["value"]
    assert not of_kind("Secret")


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_selectors_match_the_pods_they_are_for(kind):
    for name, manifest in of_kind(kind).items():
        assert selected(manifest["spec"]["selector"]) == {name}


def test_services_lead_to_pods_that_listen():
    for name, service in of_kind("Service").items():
        assert selected({"matchLabels": service["spec"]["selector"]}) == {name}
        (port,) = service["spec"]["ports"]
        listens = {p["name"]: p["containerPort"] for p in only_container(name)["ports"]}
        assert port.get("targetPort", port["port"]) in {*listens, *listens.values()}
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"


def test_settings_can_be_read():
    inside = Path(of_kind("ConfigMap")["nas"]["data"]["NAS_SETTINGS"])
    (text,) = of_kind("ConfigMap")["settings"]["data"].values()
    assert "digits" in Settings.read(text, inside).data
    for name in ("web", "dispatcher", "migrate"):
        mounts = {m["mountPath"]: m["name"] for m in only_container(name)["volumeMounts"]}
        assert mounts[str(inside.parent)] == "settings"


def test_addresses_name_services_that_exist():
    settings = of_kind("ConfigMap")["nas"]["data"]
    services = of_kind("Service")
    assert re.fullmatch(r"http://mlflow:(\d+)", settings["MLFLOW_TRACKING_URI"])[1] == str(
        services["mlflow"]["spec"]["ports"][0]["port"]
    )
    # KubeRay names the head's service after the cluster.
    (cluster,) = of_kind("RayCluster")
    assert settings["NAS_RAY_ADDRESS"] == f"{cluster}-head-svc:6379"
    for name in ("cpu", "gpu", "dispatcher"):
        command = only_container(name)["readinessProbe"]["exec"]["command"]
        assert command[-1] == f"--address={settings['NAS_RAY_ADDRESS']}"


def test_only_nodes_and_dispatchers_reach_ray():
    policies = of_kind("NetworkPolicy")
    assert policies["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    ray = {"head", "cpu", "gpu"}
    reach = {}
    for name, policy in policies.items():
        if name == "nobody":
            continue
        (rule,) = policy["spec"]["ingress"]
        for pod in selected(policy["spec"]["podSelector"]):
            sources = rule.get("from")
            everyone = sources is None
            reach[pod] = everyone or set().union(*(selected(s["podSelector"]) for s in sources))
    assert all(reach[pod] == ray | {"dispatcher"} for pod in (*ray, "dispatcher"))
    assert reach["postgres"] == {"migrate", "mlflow", "dispatcher", "web"}
    assert reach["mlflow"] == {"dispatcher"}
    assert reach["web"] is True


def test_the_head_has_nothing_for_tasks_and_the_cluster_grows_with_its_jobs():
    spec = of_kind("RayCluster")["ray"]["spec"]
    start = spec["headGroupSpec"]["rayStartParams"]
    assert start["num-cpus"] == start["num-gpus"] == "0"
    assert start["dashboard-host"] == "127.0.0.1"
    assert spec["enableInTreeAutoscaling"] and spec["autoscalerOptions"]["version"] == "v2"
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] < group["maxReplicas"]


def test_gpus_are_for_the_group_of_the_overlay():
    for name in PODS:
        resources = only_container(name)["resources"]
        asked = "nvidia.com/gpu" in resources["limits"]
        assert asked == (name == "gpu")


def test_the_cluster_asks_for_its_token():
    spec = of_kind("RayCluster")["ray"]["spec"]
    holders = [only_container(name)["env"] for name in ("head", "cpu", "gpu", "dispatcher")]
    for variables in [*holders, spec["autoscalerOptions"]["env"]]:
        values = {variable["name"]: variable.get("value") for variable in variables}
        assert values["RAY_AUTH_MODE"] == "token"
        assert "RAY_AUTH_TOKEN" in values


def test_whoever_trains_sees_the_same_files_by_the_same_paths():
    mounts = [
        {(m["name"], m["mountPath"], m.get("readOnly")) for m in container["volumeMounts"]}
        for container in map(only_container, ("cpu", "gpu", "dispatcher"))
    ]
    shared = {("home", "/var/lib/nas", None), ("data", "/data", True)}
    assert all(shared <= found for found in mounts)
    assert of_kind("PersistentVolumeClaim")["home"]["spec"]["accessModes"] == ["ReadWriteMany"]


@pytest.mark.parametrize("name", ["web", "mlflow", "migrate", "dispatcher"])
def test_commands_are_those_of_compose(name):
    def defaults(word: str) -> str:
        return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word)

    assert only_container(name)["command"] == [defaults(w) for w in COMPOSE[name]["command"]]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl here")
@pytest.mark.parametrize("place", PLACES)
def test_kubectl_builds_what_these_tests_read(place: str):
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / place)], capture_output=True, text=True, check=True
    )

    def plain(manifest: dict) -> tuple[str, str, dict]:
        return manifest["kind"], manifest["metadata"]["name"], manifest.get("spec", {})

    real = sorted(map(plain, yaml.safe_load_all(done.stdout)), key=lambda found: found[:2])
    assert real == sorted(map(plain, built(FOLDER / place)), key=lambda found: found[:2])


def test_the_database_of_mlflow_is_made_as_in_compose():
    script = (Path(FOLDER.parent) / "postgres" / "mlflow.sql").read_text()
    assert of_kind("ConfigMap")["postgres-init"]["data"]["mlflow.sql"].strip() == script.strip()
