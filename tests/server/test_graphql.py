from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event as sql_event

from chroma import segment
from chroma.errors import ChromaError
from chroma.journal import JournalWriter
from chroma.projection.methods import Method
from chroma.records import Metrics, Notes, RunClosed
from chroma.server.graphql import export, layout_methods
from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.store import queries
from tests.server import filming

ROOT = Path(__file__).parents[2]


def ask(client: TestClient, query: str, **variables: Any) -> Any:
    answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def complaint(client: TestClient, query: str, **variables: Any) -> str:
    return client.post("/graphql", json={"query": query, "variables": variables}).json()["errors"][0][
        "message"
    ]


@pytest.fixture
def run(client: TestClient, kept: Context) -> str:
    writer = filming.whole_run(kept, 2)
    writer.commit(Metrics(0, 0, {"val_acc": 0.5, "broken": float("inf")}))
    writer.commit(Metrics(1, 10, {"val_acc": 0.75, "broken": float("nan")}))
    writer.commit(RunClosed("finished", receipt={"samples": 120}))
    writer.close()
    filming.take_in(kept)
    return filming.RUN


def test_the_exported_schema_is_the_servers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "chroma-ui" / "schema.graphql"
    assert export.main([str(path), "--check"]) == 0
    other = tmp_path / "schema.graphql"
    assert export.main([str(other)]) == 0
    assert other.read_bytes() == path.read_bytes()
    other.write_text(path.read_text().replace("progress: Float!", "progress: Int!"))
    assert export.main([str(other), "--check"]) == 1
    assert "-  progress: Int!\n+  progress: Float!" in capsys.readouterr().out


def test_a_run_tells_all_of_itself(client: TestClient, run: str) -> None:
    found = ask(
        client,
        """query($id: ID!) { run(id: $id) {
          id name project status attempts bytes config receipt error createdAt finishedAt
          layers { name dim default pooling }
          splits { name n of identity classNames hasImages hasTexts }
          snapshots(layer: "encoder.fc1", split: "val") { layer split epoch step n of dim dtype status bytes }
          none: snapshots(split: "train") { id }
          metrics { name points { epoch step value } }
        } }""",
        id=run,
    )["run"]
    assert (found["name"], found["project"], found["status"]) == ("swift otter", "digits", "FINISHED")
    assert (found["attempts"], found["receipt"], found["config"]) == (1, {"samples": 120}, {})
    assert found["bytes"] > 120 * 64 * 2 * 2
    assert found["layers"] == [{"name": filming.LAYER, "dim": 64, "default": True, "pooling": "none"}]
    assert found["splits"][0]["classNames"][3] == "digit 3"
    assert [snapshot["step"] for snapshot in found["snapshots"]] == [0, 10]
    assert found["snapshots"][0] | {"bytes": 0} == {
        "layer": filming.LAYER, "split": "val", "epoch": 0, "step": 0, "n": 120, "of": 120, "dim": 64,
        "dtype": "float16", "status": "COMPLETE", "bytes": 0,
    }  # fmt: skip
    assert found["none"] == []
    series = {metric["name"]: [point["value"] for point in metric["points"]] for metric in found["metrics"]}
    assert series == {"val_acc": [0.5, 0.75], "broken": ["Infinity", "NaN"]}  # JSON has neither
    assert ask(client, '{ run(id: "none") { id } }')["run"] is None


def test_many_runs_cost_as_many_statements_as_one(client: TestClient, kept: Context) -> None:
    query = (
        "{ projects { name runs { name layers { name } splits { name } films { n } tags { name } bytes "
        "cardFilm { id } lastMetrics { value } accepted } } }"
    )

    def statements(runs: int) -> int:
        for at in range(runs):
            writer = JournalWriter(kept.settings.journal, f"run-{runs}-{at}")
            filming.begin(writer, 4, images=None)
            writer.commit(RunClosed("finished"))
            writer.close()
        filming.take_in(kept)
        seen: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not threading.current_thread().name.startswith("chroma-"):  # supervisor and watcher go on
                seen.append(statement)

        sql_event.listen(kept.store.engine, "before_cursor_execute", count)
        try:
            assert len(ask(client, query)["projects"][0]["runs"]) >= runs
        finally:
            sql_event.remove(kept.store.engine, "before_cursor_execute", count)
        return len([statement for statement in seen if statement.startswith("SELECT")])

    assert statements(1) == statements(4)


