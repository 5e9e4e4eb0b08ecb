"""Labels that change from pass to pass, and samples that a sampler deals out anew to several processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from chroma.capture.session import CaptureSession
from chroma.capture.splits import Dealt
from chroma.records import Array, Columns, Outputs, Samples, Snapshot
from tests.capture.test_session import LAYER, value, written

N = 40
ALL = np.arange(N)


def labels_in(epoch: int, ids: Array) -> Array:
    """Two samples have another label in epoch 2, as pseudo-labels do."""
    return np.where((epoch == 2) & np.isin(ids, (3, 30)), 4, ids % 4)


def capture(session: CaptureSession, epochs: int, *, free: bool, identity: Any = "index") -> list[int]:
    """Capture passes over all samples; returns how many batches' labels were read in each."""
    reads = [0] * epochs
    for epoch in range(epochs):
        passing = session.begin("train", epoch, 10 * epoch, identity=identity, of=N)
        for ids in np.array_split(np.random.default_rng(epoch).permutation(N), 5):

            def read(ids: Array = ids, epoch: int = epoch) -> Array:
                reads[epoch] += 1
                return labels_in(epoch, ids)

            passing.batch(ids, len(ids))
            if passing.first:
                passing.add_samples(labels=labels_in(epoch, ids), inputs=None, metadata={})
            passing.add_labels(read, read if free else lambda: None)
            passing.add(LAYER, value(ids, epoch))
            passing.add_scores(np.eye(5)[labels_in(epoch, ids)] * 9)
        passing.end()
        session.recording.flush(30)
    return reads


def test_labels_of_a_later_epoch_are_kept_as_its_column(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        assert capture(session, 4, free=True) == [0, 5, 5, 5]
    records = written(home)
    (samples,) = [record for record in records if isinstance(record, Samples)]
    assert samples.labels is not None
    assert samples.labels.tolist() == (ALL % 4).tolist()
    (column,) = [record for record in records if isinstance(record, Columns)]
    assert (column.epoch, column.step, column.ids.tolist()) == (2, 20, ALL.tolist())
    assert column.columns["epoch_label"].tolist() == labels_in(2, ALL).tolist()
    outputs = [record for record in records if isinstance(record, Outputs)]
    for record in outputs:  # of the label that the epoch had, which the model gives here
        assert record.cross_entropy.max() < 0.01
    (note,) = [note for note in run.finish().notes if "another label" in note]
    assert note.startswith("2 of 40 samples of train have another label in epoch 2 than at first: each keeps")


def test_labels_that_cost_time_to_read_are_read_in_every_second_fourth_eighth_pass(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        assert capture(session, 9, free=False) == [0, 5, 0, 5, 0, 0, 0, 5, 0]
    assert not [note for note in run.finish().notes if "another label" in note]


def test_numbered_samples_do_not_change_their_labels(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        capture(session, 2, free=True, identity="order")
    assert not [record for record in written(home) if isinstance(record, Columns)]
    (note,) = [note for note in run.finish().notes if "another label" in note]
    assert "they are numbered by order, and come in another order each time; ids= names each" in note


@pytest.mark.parametrize("max_samples", [None, 12])
def test_what_is_dealt_out_anew_is_followed_by_whoever_has_it(home: Path, max_samples: int | None) -> None:
    """As two processes of a training, one after the other here, each with its share of every epoch."""
    of = max_samples or N
    for process in range(2):
        with chroma.init(name=f"process {process}") as run:
            session = CaptureSession(run.recording, max_samples=max_samples, log_inputs=False, processes=2)
            for epoch in range(3):
                passing = session.begin(
                    "train", epoch, epoch, identity="index", of=N, dealt=lambda: Dealt(ALL, False)
                )
                share = np.random.default_rng(epoch).permutation(N)[process::2]
                for ids in np.array_split(share, 3):
                    passing.batch(ids, len(ids))
                    passing.add_samples(labels=ids % 4, inputs=None, metadata={"twice": ids * 2})
                    passing.add_labels(lambda ids=ids: ids % 4, lambda: None)
                    passing.add(LAYER, value(ids, epoch))
                    passing.add_scores(np.eye(4)[ids % 4] * 9)
                passing.end()
                run.recording.flush(30)
        assert not [note for note in run.finish().notes if "train" in note]
    records = written(home)
    described = [record for record in records if isinstance(record, Samples)]
    assert len({each for record in described for each in record.ids.tolist()}) == of
    for record in described:
        assert record.labels is not None
        assert record.labels.tolist() == (record.ids % 4).tolist()
        assert record.metadata["twice"].tolist() == (record.ids * 2).tolist()
    snapshots = [record for record in records if isinstance(record, Snapshot)]
    chosen = {each for record in described for each in record.ids.tolist()}
    for epoch in range(3):
        parts = [record for record in snapshots if record.epoch == epoch]
        assert {each for part in parts for each in part.ids.tolist()} == chosen
        assert {part.of for part in parts} == {of}
        for part in parts:
            np.testing.assert_array_equal(part.vectors, value(part.ids, epoch))
    for record in records:
        if isinstance(record, Outputs):  # also of samples that the other process had before
            assert record.cross_entropy.max() < 0.01


def test_where_it_is_not_known_what_is_dealt_out_it_is_said(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=10, log_inputs=False, processes=2)
        passing = session.begin("train", 0, 0, identity="index", of=N, dealt=lambda: None)
        passing.batch(ALL, N)
        passing.add(LAYER, value(ALL, 0))
        passing.end()
        keyed = session.begin("train:1", 0, 0, identity="index", of=N, dealt=lambda: Dealt(ALL, False))
        keys = np.array([f"k{each}" for each in range(N)], dtype=object)
        keyed.batch(keys, N)  # the indices did not count
        keyed.add(LAYER, value(ALL, 0))
        keyed.end()
    assert any("each process follows the samples of its first pass" in note for note in run.finish().notes)
    counts = {record.split: len(record.ids) for record in written(home) if isinstance(record, Snapshot)}
    assert counts == {"train": 5, "train:1": 5}
