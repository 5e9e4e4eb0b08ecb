"""What a backlog costs: when a dashboard first answers, and CPU for each segment that it takes in.

    make bench-backlog
    python benchmarks/backlog.py --segments 15000 --runs 200

Writes runs of snapshots, outputs and metrics into the journal of a new home, starts `chroma application run`
on it, and reads from `/api/health` when it answers and how far ingest is, and its CPU time from /proc. Films
are not counted: the worker that draws them is another process. At the end the runs page is asked for, as the
dashboard does it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from graphql import parse, print_ast, separate_operations
from idle import cpu_seconds

from chroma.client import Client
from chroma.journal import JournalWriter
from chroma.records import Metrics, Outputs, RunClosed, RunOpened, Samples, Snapshot
from chroma.server.home.lock import find_owner
from chroma.settings import load_settings

SAMPLES = 50
WIDTH = 16
OPERATIONS = Path(__file__).parents[1] / "chroma-ui/src/api/operations.graphql"


def fill(home: Path, segments: int, runs: int) -> int:
    """Write about so many segments in so many runs into the journal; returns how many."""
    journal = load_settings(home=home).journal
    random, ids, ones = np.random.default_rng(0), np.arange(SAMPLES), np.ones(SAMPLES, np.float32)
    written = 0
    with patch.object(os, "fsync"):  # a benchmark of reading
        for number in range(runs):
            writer = JournalWriter(journal, f"run-{number:04d}")
            writer.commit(RunOpened("backlog", f"run {number}"))
            writer.commit(Samples("val", ids, of=SAMPLES, labels=ids % 10))
            for epoch in range(max(1, (segments // runs - 3) // 3)):
                vectors = random.standard_normal((SAMPLES, WIDTH)).astype(np.float16)
                writer.commit(Snapshot("fc1", "val", epoch, epoch * 10, ids, vectors, of=SAMPLES))
                writer.commit(Outputs("val", epoch, epoch * 10, ids, ids % 10, ones, ones, ones))
                writer.commit(Metrics(epoch, epoch * 10, {"val_acc": 0.5, "val_loss": 0.1}))
            writer.commit(RunClosed("finished"))
            writer.close()
            written += writer.number
    return written


def runs_page() -> str:
    """What the dashboard asks for its page of all runs."""
    return print_ast(separate_operations(parse(OPERATIONS.read_text(encoding="utf-8")))["Home"])


def measure(home: Path, segments: int) -> None:
    """Start a server on a home, and print when it answers and what it spends until it has caught up."""
    command = [sys.executable, "-m", "chroma", "application", "run", "--home", str(home), "--no-open"]
    began = time.monotonic()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while (owner := find_owner(load_settings(home=home))) is None:
            time.sleep(0.01)
        client = Client(owner.url, owner.token)
        progress = client.health()["ingest"]
        print(f"first answer after {time.monotonic() - began:.2f} s: {json.dumps(progress)}")
        at_start, since = cpu_seconds(server.pid), time.monotonic()
        while not (progress := client.health()["ingest"])["caught_up"]:
            time.sleep(0.5)
        spent, took = cpu_seconds(server.pid) - at_start, time.monotonic() - since
        print(
            f"{segments} segments in {took:.1f} s, {spent:.1f} CPU s: {1000 * spent / segments:.2f} ms each, "
            "with what the server does meanwhile"
        )
        for look in ("first", "second"):
            before, asked = cpu_seconds(server.pid), time.monotonic()
            runs = client.query(runs_page(), words="", order="newest", first=60)["runsPage"]["runs"]
            print(
                f"runs page, {look}: {len(runs)} runs in {time.monotonic() - asked:.2f} s, "
                f"{cpu_seconds(server.pid) - before:.2f} CPU s"
            )
        client.close()
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segments", type=int, default=15_000)
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chroma-bench-") as made:
        home = Path(made).resolve()
        measure(home, fill(home, asked.segments, asked.runs))


if __name__ == "__main__":
    main()
