from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from chroma import journal as j
from chroma import liveness
from chroma.errors import HomeError
from chroma.ids import sample_ids
from chroma.records import Metrics, RunClosed, RunOpened, Samples
from chroma.segment import MAX_BYTES, read


def test_segments_are_listed_in_the_order_written(tmp_path: Path) -> None:
    writer = j.JournalWriter(tmp_path, "run-1")
    for step in range(12):
        writer.commit(Metrics(None, step, {"loss": 1.0}))
    found = list(j.entries(tmp_path))
    assert [entry.number for entry in found] == list(range(12))
    assert [read(entry.path).record.step for entry in found] == list(range(12))  # type: ignore[union-attr]
    assert writer.bytes == sum(entry.path.stat().st_size for entry in found)


def test_a_record_larger_than_a_segment_is_cut(tmp_path: Path) -> None:
    writer = j.JournalWriter(tmp_path, "run-1")
    rows = MAX_BYTES // 8 + 1_000
    writer.commit(Samples("val", np.arange(rows)))
    sizes = [entry.path.stat().st_size for entry in j.entries(tmp_path)]
    assert len(sizes) == 2
    assert max(sizes) <= MAX_BYTES
    ids = [read(entry.path).record.ids for entry in j.entries(tmp_path)]  # type: ignore[union-attr]
    assert np.array_equal(np.concatenate(ids), np.arange(rows))


def test_a_living_writer_is_known_from_a_dead_one(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from chroma.journal import JournalWriter\n"
        f"writer = JournalWriter(Path({str(tmp_path)!r}), 'run-1')\n"
        "print(writer.writer, flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        name = child.stdout.readline().strip()
        assert list(liveness.writers(tmp_path)) == [("run-1", name)]
        assert liveness.is_alive(tmp_path, "run-1", name)
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.kill()
        child.communicate()
    assert not liveness.is_alive(tmp_path, "run-1", name)
    liveness.forget_writer(tmp_path, "run-1", name)
    assert list(liveness.writers(tmp_path)) == []
    assert not (tmp_path / "run-1").exists()


def test_closing_ends_a_writer(tmp_path: Path) -> None:
    writer = j.JournalWriter(tmp_path, "run-1")
    assert liveness.is_alive(tmp_path, "run-1", writer.writer)
    writer.commit(RunClosed("finished"))
    writer.close()
    assert not liveness.is_alive(tmp_path, "run-1", writer.writer)


def test_acknowledged_segments_leave_the_journal(tmp_path: Path) -> None:
    writer = j.JournalWriter(tmp_path / "journal", "run-1")
    writer.commit(RunOpened("p", "n"))
    (entry,) = j.entries(tmp_path / "journal")
    body = entry.path.read_bytes()
    j.acknowledge(entry, tmp_path / "store" / "deep" / "a.arrow")
    assert list(j.entries(tmp_path / "journal")) == []
    assert (tmp_path / "store" / "deep" / "a.arrow").read_bytes() == body


def test_unreadable_segments_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()
    path = tmp_path / "run-1" / j.segment_name("0-0a1b2c3d", 3)
    path.write_bytes(b"garbage")
    (entry,) = j.entries(tmp_path)
    target = j.set_aside(entry, "it is garbage")
    assert list(j.entries(tmp_path)) == []
    assert target.read_bytes() == b"garbage"
    assert target.with_suffix(".txt").read_text() == "it is garbage\n"


def test_names_that_are_no_segments_are_passed_over(tmp_path: Path) -> None:
    writer = j.JournalWriter(tmp_path, "run-1")
    writer.commit(Metrics(0, 0, {}))
    for name in (".0-0a1b2c3d-000001.arrow.tmp", "notes.txt", "x-000001.arrow"):
        (tmp_path / "run-1" / name).write_bytes(b"")
    (tmp_path / "..hidden").mkdir()
    assert len(list(j.entries(tmp_path))) == 1


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; from chroma.journal import write_durably\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"target = Path({str(tmp_path)!r}) / 'a.arrow'\n"
        "try: write_durably(target, b'x' * 5000)\n"
        "except OSError: sys.exit(3)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match=r"file/journal/run-1 cannot be written.*set CHROMA_HOME"):
        j.JournalWriter(tmp_path / "file" / "journal", "run-1")


@pytest.mark.parametrize("run", ["", ".", "..", "a/b", "../x", "-x", "é", "a" * 129, "a\n"])
def test_run_ids_that_cannot_name_a_folder_are_refused(run: str) -> None:
    assert not liveness.valid_run_id(run)


def test_ids_are_integers_or_strings() -> None:
    assert sample_ids([3, 1]).dtype == np.int64
    assert sample_ids(np.array(["a", "b"])).dtype == object
    with pytest.raises(ValueError, match="integers or strings"):
        sample_ids([1.5])
    with pytest.raises(ValueError, match="one-dimensional"):
        sample_ids([[1]])


def test_killed_at_random_moments_every_name_is_a_whole_segment(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np; from pathlib import Path; from chroma.journal import JournalWriter\n"
        "from chroma.records import Snapshot\n"
        f"writer = JournalWriter(Path({str(tmp_path)!r}), sys.argv[1])\n"
        "for step in range(100000):\n"
        "    v = np.full((400, 64), step, np.float16)\n"
        "    writer.commit(Snapshot('fc', 'val', step, step, np.arange(400), v, of=400))\n"
        "    print(step, flush=True)"
    )
    for moment in range(5):
        run = f"run-{moment}"
        child = subprocess.Popen([sys.executable, "-c", code, run], stdout=subprocess.PIPE, text=True)
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.013 * moment)
        child.kill()
        said = child.communicate()[0].split()
        found = [read(entry.path) for entry in j.entries(tmp_path) if entry.run == run]
        assert len(found) >= len(said) + 1
        for step, segment in enumerate(found):
            assert segment.record.step == step  # type: ignore[union-attr]
            assert (segment.record.vectors == np.float16(step)).all()  # type: ignore[union-attr]


def test_a_writer_that_begins_is_not_taken_for_a_dead_one(tmp_path: Path) -> None:
    done = threading.Event()

    def tidy() -> None:
        while not done.is_set():
            for run, writer in list(liveness.writers(tmp_path)):
                if not liveness.is_alive(tmp_path, run, writer):
                    liveness.forget_writer(tmp_path, run, writer)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    tidying = threading.Thread(target=tidy)
    tidying.start()
    try:
        for at in range(200):
            writer = j.JournalWriter(tmp_path, f"run-{at}")
            writer.commit(RunOpened("p", "n"))
            assert liveness.is_alive(tmp_path, writer.run, writer.writer)
            writer.close()
    finally:
        done.set()
        tidying.join()
        sys.setswitchinterval(interval)


def test_a_folder_that_is_tidied_up_meanwhile_is_made_again(tmp_path: Path) -> None:
    folder, over = tmp_path / "run", threading.Event()

    def tidy_up() -> None:
        while not over.is_set():
            with suppress(OSError):
                folder.rmdir()

    tidying = threading.Thread(target=tidy_up)
    tidying.start()
    try:
        for _ in range(60):
            writer = j.JournalWriter(tmp_path, "run")
            assert liveness.is_alive(tmp_path, "run", writer.writer)
            writer.close()
            (folder / f"{writer.writer}.lock").unlink()
    finally:
        over.set()
        tidying.join()


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"")
    with pytest.raises(HomeError, match="run is no folder"):
        j.JournalWriter(tmp_path, "run")
