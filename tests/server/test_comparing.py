"""Two moments side by side: the same samples by id, and what became of their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlmodel import delete, select

from chroma.journal import JournalWriter
from chroma.projection.neighbors import neighbor_graph
from chroma.records import LayerNote, RunClosed, RunOpened, Samples, Snapshot
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.ingest import reconcile
from chroma.server.store import tables
from chroma.server.store.snapshots.neighbor_graphs import save_graph
from chroma.server.store.snapshots.vectors import snapshot_vectors
from tests.server import filming
from tests.server.test_graphql import ask, complaint

N = 120
OTHER = "calm-heron"
COMPARISON = """query($first: Moment!, $second: Moment!) { comparison(
    first: $first, second: $second, movers: 5
) {
  shared of otherOf labelsDiffer compared k overlap chance recall waiting
  movers { sampleId position otherPosition label overlap }
} }"""


@pytest.fixture
def kept(opened: Context) -> Context:
    """Without a worker: neighbor graphs are those that a test stores."""
    return opened


@pytest.fixture
def client(kept: Context) -> TestClient:
    app = create_app(kept.settings, token=None)
    app.state.context = kept
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture
def runs(client: TestClient, kept: Context) -> TestClient:
    """Two runs: the second follows 100 samples of the first, in another order, and 3 of its own."""
    filming.finish(kept, filming.whole_run(kept, 2))
    ids = np.array([*np.random.default_rng(0).permutation(N)[:100], 900, 901, 902])
    writer = JournalWriter(kept.settings.journal, OTHER)
    labels = np.append(filming.digits(N)[1][ids[:100]], [0, 1, 2])
    labels[0] = (labels[0] + 1) % 10
    names = [f"digit {value}" for value in range(10)]
    writer.commit(RunOpened("digits", "calm heron", tags=("baseline",)))
    writer.commit(Samples("val", ids, labels=labels, of=103, class_names=names))
    vectors = np.vstack([filming.vectors_at(1)[ids[:100]], np.full((3, 64), np.nan)]).astype(np.float16)
    writer.commit(
        Snapshot(
            layer="head", split="val", epoch=0, step=5, ids=ids, vectors=vectors, of=103, note=LayerNote()
        )
    )
    writer.commit(RunClosed("finished"))
    writer.close()
    filming.take_in(kept)
    return client


def graph_all(kept: Context) -> None:
    """The neighbor graphs that the worker stores with its films, without its films."""
    with kept.store.writing() as catalog:
        for row in catalog.session.exec(select(tables.Snapshot)).all():
            vectors = snapshot_vectors(catalog, row).vectors
            save_graph(catalog, row, neighbor_graph(vectors))


def moment(run: str, layer: str, step: int | None = None) -> dict[str, Any]:
    return {"runId": run, "layer": layer, "split": "val", "step": step}


def test_samples_are_matched_by_id(runs: TestClient, kept: Context) -> None:
    body = runs.get(f"/api/runs/{OTHER}/splits/val/matches?other_run={filming.RUN}&other_split=val").content
    there = np.frombuffer(body, "<u4")
    with kept.store.reading() as catalog:
        row = catalog.session.exec(select(tables.Snapshot).where(tables.Snapshot.step == 5)).one()
        ids = snapshot_vectors(catalog, row).ids
    assert there[:100].tolist() == ids[:100].tolist()
    assert (there[100:] == 2**32 - 1).all()
    same = runs.get(f"/api/runs/{filming.RUN}/splits/val/matches?other_run={filming.RUN}&other_split=val")
    assert np.frombuffer(same.content, "<u4").tolist() == list(range(N))


def test_neighbours_that_stay_and_go(runs: TestClient, kept: Context) -> None:
    graph_all(kept)
    epochs = moment(filming.RUN, filming.LAYER, 0), moment(filming.RUN, filming.LAYER, 10)
    found = ask(runs, COMPARISON, first=epochs[0], second=epochs[1])["comparison"]
    assert (found["shared"], found["of"], found["otherOf"], found["compared"]) == (N, N, N, N)
    assert (found["waiting"], found["recall"], found["labelsDiffer"], found["k"]) == (None, None, 0, 15)
    assert found["chance"] == pytest.approx(15 / 119)
    assert found["chance"] < found["overlap"] < 1

    query = (
        f"layer={filming.LAYER}&step=0&other_run={filming.RUN}&other_split=val&other_layer={filming.LAYER}"
    )
    body = runs.get(f"/api/runs/{filming.RUN}/splits/val/overlap?{query}&other_step=10").content
    overlap = np.frombuffer(body, "<f4")
    assert overlap.mean() == pytest.approx(found["overlap"], abs=1e-6)
    one, two = (neighbor_graph(filming.vectors_at(epoch)).indices for epoch in (0, 1))
    expected = [len({*one[i]} & {*two[i]}) / 15 for i in range(N)]
    np.testing.assert_allclose(overlap, expected, rtol=1e-6)

    order = sorted(range(N), key=lambda i: (expected[i], i))[:5]
    assert [mover["position"] for mover in found["movers"]] == order
    first = found["movers"][0]
    assert (first["sampleId"], first["otherPosition"]) == (str(order[0]), order[0])
    assert first["label"] == f"digit {filming.digits(N)[1][order[0]]}"


def test_runs_of_other_samples_are_compared_on_those_they_share(runs: TestClient, kept: Context) -> None:
    graph_all(kept)
    found = ask(runs, COMPARISON, first=moment(OTHER, "head"), second=moment(filming.RUN, filming.LAYER, 10))[
        "comparison"
    ]
    assert (found["shared"], found["of"], found["otherOf"]) == (100, 103, N)
    # the three of its own have no neighbours at all: their vectors are NaN
    assert found["compared"] == 100
    assert found["labelsDiffer"] == 1
    # the same vectors, so the neighbours that both know are the same
    assert found["overlap"] == pytest.approx(1.0)


def test_neighbours_not_known_yet_are_waited_for(runs: TestClient) -> None:
    at = moment(filming.RUN, filming.LAYER)
    found = ask(runs, COMPARISON, first=at, second=at)["comparison"]
    assert (found["shared"], found["compared"]) == (N, 0)
    assert (found["overlap"], found["chance"], found["movers"]) == (None, None, [])
    assert f"{filming.LAYER} at step 10" in found["waiting"]


def test_a_moment_that_is_not_there_is_named(runs: TestClient) -> None:
    at = moment(filming.RUN, filming.LAYER)
    assert "no layer named 'hed'" in complaint(runs, COMPARISON, first=moment(OTHER, "hed"), second=at)
    assert "no run named" in complaint(runs, COMPARISON, first=at, second=moment("nobody", "head"))
    assert runs.get("/api/runs/nobody/splits/val/matches?other_run=x&other_split=val").status_code == 404


def test_runs_are_tagged_and_tags_outlive_the_catalog(runs: TestClient, kept: Context) -> None:
    change = "mutation($id: ID!, $tag: String!) { %s(id: $id, tag: $tag) { runTags } }"
    tags = "query($id: ID!) { run(id: $id) { runTags } }"
    assert ask(runs, tags, id=OTHER)["run"]["runTags"] == ["baseline"]
    assert ask(runs, change % "tagRun", id=OTHER, tag=" <best> ü ")["tagRun"]["runTags"] == [
        "<best> ü",
        "baseline",
    ]
    ask(runs, change % "tagRun", id=OTHER, tag="baseline")
    ask(runs, change % "untagRun", id=OTHER, tag="baseline")
    assert ask(runs, tags, id=OTHER)["run"]["runTags"] == ["<best> ü"]
    assert "needs a name" in complaint(runs, change % "tagRun", id=OTHER, tag="  ")
    with kept.store.writing() as catalog:
        catalog.session.exec(delete(tables.Run))
    reconcile(kept)
    assert ask(runs, tags, id=OTHER)["run"]["runTags"] == ["<best> ü"]
