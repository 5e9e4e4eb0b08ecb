"""Files that others copy, cut short or link while a home is used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from chroma import segment
from chroma.errors import NotFoundError, SegmentError
from chroma.ids import sample_ids
from chroma.journal import JournalWriter
from chroma.records import RunClosed, Samples
from chroma.server.home import copied
from chroma.server.home.context import Context
from chroma.server.home.damage import known_damage
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.home.notes import delete_run
from chroma.server.store import tables
from chroma.server.store.purge import purge_deleted
from chroma.server.store.samples.load import forget_samples, split_samples
from chroma.server.store.samples.selections import keep_selection, read_selection
from tests.chaos import trials
from tests.server.training import another, finish, rows, train

PNG = b"\x89PNG\r\n\x1a\n"


def written(context: Context, run: str = "run-1") -> tuple[Path, JournalWriter]:
    writer = JournalWriter(context.settings.journal, run)
    train(writer, 0, 10)
    finish(writer)
    return context.settings.journal / run, writer


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_half_of_a_copy_is_waited_for(opened: Context, share: float):
    folder, _ = written(opened)
    last = max(folder.glob("*.arrow"))
    body = last.read_bytes()
    last.write_bytes(body[: int(share * len(body))])
    assert ingest_journal(opened).added == 8
    report = ingest_journal(opened)
    assert (report.set_aside, report.left_out) == (0, 1)
    assert "not whole" in opened.left_out["run-1"]
    assert [damage.kind for damage in known_damage(opened)] == ["left out"]
    last.write_bytes(body)
    assert ingest_journal(opened).added == 1
    assert not opened.left_out
    assert [run.status for run in rows(opened, tables.Run)] == ["finished"]


def test_what_was_given_up_comes_back_once_it_is_whole(opened: Context, monkeypatch: pytest.MonkeyPatch):
    folder, _ = written(opened)
    last = max(folder.glob("*.arrow"))
    body = last.read_bytes()
    with last.open("wb") as slow:
        slow.write(body[:100])
        slow.flush()
        monkeypatch.setattr(copied, "SETTLED", -1.0)  # a copy that stood still
        assert ingest_journal(opened).set_aside == 1
        copied.bring_back(opened.settings.journal)
        assert not last.exists()  # it is as it was set aside
        slow.write(body[100:])
    copied.bring_back(opened.settings.journal)
    assert ingest_journal(opened).added == 1
    assert known_damage(opened) == []
    assert [run.status for run in rows(opened, tables.Run)] == ["finished"]


_READS = """
import os, sys
from pathlib import Path
from chroma.segment import open_segment
path = Path(sys.argv[1])
read = open_segment(path)
os.truncate(path, 0)
read.verify()
print(float(read.columns(("vectors",))["vectors"].sum()))
"""


def test_a_file_that_is_cut_short_while_it_is_read_ends_no_process(opened: Context):
    """Mapped into memory, its first use after that is a SIGBUS: no exception, the process is gone."""
    written(opened)
    ingest_journal(opened)
    row = next(row for row in rows(opened, tables.Segment) if row.kind == "snapshot")
    path = opened.store.files.path(row.path)
    done = subprocess.run(
        [sys.executable, "-c", _READS, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "45.0"), done.stderr


def pictured(context: Context, size: int = 1000) -> tables.Split:
    writer = JournalWriter(context.settings.journal, "run-1")
    train(writer, 0)
    images = [None, *(PNG + bytes([n]) * size for n in range(1, 6))]
    writer.commit(Samples("val", sample_ids(range(6)), of=6, labels=np.arange(6), images=images))
    writer.commit(RunClosed("finished"))
    writer.close()
    ingest_journal(context)
    (split,) = rows(context, tables.Split)
    return split


def images_of(context: Context, split: tables.Split) -> list[bytes | None]:
    with context.store.reading() as catalog:
        table = split_samples(catalog, split)
    return [table.image(position) for position in range(6)]


def test_images_are_read_from_their_file_and_only_while_it_is_the_same(opened: Context):
    split = pictured(opened)
    images = images_of(opened, split)
    assert images == [None, *(PNG + bytes([n]) * 1000 for n in range(1, 6))]
    row = next(row for row in rows(opened, tables.Segment) if row.bytes > 5000)
    path = opened.store.files.path(row.path)
    copy = path.with_suffix(".copy")
    shutil.copyfile(path, copy)
    copy.replace(path)  # put back from a copy
    assert images_of(opened, split) == images
    body = bytearray(path.read_bytes())
    body[body.index(b"\3" * 1000)] ^= 4
    path.write_bytes(bytes(body))
    with pytest.raises(SegmentError, match="damaged"):
        images_of(opened, split)
    path.unlink()
    with pytest.raises(SegmentError, match="put it back"):
        images_of(opened, split)


def test_images_are_not_kept_in_memory(opened: Context):
    split = pictured(opened, size=2**20)
    forget_samples(None, opened.store.files)
    tracemalloc.start()
    with opened.store.reading() as catalog:
        table = split_samples(catalog, split)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table.image(3) or b"") == 2**20 + len(PNG)
    assert peak > 5 * 2**20  # the file was read
    assert kept < 2**20


def test_a_link_to_another_run_moves_none_of_its_files(opened: Context, tmp_path: Path):
    folder, _ = written(opened)
    (folder.parent / "run-0").symlink_to("run-1")
    report = ingest_journal(opened)
    assert (report.added, report.set_aside, report.left_out) == (9, 0, 1)
    assert "is a link to" in opened.left_out["run-0"]
    (folder.parent / "run-0").unlink()
    runs = opened.settings.store / "runs"
    (runs / "run-0").symlink_to("run-1")
    rebuilt = another(tmp_path / "rebuilt")
    shutil.copytree(opened.settings.store, rebuilt.settings.store, symlinks=True)
    assert reconcile(rebuilt).added == 9
    assert not list(rebuilt.settings.home.rglob("set-aside"))
    rebuilt.store.close()


def test_a_link_to_another_home_moves_none_of_its_files(opened: Context, tmp_path: Path):
    other = another(tmp_path / "other")
    folder, _ = written(other)
    opened.settings.journal.mkdir(parents=True, exist_ok=True)
    (opened.settings.journal / "run-0").symlink_to(folder)
    assert ingest_journal(opened).set_aside == 0
    assert len(list(folder.glob("*.arrow"))) == 9
    assert "link" in opened.left_out["run-0"]
    other.store.close()


def test_a_deleted_run_takes_no_other_run_s_files_with_it(opened: Context):
    _, writer = written(opened)
    ingest_journal(opened)
    written(opened, "run-2")
    ingest_journal(opened)
    runs = opened.settings.store / "runs"
    shutil.rmtree(runs / "run-2")
    (runs / "run-2").symlink_to("run-1")
    delete_run(opened, "run-2")
    purge_deleted(opened.store, opened.settings.journal, at_once=True)
    assert len(list((runs / "run-1" / "segments").glob(f"{writer.writer}-*.arrow"))) == 9


def test_ranks_whose_files_are_large_are_not_all_in_memory(opened: Context, monkeypatch: pytest.MonkeyPatch):
    from chroma.server.home import segment_order

    monkeypatch.setattr(segment_order, "_MOST_BYTES", 1000)
    writers = [JournalWriter(opened.settings.journal, "run-1") for _ in range(3)]
    for writer in writers:
        train(writer, 0, 10)
    held: list[int] = []
    read = segment.open_segment

    def counted(path: Path) -> segment.ReadSegment:
        found = read(path)
        held.append(found.body.size)
        return found

    monkeypatch.setattr(segment, "open_segment", counted)
    report = ingest_journal(opened)
    assert report.added == sum(writer.number for writer in writers)
    assert len(held) > report.added  # those that waited were let go, and read again
    for writer in writers:
        writer.close()


def test_every_flipped_bit_of_what_is_made_again_is_found(opened: Context):
    """Clusters, distances, drawings in three dimensions, films that are parked, selections."""
    files = opened.store.files
    path = files.write_sealed("films/f/0.clusters", bytes(range(64)))
    split = pictured(opened)
    positions = np.arange(0, 3000, 3, dtype=np.uint32)
    kept = keep_selection(files, split, positions)
    (selection,) = files.root.rglob("*.z")
    assert files.read_sealed("films/f/0.clusters") == bytes(range(64))
    with trials("bits of what is made again flipped") as held:
        for place in (path, selection):
            body = place.read_bytes()
            for bit in range(len(body) * 8):
                damaged = bytearray(body)
                damaged[bit // 8] ^= 1 << bit % 8
                place.write_bytes(bytes(damaged))
                if place == path:
                    assert files.read_sealed("films/f/0.clusters") is None
                else:
                    with suppress(NotFoundError):  # or it is of zlib's own, and does no harm
                        np.testing.assert_array_equal(read_selection(files, split, kept), positions)
                held()
            place.write_bytes(body[:10])
        assert files.read_sealed("films/f/0.clusters") is None
        path.unlink()
        os.mkfifo(path)
        assert files.read_sealed("films/f/0.clusters") is None
