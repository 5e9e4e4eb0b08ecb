"""Captures, reads back, draws and serves with an installed Chroma: `python tests/smoke.py`, without pytest.

For versions of Python and of packages that the whole suite is not run on; it needs no training framework.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

import chroma

SAMPLES, EPOCHS = 300, 3
SECONDS = 60  # for the dashboard to answer


def main() -> None:
    """Raises where anything is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        os.environ["CHROMA_HOME"] = str(home)
        vectors = train()
        read_back(vectors)
        serve()
        call("check")
        if sys.platform == "win32":
            os.chdir(folder)  # what is open cannot be removed there
    print(f"Chroma {chroma.__version__} captures, reads, draws and serves on Python {sys.version.split()[0]}")


def train() -> np.ndarray:
    """Three epochs of two classes that part."""
    random = np.random.default_rng(0)
    labels = np.arange(SAMPLES) % 2
    vectors = random.normal(size=(EPOCHS, SAMPLES, 16)).astype(np.float32)
    vectors[:, :, 0] += np.outer(np.arange(EPOCHS), labels) * 5
    with chroma.init("smoke", "smoke") as run:
        for epoch in range(EPOCHS):
            run.log_embeddings(
                vectors[epoch],
                layer="fc",
                ids=np.arange(SAMPLES),
                split="val",
                epoch=epoch,
                labels=labels,
            )
            run.log_metrics({"loss": 1 / (epoch + 1)}, epoch=epoch)
    return vectors


def read_back(vectors: np.ndarray) -> None:
    """Equal to the bit, and a film of it."""
    with chroma.open() as catalog:
        run = catalog.run("smoke")
        for epoch in range(EPOCHS):
            found = run.embeddings(layer="fc", split="val", epoch=epoch)
            assert np.array_equal(found.vectors, vectors[epoch].astype(np.float16))  # as captured by default
        assert len(run.metrics()) == EPOCHS
        for method in ("umap", "pca"):
            film = run.film(layer="fc", method=method)
            assert film.xy.shape == (EPOCHS, SAMPLES, 2)
            assert np.isfinite(film.xy).all()


def serve() -> None:
    """The dashboard answers with its page, and asks for its token."""
    command = [sys.executable, "-m", "chroma", "application", "run", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = ""
            while not (found := re.search(r"(http://[^/\s]+)/\?token=(\S+)", said)):
                line = server.stdout.readline()
                assert line, said
                said += line
            url, token = found.groups()
            query = b'{"query": "{ runs { name status } }"}'
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            ends = time.monotonic() + SECONDS
            while b'"smoke"' not in urlopen(Request(f"{url}/graphql", query, headers)).read():
                assert time.monotonic() < ends
                time.sleep(0.2)
            assert b"<title>Chroma" in urlopen(f"{url}/").read()
            try:
                urlopen(Request(f"{url}/graphql", query, {"Content-Type": "application/json"}))
            except HTTPError as refused:
                assert refused.code == 401
            else:
                raise AssertionError("the dashboard answered without its token")
        finally:
            server.terminate()


def call(*arguments: str) -> None:
    """A command of `chroma` that must succeed."""
    subprocess.run([sys.executable, "-m", "chroma", *arguments], check=True)


if __name__ == "__main__":
    main()
