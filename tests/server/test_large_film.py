"""Films of many samples: landmarks in full, the others placed among them, by any number of processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chroma.server.home.context import Context
from chroma.server.store import tables
from chroma.server.store.films import frames as stored
from chroma.server.store.films import lifecycle
from chroma.server.store.films.sources import is_refinable
from tests.server import filming


@pytest.mark.timeout(400)  # two processes start: a minute on a busy machine
def test_many_samples_are_placed_among_landmarks(opened: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chroma.server.jobs.film_data.LARGE", 200)
    monkeypatch.setattr("chroma.server.jobs.joint_frames._LANDMARKS", 150)
    monkeypatch.setattr("chroma.projection.large_film.CHUNK", 100)
    filming.whole_run(opened, 2, n=360).close()
    drawn = []
    for workers, epochs in ((1, None), (2, [0, 10])):  # the same snapshots, as another film
        film = filming.ask(opened, steps=epochs)
        told = filming.draw(opened, film, workers=workers).heard
        placing = ("Placing 210 samples among 150 landmarks", "pca")
        assert told.count(placing) == 8  # four chunks a frame
        revision, frames = filming.on_screen(opened, film)
        assert revision is not None
        assert (revision.landmarks, revision.motion_n) == (150, 360)
        assert [frame.n for frame in frames] == [360, 360]
        assert (frames[1].trustworthiness or 0) > 0.6
        drawn.append([stored.read_frame(opened.store.files, frame) for frame in frames])
    np.testing.assert_array_equal(*drawn)


@pytest.mark.timeout(400)
def test_a_large_film_is_refined_with_every_sample_in_full(
    opened: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chroma.server.jobs.film_data.LARGE", 200)
    monkeypatch.setattr("chroma.server.jobs.joint_frames._LANDMARKS", 150)
    filming.whole_run(opened, 2, n=360).close()
    film = filming.ask(opened)
    filming.draw(opened, film)

    def shown() -> tuple[tables.Revision, list[tables.Frame], bool]:
        revision, frames = filming.on_screen(opened, film)
        assert revision is not None
        with opened.store.reading() as catalog:
            return revision, frames, is_refinable(catalog, film, revision, frames)

    placed, before, refinable = shown()
    assert (placed.landmarks, refinable) == (150, True)
    with opened.store.writing() as catalog:
        lifecycle.refine_film(catalog, film.id)
    heard = filming.draw(opened, film).heard
    assert any(message.startswith("Refining 2 frames") for message, _ in heard)
    whole, after, refinable = shown()
    assert (whole.landmarks, whole.motion_n, refinable) == (None, 360, False)
    assert [frame.n for frame in after] == [360, 360]
    for old, new in zip(before, after, strict=True):
        assert (new.trustworthiness or 0) > (old.trustworthiness or 1)


DIES = """
import os
from chroma.server.jobs.chunks import chunk_executor

if __name__ == "__main__":
    with chunk_executor(2, lambda done, of: None) as executor:
        print(*executor.map(abs, [-1, 2, -3]), flush=True)
        os._exit(0)
"""


@pytest.mark.timeout(400)
def test_processes_end_with_their_worker(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text(DIES, encoding="utf-8")
    # They hold its output, too: this returns when the last of them has ended.
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout == "1 2 3\n"
