"""Space comes back, and a disk without any still shows what is there."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

import chroma
from chroma.cli.doctor import examine
from chroma.disks import disks
from chroma.errors import HomeError
from chroma.server.app import create_app
from chroma.server.home import notes
from chroma.server.home.checking import check_home
from chroma.server.home.context import Context
from chroma.server.home.film_requests import request_film
from chroma.server.home.home import Home
from chroma.server.store import tables
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.purge import drop_unused_selections
from chroma.server.store.samples.selections import keep_selection, read_selection
from chroma.settings import Settings, load_settings
from tests.captured import capture
from tests.server import filming
from tests.server.training import rows
from tests.server.two_projects import token_of


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_purge_frees_the_space_of_deleted_runs_at_once(home: Path):
    capture(home, n=50, epochs=3)
    with chroma.open(home) as catalog:
        assert catalog.purge().empty
        run = catalog.run()
        run.delete()
        before = sum(map(len, files(home / "store").values()))
        (purged,) = catalog.purge().to_dict("records")
        assert (purged["id"], purged["bytes"] > 10_000) == (run.id, True)
        assert sum(map(len, files(home / "store").values())) <= before - purged["bytes"]
        assert catalog.purge().empty
        with pytest.raises(chroma.errors.IngestError, match="purged"):
            catalog.restore(run.id)


def test_a_full_home_names_what_a_purge_would_free(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    capture(home, n=5000, epochs=2)
    with chroma.open(home) as catalog:
        catalog.run().delete()
    monkeypatch.setenv("CHROMA_MAX_DISK", "100000")
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr("chroma.run.sink._LOOK_AGAIN", 0.0)
    with chroma.init(project="p", name="n") as run:
        run.log_embeddings(np.ones((5, 3)), layer="a", epoch=0)
        filming.until(lambda: "of deleted runs among them" in caplog.text, 10)
        assert "chroma runs purge" in caplog.text
        assert re.search(r"holds \d\.\d MB, \d\.\d MB of deleted runs", caplog.text), caplog.text
        with chroma.open(home) as catalog:
            catalog.purge()
        for path in (home / "store").rglob("*.arrow"):
            path.unlink(missing_ok=True)
        (home / "chroma.db").unlink()
        run.log_embeddings(np.ones((5, 3)), layer="a", epoch=1)
    assert list((home / "journal").rglob("*.arrow"))


def test_a_disk_with_little_room_is_told_before_it_is_full(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    settings = load_settings(home=home)
    (disk,) = disks(settings)  # one, though the home and the store lie on it
    assert (disk.of, disk.low) == ("home", disk.free < min(2e9, 0.05 * disk.total))
    monkeypatch.setenv("CHROMA_DISK_WARNING", str(disk.total))
    monkeypatch.delenv("CHROMA_STRICT", raising=False)
    with chroma.init(project="p", name="n") as run:
        run.log_embeddings(np.ones((5, 3)), layer="a", epoch=0)
    assert "chroma: the disk of the home has" in caplog.text  # the training's own log
    caplog.clear()
    app, query = create_app(load_settings(home=home), token="own"), {"query": "{ home { lowDisks } }"}
    own = {"Authorization": "Bearer own"}
    with TestClient(app, base_url="http://127.0.0.1", headers=own) as client:
        assert app.state.context.progress.caught_up.wait(30)
        (told,) = client.post("/graphql", json=query).json()["data"]["home"]["lowDisks"]
        assert "GB left of" in told
        member = token_of(app.state.context, "admin", "p")
        answer = client.post("/graphql", json=query, headers=member).json()
        assert answer["data"]["home"] == {"lowDisks": []}
        assert 'chroma_disk_low{of="home"} 1.0' in client.get("/metrics").text
        assert client.get("/api/health/ready").status_code == 200  # it works, as yet
    assert "chroma: the disk of the home has" in caplog.text
    assert any("GB left of" in each for each in examine(load_settings(home=home))["problems"])


def test_selections_that_nobody_opens_expire(opened: Context):
    filming.whole_run(opened, 1).close()
    (split,) = rows(opened, tables.Split)
    kept = {
        name: keep_selection(opened.store.files, split, np.arange(at, at + 5, dtype=np.uint32))
        for at, name in enumerate(("named", "opened", "unused"))
    }
    notes.save_view(opened, filming.RUN, "mine", f"?picked={kept['named']}", None)
    for path in opened.store.files.root.rglob("*.z"):
        os.utime(path, (0, time.time() - 91 * 86_400))
    read_selection(opened.store.files, split, kept["opened"])
    drop_unused_selections(opened.store)
    left = {path.stem for path in opened.store.files.root.rglob("*.z")}
    assert left == {kept["named"], kept["opened"]}


@pytest.mark.parametrize("killed", [False, True])
def test_a_full_disk_is_shown_for_reading_only(
    settings: Settings, killed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = Home(settings, token=None)
    home.catch_up()
    filming.finish(home.context, filming.whole_run(home.context, 2, 20))
    film = filming.ask(home.context, "pca")
    filming.draw(home.context, film)
    with home.context.store.writing() as catalog:
        (job,) = catalog.session.exec(select(tables.Job)).all()
        job.status = "ready"
        catalog.session.add(job)
    place = settings.home
    if killed:  # what is committed lies in the log beside the catalog
        place = tmp_path / "copy"
        shutil.copytree(settings.home, place)
        assert (place / "chroma.db-wal").stat().st_size
    home.close()
    capture(place, n=10, epochs=1)
    before = files(place)
    room = shutil.disk_usage
    full = SimpleNamespace(free=4096)

    def usage(path: Path | str) -> Any:
        return full if path == place else room(path)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    app = create_app(load_settings(home=place), token=None)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        app.state.context.progress.caught_up.wait(20)

        def ask(query: str) -> dict[str, Any]:
            return client.post("/graphql", json={"query": query}).json()

        found = ask("{ home { readOnly } runs { id snapshots { step } } }")
        shown = {run["id"]: len(run["snapshots"]) for run in found["data"]["runs"]}
        assert (shown.pop(filming.RUN), list(shown.values())) == (2, [2])
        assert "MiB left" in found["data"]["home"]["readOnly"]
        refused = ask(f'mutation {{ renameRun(id: "{filming.RUN}", name: "x") {{ id }} }}')
        assert "is only read" in refused["errors"][0]["message"]
        request = FilmRequest(filming.RUN, "val", filming.LAYER, "pca")
        assert request_film(app.state.context, request).id == film.id
        filming.draw(app.state.context, request_film(app.state.context, replace(request, method="umap")))
        with pytest.raises(HomeError, match="is only read"):
            notes.purge_runs(app.state.context)
        assert check_home(load_settings(home=place), repair=False).damaged == []
    assert files(place) == before
