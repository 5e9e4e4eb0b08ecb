"""Runs that are sent to a server while they train: training does not notice, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import chroma
from chroma.journal import entries
from chroma.server.serving import Served
from tests import s3
from tests.run.remote import answering, free_port, server, train

TOKEN = "a-secret-of-the-server"
SEGMENTS = 8  # of `train` with five epochs


def waiting(home: Path) -> int:
    return sum(1 for _ in entries(home / "outbox"))


def sync(
    home: Path, url: str, *options: str, token: str = TOKEN, code: int = 0, **variables: str
) -> dict[str, object]:
    """`chroma sync --json` in a process of its own."""
    given = {"CHROMA_HOME": str(home), "CHROMA_SERVER": url, "CHROMA_TOKEN": token} | variables
    done = subprocess.run(
        [sys.executable, "-m", "chroma", "sync", "--json", *options],
        env={name: value for name, value in os.environ.items() if not name.startswith("CHROMA_")} | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert token not in done.stdout + done.stderr
    return json.loads(done.stdout)


def stored(home: Path) -> dict[str, bytes]:
    """What a home holds of the run, by name."""
    found = sorted((home / "store" / "runs" / "run-r" / "segments").glob("*.arrow"))
    return {path.name: path.read_bytes() for path in found}


def check_there(served: Served, epochs: int = 5) -> None:
    with chroma.open(served.url, token=TOKEN) as db:
        (run,) = db.runs().itertuples()
        assert (run.id, run.status) == ("run-r", "finished")
        vectors = [db.run("far").embeddings("fc", "val", epoch).vectors for epoch in range(epochs)]
    assert [each.shape for each in vectors] == [(20, 4)] * epochs
    assert [float(each[3, 2]) for each in vectors] == list(range(epochs))


def test_a_run_is_on_the_server_when_its_training_ends(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with server(tmp_path / "server", TOKEN) as served:
        done = train(tmp_path / "far", served.url, token_file=str(tmp_path / "token"))
        check_there(served)
    assert not done.stderr
    assert re.search(rf"sent +\d of {SEGMENTS} segments are on {served.url}", done.stdout)
    assert f"{served.url}/?run=run-r" in done.stdout
    assert waiting(tmp_path / "far") == 0
    assert not (tmp_path / "far" / "store").exists()
    left = [path for path in (tmp_path / "far").rglob("*") if path.is_file()]
    assert not any(TOKEN.encode() in path.read_bytes() for path in left)


def test_what_a_dead_server_missed_is_synced_once_and_equal_to_the_bit(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    done = train(tmp_path / "far", url, exit_timeout="20")
    assert f"{SEGMENTS} of {SEGMENTS} segments of run run-r" in done.stderr
    assert "cannot be reached" in done.stderr
    assert "chroma sync" in done.stderr
    written = {each.path.name: each.path.read_bytes() for each in entries(tmp_path / "far" / "outbox")}
    assert len(written) == SEGMENTS
    assert sync(tmp_path / "far", url, code=1)["left"] == SEGMENTS
    with server(tmp_path / "server", TOKEN, port) as served:
        refused = sync(tmp_path / "far", url, token="wrong", code=1)
        assert "refused the token" in str(refused["reasons"])
        first = sync(tmp_path / "far", url, "-j", "4")
        second = sync(tmp_path / "far", url)
        check_there(served)
        assert (first["sent"], first["left"], second["sent"], waiting(tmp_path / "far")) == (
            SEGMENTS,
            0,
            0,
            0,
        )
    assert stored(tmp_path / "server") == written


def test_a_run_of_this_home_is_copied_to_a_server_and_stays(tmp_path: Path) -> None:
    train(tmp_path / "near", None)
    with chroma.open(tmp_path / "near") as db:
        assert len(db.runs()) == 1  # taken in
    with server(tmp_path / "server", TOKEN) as served:
        first = sync(tmp_path / "near", served.url, "far")
        second = sync(tmp_path / "near", served.url, "--all")
        check_there(served)
    assert (first["sent"], second["sent"], second["known"]) == (SEGMENTS, 0, SEGMENTS)
    assert stored(tmp_path / "near") == stored(tmp_path / "server") != {}


@pytest.mark.parametrize("how", ["html", "redirect", "busy", "old", "full"])
def test_what_is_wrong_with_a_server_is_said_in_one_sentence(tmp_path: Path, how: str) -> None:
    problem = {"Content-Type": "application/problem+json"}
    status, body, headers, said = {
        "html": (200, b"<html>Sign in</html>", None, "a proxy or a login page"),
        "redirect": (302, b"", {"Location": "https://login.example.org"}, "a proxy or a login page"),
        "busy": (429, b'{"detail": "too many"}', problem | {"Retry-After": "200"}, "too many"),
        "old": (404, b'{"detail": "Not Found"}', problem, "upgrade it"),
        "full": (507, b'{"detail": "the disk is full"}', problem, "the disk is full"),
    }[how]
    with answering(status, body, headers) as url:
        began = time.monotonic()
        done = train(tmp_path / "far", url, exit_timeout="20")
        took = time.monotonic() - began
    assert said in done.stderr
    assert done.stderr.count("training continues") == 1
    assert waiting(tmp_path / "far") == SEGMENTS
    assert took < 20  # it gives up at once: trying again did not help


@pytest.mark.parametrize("how", ["slow", "stopped", "killed"])
def test_training_does_not_wait_for_a_server(tmp_path: Path, how: str) -> None:
    """Whatever the server does takes 30 s or for ever: an epoch that waited for it would show."""
    with _no_help(tmp_path / "server", how) as url:
        done = train(tmp_path / "far", url, epochs=20, pause=0.02, exit_timeout="1")
    logged, finished = seconds(done.stdout)
    assert "20 of 20" in done.stdout
    assert waiting(tmp_path / "far") == 23
    assert logged < 15
    assert finished < 10


@contextmanager
def _no_help(home: Path, how: str) -> Iterator[str]:
    """A server that answers after 30 s, is stopped, or was killed."""
    if how == "slow":
        with answering(201, b'{"segment": "new"}', wait=30.0) as url:
            yield url
        return
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "chroma", "application", "run", "--port", str(port), "--no-token"],
        env=os.environ | {"CHROMA_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP if how == "stopped" else signal.SIGKILL)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def seconds(printed: str) -> tuple[float, float]:
    found = re.search(r"TOOK ([\d.e-]+) FINISH ([\d.e-]+)", printed)
    assert found
    return float(found[1]), float(found[2])


def test_a_run_of_a_home_in_a_bucket_is_sent_though_this_machine_has_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path / "near", None)
    url = {"CHROMA_STORE_URL": s3.shared().url("sync")}
    with monkeypatch.context() as bucket:
        bucket.setenv(*next(iter(url.items())))
        with chroma.open(tmp_path / "near") as db:
            assert len(db.runs()) == 1  # taken in
        shutil.rmtree(tmp_path / "near" / "bucket")
    with server(tmp_path / "server", TOKEN) as served:
        first = sync(tmp_path / "near", served.url, "--all", **url)
        shutil.rmtree(tmp_path / "near" / "bucket")
        second = sync(tmp_path / "near", served.url, "far", **url)
        check_there(served)
    assert (first["sent"], second["sent"], second["known"]) == (SEGMENTS, 0, SEGMENTS)
