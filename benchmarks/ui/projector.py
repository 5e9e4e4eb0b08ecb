"""The TensorBoard projector on the same points, as vectors of four dimensions."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

MOST_POINTS = 100_000  # it reads no more rows


@contextmanager
def projector(columns: np.ndarray) -> Iterator[str]:
    """Serve points by TensorBoard; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        vectors = columns.T / 65534
        np.savetxt(Path(folder, "vectors.tsv"), vectors, "%.5f", "\t")
        config = 'embeddings { tensor_name: "points" tensor_path: "vectors.tsv" }\n'
        Path(folder, "projector_config.pbtxt").write_text(config, encoding="utf-8")
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", folder, "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr
            for line in process.stderr:
                if found := re.search(r"(http://\S+:\d+)/", line):
                    yield found[1]
                    break
            else:
                raise RuntimeError("TensorBoard did not start: pip install tensorboard")
        finally:
            process.terminate()
            process.communicate(timeout=30)


def wait_until_drawn(page: Page, address: str, n: int, limit: float) -> None:
    """Open the projector and wait until it counts its points and has drawn a frame."""
    page.set_default_timeout(limit * 1000)
    page.goto(f"{address}/#projector")
    inner = page.frame_locator("iframe").frame_locator("iframe")  # it sits two frames deep
    counter = inner.locator(".numDataPoints")
    counter.filter(has_text=re.compile(rf"^\s*{n}\s*$")).wait_for()
    inner.locator("canvas").first.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
    )
