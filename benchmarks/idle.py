"""What a server costs while nothing happens: CPU seconds of it and of its worker, with many finished runs.

    make bench-idle
    python benchmarks/idle.py --epochs 30                    # 400 runs of 30 snapshots
    python benchmarks/idle.py --runs 400 --home idle-home    # keeps the home, to measure it again

Fills a home by `chroma.init`, starts `chroma application run` on it, waits until each run has its film, then
reads the CPU time of the server and of its child processes from /proc (Linux), at the start and at the end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import chroma
from chroma.server.home.lock import find_owner
from chroma.settings import load_settings

SAMPLES = 10  # so few are drawn by PCA, so that 400 films are there soon
WIDTH = 8
_INGEST = 600.0  # seconds at most until the server has read the journal and answers
_SETTLE = 10.0  # seconds between the last film and the measurement: the worker compiles what is next


def fill(home: Path, runs: int, epochs: int) -> None:
    """Log runs of so many epochs, `[10, 8]` each, into a home."""
    os.environ["CHROMA_HOME"] = str(home)
    random = np.random.default_rng(0)
    for number in range(runs):
        with chroma.init(project="idle", name=f"run {number}") as run:
            for epoch in range(epochs):
                vectors = random.standard_normal((SAMPLES, WIDTH), dtype=np.float32)
                run.log_embeddings(vectors, layer="fc1", epoch=epoch)


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    own = [
        int(child) for task in children.parents[1].glob("*/children") for child in task.read_text().split()
    ]
    return [pid, *(each for child in own for each in family(child))]


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(home: Path, seconds: float) -> None:
    """Start a server on a home, wait for its films, and print what it costs from then on."""
    command = [sys.executable, "-m", "chroma", "application", "run", "--home", str(home), "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        settings = load_settings(home=home)
        while find_owner(settings, timeout=_INGEST) is None:
            time.sleep(0.1)
        with chroma.open(home) as db:
            ids = db.runs()["id"].tolist()
            for number, run in enumerate(ids):
                print(f"\rfilm {number + 1} of {len(ids)}", end="", flush=True)
                db.run(run).film(wait=True)
        print()
        time.sleep(_SETTLE)
        watched = family(server.pid)
        before = {pid: cpu_seconds(pid) for pid in watched}
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        spent = {pid: cpu_seconds(pid) - before[pid] for pid in watched}
        for pid in watched:
            who = "server" if pid == server.pid else "worker"
            print(f"{who:8}{spent[pid]:8.2f} CPU s in {took:.0f} s: {spent[pid] / took:.2%} of a core")
        total = sum(spent.values())
        print(f"{'both':8}{total:8.2f} CPU s in {took:.0f} s: {total / took:.2%} of a core, {len(ids)} runs")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--home", type=Path, help="a folder to keep; runs are added where there are too few")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chroma-bench-") as made:
        home = (asked.home or Path(made)).resolve()
        there = len({folder.name for kept in ("store/runs", "journal") for folder in (home / kept).glob("*")})
        fill(home, asked.runs - there, asked.epochs)
        measure(home, asked.seconds)


if __name__ == "__main__":
    main()
