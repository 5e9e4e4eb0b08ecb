"""Where the chunks of a large film are placed."""

from __future__ import annotations

import multiprocessing

from chroma.server.jobs.chunks import chunk_executor


def spread() -> None:
    heard: list[tuple[int, int]] = []
    with chunk_executor(2, lambda done, of: heard.append((done, of))) as executor:
        assert list(executor.map(abs, [-1, 2, -3])) == [1, 2, 3]
    assert heard == [(0, 3), (1, 3), (2, 3)]


def test_a_process_that_may_start_no_others_places_them_itself() -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=spread, daemon=True
    )  # as Dask's workers are
    process.start()
    process.join(60)
    assert process.exitcode == 0
