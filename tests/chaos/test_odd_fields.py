"""Whole segments whose fields are of any type: each costs itself, and the pages of all runs are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from graphql import OperationDefinitionNode, parse, print_ast, separate_operations

from chroma import segment
from chroma.journal import JournalWriter, segment_name
from chroma.records import (
    Columns,
    Header,
    Hidden,
    Metrics,
    Notes,
    Projection,
    Record,
    RunClosed,
    RunEvent,
    RunOpened,
    Samples,
    Segment,
)
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.settings import load_settings
from tests.chaos import TIMES, trials
from tests.server.training import IDS, finish, outputs, snapshot, train

WRITER = "0-0a1b2c3d"
RECORDS: list[Record] = [
    RunOpened("digits", "n", "x", "classification", {"lr": 1}, ["a"], {"python": "3"}),
    RunClosed("finished", "boom", {"snapshots": 2}),
    Samples("val", IDS, of=10, class_names=["even", "odd"]),
    snapshot(20),
    outputs(20),
    Metrics(3, 30, {"val_acc": 0.5}),
    Columns("val", 0, 0, IDS, {"iou": np.ones(6)}),
    Projection("fc1", "val", 0, 0, IDS, np.zeros((6, 2), np.float32)),
    Hidden("val", 0, 10),
    RunEvent("lr dropped", "to 0.1", None, "info", 1, 10, figures={"lr": 0.1}),
    Notes("tag", {"split": "val", "tag": "odd", "ids": ["1"]}),
    Notes("keep-view", {"id": "v", "name": "n", "address": "?run=run-1"}),
]
ODD: list[str] = [
    *("null", "true", '""', '"x"', '"val"', '"\\u0000"', '"\\ud800"', json.dumps("é" * 10_000)),
    *("-1", "1.5", "1e308", "NaN", "1e400", str(2**31), str(2**63 - 1), str(-(2**63)), str(10**30)),
    *("[]", "[null]", "[1]", '["a"]', "[{}]", f"[{10**30}]", "{}", '{"": ""}', '{"a": NaN}'),
    *('{"a": "b"}', f'{{"a": {10**30}}}', '{"id": 1, "split": 1, "tag": null, "ids": null, "name": []}'),
]
OPERATIONS = separate_operations(
    parse((Path(__file__).parents[2] / "chroma-ui/src/api/operations.graphql").read_text(encoding="utf-8"))
)
NOT_CHANGED = {"format", "kind", "record", "run", "writer", "number"}
OF_ALL = {"attempt", "rank", "world_size", "attempt_number", "accepted", "created_at"}  # tried with openings
pytestmark = pytest.mark.timeout(120 + 60 * TIMES)


def plain_fields(record: Record) -> list[str]:
    """What a segment of this record says beside its columns."""
    schema = pa.ipc.open_file(segment.encode(Segment(Header("r", WRITER, 0, "a"), record))).schema
    names = {key.decode().removeprefix("chroma:") for key in schema.metadata or {}}
    return sorted(names - NOT_CHANGED - (set() if isinstance(record, RunOpened) else OF_ALL))


def with_field(record: Record, number: int, field: str, value: str) -> bytes:
    """A segment with one field changed: of format 1.0, which has no checksum."""
    body = segment.encode(Segment(Header("run-1", WRITER, number, "a0", created_at=1.5), record))
    batch = pa.ipc.open_file(body).get_batch(0)
    about = {**(batch.schema.metadata or {}), b"chroma:format": b"[1, 0]"}
    changed = batch.replace_schema_metadata(about | {f"chroma:{field}".encode(): value.encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, changed.schema) as writer:
        writer.write_batch(changed)
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Context]]:
    """A dashboard of two runs, of which one goes on."""
    settings = load_settings(home=tmp_path_factory.mktemp("odd") / "home")
    for run in ("run-1", "run-2"):
        writer = JournalWriter(settings.journal, run)
        train(writer, 0, 10)
        finish(writer)
    app = create_app(settings, token=None)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        context: Context = app.state.context
        assert context.progress.caught_up.wait(60)
        yield client, context


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON: a browser shows nothing of the page")


def faults(client: TestClient) -> list[str]:
    """What cannot be shown of the pages that everybody opens."""
    found: list[str] = []
    for name, document in OPERATIONS.items():
        (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        names = {each.variable.name.value for each in operation.variable_definitions}
        if operation.operation.value != "query" or names - {"run", "id", "runId"}:
            continue
        asked = {"query": print_ast(document), "variables": dict.fromkeys(names, "run-1")}
        answer = client.post("/graphql", json=asked)
        try:
            errors: Any = json.loads(answer.content, parse_constant=refuse).get("errors")
        except ValueError as error:
            errors = error
        if answer.status_code != 200 or errors:
            found.append(f"{name}: {answer.status_code} {errors}")
    for path in ("/api/runs/run-1/splits/val/samples", "/metrics"):
        if (answer := client.get(path)).status_code != 200:
            found.append(f"{path}: {answer.status_code}")
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_field_of_another_type_costs_its_segment(record: Record, shown: tuple[TestClient, Context]) -> None:
    client, context = shown
    folder = context.settings.journal / "run-1"
    with trials("fields of segments of another type or range") as held:
        for at, field in enumerate(plain_fields(record)):
            folder.mkdir(exist_ok=True)
            for number, value in enumerate(ODD):
                name = segment_name(WRITER, 1000 * RECORDS.index(record) + 50 * at + number)
                body = with_field(record, int(name[11:-6]), field, value)
                (folder / f".{name}").write_bytes(body)
                (folder / f".{name}").rename(folder / name)
            ingest_journal(context)
            assert not context.left_out, field
            assert [part.reason for part in context.parts.down()] == [], field
            for _ in ODD:
                held()
        assert faults(client) == []
    writer = JournalWriter(context.settings.journal, "run-2")
    writer.commit(Metrics(9, 90, {"val_acc": 0.5}))
    writer.close()
    assert ingest_journal(context).left_out == 0
