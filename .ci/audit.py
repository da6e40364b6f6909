"""Known vulnerabilities of the pinned packages: exit status 1 if there are any.

Says so, with status 0, where no advisory service answers: an audit of nothing is no audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Ask, and tell in a line or a few."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "constraints.txt")]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("dependency audit: the advisory service doesn't answer; nothing was audited")
        return 0
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        print("dependency audit: no advisories can be had here; nothing was audited")
        return 0
    found = [(package, known) for package in audited for known in package["vulns"]]
    print(f"dependency audit: {len(audited)} packages, {len(found)} known vulnerabilities")
    for package, known in found:
        fixed = ", ".join(known["fix_versions"]) or "no version"
        print(f"  {package['name']} {package['version']}: {known['id']}, mended in {fixed}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
