"""Snapshots that a training took, and hid when there were more than it was to show."""

from __future__ import annotations

import numpy as np
import pytest

from chroma.journal import JournalWriter
from chroma.records import Hidden, RunClosed
from chroma.server.home.context import Context
from chroma.server.store import tables
from chroma.server.store.lookups import layer_by, snapshot_at
from chroma.server.store.queries import run_snapshots
from tests.server import filming
from tests.server.test_ingest import rows, snapshot, train, vectors_of


def listed(context: Context) -> list[int]:
    with context.store.reading() as catalog:
        return [row.step for row, _, _ in run_snapshots(catalog, ["run-1"]).get("run-1", [])]


def hide(writer: JournalWriter, *steps: int) -> None:
    for step in steps:
        writer.commit(Hidden("val", step, step))


@pytest.mark.parametrize("late", [False, True], ids=["after them", "before them"])
def test_hidden_snapshots_are_not_listed_and_their_segments_stay(opened: Context, late: bool) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer)
    for step in (0, 10, 20):
        if not late:
            writer.commit(snapshot(step))
    hide(writer, 10)
    filming.take_in(opened)
    for step in (0, 10, 20):
        if late:
            writer.commit(snapshot(step))
    writer.commit(RunClosed("finished"))
    writer.close()
    filming.take_in(opened)
    assert listed(opened) == [0, 20]
    assert {row.step: row.status for row in rows(opened, tables.Snapshot)} == {
        0: "complete",
        10: "hidden",
        20: "complete",
    }
    with opened.store.reading() as catalog:
        split = catalog.session.get_one(tables.Split, tables.stable_id("split", "run-1", "val"))
        assert snapshot_at(catalog, layer_by(catalog, "run-1", "fc1"), split, None).step == 20
    assert len(vectors_of(opened, 10).ids) == 6


def test_the_same_step_of_a_later_attempt_is_shown(opened: Context) -> None:
    first = JournalWriter(opened.settings.journal, "run-1")
    train(first, 0, 10)
    hide(first, 10)
    first.close()
    filming.take_in(opened)
    assert listed(opened) == [0]
    second = JournalWriter(opened.settings.journal, "run-1")
    second.commit(snapshot(10, value=7))
    second.commit(RunClosed("finished"))
    second.close()
    filming.take_in(opened)
    assert listed(opened) == [0, 10]
    assert vectors_of(opened, 10).vectors[0, 0] == 7


def test_a_film_has_no_frame_of_hidden_snapshots(opened: Context) -> None:
    writer = filming.whole_run(opened, 4)
    film = filming.ask(opened, "pca")
    filming.draw(opened, film)
    assert len(filming.on_screen(opened, film)[1]) == 4
    for epoch in (1, 3):
        writer.commit(Hidden("val", epoch, epoch * 10))
    filming.finish(opened, writer)
    filming.draw(opened, film)
    frames = filming.on_screen(opened, film)[1]
    shown = {row.id: row.step for row in rows(opened, tables.Snapshot)}
    assert [shown[frame.snapshot_id] for frame in frames] == [0, 20]
    assert np.isfinite([frame.index for frame in frames]).all()