def test_a_sample_with_its_outputs_and_neighbours(client: TestClient, kept: Context, run: str) -> None:
    query = """query($position: Int!, $step: BigInt, $k: Int!) {
      sample(runId: "swift-otter", split: "val", position: $position, step: $step) {
        id position label prediction confidence margin crossEntropy hasImage text metadata tags
        neighbors(layer: "encoder.fc1", step: $step, k: $k) { sampleId position distance label }
      }
    }"""
    found = ask(client, query, position=1, step=0, k=20)["sample"]
    label = int(filming.digits(120)[1][1])
    assert (found["id"], found["label"], found["prediction"]) == ("1", f"digit {label}", f"digit {label}")
    assert found["confidence"] == pytest.approx(1 / 119)
    assert ask(client, query, position=1, step=10, k=1)["sample"]["prediction"] == f"digit {(label + 1) % 10}"
    assert (found["hasImage"], found["text"]) == (False, "number 1")
    assert found["metadata"]["writer/hand"] is None
    vectors = filming.vectors_at(0).astype(np.float32)
    gaps = np.linalg.norm(vectors - vectors[1], axis=1)
    nearest = np.argsort(gaps, kind="stable")[1:21]
    assert [near["position"] for near in found["neighbors"]] == nearest.tolist()
    assert [near["distance"] for near in found["neighbors"]] == pytest.approx(
        gaps[nearest].tolist(), rel=1e-5
    )
    # From the stored graph, once the film is drawn, the same answer.
    before = ask(client, query, position=1, step=0, k=12)["sample"]["neighbors"]
    _ready(client)
    after = ask(client, query, position=1, step=0, k=12)["sample"]["neighbors"]
    assert [near["position"] for near in after] == [near["position"] for near in before]
    assert ask(client, query, position=0, step=0, k=1)["sample"]["label"] is None
    assert "no sample position named '120'; there is 0 to 119" in complaint(client, query, position=120, k=1)
    assert "ask for 1 to 1000 neighbours" in complaint(client, query, position=0, k=0)


def _ready(client: TestClient) -> Any:
    query = """{ run(id: "swift-otter") { films {
      id layer split method n of snapshotCount status progress message error
      revision { id number method preview offsetX offsetY scale
        frames { index epoch step digest n of trustworthiness continuity neighborhoodHit qualityN } }
      columns { name kind perFrame legend }
    } } }"""

    def ready() -> Any:
        films = ask(client, query)["run"]["films"]
        assert not films or films[0]["status"] != "FAILED", films
        return films[0] if films and films[0]["status"] == "READY" else None

    return filming.until(ready)


@pytest.mark.timeout(300)  # on a new machine numba compiles first
def test_a_film_is_drawn_without_being_asked_for_and_its_progress_is_told(
    client: TestClient, kept: Context
) -> None:
    follow = {"id": "1", "type": "subscribe", "payload": {"query": """subscription {
        events(runId: "swift-otter") { kind runId filmId progress message } }"""}}  # fmt: skip
    with client.websocket_connect("ws://127.0.0.1/graphql", subprotocols=["graphql-transport-ws"]) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json(follow)
        socket.send_json({"type": "ping"})
        first = [socket.receive_json(), socket.receive_json()]
        assert {each["type"] for each in first} == {"next", "pong"}
        told_first = next(each["payload"] for each in first if each["type"] == "next")
        assert told_first["data"]["events"]["kind"] == "LISTENING"
        filming.finish(kept, filming.whole_run(kept, 2))
        told: list[Any] = []
        while not told or told[-1]["message"] != "ready":
            message = socket.receive_json()
            assert message["type"] == "next", message
            told.append(message["payload"]["data"]["events"])
    films = [event for event in told if event["kind"] == "FILM"]
    assert {"RUN", "SNAPSHOT"} <= {event["kind"] for event in told}
    assert {event["filmId"] for event in films} == {_ready(client)["id"]}
    # a job's row is read at intervals, so steps that are over at once may be missed; never the first state
    progress = [event["progress"] for event in films]
    assert progress == sorted(progress), films
    assert progress[0] < progress[-1] == 1.0, films

    film = _ready(client)
    assert (film["layer"], film["split"], film["method"]) == (filming.LAYER, "val", "umap")
    assert (film["n"], film["of"], film["snapshotCount"], film["error"]) == (120, 120, 2, None)
    assert (film["revision"]["method"], film["revision"]["preview"]) == ("umap", False)
    assert [frame["epoch"] for frame in film["revision"]["frames"]] == [0, 1]
    for frame in film["revision"]["frames"]:
        body = client.get(
            f"/api/films/{film['id']}/frames/{frame['digest']}?dtype=u16&revision={film['revision']['id']}"
        )
        assert len(body.content) == 120 * 4
    columns = {column["name"]: column for column in film["columns"]}
    assert columns["label"]["legend"] == columns["prediction"]["legend"]
    assert (columns["label"]["perFrame"], columns["prediction"]["perFrame"]) == (False, True)
    assert columns["correct"]["legend"] == ["wrong", "right"]
    assert (columns["confidence"]["kind"], columns["confidence"]["legend"]) == ("NUMERIC", None)
    for name in columns:
        path = name.replace("/", "%2F")
        assert client.get(f"/api/films/{film['id']}/columns/{path}").status_code == 200
    asked = ask(
        client,
        """mutation { requestFilm(runId: "swift-otter", layer: "encoder.fc1", split: "val") {
          id status } }""",
    )["requestFilm"]
    assert asked == {"id": film["id"], "status": "READY"}


