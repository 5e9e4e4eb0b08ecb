"""How soon a newly opened run is seen while a large film is drawn.

    make bench-queue
    python benchmarks/people_first.py --samples 100000 --opened 3

Starts `chroma application run` on a new home with a run of many samples, asks for its film, and, while it is
drawn, trains runs of 2,000 samples and 10 epochs that are opened as the dashboard opens them: seconds from
the question for the film to its PCA and to its UMAP. With `--watched` somebody looks at the large film all
the while.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from chroma.client import Client
from chroma.journal import JournalWriter
from chroma.records import RunClosed, RunOpened, Samples, Snapshot
from chroma.server.home.lock import find_owner
from chroma.settings import load_settings

WIDTH, EPOCHS, SMALL = 64, 10, 2_000
REQUEST = """mutation R($run: ID!) { requestFilm(runId: $run, split: "val", layer: "fc1") { id } }"""
FILM = "query F($id: ID!) { film(id: $id) { status error message revision { method preview } } }"
RUN = "query R($id: ID!) { run(id: $id) { snapshots { epoch status } } }"


def write_run(home: Path, name: str, n: int) -> None:
    """A run whose ten classes come apart, in the journal."""
    random = np.random.default_rng(len(name))
    labels = random.integers(0, 10, n)
    centres, noise = random.normal(size=(10, WIDTH)), random.normal(size=(n, WIDTH)).astype(np.float32)
    writer = JournalWriter(load_settings(home=home).journal, name)
    writer.commit(RunOpened("queue", name))
    writer.commit(Samples("val", np.arange(n), of=n, labels=labels))
    for epoch in range(EPOCHS):
        vectors = (noise + 0.5 * (epoch + 1) * centres[labels]).astype(np.float16)
        writer.commit(Snapshot("fc1", "val", epoch, epoch * 10, np.arange(n), vectors, of=n))
    writer.commit(RunClosed("finished"))
    writer.close()


def until(true: Any, seconds: float = 900) -> Any:
    """What a question answers once it answers anything."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > deadline:
            raise TimeoutError("it took too long")
        time.sleep(0.05)
    return found


def is_there(client: Client, name: str) -> bool:
    """Whether all of a run is taken in."""
    run = client.query(RUN, id=name)["run"]
    return run is not None and sum(each["status"] == "COMPLETE" for each in run["snapshots"]) == EPOCHS


def open_run(client: Client, name: str) -> tuple[float, float]:
    """Seconds until a run's PCA, and until its film, from when it is opened."""
    began = time.monotonic()
    film = client.query(REQUEST, run=name)["requestFilm"]["id"]

    def shown(final: bool) -> bool:
        found = client.query(FILM, id=film)["film"]
        if found["status"] == "FAILED":
            raise RuntimeError(found["error"])
        revision = found["revision"]
        return revision is not None and (not final or not revision["preview"])

    until(lambda: shown(False))
    pca = time.monotonic() - began
    until(lambda: shown(True))
    return pca, time.monotonic() - began


def measure(home: Path, samples: int, opened: int, watched: bool) -> None:
    """Print how long newly opened runs take while the large film is drawn."""
    write_run(home, "large", samples)
    command = [sys.executable, "-m", "chroma", "application", "run", "--home", str(home), "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    ended = threading.Event()
    try:
        owner = until(lambda: find_owner(load_settings(home=home)))
        client = Client(owner.url, owner.token)
        until(lambda: is_there(client, "large"))
        film = client.query(REQUEST, run="large")["requestFilm"]["id"]
        if watched:

            def look() -> None:
                while not ended.wait(2.0):
                    client.query(FILM, id=film)

            threading.Thread(target=look, daemon=True).start()
        until(lambda: client.query(FILM, id=film)["film"]["revision"])
        found: list[tuple[float, float]] = []
        for number in range(opened):
            name = f"small-{number}"
            write_run(home, name, SMALL)
            until(lambda name=name: is_there(client, name))
            time.sleep(3)
            found.append(open_run(client, name))
            state = client.query(FILM, id=film)["film"]
            print(
                f"{name}: PCA after {found[-1][0]:.1f} s, film after {found[-1][1]:.1f} s; the large film: "
                f"{state['status'].lower()}, {state['message']}"
            )
        pca, whole = (statistics.median(column) for column in zip(*found, strict=True))
        seen = "looked at" if watched else "not looked at"
        print(f"{samples:,} samples drawn, {seen}: PCA {pca:.1f} s, film {whole:.1f} s (median of {opened})")
    finally:
        ended.set()
        server.terminate()
        server.wait()


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--opened", type=int, default=3)
    parser.add_argument("--watched", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.samples, given.opened, given.watched)


if __name__ == "__main__":
    main()
