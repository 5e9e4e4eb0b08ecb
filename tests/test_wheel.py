"""The wheel is the product: built, installed and used outside the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"

# what is installed is tested, not what a developer's path adds
OUTSIDE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(900)]


def call(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**OUTSIDE, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist from the checkout, and the wheel made from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


def environment(folder: Path, *packages: str | Path) -> Path:
    """A clean virtual environment with these packages; returns its folder of commands."""
    call(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    commands = folder / "venv" / "bin"
    # without compiling what nobody imports
    options = ("--quiet", "--no-compile", "--constraint", CONSTRAINTS)
    call(commands / "pip", "install", *options, *packages, cwd=folder)
    return commands


def served_page(commands: Path, home: Path) -> tuple[str, list[str]]:
    """Start `chroma application run`, read `/` and one GraphQL answer, stop it."""
    server = subprocess.Popen(
        [commands / "chroma", "application", "run", "--home", home, "--no-open"],
        cwd=home.parent,
        env={**OUTSIDE, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout
        said = ""
        while not (found := re.search(r"(http://[^/\s]+)/\?token=(\S+)", said)):
            line = server.stdout.readline()
            assert line, f"the server ended: {said}"
            said += line
        url, token = found.groups()
        bearer = {"Authorization": f"Bearer {token}"}
        page = urlopen(Request(url + "/", headers=bearer)).read().decode()
        script = re.search(r'src="\./?(assets/[^"]+\.js)"', page)
        assert script, page
        assert len(urlopen(Request(f"{url}/{script[1]}", headers=bearer)).read()) > 50_000
        query = json.dumps({"query": "{ runs { name status } home { ingest { caughtUp } } }"}).encode()
        headers = bearer | {"Content-Type": "application/json"}
        ends = time.monotonic() + 60
        while True:  # it answers at once, and takes in what lies there behind
            answer = json.load(urlopen(Request(url + "/graphql", query, headers)))["data"]
            if answer["home"]["ingest"]["caughtUp"]:
                return page, [run["status"] for run in answer["runs"]]
            assert time.monotonic() < ends, answer
            time.sleep(0.2)
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_the_archives_hold_what_a_user_needs(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    call(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist, cwd=built)
    # W004: names of migrations begin with their number, as Alembic wants them
    call(sys.executable, "-m", "check_wheel_contents", "--ignore", "W004", wheel, cwd=built)
    inside = zipfile.ZipFile(wheel).namelist()
    assert "chroma/server/static/index.html" in inside
    assert any(name.startswith("chroma/server/store/migrations/versions/") for name in inside)
    assert "chroma/py.typed" in inside
    assert not [name for name in inside if name.startswith(("tests/", "chroma-ui/", "examples/"))]
    with tarfile.open(sdist) as archive:
        packed = archive.getnames()
    assert not [name for name in packed if "node_modules" in name]
    assert any(name.endswith("chroma-ui/package-lock.json") for name in packed)
    of_sdist = {name.partition("/")[2] for name in packed}
    linked = set(re.findall(r"\]\(((?!https?:)[^)#]+)", (ROOT / "README.md").read_text()))
    named = {line for line in linked if line not in of_sdist and not (ROOT / line).is_dir()}
    assert "CONTRIBUTING.md" in linked
    assert not named
    assert "benchmarks/capture.py" in of_sdist


def test_the_wheel_trains_and_serves_in_a_clean_environment(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    commands = environment(tmp_path, f"{wheel}[dashboard,lightning]", "torch", "lightning")
    example = tmp_path / "lightning_digits.py"
    example.write_text((ROOT / "examples" / "lightning_digits.py").read_text())
    home = tmp_path / "home"
    home.mkdir()
    said = call(commands / "python", example, "--epochs", "2", cwd=tmp_path, CHROMA_HOME=str(home))
    assert "chroma ui" in said, said
    page, statuses = served_page(commands, home)
    assert "<title>Chroma" in page
    assert statuses == ["FINISHED"]


def test_the_sdist_installs_captures_draws_and_serves(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    commands = environment(tmp_path, f"{sdist}[dashboard]")
    said = call(commands / "python", ROOT / "tests" / "smoke.py", cwd=tmp_path)
    assert "captures, reads, draws and serves" in said


_CAPTURED = """
import numpy as np
import chroma

with chroma.init("digits", "on a node") as run:
    run.log_embeddings(np.eye(8, dtype=np.float32), layer="fc", ids=np.arange(8), split="val", epoch=0)
print(run.finish())
"""
_HEAVY = ("fastapi", "numba", "umap-learn", "scikit-learn", "scipy", "sqlmodel", "uvicorn")


def test_a_compute_node_captures_without_the_dashboard(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    commands = environment(tmp_path, wheel)
    home = {"CHROMA_HOME": str(tmp_path / "home")}
    said = call(commands / "python", "-c", _CAPTURED, cwd=tmp_path, **home)
    assert "1 of 1" in said, said
    installed = {
        each["name"] for each in json.loads(call(commands / "pip", "list", "--format=json", cwd=tmp_path))
    }
    assert not installed & set(_HEAVY)
    # 90 MB as this is written, without what Python compiles them to
    beside = ("numpy", "numpy.libs", "pyarrow", "pip", "setuptools", "pkg_resources", "_distutils_hack")
    packages = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    files = [path for each in packages.iterdir() if each.name not in beside for path in _files(each)]
    assert sum(path.stat().st_size for path in files) < 120e6
    report = json.loads(call(commands / "chroma", "doctor", "--json", cwd=tmp_path, **home))
    assert report["dashboard"] is False
    assert report["home"]["journal_segments"] > 0
    needing = (
        "ui --no-open, application run, runs list, runs export latest run.zip, check, audit, projects list, "
    )
    needing += "tokens list, links list, members list, insights, example"
    for command in map(str.split, needing.split(", ")):
        done = subprocess.run(
            [commands / "chroma", *command],
            env={**OUTSIDE, **home},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1, done.stderr
        assert "pip install 'chroma-embeddings[dashboard]'" in done.stderr


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [each for each in path.rglob("*") if each.is_file() and each.suffix != ".pyc"]