def test_a_film_that_fails_says_why(client: TestClient, kept: Context) -> None:
    writer = filming.whole_run(kept, 0)
    writer.commit(filming.snapshot(0, vectors=np.full((120, 64), np.inf, np.float16)))
    filming.take_in(kept)

    def failed() -> Any:
        films = ask(client, '{ run(id: "swift-otter") { films { status error revision { id } } } }')["run"][
            "films"
        ]
        return films[0] if films and films[0]["status"] == "FAILED" else None

    film = filming.until(failed)
    assert "no vector of layer 'encoder.fc1' in split 'val' is finite" in film["error"]
    assert film["revision"] is None
    writer.close()


def test_what_users_write_outlives_the_catalog(client: TestClient, kept: Context, run: str) -> None:
    tag = """mutation($ids: [String!]!) {
      %s(runId: "swift-otter", split: "val", tag: "odd", sampleIds: $ids) { name split runId sampleIds }
    }"""
    ask(client, tag % "tagSamples", ids=["10", "2", "7"])
    left = ask(client, tag % "untagSamples", ids=["7"])["untagSamples"]
    assert left == {"name": "odd", "split": "val", "runId": run, "sampleIds": ["2", "10"]}
    renamed = ask(client, 'mutation { renameRun(id: "swift-otter", name: " calm fox ") { name } }')
    assert renamed == {"renameRun": {"name": "calm fox"}}
    deleted = ask(client, 'mutation { deleteRun(id: "swift-otter") { deletedAt } }')["deleteRun"]
    assert deleted["deletedAt"] is not None
    assert ask(client, "{ runs { id } projects { name } }") == {"runs": [], "projects": []}
    assert "no run named 'swift-otter'" in complaint(
        client, 'mutation { requestFilm(runId: "swift-otter", layer: "x", split: "val") { id } }'
    )
    ask(client, 'mutation { restoreRun(id: "swift-otter") { deletedAt } }')

    copy = kept.settings.home.parent / "copy"
    shutil.copytree(kept.settings.store, copy / "store", ignore=shutil.ignore_patterns("films", "graphs"))
    notes = [segment.read(path).record for path in copy.glob("store/runs/*/segments/*.arrow")]
    assert sum(isinstance(record, Notes) for record in notes) == 5
    rebuilt = Home(kept.settings.model_copy(update={"home": copy}), token=None)
    rebuilt.catch_up()
    try:
        with rebuilt.context.store.reading() as catalog:
            (row,) = queries.all_runs(catalog, "digits")
            tags = queries.run_tags(catalog, [run])[run]
            samples = queries.tag_samples(catalog, [tags[0].id])
        assert (row.name, [found.name for found in tags]) == ("calm fox", ["odd"])
        assert samples == {tags[0].id: ["2", "10"]}
    finally:
        rebuilt.close()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ('{ runs(project: "digit") { id } }', "no project named 'digit'; there is digits"),
        (
            'mutation { renameRun(id: "swift", name: "x") { id } }',
            "no run named 'swift'; there is swift-otter",
        ),
        ('mutation { renameRun(id: "swift-otter", name: " ") { id } }', "a run needs a name"),
        (
            'mutation { tagSamples(runId: "swift-otter", split: "val", tag: "x", sampleIds: "120") { id } }',
            "no sample named '120'",
        ),
        (
            'mutation { requestFilm(runId: "swift-otter", layer: "encoder.fc", split: "val") { id } }',
            "no layer named 'encoder.fc'; there is encoder.fc1",
        ),
        ("{ nothing }", "Cannot query field 'nothing'"),
    ],
)
def test_mistakes_are_told_in_a_sentence(client: TestClient, run: str, query: str, says: str) -> None:
    assert run == filming.RUN
    assert says in complaint(client, query)


def test_other_errors_are_masked_and_logged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_session: Any) -> Any:
        raise RuntimeError("secret path /home/me")

    monkeypatch.setattr(queries, "all_projects", broken)
    with caplog.at_level(logging.ERROR, "chroma.server"):
        said = complaint(client, "{ projects { id } }")
    assert said == "the server met an error it did not expect; its log tells more"
    assert "secret path" in caplog.text

    def ours(_session: Any) -> Any:
        raise ChromaError("the disk is full; make room")

    caplog.clear()
    monkeypatch.setattr(queries, "all_projects", ours)
    assert complaint(client, "{ projects { id } }") == "the disk is full; make room"
    assert not [record for record in caplog.records if record.name == "chroma.server"]


def test_graphiql_is_served_to_browsers(client: TestClient) -> None:
    assert "graphiql" in client.get("/graphql", headers={"Accept": "text/html"}).text.lower()


def test_the_dashboard_offers_methods_of_the_one_list(
    client: TestClient, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        layout_methods,
        "METHODS",
        {"mds": Method("MDS", "Keeps distances", offered=True), "hidden": Method("No", "No")},
    )
    found = ask(client, "query($id: ID!) { run(id: $id) { methods { name title description } } }", id=run)
    assert found["run"]["methods"] == [{"name": "mds", "title": "MDS", "description": "Keeps distances"}]
