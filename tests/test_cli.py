"""The command line, as a user's shell runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

import chroma
from chroma.errors import ConfigError
from chroma.settings import Settings, load_settings
from tests.captured import capture

CHROMA = [sys.executable, "-m", "chroma"]


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CHROMA, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | environment,
        check=False,
    )


def _refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One sentence on stderr, nothing on stdout, and a failing exit code."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert done.stderr.startswith("chroma: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A dashboard in a process of its own, and the address it printed."""
    with subprocess.Popen(
        [*CHROMA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C stops" not in said:
                line = process.stdout.readline()
                assert line, process.communicate()
                said += line
            found = re.search(r"http://\S+", said)
            assert found, said
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
        assert err == ""


def test_version():
    done = _run("--version")
    assert done.stdout == f"chroma-embeddings {chroma.__version__}\n"
    assert done.returncode == 0


def test_no_arguments_show_help():
    done = _run()
    for command in ("ui", "application", "runs", "doctor"):
        assert command in done.stdout


def test_runs_list_and_show(home: Path):
    capture(home)
    done = _run("runs", "list", "--json")
    assert done.stderr == ""
    (run,) = json.loads(done.stdout)
    assert run["name"] == "brave-fox"
    assert run["status"] == "finished"
    table = _run("runs", "list", COLUMNS="200").stdout
    assert "brave-fox" in table
    assert "digits" in table
    shown = json.loads(_run("runs", "show", "brave-fox", "--json").stdout)
    assert [layer["name"] for layer in shown["layers"]] == ["encoder.fc1", "head"]
    assert len(shown["snapshots"]) == 6
    assert shown["metrics"][-1]["value"] == 0.7
    text = _run("runs", "show", "--home", str(home), COLUMNS="200").stdout
    assert "encoder.fc1" in text
    assert "val_acc" in text


def test_an_empty_home_says_what_to_do():
    done = _run("runs", "list")
    assert done.returncode == 0
    assert "No runs yet" in done.stdout
    assert os.environ["CHROMA_HOME"] in done.stdout
    _refused(_run("runs", "show"), "there is no run yet: give your trainer a ChromaCallback")
    assert json.loads(_run("runs", "list", "--json").stdout) == []


def test_lists_are_of_use_in_a_narrow_terminal(home: Path, tmp_path: Path):
    capture(home, "20260504-091012-9c842a", n=20, epochs=1)
    assert "20260504-091012-9c842a" in _run("runs", "list", COLUMNS="80").stdout  # in one piece, to be copied
    written = _run("runs", "export", "latest", str(tmp_path / "samples.csv"))
    assert re.search(r"csv: [1-9][\d.]* k?B$", written.stdout.strip())
    _refused(_run("runs", "export", "latest", "samples.txt"), "no ending", ".html", ".csv", ".zip")
    table = _run("runs", "export", "latest", "samples.csv", "--layer", "head", "--method", "pca")
    _refused(table, "holds samples", "layer 'head' and method 'pca' would change nothing", ".html")
    _refused(_run("runs", "export", "latest", "run.zip", "--split", "train"), "a whole run", "split 'train'")
    _refused(_run("insights", "--kind", "labels"), "no kind of finding named 'labels'; there is label")
    assert "/?link=" in _run("links", "create", "latest").stdout


def test_an_unknown_run(home: Path):
    capture(home, n=20, epochs=1)
    _refused(_run("runs", "show", "brave-ox"), "no run named 'brave-ox'", "brave-fox")


def test_serves_and_stops(home: Path):
    with _serving("application", "run", "--no-open") as (_, url):
        assert "token=" in url
        # a second one on the same home
        _refused(_run("application", "run"), "is in use", url.partition("/?")[0], "CHROMA_HOME")
        found = _run("ui", "--no-open")
        assert found.returncode == 0
        assert url in found.stdout
        # a reader beside it
        assert _run("runs", "list", "--json").stdout.strip() == "[]"
        _refused(_run("ui", "nobody", "--no-open"), "no run named 'nobody'")
    assert not (home / "server.json").exists()


def test_ui_starts_on_a_run(home: Path):
    capture(home, n=20, epochs=1)
    with _serving("ui", "brave-fox", "--no-open") as (_, url):
        assert url.endswith("run=run-a")
    with _serving("application", "run", "--no-token", "--home", str(home)) as (_, url):
        assert "token" not in url


def test_a_run_is_deleted_and_brought_back(home: Path):
    capture(home, n=20, epochs=1)
    asked = subprocess.run(
        [*CHROMA, "runs", "delete", "brave-fox"],
        input="n\n",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert asked.returncode == 1
    assert "Delete brave-fox (run-a)?" in asked.stdout
    assert len(json.loads(_run("runs", "list", "--json").stdout)) == 1
    assert "chroma runs restore run-a" in _run("runs", "delete", "brave-fox", "--yes").stdout
    assert json.loads(_run("runs", "list", "--json").stdout) == []
    _refused(_run("runs", "delete", "brave-fox", "--yes"), "no run named 'brave-fox'")
    assert _run("runs", "restore", "run-a").stdout == "brave-fox is back.\n"
    assert [run["id"] for run in json.loads(_run("runs", "list", "--json").stdout)] == ["run-a"]
    _refused(_run("runs", "restore", "run-b"), "no deleted run named 'run-b'")
    _refused(_run("runs", "import", "run.zip"), "there is no file run.zip", "chroma runs export RUN FILE.zip")


def test_a_port_in_use(home: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _refused(_run("application", "run", "--port", port), port, "in use")
    with _serving("application", "run", "--port", port) as (_, url):
        assert f":{port}/" in url


def test_only_loopback():
    _refused(_run("application", "run", "--host", "0.0.0.0"), "0.0.0.0", "127.0.0.1")
    assert _run("tokens", "create", "me").returncode == 0
    with _serving("application", "run", "--host", "0.0.0.0") as (_, url):
        assert "token" not in url  # what a server for others prints is kept by others


def test_a_home_under_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    for command in (("runs", "list"), ("application", "run"), ("ui",)):
        _refused(
            _run(*command, "--home", str(tmp_path / "file" / "home")), str(tmp_path / "file"), "CHROMA_HOME"
        )
    doctor = json.loads(_run("doctor", "--json", "--home", str(tmp_path / "file" / "home")).stdout)
    assert not doctor["home"]["writable"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(
    shutil.which("unshare") is None or os.name == "nt" or os.geteuid() != 0, reason="needs root to mount"
)
def test_a_read_only_home(tmp_path: Path):
    capture(tmp_path / "home", n=20, epochs=1)
    before = _files(tmp_path / "home")
    mount = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path} && exec "
    command = f"{mount} {sys.executable} -m chroma runs list --json --home {tmp_path}/home"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=100, check=False
    )
    if "mount:" in done.stderr:
        pytest.skip(f"no mounts in this container: {done.stderr}")
    assert [run["name"] for run in json.loads(done.stdout)] == ["brave-fox"], done.stderr
    assert "is only read" in done.stderr
    assert _files(tmp_path / "home") == before


def test_a_corrupt_catalog(home: Path):
    capture(home, n=20, epochs=1)
    assert len(json.loads(_run("runs", "list", "--json").stdout)) == 1
    catalog = home / "chroma.db"
    for beside in ("chroma.db-wal", "chroma.db-shm"):
        (home / beside).unlink(missing_ok=True)
    damaged = b"not a database, " * 4096
    catalog.write_bytes(damaged)
    done = _run("runs", "list", "--json")
    assert len(json.loads(done.stdout)) == 1
    assert "is rebuilt from the stored segments" in done.stderr
    (aside,) = home.glob("chroma.db.damaged-*")
    assert aside.read_bytes() == damaged


def test_a_setting_that_cannot_be():
    said = "CHROMA_EXIT_TIMEOUT='soon' cannot be used"
    _refused(
        _run("runs", "list", CHROMA_EXIT_TIMEOUT="soon"), said, "set it to one such as 30.0, or leave it out"
    )


def test_each_setting_says_what_it_may_be(monkeypatch: pytest.MonkeyPatch):
    fields = {name: field for name, field in Settings.model_fields.items() if name != "home"}
    for name in fields:
        monkeypatch.delenv(f"CHROMA_{name.upper()}", raising=False)
    usual = load_settings()
    for name, field in fields.items():
        variable = f"CHROMA_{name.upper()}"
        monkeypatch.setenv(variable, "")  # as Compose hands on what is not set
        assert load_settings() == usual, name
        if field.annotation not in (str, str | None, Path, Path | None, SecretStr | None) or field.metadata:
            monkeypatch.setenv(variable, "20 GB?")
            with pytest.raises(
                ConfigError, match=rf"{variable}='20 GB\?' .*; set it to one such as [\w.]+, or"
            ):
                load_settings()
        monkeypatch.delenv(variable)
    for name in (
        "server",
        "public_url",
        "root_path",
        "scheduler",
        "allow_host",
        "allow_frame",
        "trusted_proxy",
    ):
        monkeypatch.setenv(f"CHROMA_{name.upper()}", "a b")
        with pytest.raises(ConfigError, match=rf"CHROMA_{name.upper()}='a b' .* such as "):
            load_settings()
        monkeypatch.delenv(f"CHROMA_{name.upper()}")


def test_doctor(home: Path, tmp_path: Path):
    other = tmp_path / "chromadb" / "chroma"
    other.parent.mkdir()
    other.write_text(f"#!{sys.executable}\nfrom chromadb.cli.cli import app\napp()\n")
    other.chmod(0o755)
    path = f"{other.parent}{os.pathsep}{os.environ['PATH']}"
    done = _run("doctor", "--json", PATH=path)
    report = json.loads(done.stdout)
    assert report["chroma-embeddings"] == chroma.__version__
    assert report["home"]["path"] == str(home)
    assert report["home"]["writable"]
    assert report["owner"] is None
    assert report["packages"]["numpy"]
    assert report["commands"][0] == {"path": str(other), "belongs_to": "chromadb, the vector database"}
    assert any("python -m chroma instead" in problem for problem in report["problems"])
    assert done.returncode == 1
    assert not home.exists()  # it only looks


def test_doctor_names_the_owner_and_no_secret(home: Path):
    with _serving("application", "run") as (process, url):
        address, _, token = url.partition("/?token=")
        text = _run("doctor").stdout
        assert f"pid {process.pid} at {address}" in text
        assert token not in text


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
