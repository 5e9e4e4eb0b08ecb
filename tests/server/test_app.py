from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from chroma.errors import CatalogError, ConfigError, HomeError, IngestError, NotFoundError
from chroma.journal import JournalWriter
from chroma.records import RunClosed, RunOpened, Snapshot
from chroma.server import serving
from chroma.server.app import create_app
from chroma.server.home.home import Home
from chroma.server.home.lock import HomeLock, find_owner
from chroma.server.http import dashboard_files
from chroma.server.http.problems import answer_problems
from chroma.server.serving import Served, new_token, serve
from chroma.server.store import tables
from chroma.settings import Settings, load_settings


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    found = serve(settings, token=new_token())
    yield found
    found.stop()


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def test_a_served_home_answers_and_tells_its_user_where(served: Served, settings: Settings) -> None:
    assert httpx2.get(served.url + "/api/health").json()["status"] == "ok"
    card = settings.home / "server.json"
    assert stat.S_IMODE(card.stat().st_mode) == 0o600
    owner = find_owner(settings)
    assert owner is not None
    assert (owner.pid, owner.url, owner.token) == (os.getpid(), served.url, served.token)
    assert httpx2.get(served.url + "/api/nothing").status_code == 401
    answer = httpx2.get(served.url + "/api/nothing", headers={"Authorization": f"Bearer {owner.token}"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "there is no route /api/nothing"


def test_a_home_that_is_left_can_be_taken_again(settings: Settings) -> None:
    for _ in range(2):
        served = serve(settings)
        assert served.token is None
        served.stop()
        served.stop()
        assert find_owner(settings) is None
        assert not (settings.home / "server.json").exists()


def test_a_second_server_is_told_who_has_the_home(served: Served, settings: Settings) -> None:
    with pytest.raises(HomeError, match=f"in use by process {os.getpid()}, which shows it at {served.url}"):
        serve(settings)
    assert httpx2.get(served.url + "/api/health").status_code == 200


def test_what_a_training_writes_appears_while_it_runs(served: Served, settings: Settings) -> None:
    catalog = sqlite3.connect(settings.catalog)

    def statuses() -> list[str]:
        return [row[0] for row in catalog.execute("SELECT status FROM run")]

    writer = JournalWriter(settings.journal, "run-1")
    writer.commit(RunOpened("p", "n"))
    until(lambda: statuses() == ["running"])
    writer.commit(RunClosed("finished"))
    until(lambda: statuses() == ["finished"])
    killed = JournalWriter(settings.journal, "run-2")
    killed.commit(RunOpened("p", "n"))
    until(lambda: len(statuses()) == 2)
    killed.close()  # as a killed process leaves its lock: no file appears
    until(lambda: sorted(statuses()) == ["finished", "interrupted"])
    writer.close()
    catalog.close()


def test_the_app_alone_opens_its_home_in_its_lifespan(settings: Settings) -> None:
    writer = JournalWriter(settings.journal, "run-1")
    writer.commit(RunOpened("p", "n"))
    writer.close()
    app = create_app(settings, token=None, root_path="/p")
    assert not settings.catalog.exists()
    with TestClient(app, base_url="http://127.0.0.1:1") as client:
        assert client.get("/api/health").status_code == client.get("/p/api/health").status_code == 200
        assert app.state.context.progress.caught_up.wait(10)
        with app.state.context.store.reading() as catalog:
            assert catalog.session.exec(select(tables.Run)).one().status == "interrupted"
    assert find_owner(settings) is None


def test_the_card_of_a_dead_owner_is_ignored(settings: Settings) -> None:
    card = {"pid": 1, "url": "http://127.0.0.1:1", "token": None, "version": "0"}
    (settings.home / "server.json").write_text(json.dumps(card))
    assert find_owner(settings) is None
    lock = HomeLock(settings)
    assert not (settings.home / "server.json").exists()
    with pytest.raises(HomeError, match="in use by another process"):
        find_owner(settings, timeout=0.1)
    lock.announce("http://127.0.0.1:2", "t")
    found = find_owner(settings)
    assert found is not None
    assert found.url == "http://127.0.0.1:2"
    lock.release()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match=r"file/home cannot be written .* set CHROMA_HOME"):
        HomeLock(load_settings(home=tmp_path / "file" / "home"))


def test_a_damaged_catalog_is_moved_aside(settings: Settings) -> None:
    damaged = b"no database" * 1000
    settings.catalog.write_bytes(damaged)
    serve(settings).stop()
    (aside,) = settings.home.glob("chroma.db.damaged-*")
    assert aside.read_bytes() == damaged


def test_a_newer_catalog_stops_the_start_and_leaves_the_home_free(settings: Settings) -> None:
    serve(settings).stop()
    with contextlib.closing(sqlite3.connect(settings.catalog)) as catalog, catalog:
        catalog.execute("UPDATE alembic_version SET version_num = '9999'")
    settings.catalog.with_name("chroma.db.digest").unlink()  # else it counts as damaged
    with pytest.raises(CatalogError, match="made by a newer Chroma"):
        serve(settings)
    assert find_owner(settings) is None


def test_a_port_in_use_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} on 127.0.0.1 is in use; give another --port"):
            serve(settings, port=port)
    assert find_owner(settings) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", ""])
