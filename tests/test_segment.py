from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chroma.errors import SegmentError, SegmentVersionError
from chroma.records import (
    Columns,
    Header,
    Hidden,
    LayerNote,
    Metrics,
    Notes,
    Outputs,
    Projection,
    Record,
    RunClosed,
    RunEvent,
    RunOpened,
    Samples,
    Segment,
    Snapshot,
)
from chroma.segment import decode, encode, open_segment, parts, read

HEADER = Header("run-1", "0-0a1b2c3d", 7, "a0", rank=0, world_size=2, created_at=1.5)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
maybe_text = st.none() | text
epochs = st.none() | st.integers(0, 10_000)
steps = st.integers(0, 2**40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(text, json_values, max_size=3)


def objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def floats(dtype: type, shape: Any) -> st.SearchStrategy[np.ndarray]:
    width = np.dtype(dtype).itemsize * 8
    return hnp.arrays(dtype, shape, elements=st.floats(width=width, allow_nan=True, allow_infinity=True))


def column(n: int) -> st.SearchStrategy[np.ndarray]:
    return st.one_of(
        hnp.arrays(np.int64, n),
        hnp.arrays(np.int32, n),
        floats(np.float64, n),
        floats(np.float32, n),
        hnp.arrays(np.bool_, n),
        st.lists(maybe_text, min_size=n, max_size=n).map(objects),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    n = draw(st.integers(0, 9))
    ids = draw(hnp.arrays(np.int64, n) | st.lists(text, min_size=n, max_size=n).map(objects))
    split, layer, epoch, step = draw(text), draw(text), draw(epochs), draw(steps)
    kind = draw(st.integers(0, 10))
    if kind == 0:
        return RunOpened(
            draw(text),
            draw(text),
            draw(maybe_text),
            None,
            draw(json_objects),
            draw(st.lists(text)),
            {"pid": 1},
        )
    if kind == 1:
        return RunClosed(draw(st.sampled_from(["finished", "failed"])), draw(maybe_text), draw(json_objects))
    if kind == 2:
        return Samples(
            split,
            ids,
            of=draw(st.integers(0, 10**9)),
            identity=draw(st.sampled_from(["index", "key", "content", "order"])),
            labels=draw(st.none() | column(n)),
            class_names=draw(st.lists(text, max_size=3)),
            images=draw(st.none() | st.lists(st.none() | st.binary(max_size=20), min_size=n, max_size=n)),
            texts=draw(st.none() | st.lists(maybe_text, min_size=n, max_size=n)),
            metadata=draw(st.dictionaries(text, column(n), max_size=3)),
        )
    if kind == 3:
        dtype = draw(st.sampled_from([np.float16, np.float32]))
        return Snapshot(
            layer,
            split,
            epoch,
            step,
            ids,
            draw(floats(dtype, (n, draw(st.integers(1, 5))))),
            of=n,
            part=draw(st.none() | hnp.arrays(np.int32, n)),
            ends=draw(st.booleans()),
            note=LayerNote(draw(text), draw(text), draw(st.booleans())),
        )
    if kind == 4:
        return Outputs(
            split,
            epoch,
            step,
            ids,
            draw(hnp.arrays(np.int64, n)),
            *(draw(floats(np.float32, n)) for _ in range(3)),
            logits=draw(st.none() | floats(np.float32, (n, 3))),
            head=draw(st.sampled_from(["logits", "probabilities", "none"])),
            ends=draw(st.booleans()),
        )
    if kind == 5:
        return Columns(split, epoch, step, ids, draw(st.dictionaries(text, column(n), max_size=3)))
    if kind == 6:
        return Projection(layer, split, epoch, step, ids, draw(floats(np.float32, (n, 2))))
    if kind == 7:
        return Metrics(epoch, step, draw(st.dictionaries(text, st.floats(), max_size=4)))
    if kind == 8:
        return Hidden(split, epoch, step)
    if kind == 9:
        return RunEvent(
            draw(text),
            draw(text),
            draw(maybe_text),
            draw(st.sampled_from(["info", "warning", "error"])),
            epoch,
            step,
            draw(maybe_text),
            draw(maybe_text),
            draw(st.dictionaries(text, st.floats(), max_size=3)),
        )
    return Notes(draw(st.sampled_from(["tag", "rename", "delete"])), draw(json_objects))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b or (a != a and b != b)  # noqa: PLR0124 - NaN equals NaN here


@given(records())
@settings(max_examples=300, deadline=None)
def test_every_record_comes_back_as_it_went_in(record: Record) -> None:
    back = decode(encode(Segment(HEADER, record)))
    assert back.header == HEADER
    assert type(back.record) is type(record)
    for field in dataclasses.fields(record):
        before, after = getattr(record, field.name), getattr(back.record, field.name)
        assert same(before, after), field.name


@given(records(), st.integers(1, 400))
@settings(max_examples=100, deadline=None)
def test_parts_put_together_are_the_whole(record: Record, max_bytes: int) -> None:
    pieces = list(parts(record, max_bytes))
    if not hasattr(record, "ids"):
        assert pieces == [record]
        return
    for field in dataclasses.fields(record):
        whole = getattr(record, field.name)
        if isinstance(whole, np.ndarray) and len(pieces) > 1:
            assert same(np.concatenate([getattr(piece, field.name) for piece in pieces]), whole)
    if isinstance(record, (Snapshot, Outputs)):
        assert [piece.ends for piece in pieces[:-1]] == [False] * (len(pieces) - 1)
        assert pieces[-1].ends == record.ends


def snapshot(n: int = 50) -> Segment:
    vectors = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float16)
    return Segment(HEADER, Snapshot("encoder.fc1", "val", 3, 120, np.arange(n), vectors, of=n))


def test_about_is_read_without_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    path.write_bytes(encode(snapshot()))
    opened = open_segment(path)
    assert opened.header == HEADER
    assert opened.record_name == "Snapshot"
    assert [opened.fields[name] for name in ("layer", "epoch", "step")] == ["encoder.fc1", 3, 120]
    assert opened.table.num_rows == 50
    assert "vectors" not in opened.fields


def test_a_file_is_read_by_memory_mapping(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    path.write_bytes(encode(snapshot(200)))
    record = read(path).record
    assert isinstance(record, Snapshot)
    assert not record.vectors.flags.writeable
    assert record.vectors.tobytes() == snapshot(200).record.vectors.tobytes()  # type: ignore[union-attr]


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, 0.5, 0.99, -1])
def test_a_segment_cut_short_is_refused(tmp_path: Path, keep: float) -> None:
    body = encode(snapshot())
    path = tmp_path / "cut.arrow"
    path.write_bytes(body[: int(len(body) * keep) if 0 < keep < 1 else int(keep)])
    with pytest.raises(SegmentError, match=r"cut\.arrow is cut short, damaged or not an Arrow file"):
        read(path)


