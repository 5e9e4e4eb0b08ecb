"""The files of a deployment: linters take them, what they name exists, and what they run works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml
from typer.main import get_command

from chroma.cli import app
from chroma.server.serving import serve
from chroma.settings import Settings, load_settings
from tests.test_docs import routes

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "deploy" / "compose.yaml"
CLUSTER = ROOT / "deploy" / "compose.cluster.yaml"
MANIFESTS = sorted(
    path for path in (ROOT / "deploy/kubernetes").glob("*.yaml") if path.stem != "kustomization"
)
FILES = [DOCKERFILE, COMPOSE, CLUSTER, *MANIFESTS]


def lint(program: str, *arguments: str | Path) -> None:
    found = Path(sysconfig.get_path("scripts"), program)
    done = subprocess.run([found, *arguments], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_takes_the_dockerfile() -> None:
    lint("hadolint", "--failure-threshold", "style", DOCKERFILE)


def test_compose_takes_its_files() -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE, CLUSTER)


def test_the_cluster_has_what_its_workers_need() -> None:
    services = yaml.safe_load(CLUSTER.read_text())["services"]
    server, worker = services["chroma"]["environment"], services["worker"]["environment"]
    for name in ("CHROMA_DATABASE_URL", "CHROMA_STORE_URL"):
        assert server[name] == worker[name]
    assert server["CHROMA_DATABASE_URL"] == composed(COMPOSE)["CHROMA_DATABASE_URL"]
    address = server["CHROMA_SCHEDULER"]
    assert address in services["worker"]["entrypoint"]
    host, _, port = address.removeprefix("tcp://").partition(":")
    assert port in services[host]["entrypoint"]
    for name in (host, "worker"):  # as Dask's own commands read them
        program, command, *given = services[name]["entrypoint"] + services[name]["command"]
        assert program == "dask"
        parser: Any = import_module(f"distributed.cli.dask_{command}").main
        parser.make_parser(click.Context(parser)).parse_args(list(given))


def composed(file: Path) -> dict[str, str]:
    """The variables of the server."""
    return yaml.safe_load(file.read_text())["services"]["chroma"]["environment"]


def test_github_takes_the_workflows() -> None:
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert workflows
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


def test_kubernetes_takes_the_manifests() -> None:
    lint("kubernetes-validate", "--strict", *MANIFESTS)


def test_each_manifest_is_applied_or_made_by_hand() -> None:
    kustomization = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text())
    by_hand = {"first-token.yaml"}
    assert {path.name for path in MANIFESTS} == {*kustomization["resources"], *by_hand}
    assert "first-token.yaml" in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    (image,) = kustomization["images"]
    pod = yaml.safe_load((ROOT / "deploy/kubernetes/first-token.yaml").read_text())["spec"]["containers"][0]
    assert pod["image"] == f"{image['newName']}:{image['newTag']}"


@pytest.mark.parametrize("path", [*FILES, ROOT / "docs/deploy.md"], ids=lambda path: path.name)
def test_every_setting_exists(path: Path) -> None:
    named = set(re.findall(r"CHROMA_[A-Z]+(?:_[A-Z]+)*", path.read_text(encoding="utf-8")))
    # what Kubernetes would set, and a comment says so
    assert named - {"CHROMA_PORT"} <= {f"CHROMA_{name.upper()}" for name in Settings.model_fields}


def test_every_value_of_a_setting_can_be_used() -> None:
    container = yaml.safe_load((ROOT / "deploy/kubernetes/deployment.yaml").read_text())["spec"]["template"]
    (container,) = container["spec"]["containers"]
    values = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    for given in (values, {**composed(COMPOSE), "CHROMA_PUBLIC_URL": ""}, composed(CLUSTER)):
        named = {
            name.removeprefix("CHROMA_").lower(): value
            for name, value in given.items()
            if name.startswith("CHROMA_")
        }
        load_settings(**named)


@pytest.mark.parametrize("path", [*FILES, ROOT / "docs/deploy.md"], ids=lambda path: path.name)
def test_every_route_exists(path: Path) -> None:
    known = {route.partition(" ")[2] for route in routes()}
    named = set(re.findall(r"/(?:api|metrics)[a-z/]*", path.read_text(encoding="utf-8")))
    assert named <= known


def commands() -> list[list[str]]:
    """What the files have `chroma` do: of the Dockerfile its CMD, of the docs each line."""
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    lines = re.findall(r"(?:run --rm chroma|\bchroma chroma|-- chroma|`chroma) ([a-z][^`#&;\n]*)", page)
    return [json.loads(instruction("CMD")), *(line.split() for line in lines)]


def instruction(name: str) -> str:
    (found,) = re.findall(rf"^{name} (.+)$", DOCKERFILE.read_text(), re.M)
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_and_option_exists(words: list[str]) -> None:
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        words = words[1:]
    try:
        command.make_parser(click.Context(command)).parse_args(list(words))
    except click.UsageError as error:
        pytest.fail(error.format_message())


def test_commands_are_found() -> None:
    assert len(commands()) >= 5


def test_the_image_keeps_what_the_volumes_hold() -> None:
    container = yaml.safe_load((ROOT / "deploy/kubernetes/deployment.yaml").read_text())["spec"]["template"]
    container = container["spec"]["containers"][0]
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    volumes = {
        each.partition(":")[2]
        for each in yaml.safe_load(COMPOSE.read_text())["services"]["chroma"]["volumes"]
    }
    kept = set(json.loads(instruction("VOLUME")))
    assert kept == volumes
    assert mounted == kept | {"/tmp"}
    home = re.findall(r"CHROMA_HOME=(\S+)", DOCKERFILE.read_text())
    assert home == ["/data/home"]  # below the volume: a folder of the server's own, not the volume's root


def test_the_health_check_and_the_probes_reach_a_server(home: Path) -> None:
    served = serve(Settings(home=home), token="secret")
    try:
        port = urlsplit(served.url).port
        check = re.findall(r"HEALTHCHECK .*\\\n +CMD (.+)", DOCKERFILE.read_text())
        python, *arguments = json.loads(check[0].replace(":8000/", f":{port}/"))
        assert python == "python"
        assert subprocess.run([sys.executable, *arguments], timeout=60, check=False).returncode == 0
        deployment = yaml.safe_load((ROOT / "deploy/kubernetes/deployment.yaml").read_text())
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container[kind]["httpGet"]
            headers = {each["name"]: each["value"] for each in probe["httpHeaders"]}
            assert _status(port, probe["path"], headers) == 200
            assert _status(port, probe["path"], {"Host": f"10.1.2.3:{port}"}) == 403  # as without a header
    finally:
        served.stop()


def _status(port: int | None, path: str, headers: dict[str, str]) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
