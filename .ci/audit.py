"""Known vulnerabilities of the versions that were tested together, by pip-audit and npm audit: `make audit`.

Ends with 1 where there are any. A service that cannot be reached is said, and is no failure: what is
known today changes tomorrow, and a build must not depend on it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PIP = [
    sys.executable,
    "-m",
    "pip_audit",
    "--no-deps",
    "--disable-pip",
    "--format=json",
    "--progress-spinner=off",
]
NPM = ["npm", "audit", "--omit=dev", "--audit-level=high", "--json"]


def ask(command: list[str], folder: Path) -> tuple[dict[str, Any], str]:
    """What a program says as JSON, and the last line of its errors."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {}, str(error)
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return {}, last
    return (said, last) if isinstance(said, dict) else ({}, last)


def python() -> tuple[list[str], int, int] | str:
    """The vulnerable packages of constraints.txt, of how many that are known, of how many; or why not."""
    said, why = ask([*PIP, "--requirement", "constraints.txt"], ROOT)
    all_of_them = said.get("dependencies", [])
    known = [each for each in all_of_them if "skip_reason" not in each]
    if not known:
        return all_of_them[0]["skip_reason"] if all_of_them else why
    vulnerable = [
        f"{each['name']} {each['version']}: {', '.join(one['id'] for one in each['vulns'])}"
        for each in known
        if each["vulns"]
    ]
    return vulnerable, len(known), len(all_of_them)


def dashboard() -> tuple[list[str], int, int] | str:
    """The same of what the dashboard ships."""
    said, why = ask(NPM, ROOT / "chroma-ui")
    if "vulnerabilities" not in said:
        return said.get("message") or why
    severe = ("high", "critical")
    vulnerable = [
        f"{name}: {one['severity']}"
        for name, one in said["vulnerabilities"].items()
        if one["severity"] in severe
    ]
    shipped = said["metadata"]["dependencies"]["prod"]
    return vulnerable, shipped, shipped


def main() -> None:
    """Ask both, and say what they found."""
    found = False
    for name, asking in (("pip-audit", python), ("npm audit", dashboard)):
        answer = asking()
        if isinstance(answer, str):
            sys.stdout.write(f"{name}: not reached ({answer})\n")
            continue
        vulnerable, known, of = answer
        lines = "".join(f"\n  {each}" for each in vulnerable)
        sys.stdout.write(
            f"{name}: {len(vulnerable)} vulnerable; {known} of {of} packages are known there{lines}\n"
        )
        found = found or bool(vulnerable)
    sys.exit(found)


if __name__ == "__main__":
    main()
