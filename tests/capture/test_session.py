from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from chroma.capture.layers import Chosen
from chroma.capture.session import CaptureSession
from chroma.errors import ConfigError
from chroma.ids import NO_NUMBER, known, usable_ids
from chroma.journal import entries
from chroma.records import Outputs, Record, Samples, Snapshot
from chroma.segment import read

LAYER = Chosen("fc", "fc", False, "auto", "none", "for the test", default=True)


def written(home: Path) -> list[Record]:
    return [read(entry.path).record for entry in entries(home / "journal")]


def value(ids: np.ndarray, epoch: int) -> np.ndarray:
    return np.stack([ids, ids * 0 + epoch], axis=1).astype(np.float32)


@pytest.mark.parametrize("max_samples", [None, 13])
def test_rows_and_labels_stay_with_their_samples(home: Path, max_samples: int | None) -> None:
    rng = np.random.default_rng(0)
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=max_samples, log_inputs=True)
        for epoch in range(4):
            split = session.begin("val", epoch, epoch, identity="index", of=0 if epoch % 2 else 60)
            for ids in np.array_split(rng.permutation(60), 9):
                split.batch(ids, len(ids))
                images = np.repeat(ids[:, None] / 64, 64, axis=1).reshape(-1, 1, 8, 8)
                split.add_samples(labels=ids % 7, inputs=images, metadata={"double": ids * 2})
                split.add(LAYER, value(ids, epoch))
                split.add_scores(np.eye(7)[ids % 7] * 9)
            split.end()
    records = written(home)
    (samples,) = [record for record in records if isinstance(record, Samples)]
    ids = samples.ids
    assert len(ids) == (max_samples or 60)
    assert ids.tolist() == sorted(ids.tolist())
    assert samples.labels is not None
    assert samples.images is not None
    assert samples.labels.tolist() == (ids % 7).tolist()
    assert samples.metadata["double"].tolist() == (ids * 2).tolist()
    assert len(set(samples.images)) == len(ids)  # each its own shade
    snapshots = [record for record in records if isinstance(record, Snapshot)]
    assert [s.epoch for s in snapshots] == [0, 1, 2, 3]
    for snapshot in snapshots:
        assert snapshot.ids.tolist() == ids.tolist()
        assert snapshot.of == len(ids)
        np.testing.assert_array_equal(snapshot.vectors, value(ids, snapshot.epoch or 0))
    for outputs in (record for record in records if isinstance(record, Outputs)):
        assert outputs.prediction.tolist() == (ids % 7).tolist()
        assert (outputs.cross_entropy < 0.01).all()
    assert f"{len(ids)} of 60" in str(run.finish())


