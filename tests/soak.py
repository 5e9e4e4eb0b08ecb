"""A server under load: many writers, PostgreSQL, a bucket, and a server that is killed (SIGKILL) meanwhile.

Each writer is a process that has the segments of one run in its outbox and sends them as trainings do, with
their retries. At the end every segment must have one row, and one object with the bytes that were written.
The server draws no films meanwhile: those are other processes.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from chroma.journal import Entry, JournalWriter, entries
from chroma.records import RunClosed, RunOpened, Samples, Snapshot
from chroma.server.store.bucket import Bucket
from tests import postgresql
from tests.s3 import S3

_SECONDS = 1800.0  # for one part
# The server without what draws films; its command line is the usual one
_SERVER = (
    "from chroma.server.jobs.supervisor import Supervisor; Supervisor.start = lambda self: None; "
    "from chroma.cli import main; main()"
)


@dataclass(frozen=True)
class Sent:
    """What some writers did: seconds from the first PUT to the last answer, of each PUT, and MB in all."""

    seconds: float
    each: np.ndarray[Any, Any]
    megabytes: float

    def __str__(self) -> str:
        p50, p99 = np.percentile(self.each, [50, 99])
        return (
            f"{self.megabytes / self.seconds:.1f} MB/s, p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms "
            f"({len(self.each)} segments, {self.megabytes:.0f} MB in {self.seconds:.1f} s)"
        )


def fill(outbox: Path, run: str, samples: int, width: int, epochs: int) -> None:
    """Write a run's segments."""
    random, ids = np.random.default_rng(abs(hash(run)) % 2**32), np.arange(samples)
    writer = JournalWriter(outbox, run)
    writer.commit(RunOpened("soak", run), sync=False)
    writer.commit(Samples("val", ids, of=samples, labels=ids % 10), sync=False)
    for epoch in range(epochs):
        vectors = random.standard_normal((samples, width), np.float32).astype(np.float16)
        writer.commit(Snapshot("fc1", "val", epoch, epoch * 10, ids, vectors, of=samples), sync=False)
    writer.commit(RunClosed("finished"), sync=False)
    writer.close()


