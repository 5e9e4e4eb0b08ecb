from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from chroma.ids import sample_ids
from chroma.journal import JournalWriter
from chroma.records import Outputs, Samples, Snapshot
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import tables
from chroma.server.store.samples.load import SampleTable, split_samples
from chroma.server.store.samples.outputs import OutputColumns, step_outputs


def table_of(context: Context, name: str = "val") -> SampleTable:
    ingest_journal(context)
    with context.store.reading() as catalog:
        split = catalog.session.exec(select(tables.Split).where(tables.Split.name == name)).one()
        found = split_samples(catalog, split)
        assert split.n == len(found)
        return found


def outputs_of(context: Context, step: int | None = None) -> OutputColumns | None:
    ingest_journal(context)
    with context.store.reading() as catalog:
        return step_outputs(catalog, catalog.session.exec(select(tables.Split)).one(), step)


def said(step: int, ids: list[int], confidence: float) -> Outputs:
    numbers = np.full(len(ids), confidence, np.float32)
    return Outputs("val", step, step, np.array(ids), np.array(ids) % 3, numbers, numbers, numbers)


def test_later_records_complete_earlier_ones(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(
        Samples(
            "val",
            sample_ids(["b", "ä", "c"]),
            labels=np.array([1, 0, 2]),
            class_names=["x", "y", "z"],
            images=[b"one", None, b"three"],
            metadata={
                "weight": np.array([1.5, np.nan, 2.5]),
                "source": np.array(["web", None, "scan"], object),
            },
        )
    )
    before = table_of(opened)
    assert before.ids.tolist() == ["b", "ä", "c"]
    writer.commit(
        Samples(
            "val",
            sample_ids(["ä", "d"]),
            images=[b"two", b"four"],
            texts=[None, "a text"],
            metadata={"weight": np.array([9.0, np.nan]), "kept": np.array([True, False])},
        )
    )
    after = table_of(opened)
    assert after.ids.tolist() == ["b", "ä", "c", "d"]
    assert [after.image(at) for at in range(5)] == [b"one", b"two", b"three", b"four", None]
    assert after.labels is not None
    assert after.labels.tolist() == [1, 0, 2, -1]
    assert after.texts is not None
    assert after.texts.tolist() == [None, None, None, "a text"]
    np.testing.assert_array_equal(after.metadata["weight"], [1.5, 9.0, 2.5, np.nan])
    assert after.metadata["source"].tolist() == ["web", None, "scan", None]
    assert after.metadata["kept"].tolist() == [None, "True", None, "False"]
    assert tuple(after.class_names) == ("x", "y", "z")
    assert after.positions(sample_ids(["d", "nobody", "b"])).tolist() == [3, -1, 0]
    assert len(before) == 3  # what was handed out does not change
    writer.close()


def test_samples_known_only_from_vectors_get_positions_that_never_change(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(Samples("val", np.array([30, 10])))
    writer.commit(Snapshot("fc", "val", 0, 0, np.array([20, 10]), np.zeros((2, 2), np.float16), 3))
    assert table_of(opened).ids.tolist() == [30, 10, 20]
    writer.commit(said(0, [40], 0.5))
    writer.commit(Samples("val", np.array([5, 20]), labels=np.array([7, 8])))
    found = table_of(opened)
    assert found.ids.tolist() == [30, 10, 20, 40, 5]
    assert found.ids.dtype == np.int64
    assert found.labels is not None
    assert found.labels.tolist() == [-1, -1, 8, -1, 7]
    writer.close()


@pytest.mark.parametrize(
    ("labels", "dtype", "missing"),
    [
        (np.array([1, 2]), np.int64, -1),
        (np.array([1.5, 2.5], np.float32), np.float32, np.nan),
        (np.array(["cat", "dog"], object), object, None),
    ],
)
def test_labels_keep_their_kind(opened: Context, labels: Any, dtype: Any, missing: Any) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(Samples("val", np.arange(2), labels=labels))
    writer.commit(Samples("val", np.arange(2, 3)))
    found = table_of(opened).labels
    assert found is not None
    assert found.dtype == dtype
    assert found[:2].tolist() == labels.tolist()
    assert found[2] is missing or found[2] == missing or np.isnan(found[2])
    writer.close()


def test_outputs_stand_at_their_samples_positions(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(Samples("val", np.array([3, 1, 2])))
    assert outputs_of(opened) is None
    writer.commit(said(0, [1, 2, 3], 0.25))
    writer.commit(said(10, [2, 3], 0.5))
    writer.commit(said(10, [3], 0.75))  # a distributed sampler's padding
    last = outputs_of(opened)
    assert last is not None
    assert (last.step, last.epoch) == (10, 10)
    assert last.prediction.tolist() == [0, -1, 2]
    np.testing.assert_array_equal(last.confidence, np.array([0.5, np.nan, 0.5], np.float32))
    first = outputs_of(opened, 0)
    assert first is not None
    assert first.cross_entropy.tolist() == [0.25] * 3
    assert outputs_of(opened, 5) is None

    again = JournalWriter(opened.settings.journal, "run-1")
    again.commit(said(10, [1, 3], 1.0))
    redone = outputs_of(opened, 10)
    assert redone is not None
    assert redone.confidence.tolist() == [1.0, 1.0, 0.5]
    for each in (writer, again):
        each.close()


def test_positions_are_found_in_any_order(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(Samples("val", np.arange(50)))
    table = table_of(opened)
    assert table.positions(np.arange(10, 30)).tolist() == list(range(10, 30))
    assert table.positions(np.array([49, 3, 99, 4])).tolist() == [49, 3, -1, 4]
    assert table.positions(np.array([48, 49, 50])).tolist() == [48, 49, -1]
    assert table.positions(np.array([], np.int64)).tolist() == []
    # what comes later joins at the end, and the table of before stays as it was
    writer.commit(Samples("val", np.array([49, 70])))
    assert table_of(opened).positions(np.array([70, 49])).tolist() == [50, 49]
    assert table.positions(np.array([70])).tolist() == [-1]
    writer.close()
