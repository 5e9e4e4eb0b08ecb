"""`chroma doctor`: a report fit for a bug report; it changes nothing and holds no secrets."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

import chroma
from chroma.cli._options import AsJson, Home
from chroma.cli.determinism import run, said, trials
from chroma.client import Client
from chroma.disks import disks
from chroma.errors import ChromaError, HomeError, TransportError
from chroma.journal import entries
from chroma.server.requirements import missing
from chroma.settings import Settings, load_settings, server_token

_NUMBERS = ("numpy", "pyarrow", "pandas", "scikit-learn", "umap-learn", "numba")
_SERVER = (
    "fastapi",
    "uvicorn",
    "strawberry-graphql",
    "sqlmodel",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "httpx2",
)
_FRAMEWORKS = ("torch", "lightning", "pytorch-lightning", "keras", "tensorflow", "jax", "transformers")


def doctor(
    home: Home = None,
    as_json: AsJson = False,
    determinism: Annotated[
        bool,
        typer.Option("--determinism", help="Train a small model with and without Chroma, and compare bits."),
    ] = False,
) -> None:
    """Report versions, paths, disk and who owns the home; exit code 1 if something stands in the way."""
    if determinism:
        _compare_trainings(as_json)
        return
    settings = load_settings(home=home)
    report = examine(settings)
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        for line in _lines(report):
            typer.echo(line)
    if report["problems"]:
        raise typer.Exit(1)


def _compare_trainings(as_json: bool) -> None:
    """Try each framework installed; exit code 1 if Chroma changed a training, or one could not be tried."""
    results: dict[str, dict[str, Any]] = {}
    for name, training, backend in trials():
        results[name] = run(training, backend)
        if not as_json:
            typer.echo(said(name, results[name]))
    if as_json:
        typer.echo(json.dumps(results, indent=2, ensure_ascii=False))
    elif not results:
        typer.echo("No framework is installed that Chroma captures: lightning, keras or transformers.")
    if any(result["verdict"] in ("different", "failed") for result in results.values()):
        raise typer.Exit(1)


def examine(settings: Settings) -> dict[str, Any]:
    """Gather the report."""
    report: dict[str, Any] = {
        "chroma-embeddings": chroma.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "package": str(Path(chroma.__file__).parent),
        "dashboard": missing() is None,
        "ui_built": (Path(chroma.__file__).parent / "server" / "static" / "index.html").is_file(),
        "settings": sorted(name for name in os.environ if name.startswith("CHROMA_")),
        "home": _home(settings),
        "owner": _owner(settings),
        "server": _server(settings),
        "commands": _commands(),
        "packages": {name: _version(name) for name in _NUMBERS + _SERVER + _FRAMEWORKS},
    }
    return report | {"problems": _problems(report)}


def _home(settings: Settings) -> dict[str, Any]:
    standing = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    try:
        waiting = sum(1 for _ in entries(settings.journal))
        to_send = sum(1 for _ in entries(settings.outbox))
    except OSError:
        waiting = to_send = None
    return {
        "path": str(settings.home),
        "exists": settings.home.is_dir(),
        "writable": standing.is_dir() and os.access(standing, os.W_OK | os.X_OK),
        "free_bytes": shutil.disk_usage(standing).free,
        "low_disks": [each.warning for each in disks(settings) if each.low],
        "journal_segments": waiting,
        "outbox_segments": to_send,
        "catalog_bytes": settings.catalog.stat().st_size if settings.catalog.is_file() else None,
    }


def _owner(settings: Settings) -> dict[str, Any] | None:
    from chroma.server.home.lock import find_owner

    try:
        owner = find_owner(settings, timeout=1.0)
    except HomeError:
        return {"pid": None, "url": None, "answers": False}
    if owner is None:
        return None
    client = Client(owner.url, timeout=5.0)
    try:
        client.health()
    except TransportError:
        return {"pid": owner.pid, "url": owner.url, "answers": False}
    finally:
        client.close()
    return {"pid": owner.pid, "url": owner.url, "answers": True}


def _server(settings: Settings) -> dict[str, Any] | None:
    """Whether the server that runs are sent to can be reached, and takes the token."""
    if settings.server is None:
        return None
    about: dict[str, Any] = {"url": settings.server, "version": None, "reason": None}
    try:
        client = Client(settings.server, server_token(), timeout=10.0)
        try:
            about["version"] = client.health()["version"]
            client.query("{ __typename }")
        finally:
            client.close()
    except ChromaError as error:
        about["reason"] = str(error)
    return about


def _commands() -> list[dict[str, str]]:
    """Every `chroma` on the PATH, in the order the shell looks for them, and whose it is."""
    found: dict[str, dict[str, str]] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = shutil.which("chroma", path=folder) if folder else None
        if path and path not in found:
            found[path] = {"path": path, "belongs_to": _belongs_to(Path(path))}
    return list(found.values())


def _belongs_to(script: Path) -> str:
    try:
        text = script.read_bytes()[:4096]
    except OSError:
        return "unreadable"
    if b"chroma.cli" in text:
        return "chroma-embeddings"
    return "chromadb, the vector database" if b"chromadb" in text else "another program"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _problems(report: dict[str, Any]) -> list[str]:
    home, owner, commands = report["home"], report["owner"], report["commands"]
    problems: list[str] = []
    if not home["writable"]:
        problems.append(f"the home {home['path']} cannot be written; set CHROMA_HOME to a folder that can")
    problems += home["low_disks"]
    if owner and not owner["answers"]:
        problems.append(
            f"process {owner['pid'] or 'unknown'} owns the home but does not answer; "
            "end it if it hangs, then start it again with: chroma ui"
        )
    server = report["server"]
    if server and server["reason"]:
        problems.append(server["reason"])
    if home["outbox_segments"]:
        problems.append(
            f"{home['outbox_segments']:,} segments wait in the outbox; "
            + ("send them with: chroma sync" if server else "set CHROMA_SERVER, then: chroma sync")
        )
    if commands and commands[0]["belongs_to"] != "chroma-embeddings":
        problems.append(
            f"`chroma` means {commands[0]['path']} here, which is {commands[0]['belongs_to']}; "
            "use chroma-embeddings or python -m chroma instead"
        )
    if report["dashboard"] and not report["ui_built"]:
        problems.append("the dashboard's pages are not built; in a checkout build them with: make ui")
    return problems


def _dashboard(report: dict[str, Any]) -> str:
    if not report["dashboard"]:
        return "not installed, capture alone: pip install 'chroma-embeddings[dashboard]' brings it"
    return "installed" if report["ui_built"] else "installed, its pages not built"


def _lines(report: dict[str, Any]) -> list[str]:
    home, owner = report["home"], report["owner"]
    state = "writable" if home["writable"] else "not writable"
    lines = [
        f"chroma-embeddings  {report['chroma-embeddings']} in {report['package']}",
        f"python             {report['python']} at {report['executable']}",
        f"platform           {report['platform']}",
        f"dashboard          {_dashboard(report)}",
        f"settings           {', '.join(report['settings']) or 'none'}",
        f"home               {home['path']}, {state}, {home['free_bytes'] / 1e9:.1f} GB free",
        f"journal            {home['journal_segments']} segments waiting",
        f"outbox             {home['outbox_segments']} segments waiting",
        f"server             {_said_of(report['server'])}",
        f"owner              {'pid {pid} at {url}'.format(**owner) if owner else 'nobody'}",
    ]
    lines += [f"command            {each['path']} ({each['belongs_to']})" for each in report["commands"]]
    packages = [f"{name} {number}" for name, number in report["packages"].items() if number]
    lines.append(f"packages           {', '.join(packages)}")
    lines += [f"problem            {problem}" for problem in report["problems"]]
    return lines if report["problems"] else [*lines, "No problem found."]


def _said_of(server: dict[str, Any] | None) -> str:
    if server is None:
        return "none"
    version = f"chroma-embeddings {server['version']}" if server["version"] else "no answer"
    return f"{server['url']}, {version}"
