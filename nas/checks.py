"""What ``nas doctor`` looks at. Heavy packages are imported in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from nas.checks_value import Check
from nas.home import Home
from workers.threads import cores

DISTRIBUTION = "attention-placement-nas"

_TORCH = """
import json, torch, torchvision
from workers.device import has_bfloat16, resolve_device
device = resolve_device("auto")
name = torch.cuda.get_device_name(0) if device.type == "cuda" else "cpu"
torch.nn.Conv2d(1, 1, 3)(torch.zeros(1, 1, 4, 4))
print(json.dumps([torch.__version__, torchvision.__version__, name, has_bfloat16(device)]))
"""


def run_checks() -> list[Check]:
    """Every check in turn; one that breaks is a failed check."""
    return [_guarded(name, check) for name, check in CHECKS.items()]


def _guarded(name: str, check: Callable[[str], Check]) -> Check:
    try:
        return check(name)
    except Exception as error:
        return Check(name, "fail", f"{type(error).__name__}: {error}", "please report this")


def python(name: str) -> Check:
    """The interpreter is of a version that the packages support."""
    found = sys.version.split()[0]
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Check(name, "ok", found)
    return Check(name, "fail", found, "use Python 3.11 to 3.13")


def packages(name: str) -> Check:
    """What we depend on is installed, in the ranges that were declared."""
    from packaging.requirements import Requirement

    wrong = []
    needed = [Requirement(text) for text in requires(DISTRIBUTION) or []]
    needed = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    for requirement in needed:
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} is not {requirement.specifier}")
    if wrong:
        return Check(name, "fail", "; ".join(wrong), "install again with constraints.txt")
    return Check(name, "ok", f"{len(needed)} packages, all in range")


def torch(name: str) -> Check:
    """Torch and torchvision match and compute; bfloat16 halves the time where it is there."""
    answer = _in_process(_TORCH)
    if answer.returncode:
        advice = "torch and torchvision must match: install both from one index, constraints.txt"
        return Check(name, "fail", _last_line(answer.stderr), advice)
    torch_version, vision_version, device, fast = json.loads(answer.stdout.splitlines()[-1])
    detail = f"torch {torch_version}, torchvision {vision_version}, on {device}"
    if fast:
        return Check(name, "ok", f"{detail}, bfloat16")
    advice = "nothing to do; training takes about twice as long as with bfloat16 in hardware"
    return Check(name, "warn", f"{detail}, no bfloat16", advice)


def ray(name: str) -> Check:
    """Ray can be imported; a cluster is only contacted by a job that names one."""
    answer = _in_process("import ray; print(ray.__version__)")
    if answer.returncode:
        return Check(name, "fail", _last_line(answer.stderr), "install ray with constraints.txt")
    return Check(name, "ok", answer.stdout.strip())


def machine(name: str) -> Check:
    """Cores and memory suffice for a worker or two."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    detail = f"{cores()} cores, {total:.1f} GiB memory"
    if total < 4:
        return Check(name, "warn", detail, "set workers.count: 1; each worker needs about 1 GiB")
    return Check(name, "ok", detail)


def home(name: str) -> Check:
    """NAS_HOME can be written and has room; nothing is left behind."""
    root = Home.here().root
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        advice = "point NAS_HOME at a folder that you may write to"
        return Check(name, "fail", f"{existing} can't be written", advice)
    free = shutil.disk_usage(existing).free / 2**30
    if free < 2:
        return Check(name, "warn", f"{root}, {free:.1f} GiB free", "free some disk space")
    return Check(name, "ok", f"{root}, {free:.1f} GiB free")


def store(name: str) -> Check:
    """The store can be opened; an embedded one that isn't there yet is made by the first job."""
    place = Home.here()
    if not place.has_store:
        return Check(name, "ok", "embedded, none yet")
    from nas.errors import NasError
    from nas.store.store import Store

    try:
        Store(place.store_url).close()
    except NasError as error:
        return Check(name, "fail", str(error), "see NAS_STORE_URL and NAS_HOME")
    return Check(name, "ok", "at NAS_STORE_URL" if place.store_address else str(place.store_file))


def mlflow(name: str) -> Check:
    """MLflow's server answers, where one is named; jobs run without it, but are not shown there."""
    address = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not address.startswith(("http://", "https://")):
        return Check(name, "ok", address or f"embedded, {Home.here().mlflow_file}")
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=3) as answer:
            return Check(name, "ok", f"{address} answers ({answer.status})")
    except (OSError, ValueError) as error:
        advice = "start the server, correct MLFLOW_TRACKING_URI, or set tracking.enabled: false"
        return Check(name, "warn", f"{address}: {error}", advice)


def shared_memory(name: str) -> Check:
    """Ray's object store lives in /dev/shm; in a container it is often 64 MiB."""
    shm = Path("/dev/shm")
    if not shm.is_dir():
        return Check(name, "ok", "none on this system")
    free = shutil.disk_usage(shm).free / 2**20
    if free < 256:
        advice = "start the container with --shm-size=1g; Ray is slow without"
        return Check(name, "warn", f"{free:.0f} MiB free", advice)
    return Check(name, "ok", f"{free:,.0f} MiB free")


def service(name: str) -> Check:
    """What is submitted is taken: at NAS_SERVER, or by a dispatcher of this store."""
    from nas.service.checks import service as check

    return check(name)


def git(name: str) -> Check:
    """Git lets MLflow record the version of your code."""
    if shutil.which("git"):
        return Check(name, "ok", "found")
    return Check(name, "warn", "not found", "install git, or ignore MLflow's warning about it")


CHECKS: dict[str, Callable[[str], Check]] = {
    "Python": python,
    "packages": packages,
    "torch": torch,
    "Ray": ray,
    "machine": machine,
    "shared memory": shared_memory,
    "NAS_HOME": home,
    "store": store,
    "MLflow": mlflow,
    "service": service,
    "git": git,
}


def _in_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