def test_other_machines_are_not_served(settings: Settings, host: str) -> None:
    with pytest.raises(ConfigError, match="is not this machine alone"):
        serve(settings, host=host)
    assert find_owner(settings) is None


def test_a_host_of_another_machine_is_named(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"the host 192\.0\.2\.1 is no name or address of this machine"):
        serve(settings, host="192.0.2.1", token="secret")


def test_without_a_port_the_next_free_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert serving._PORT == 8000
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(serving, "_PORT", taken.getsockname()[1])  # 8000 may be another test's
        first = serving._listen_near("127.0.0.1")
        second = serving._listen_near("127.0.0.1")
        assert serving._PORT < first.getsockname()[1] < second.getsockname()[1]
        for each in (first, second):
            each.close()


_FOREGROUND = """
import sys
from chroma.server.serving import run_foreground
from chroma.settings import load_settings
run_foreground(load_settings(), token="t", port=0, ready=lambda url, _: print(url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_server_leaves_its_home_when_it_is_ended(
    settings: Settings, how: signal.Signals
) -> None:
    child = subprocess.Popen([sys.executable, "-c", _FOREGROUND], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        url = child.stdout.readline().strip()
        assert httpx2.get(url + "/api/health").status_code == 200
        owner = find_owner(settings)
        assert owner is not None
        assert (owner.pid, owner.token) == (child.pid, "t")
        child.send_signal(how)
        out, _ = child.communicate(timeout=30)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == (0 if how is signal.SIGINT else -signal.SIGTERM)
    assert out == ("ended\n" if how is signal.SIGINT else "")
    assert not (settings.home / "server.json").exists()


def test_a_killed_server_leaves_a_home_that_opens(settings: Settings) -> None:
    child = subprocess.Popen([sys.executable, "-c", _FOREGROUND], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        child.stdout.readline()
    finally:
        child.kill()
        child.communicate()
    assert (settings.home / "server.json").exists()
    assert find_owner(settings) is None
    Home(settings, token=None).close()


def test_the_dashboard_is_served_with_the_right_cache_headers(settings: Settings, tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<title>the dashboard</title>")
    (static / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("hidden words")
    with TestClient(create_app(settings, token=None, static=static), base_url="http://localhost") as client:
        for path in ("/", "/runs/abc"):
            page = client.get(path)
            assert "the dashboard" in page.text
            assert page.headers["cache-control"] == "no-cache"
        asset = client.get("/assets/app-1a2b.js")
        assert "immutable" in asset.headers["cache-control"]
        assert client.get("/assets/app-old.js").status_code == 404
        assert client.get("/favicon.ico").status_code == 404
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"):
            assert "hidden words" not in client.get(path).text


def test_without_a_built_dashboard_the_page_says_how_to_build_it(settings: Settings, tmp_path: Path) -> None:
    app = create_app(settings, token=None, static=tmp_path / "none")
    with TestClient(app, base_url="http://localhost") as client:
        page = client.get("/")
        assert page.status_code == 503
        assert "make ui" in page.text
    assert dashboard_files.STATIC.name == "static"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("run", "x"), 404),
        (ConfigError("no such method; use umap or pca"), 422),
        (IngestError("another digest"), 409),
        (CatalogError("damaged"), 503),
    ],
)
def test_errors_are_answered_with_their_sentence(error: Exception, status: int) -> None:
    app = FastAPI()
    answer_problems(app)

    @app.get("/")
    def fails(count: int = 0) -> None:
        raise error

    with TestClient(app) as client:
        answer = client.get("/")
        assert answer.status_code == status
        assert answer.json()["detail"] == str(error)
        assert answer.headers["content-type"] == "application/problem+json"
        wrong = client.get("/?count=many")
        assert wrong.status_code == 422
        assert wrong.json()["detail"].startswith("count cannot be used")


def test_a_run_is_drawn_by_the_worker_the_app_keeps(served: Served, settings: Settings) -> None:
    generator = np.random.default_rng(0)
    writer = JournalWriter(settings.journal, "run-1")
    writer.commit(RunOpened("p", "n"))
    vectors = generator.normal(size=(60, 8)).astype(np.float16)
    writer.commit(Snapshot("fc", "val", 0, 0, np.arange(60), vectors, 60))
    writer.commit(RunClosed("finished"))
    writer.close()
    catalog = sqlite3.connect(settings.catalog)
    until(lambda: catalog.execute("SELECT count(*) FROM frame").fetchone()[0] > 0, 90)
    catalog.close()
