"""The outputs of a training's own batches, as the server reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

import chroma
from chroma.journal import JournalWriter
from chroma.records import TrainingOutputs, WriterId
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import tables
from chroma.server.store.check import find_damage
from chroma.server.store.purge import purge_deleted
from chroma.server.store.samples.classes import predicted_classes
from chroma.server.store.samples.fit_outputs import FitOutputs, fit_epochs, fit_outputs
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import sample_outputs, step_outputs
from tests.server.training import finish, outputs, train


def said(epoch: int, ids: Any, p: float, *, split: str = "val", label: int = 1) -> TrainingOutputs:
    n = len(ids)
    known = np.asarray(ids, object if isinstance(ids[0], str) else np.int64)
    return TrainingOutputs(
        *(split, epoch, 10 * (epoch + 1), known, np.full(n, label, np.int32)),
        np.full(n, -np.log(p), np.float32),
        *(np.full(n, 7, np.int32), np.full(n, 0.2, np.float32), 40),
    )


def read(context: Context, **asked: Any) -> FitOutputs:
    ingest_journal(context)
    with context.store.reading() as catalog:
        found = fit_outputs(catalog, "run-1", "val", **asked)
    assert found is not None
    return found


def test_epochs_ranks_and_attempts_are_joined(opened: Context) -> None:
    journal = opened.settings.journal
    for attempt, (p, epochs) in enumerate([(0.5, (0, 1)), (0.9, (1, 2))]):
        for rank, ids in enumerate([[3, 1], [2, 1]]):  # sample 1 was dealt out twice, as padding
            writer = JournalWriter(journal, "run-1", WriterId(f"attempt-{attempt}", rank, 2, attempt))
            for epoch in epochs:
                writer.commit(said(epoch, ids, p))
    found = read(opened)
    assert (found.ids.tolist(), found.epochs.tolist(), found.of) == ([1, 2, 3], [0, 1, 2], 40)
    assert found.steps.tolist() == [10, 20, 30]
    np.testing.assert_allclose(found.p_label, [[0.5] * 3, [0.9] * 3, [0.9] * 3], rtol=1e-6)
    assert (found.prediction == 1).all()
    one = read(opened, epochs=[1])
    np.testing.assert_array_equal(one.p_label, found.p_label[1:2])
    with opened.store.reading() as catalog:
        assert fit_epochs(catalog, "run-1", "val") == [0, 1, 2]
        assert fit_outputs(catalog, "run-1", "train") is None


def test_samples_that_an_epoch_lacks_and_labels_that_are_not_known(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(said(0, ["b"], 0.1))
    writer.commit(said(1, ["a", "b"], np.nan, label=-1))
    found = read(opened)
    assert found.ids.tolist() == ["a", "b"]
    np.testing.assert_array_equal(np.isnan(found.p_label), [[True, False], [True, True]])
    np.testing.assert_array_equal(found.prediction, [[-1, 7], [7, 7]])


def test_nobody_takes_them_for_the_outputs_of_a_split(opened: Context) -> None:
    """Theirs are other samples, in training mode: what is known of the split stays as it is."""
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    ingest_journal(opened)

    def seen() -> Any:
        ingest_journal(opened)
        with opened.store.reading() as catalog:
            (split,) = catalog.session.exec(select(tables.Split)).all()
            return (
                split_samples(catalog, split).ids.tolist(),
                (split.n, split.of),
                step_outputs(catalog, split, None),
                sample_outputs(catalog, split, None, 1),
                predicted_classes(catalog, split),
            )

    before = seen()
    writer.commit(said(5, list(range(30)), 0.5))
    writer.commit(said(5, list(range(30)), 0.5, split="train"))
    finish(writer)
    assert str(seen()) == str(before)
    assert before[3]["confidence"] == outputs(0).confidence[1]


def test_a_damaged_file_costs_itself_and_is_found(opened: Context, caplog: pytest.LogCaptureFixture) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    for epoch in (0, 1):
        writer.commit(said(epoch, [1, 2], 0.5))
    read(opened)
    with opened.store.reading() as catalog:
        rows = catalog.session.exec(select(tables.Segment)).all()
        assert [row.rows for row in rows] == [2, 2]
        path = catalog.files.path(rows[0].path)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    assert read(opened).epochs.tolist() == [1]
    assert "damaged" in caplog.text
    with opened.store.reading() as catalog:
        (damage,) = find_damage(catalog, opened.settings.journal)
    assert (damage.kind, damage.split, damage.epoch) == ("segment", "val", 0)


def test_a_reader_gets_them_as_a_table(home: Path) -> None:
    writer = JournalWriter(home / "journal", "run-1")
    train(writer, 0)
    for record in (said(0, [4, 2], 0.5), said(1, [2, 3], np.nan, label=-1), said(1, [2], 0.9, split="other")):
        writer.commit(record)
    finish(writer)
    with chroma.open() as catalog:
        run = catalog.run("run-1")
        found = run.training_outputs("val")
        assert found[["epoch", "step", "id"]].to_numpy().tolist() == [
            [0, 10, 2], [0, 10, 4], [1, 20, 2], [1, 20, 3],
        ]  # fmt: skip
        assert found["prediction"].tolist() == [1, 1, 7, 7]
        assert (
            found["label"].isna().tolist() == found["p_label"].isna().tolist() == [False, False, True, True]
        )
        assert run.training_outputs("val", epoch=1)["id"].tolist() == [2, 3]
        assert run.training_outputs("train").empty


def test_a_purge_frees_their_bytes(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    writer.commit(said(0, list(range(10_000)), 0.5))
    finish(writer)
    ingest_journal(opened)
    with opened.store.writing() as catalog:
        run = catalog.session.get_one(tables.Run, "run-1")
        run.deleted_at = tables.now()
    (purged,) = purge_deleted(opened.store, opened.settings.journal, at_once=True)
    assert purged.bytes > 240_000
    assert not list(opened.store.files.root.glob("runs/run-1/segments/*.arrow"))