def write(outbox: Path, run: str, target: str) -> None:
    """One writer: sends what its outbox has of a run to a server, or puts it into a bucket."""
    found = [each for each in entries(outbox) if each.run == run]
    put = _to_bucket(Bucket(target)) if target.startswith("s3:") else _to_server(target)
    _say("ready")
    sys.stdin.readline()
    began, each = time.time(), list[float]()
    for entry in found:
        since = time.monotonic()
        put(entry)
        each.append(time.monotonic() - since)
    _say(json.dumps({"began": began, "ended": time.time(), "each": each}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _to_server(url: str) -> Any:
    from chroma.shipper.retrying import retrying
    from chroma.shipper.upload import Server

    server = Server(url)
    again = retrying(stop=lambda _: False, sleep=time.sleep, failed=lambda _: None)
    return lambda entry: again(server.put, entry)


def _to_bucket(bucket: Bucket) -> Any:
    return lambda entry: bucket.put(f"plain/{entry.run}/{entry.path.name}", entry.path)


@dataclass(frozen=True)
class Found:
    """What a soak found: through the server; seconds until all is in the catalog; its memory; without it."""

    sent: Sent
    taken_in: float
    memory: int
    directly: Sent | None


class Writers:
    """Processes that send one run each, once they are let."""

    def __init__(self, outbox: Path, runs: list[str], target: str) -> None:
        command = [sys.executable, "-m", "tests.soak", str(outbox), target]
        self._all = [
            subprocess.Popen(
                [*command, run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
            )
            for run in runs
        ]
        for each in self._all:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"

    def go(self) -> None:
        for each in self._all:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()

    def join(self, megabytes: float) -> Sent:
        said = [json.loads(each.communicate(timeout=_SECONDS)[0]) for each in self._all]
        began, ended = min(each["began"] for each in said), max(each["ended"] for each in said)
        return Sent(ended - began, np.concatenate([each["each"] for each in said]), megabytes)


def _environment() -> dict[str, str]:
    """That of a process that can import these tests."""
    places = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}


class Server:
    """A server of a database and a bucket, always on one port."""

    def __init__(self, home: Path, database: str, store: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._home, self._stores = home, {"CHROMA_DATABASE_URL": database, "CHROMA_STORE_URL": store}
        self.url = f"http://127.0.0.1:{self.port}"
        self.largest = 0  # bytes of memory, of all its lives

    def start(self) -> None:
        options = ["application", "run", "--no-token", "--home", str(self._home), "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *options],
            env=_environment() | self._stores,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ctrl-C stops" in line:
                return  # what it says later fits into the pipe
        raise AssertionError("the server ended")

    def end(self, how: signal.Signals) -> None:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        self.largest = max(self.largest, int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) * 1024)
        self._process.send_signal(how)
        self._process.communicate()


def soak(
    folder: Path, *, writers: int, samples: int, width: int, epochs: int, kills: int, plain: bool
) -> Found:
    """Run it in an empty folder.

    Args:
        folder: For all that it writes.
        writers: Processes, each with one run of `epochs` snapshots of `samples` rows of `width` numbers.
        samples: See there.
        width: See there.
        epochs: See there.
        kills: How often the server is killed.
        plain: Put the same bytes into the same bucket afterwards, without a server: the ratio of the two is
            what the server costs.

    Raises:
        AssertionError: A segment did not arrive exactly once, or with other bytes.
    """
    runs = [f"run-{number:03d}" for number in range(writers)]
    for run in runs:
        fill(folder / "outbox", run, samples, width, epochs)
    sent = list(entries(folder / "outbox"))
    megabytes = sum(entry.path.stat().st_size for entry in sent) / 1e6
    s3 = S3(folder / "s3")
    s3.start()
    store, database = s3.url("soak"), postgresql.new_database(f"soak_{os.getpid()}")
    server = Server(folder / "home", database, store)
    server.start()
    with psycopg.connect(database, autocommit=True) as catalog:
        load = Writers(folder / "outbox", runs, server.url)
        began = time.monotonic()
        load.go()
        for kill in range(kills):
            _wait(catalog, len(sent) * (kill + 1) // (kills + 1))
            server.end(signal.SIGKILL)
            server.start()
        figures = load.join(megabytes)
        _wait(catalog, len(sent))
        taken_in = time.monotonic() - began
        _check(catalog, folder / "s3/soak/chroma/runs", sent)
    server.end(signal.SIGTERM)
    directly = None
    if plain:
        load = Writers(folder / "outbox", runs, store)
        load.go()
        directly = load.join(megabytes)
    s3.stop()
    return Found(figures, taken_in, server.largest, directly)


def _wait(catalog: psycopg.Connection[Any], segments: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while (_count(catalog, "SELECT count(*) FROM segment")) < segments:
        assert time.monotonic() < deadline, "the segments do not arrive"
        time.sleep(0.05)


def _count(catalog: psycopg.Connection[Any], query: Any) -> int:
    row = catalog.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _check(catalog: psycopg.Connection[Any], objects: Path, sent: list[Entry]) -> None:
    """Every segment has one row and one object, both of its bytes."""
    rows = catalog.execute("SELECT run_id, writer, number, digest FROM segment").fetchall()
    wanted = {(each.run, each.writer, each.number): _digest(each.path) for each in sent}
    assert len(rows) == len(wanted), f"{len(rows)} rows of {len(wanted)} segments"
    assert {(run, writer, number): digest for run, writer, number, digest in rows} == wanted
    there = {path.name: _digest(path) for path in objects.glob("*/segments/*.arrow")}
    assert there == {each.path.name: wanted[each.run, each.writer, each.number] for each in sent}


def _digest(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[3], sys.argv[2])