def test_a_foreign_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.arrow"
    table = pa.table({"a": [1, 2]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(SegmentError, match="not a segment of Chroma"):
        read(path)


def test_a_newer_format_says_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "newer.arrow"
    with monkeypatch.context() as newer:
        newer.setattr("chroma.segment.format.FORMAT", (2, 0))
        path.write_bytes(encode(snapshot()))
    with pytest.raises(SegmentVersionError, match=r"format 2.*pip install --upgrade"):
        read(path)


def test_what_cannot_be_stored_is_named() -> None:
    vectors = np.zeros((3, 2), np.complex64)
    with pytest.raises(SegmentError, match=r"vectors: cannot store complex64 of shape \(3, 2\)"):
        encode(Segment(HEADER, Snapshot("fc", "val", 0, 0, np.arange(3), vectors, of=3)))
    with pytest.raises(SegmentError, match="same number of rows"):
        encode(Segment(HEADER, Snapshot("fc", "val", 0, 0, np.arange(4), np.zeros((3, 2), np.float32), of=3)))


def test_encoding_does_not_import_pandas() -> None:
    code = (
        "import sys, numpy as np; from chroma.records import *; from chroma.segment import encode, decode\n"
        "from chroma.ids import sample_ids\n"
        "ids = sample_ids(['a', 'b']); v = np.zeros((2, 3), np.float16)\n"
        "header = Header('r', '0-00000000', 0, 'a')\n"
        "decode(encode(Segment(header, Snapshot('l', 'val', 0, 0, ids, v, of=2))))\n"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
