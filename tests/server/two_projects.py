"""A home of two projects, and what of one of them must not be in any answer to members of the other."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from chroma.journal import JournalWriter
from chroma.records import (
    LayerNote,
    Metrics,
    Notes,
    Outputs,
    RunClosed,
    RunEvent,
    RunOpened,
    Samples,
    Snapshot,
)
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal, write_note
from chroma.server.http.dashboard_files import STATIC
from chroma.server.http.segment_routes import Uploads
from chroma.server.jobs.film import draw_film
from chroma.server.jobs.findings.make import make_report
from chroma.server.store import queries
from chroma.server.store.films import frames as stored
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.requests import request_film
from chroma.server.store.findings import reports
from chroma.server.store.links import create_link
from chroma.server.store.members import add_member
from chroma.server.store.samples import selections
from chroma.server.store.saved_views import all_views
from chroma.server.store.tokens import create_token
from tests.server.filming import Alone, Turns

OWN = "own-token"
USER, PROXY = "X-Forwarded-Email", "10.1.2.3"  # the header in which the proxy names users, and its address
_COUNT = count()
N = 24
QUIET, OPEN = "quiet", "open"  # the projects; all of `quiet` is marked
MARK = "hush"  # stands in every name, text and id of the quiet project but in the ids of run and film


@dataclass
class Project:
    """A project with one run, and what addresses name of it."""

    name: str
    run: str
    known: dict[str, Any] = field(default_factory=dict[str, Any])


def train(context: Context, project: str) -> Project:
    """A small run with everything that a run can have."""
    mark = MARK if project == QUIET else "loud"
    run, layer = f"run-{project}", f"{mark}.fc1"
    ids = np.array([f"{mark}-{at}" for at in range(N)], dtype=object)
    labels = np.arange(N) % 3
    picture = io.BytesIO()
    Image.new("L", (8, 8), 80).save(picture, "PNG")
    writer = JournalWriter(context.settings.journal, run)
    writer.commit(
        RunOpened(
            project if project == OPEN else f"{MARK}-{project}",
            f"{mark}-name",
            "torch",
            "classification",
            tags=(f"{mark}-kept",),
        )
    )
    writer.commit(
        Samples(
            "val", ids, of=N, identity="key", labels=labels,
            class_names=[f"{mark}-{name}" for name in "abc"],
            images=[picture.getvalue()] * N,
            texts=[f"{mark} text {at}" for at in range(N)],
            metadata={f"{mark}-meta": np.arange(N, dtype=np.float64)},
        )
    )  # fmt: skip
    random = np.random.default_rng(3)
    ones = np.ones(N, np.float32)
    for epoch in range(2):
        step = 10 * (epoch + 1)
        batch = (np.eye(6)[labels] * epoch + random.normal(size=(N, 6))).astype(np.float32)
        writer.commit(Snapshot(layer, "val", epoch, step, ids, batch, of=N, note=LayerNote(default=True)))
        writer.commit(Outputs("val", epoch, step, ids, labels, ones * 0.5, ones * 0.25, ones * 0.1))
        writer.commit(Metrics(epoch=epoch, step=step, values={f"{mark}_acc": 0.5}))
    writer.commit(RunEvent(f"{mark} title", "", None, "info", 1, 20, "val", layer, {}))
    writer.commit(RunClosed("finished"))
    writer.close()
    ingest_journal(context)
    write_note(context, run, Notes("tag", {"split": "val", "tag": f"{mark}-tag", "ids": [f"{mark}-1"]}))
    write_note(
        context,
        run,
        Notes("keep-view", {"id": f"{project:0>32}", "name": f"{mark} view", "address": f"?run={run}"}),
    )
    with context.store.writing() as catalog:
        create_link(catalog, run, f"?run={run}", by=f"{mark}-maker")
        film = request_film(catalog, FilmRequest(run, "val", layer, "pca"))
    draw_film(context.store, film.id, Turns(context, film))
    assert make_report(context.store, run, Alone())
    with context.store.reading() as catalog:
        revision = stored.shown(stored.revisions(catalog, [film.id])[film.id], "pca")
        assert revision is not None
        frame = stored.frames_of(catalog, [revision.id])[revision.id][-1]
        report = reports.read_report(catalog, run)
        assert report is not None
        (split,) = queries.run_splits(catalog, [run])[run]
        snapshots = queries.run_snapshots(catalog, [run])[run]
        kept = selections.keep_selection(catalog.files, split, np.arange(5, dtype="<u4"))
        (view,) = [each.id for each in all_views(catalog) if each.run_id == run]
    return Project(
        project if project == OPEN else f"{MARK}-{project}",
        run,
        {
            "run_id": run, "other_run": run, "split": "val", "other_split": "val",
            "layer": layer, "other_layer": layer, "name": "label", "words": "a",
            "film_id": film.id, "digest": frame.digest, "revision": revision.id,
            "position": 0, "page": 0, "snapshot_id": snapshots[-1][0].id, "selection": kept, "view": view,
            "key": report.findings[0].key if report.findings else "none", "writer": "0-0a1b2c3d", "number": 7,
            "sample": f"{mark}-1", "tag": f"{mark}-tag",
        },
    )  # fmt: skip


def app_of(context: Context) -> tuple[FastAPI, TestClient]:
    """The app on a home that is open; nothing is drawn beside it."""
    app = create_app(context.settings, token=OWN)
    app.state.context = context
    app.state.uploads = Uploads()
    app.state.static = STATIC
    asking = (PROXY, 50000)
    return app, TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False, client=asking)


def link_of(context: Context, client: TestClient, run: str) -> dict[str, str]:
    """The header of a page that a new link to this run opened."""
    with context.store.writing() as catalog:
        _link, secret = create_link(catalog, run, f"?run={run}", by="test")
    answer = client.get(f"/?link={secret}", follow_redirects=False)
    session = answer.headers["location"].partition("#tab-session=")[2]
    renewed = client.post("/api/session", headers={"X-Chroma-Session": session})  # that of a link is short
    return {"X-Chroma-Session": renewed.json()["session"]}


def user_of(context: Context, role: str, project: str) -> dict[str, str]:
    """The headers of a page whose user, a new member of the project, signed in at the proxy."""
    user = f"user-{next(_COUNT)}@example.org"
    with context.store.writing() as catalog:
        add_member(catalog, user, project, role, by="test")
    return {USER: user, "Origin": "http://127.0.0.1"}


def token_of(context: Context, scope: str, project: str | None) -> dict[str, str]:
    """The header of a new token."""
    with context.store.writing() as catalog:
        name = f"{scope} {project} {next(_COUNT)}"
        made = create_token(catalog, name, scope, None, by="test", project=project)
    return {"Authorization": f"Bearer {made}"}