def test_a_pass_that_breaks_off_leaves_no_trace(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        whole = session.begin("val", 0, 0, identity="index")
        whole.batch(np.arange(4), 4)
        whole.add(LAYER, value(np.arange(4), 0))
        whole.end()
        broken = session.begin("val", 1, 1, identity="index")
        broken.batch(np.arange(4), 4)
        broken.add(LAYER, value(np.arange(4), 1))
    assert [record.epoch for record in written(home) if isinstance(record, Snapshot)] == [0]


def test_samples_that_did_not_come_are_missing_not_old(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        for epoch, ids in enumerate(([0, 1, 2, 3], [3, 1], [2, 2, 0])):
            split = session.begin("val", epoch, epoch, identity="index")
            split.batch(np.array(ids), len(ids))
            split.add(LAYER, value(np.array(ids), epoch))
            split.end()
    snapshots = [record for record in written(home) if isinstance(record, Snapshot)]
    assert [s.ids.tolist() for s in snapshots] == [[0, 1, 2, 3], [1, 3], [0, 2]]
    assert [s.vectors[:, 1].tolist() for s in snapshots] == [[0] * 4, [1] * 2, [2] * 2]
    assert all(s.of == 4 for s in snapshots)


def test_rows_without_ids_are_counted_not_guessed(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        split = session.begin("val", 0, 0, identity="index")
        assert split.batch(np.arange(4), 4)
        split.add(LAYER, value(np.arange(4), 0))
        assert not split.batch(None, 5)
        assert not split.batch(np.arange(3), 5)
        split.end()
    assert run.finish().missing == {"rows of val without ids: ids= names them": 10}
    assert [len(record.ids) for record in written(home) if isinstance(record, Snapshot)] == [4]


def test_a_layer_that_changes_its_width_is_refused(home: Path) -> None:
    with chroma.init() as run:
        split = CaptureSession(run.recording, max_samples=None, log_inputs=False).begin(
            "val", 0, 0, identity="index"
        )
        split.batch(np.arange(4), 4)
        split.add(LAYER, np.ones((4, 3)))
        with pytest.raises(ConfigError, match=r"fc gave \[4, 5\].*name a layer of fixed width"):
            split.add(LAYER, np.ones((4, 5)))


def test_ids_are_found_out_late_where_all_samples_are_followed(home: Path) -> None:
    rng = np.random.default_rng(1)
    threads: list[str] = []

    def late(ids: np.ndarray) -> np.ndarray:
        threads.append(threading.current_thread().name)
        return ids

    with chroma.init(name="late") as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        for epoch in range(3):
            passing = session.begin("val", epoch, epoch, identity="index", of=40)
            for ids in np.array_split(rng.permutation(40), 6):
                assert passing.batch(partial(late, ids), len(ids))
                passing.add(LAYER, value(ids, epoch))
                passing.add_scores(np.eye(40)[ids] * 9)
            passing.batch(lambda: None, 3)  # nobody knows
            passing.add(LAYER, np.full((3, 2), 7.0))
            passing.end()
            run.recording.flush(30)
    records = written(home)
    for snapshot in (record for record in records if isinstance(record, Snapshot)):
        assert snapshot.ids.tolist() == list(range(40))
        np.testing.assert_array_equal(snapshot.vectors, value(snapshot.ids, snapshot.epoch or 0))
    for outputs in (record for record in records if isinstance(record, Outputs)):
        assert outputs.prediction.tolist() == list(range(40))
    here = threading.current_thread().name
    assert threads == [here] * 6 + ["chroma-late"] * 12  # once for a batch; the first pass chooses
    assert run.finish().missing == {"rows of val without ids: ids= names them": 9}


def test_samples_that_come_again_and_again_take_no_more_room(home: Path) -> None:
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=False)
        for epoch in range(2):
            passing = session.begin("train", epoch, epoch, identity="index", of=10)
            for turn in range(200):  # as a sampler with replacement gives them
                ids = np.array([turn % 9, turn % 7, turn % 9])
                passing.batch(ids, 3)
                passing.add(LAYER, value(ids, turn))
            (buffer,) = (buffer for _, buffer in passing._layers.values())
            assert len(buffer.values) <= 40
            passing.end()
            run.recording.flush(30)
    snapshots = [record for record in written(home) if isinstance(record, Snapshot)]
    last = {each: max(turn for turn in range(200) if each in (turn % 9, turn % 7)) for each in range(9)}
    for snapshot in snapshots:
        assert snapshot.vectors.tolist() == [[each, last[each]] for each in range(9)]
    assert len(snapshots) == 2


def test_an_entry_that_cannot_be_used_is_the_only_one_missing(home: Path) -> None:
    def texts(rows: Sequence[int]) -> list[str]:
        return [["one", "\udce9", "three"][row] for row in rows]

    odd: list[dict[str, Any]] = [
        {
            "age": [1, None, 3],
            "city": ["a", 2, "c"],
            "box": [[1, 2]] * 3,
            "fine": [1, 2, 3],
            "sure": [True] * 3,
        },
        {
            "age": [4.5, 5, "6"],
            "city": ["d", "e", "f"],
            "box": [1],
            "fine": [4.0, 5.5, 6.0],
            "sure": [None, False, None],
        },
    ]
    with chroma.init() as run:
        session = CaptureSession(run.recording, max_samples=None, log_inputs=True)
        split = session.begin("val", 0, 0, identity="index")
        for batch, (ids, labels) in enumerate([([0, 1, NO_NUMBER], [7, 8, 9]), ([3, 4, 5], [1.0, 2.5, 3.0])]):
            split.batch(np.array(ids), 3)
            split.add_samples(
                labels=np.array(labels), inputs=None, metadata=odd[batch], texts=None if batch else texts
            )
            split.add(LAYER, value(np.array([0, 1, 2]) + 3 * batch, 0))
        split.end()
    (samples,) = [record for record in written(home) if isinstance(record, Samples)]
    assert samples.ids.tolist() == [0, 1, 3, 4, 5]
    assert samples.labels is not None
    assert samples.labels.tolist() == [7, 8, 1, -1, 3]
    assert samples.texts == ["one", None, None, None, None]
    np.testing.assert_array_equal(samples.metadata["age"], [1, np.nan, 4.5, 5, np.nan])
    assert samples.metadata["city"].tolist() == ["a", None, "d", "e", "f"]
    np.testing.assert_array_equal(samples.metadata["fine"], [1, 2, 4, np.nan, 6])
    np.testing.assert_array_equal(samples.metadata["sure"], [1, 1, np.nan, 0, np.nan])
    assert "box" not in samples.metadata
    (snapshot,) = [record for record in written(home) if isinstance(record, Snapshot)]
    assert snapshot.vectors[:, 0].tolist() == [0, 1, 3, 4, 5]
    receipt = run.finish()
    assert receipt.missing == {
        "rows of val whose id cannot be used": 1,
        "texts of val that cannot be used": 1,
        "values of age of val that cannot be used": 2,
        "values of city of val that cannot be used": 1,
        "values of box of val that cannot be used": 6,
        "values of fine of val that cannot be used": 1,
        "values of sure of val that cannot be used": 2,
        "labels of val that cannot be used": 1,
    }
    assert any("values of city of val are missing" in note and "row 1" in note for note in receipt.notes)


def test_a_bad_id_among_a_batchs_costs_itself() -> None:
    found, why = usable_ids(["a", 5, "c", "\udce9"])
    assert known(found).tolist() == [True, False, True, False]
    assert "row 1" in why
    found, why = usable_ids([1, None, 3, "4"])
    assert known(found).tolist() == [True, False, True, False]
    assert found.dtype == np.int64
    assert usable_ids(np.arange(3))[1] == ""
    for hopeless in ([None, None], np.zeros((2, 2)), [1.5]):
        with pytest.raises(ValueError, match="ids must"):
            usable_ids(hopeless)
