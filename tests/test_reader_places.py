"""A server says what a home says; `READER=server` and `READER=team` run all tests of the reader so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import test_reader as told
from tests.captured import capture
from tests.readers import opened


@pytest.mark.parametrize("kind", ["team"])
def test_what_a_home_says_a_server_says_too(kind: str, tmp_path: Path) -> None:
    captured = capture(tmp_path / "home")
    with opened(tmp_path / "home", kind=kind) as db:
        run = db.run()
        told.test_lists(db, run)
        told.test_vectors_are_those_that_were_written(run, captured)
        told.test_samples(run, captured)
        told.test_neighbors_are_the_nearest_vectors(run, captured)
        told.test_tags(run, captured)
        told.test_film_by_pca(run, captured)
        with opened(tmp_path / "home", kind=kind) as again:  # sent again, it is there once
            told.test_lists(again, again.run())
