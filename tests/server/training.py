"""A small training as a journal, and what of it is in the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sqlmodel import select

from chroma.ids import sample_ids
from chroma.journal import JournalWriter
from chroma.records import (
    Metrics,
    Outputs,
    RunClosed,
    RunOpened,
    Samples,
    Snapshot,
)
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.store import tables
from chroma.server.store.catalog import Store
from chroma.server.store.snapshots.vectors import Vectors, snapshot_vectors
from chroma.settings import load_settings

IDS = np.arange(6)


def snapshot(step: int, ids: Any = IDS, value: float = 0.0, **more: Any) -> Snapshot:
    vectors = np.full((len(ids), 3), value, np.float16) + np.asarray(range(len(ids)), np.float16)[:, None]
    about: dict[str, Any] = {"layer": "fc1", "split": "val", "epoch": step, "of": 6, **more}
    return Snapshot(step=step, ids=sample_ids(ids), vectors=vectors, **about)


def outputs(step: int) -> Outputs:
    ones = np.ones(6, np.float32)
    return Outputs("val", step, step, IDS, IDS % 2, ones, ones, ones)


def train(writer: JournalWriter, *steps: int, name: str = "swift-otter") -> None:
    """What a training writes, without its end."""
    writer.commit(RunOpened("digits", name, framework="lightning 2.6.6", task="classification", tags=["a"]))
    writer.commit(Samples("val", IDS, of=10, labels=IDS % 2, class_names=["even", "odd"]))
    for step in steps:
        writer.commit(snapshot(step, value=step))
        writer.commit(outputs(step))
        writer.commit(Metrics(step, step, {"val_acc": 0.5, "nothing": float("nan")}))


def finish(writer: JournalWriter) -> None:
    writer.commit(RunClosed("finished", receipt={"snapshots": 2}))
    writer.close()


def dump(context: Context) -> dict[str, list[dict[str, Any]]]:
    """All rows, without the counters that depend on the order of arrival."""
    with context.store.engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    {
                        key: value
                        for key, value in row._mapping.items()
                        if not isinstance(row.id, int) or key != "id"
                    }
                    if hasattr(row, "id")
                    else dict(row._mapping)
                    for row in connection.execute(table.select())
                ),
                key=repr,
            )
            for table in tables.Table.metadata.sorted_tables
        }


def rows(context: Context, table: Any) -> list[Any]:
    with context.store.reading() as catalog:
        return list(catalog.session.exec(select(table)).all())


def vectors_of(context: Context, step: int) -> Vectors:
    with context.store.reading() as catalog:
        found = catalog.session.exec(select(tables.Snapshot).where(tables.Snapshot.step == step)).one()
        return snapshot_vectors(catalog, found)


def another(folder: Path) -> Context:
    settings = load_settings(home=folder)
    folder.mkdir(exist_ok=True)
    return Context(settings, Store.open(settings), Events(), None)
