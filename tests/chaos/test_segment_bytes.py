"""Whatever happens to the bytes of a segment, it is found, or does no harm."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from chroma import segment
from chroma.errors import SegmentError
from chroma.ids import sample_ids
from chroma.records import Header, Metrics, Record, Samples, Segment, Snapshot
from tests.chaos import TIMES, trials

HEADER = Header("run-1", "0-0a1b2c3d", 0, "a0", created_at=1.5)
FLIPS = 3000 * TIMES  # bits of each segment

pytestmark = pytest.mark.timeout(120 + 60 * TIMES)


def samples() -> Samples:
    return Samples(
        "val",
        sample_ids([f"sample {n}" for n in range(20)]),
        labels=np.arange(20) % 3,
        texts=[None, *("é" * n for n in range(19))],
        images=[b"\x89PNG" * n for n in range(20)],
        metadata={"weight": np.linspace(0, 1, 20), "odd": np.arange(20) % 2 == 1},
    )


def snapshot() -> Snapshot:
    vectors = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float16)
    return Snapshot("fc1", "val", 3, 30, np.arange(40), vectors, of=40)


RECORDS = [samples(), snapshot(), Metrics(0, 0, {"loss": 0.5})]


def as_text(read: Segment) -> str:
    return repr(read) if not hasattr(read.record, "ids") else repr([read.header, plain(read.record)])


def plain(record: Record) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name in record.__dataclass_fields__
        for value in [getattr(record, name)]
    }


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_flipped_bit_is_found(record: Record):
    body = segment.encode(Segment(HEADER, record))
    chance = random.Random(1)
    bits = range(len(body) * 8)
    with trials("bits of segments flipped") as held:
        for bit in chance.sample(bits, min(FLIPS, len(bits))):
            damaged = bytearray(body)
            damaged[bit // 8] ^= 1 << bit % 8
            with pytest.raises(SegmentError):
                segment.decode(bytes(damaged))
            held()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_damaged_never_leads_outside_the_file(record: Record, tmp_path: Path):
    """Without the checksum's help: a file of format 1.0, or one that somebody made up."""
    body = segment.encode(Segment(HEADER, record))
    chance = random.Random(2)
    path = tmp_path / "damaged.arrow"
    with trials("segments crafted or damaged, without a checksum") as held:
        for _ in range(500 * TIMES):
            damaged = bytearray(body)
            for _ in range(chance.choice([1, 1, 2, 8])):
                damaged[chance.randrange(len(body))] = chance.randrange(256)
            path.write_bytes(bytes(damaged[: chance.choice([len(body)] * 4 + [chance.randrange(len(body))])]))
            with suppress(SegmentError):
                opened = segment.open_segment(path)
                opened.columns()
                _ = (opened.image_places(), opened.record)
            held()


def test_a_file_of_the_format_before_is_still_read(monkeypatch: pytest.MonkeyPatch):
    body = segment.encode(Segment(HEADER, snapshot()))
    monkeypatch.setattr("chroma.segment.format.FORMAT", (1, 0))
    old = segment.encode(Segment(HEADER, snapshot()))
    at = old.index(b"CHROMA32")
    old = old[:at] + old[at + 16 :]
    monkeypatch.undo()
    assert as_text(segment.decode(old)) == as_text(segment.decode(body))
    at = body.index(b"CHROMA32")
    with pytest.raises(SegmentError, match="checksum"):
        segment.decode(body[:at] + body[at + 16 :])


def test_any_arrow_library_reads_a_segment(tmp_path: Path):
    body = segment.encode(Segment(HEADER, snapshot()))
    batch = pa.ipc.open_file(body).get_batch(0)
    assert batch.column("ids").to_pylist() == list(range(40))
    file_magic = 8  # ARROW1 and two zeros: the same file without it is a stream
    assert pa.ipc.open_stream(body[file_magic:]).read_all().num_rows == 40


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def looped(path: Path) -> None:
    path.symlink_to(path.name)


def folder(path: Path) -> None:
    path.mkdir()


def bound(path: Path) -> None:
    place = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(place)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def empty(path: Path) -> None:
    path.touch()


ODD: list[Callable[[Path], None]] = [fifo, link, looped, folder, bound, sparse, empty]


@pytest.mark.parametrize("make", ODD)
@pytest.mark.timeout(10)
def test_only_regular_files_are_opened(make: Callable[[Path], None], tmp_path: Path):
    path = tmp_path / "0-00000000-000000.arrow"
    make(path)
    with trials("pipes, sockets, links, folders, sparse giants") as held:
        with pytest.raises(SegmentError):
            segment.open_segment(path)
        held()


def crafted(about: dict[str, str], columns: dict[str, Any], compression: str | None = None) -> bytes:
    known = {"format": "[1, 0]", "record": '"Metrics"', "run": '"run-1"', "writer": '"0-0a1b2c3d"'}
    known |= {"number": "0", "attempt": '"a"', **about}
    schema = pa.schema(
        [(name, array.type) for name, array in columns.items()],
        metadata={f"chroma:{key}": value for key, value in known.items()},
    )
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(sink, schema, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(list(columns.values()), schema=schema))
    return sink.getvalue().to_pybytes()


DEEP = "[" * 101 + "]" * 101
VERY_DEEP = "[" * 100_000 + "]" * 100_000
CRAFTED = {
    "deep": crafted({"values": DEEP}, {}),
    "very deep": crafted({"values": VERY_DEEP}, {}),
    "long": crafted({"values": json.dumps("x" * (17 * 2**20))}, {}),
    "many digits": crafted({"values": "9" * 5000}, {}),
    "no format": crafted({"format": "{}"}, {}),
    "format of text": crafted({"format": '"ab"'}, {}),
    "number of text": crafted({"number": '"x"'}, {}),
    "number beyond 64 bits": crafted({"number": str(2**64)}, {}),
    "number below 0": crafted({"number": "-1"}, {}),
    "no time": crafted({"created_at": "NaN"}, {}),
    "run that is a list": crafted({"run": "[]"}, {}),
    "zstd": crafted({}, {"ids": pa.array(np.zeros(10**6, np.int64))}, "zstd"),
    "lz4": crafted({}, {"ids": pa.array(np.zeros(10**6, np.int64))}, "lz4"),
    "dictionary": crafted({}, {"ids": pa.array(["a", "b"]).dictionary_encode()}),
    "nested": crafted({}, {"ids": pa.array([[1], [2]])}),
    "struct": crafted({}, {"ids": pa.array([{"a": 1}])}),
    "small integers": crafted({}, {"ids": pa.array([1, 2], pa.int8())}),
}


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_what_is_compressed_is_refused_before_it_is_unpacked(compression: str):
    body = crafted({}, {"ids": pa.array(np.zeros(10**7, np.int64))}, compression)
    before = pa.default_memory_pool().bytes_allocated()
    with pytest.raises(SegmentError, match="compressed"):
        segment.decode(body)
    assert pa.default_memory_pool().bytes_allocated() <= before + len(body)


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_is_refused(name: str):
    with trials("segments crafted by hand") as held:
        with pytest.raises(SegmentError):
            segment.decode(CRAFTED[name])
        held()
