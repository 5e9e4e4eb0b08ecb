"""A process that is forked while a segment is written can write its own."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from chroma.journal import JournalWriter
from chroma.records import Samples
from chroma.segment import forking, read
from chroma.segment.forking import UnlockedFile, no_fork

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def test_a_fork_waits_for_a_thread_that_allocates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "_LONGEST_WAIT", 60.0)
    inside, leave = threading.Event(), threading.Event()

    def allocate() -> None:
        with no_fork():
            inside.set()
            leave.wait(60)

    threads = [threading.Thread(target=allocate), threading.Timer(0.05, leave.set)]
    threads[0].start()
    assert inside.wait(60)
    threads[1].start()
    child = os.fork()
    if not child:
        JournalWriter(tmp_path, "run").commit(Samples("val", np.arange(3)))
        os._exit(0)
    assert leave.is_set()
    assert os.waitpid(child, 0)[1] == 0
    for thread in threads:
        thread.join(60)
    (path,) = tmp_path.glob("run/*.arrow")
    assert len(read(path).record.ids) == 3  # pyright: ignore[reportAttributeAccessIssue]
    with no_fork():  # it is free again here
        pass


def test_a_fork_does_not_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "_LONGEST_WAIT", 60.0)
    writing, written = threading.Event(), threading.Event()

    class SlowDisk(io.BytesIO):
        def write(self, data: object, /) -> int:
            writing.set()
            assert written.wait(60)
            return 0

    def save() -> None:
        with no_fork():
            UnlockedFile(SlowDisk()).write(b"bytes")

    thread = threading.Thread(target=save)
    thread.start()
    assert writing.wait(60)
    child = os.fork()
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    written.set()
    thread.join(60)
    assert not thread.is_alive()
