"""Two servers of one database, each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import chroma
from tests.captured import capture


@contextmanager
def serving(
    home: Path, store: Path, database: str, *options: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-m", "chroma", "application", "run", "--no-token", "--home", str(home)]
    environment = {name: value for name, value in os.environ.items() if name != "CHROMA_DATABASE_URL"}
    with subprocess.Popen(
        [*command, "--database-url", database, "--store-url", store.as_uri(), *options],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,  # the workers must get it from their server
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C stops" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            found = re.search(r"http://[^/\s]+", said)
            assert found, said
            yield process, found[0]
        finally:
            process.terminate()


def test_what_comes_to_one_server_is_drawn_and_shown_by_the_other(postgresql: str, tmp_path: Path) -> None:
    homes, store = (tmp_path / "a", tmp_path / "b"), tmp_path / "store"
    written = capture(homes[0])
    with (
        serving(homes[0], store, postgresql) as (first, _),
        serving(homes[1], store, postgresql) as (_, url),
        chroma.open(url) as catalog,
    ):
        with chroma.open(homes[0]) as here:
            here.run(written.run)  # waits until it is taken in
        first.send_signal(signal.SIGKILL)
        first.wait()
        run = catalog.run(written.run)
        for (layer, epoch), vectors in written.vectors.items():
            assert np.array_equal(run.embeddings(layer=layer, epoch=epoch).vectors, vectors)
        assert run.film(layer="encoder.fc1", method="pca").xy.shape == (3, 60, 2)
    assert not (homes[1] / "store").exists()
    assert not list(tmp_path.glob("*/chroma.db"))
