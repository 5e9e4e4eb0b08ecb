"""What a training notices of a server or disk that fails: nothing, or so many milliseconds.

    make bench-failures
    PYTHONPATH=. python benchmarks/failures.py --rounds 5 --epochs 20

The same training, each time in a process of its own, beside: its home alone; a server that works; a
closed port; a server that is stopped (SIGSTOP), that is killed (SIGKILL) in the middle, that answers after
30 s; as root on Linux also a home on a disk that fills up (tmpfs of 32 MB). For each: how much longer the
whole loop took than with its home alone, how much of the loop Chroma's calls took, and how long the process
took to end, which waits for the server at most `CHROMA_EXIT_TIMEOUT` (here 1 s).
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.run.remote import answering, free_port

TRAINING = """
import time
import torch
import chroma

torch.manual_seed(0)
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10))
optimizer = torch.optim.Adam(model.parameters())
inputs, labels = torch.randn(2000, 64), torch.randint(0, 10, (2000,))
calls = 0.0
with chroma.init("failures") as run:
    began = time.perf_counter()
    for epoch in range({epochs}):
        for batch in range(40):
            loss = torch.nn.functional.cross_entropy(model(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        vectors = model[:2](inputs).detach().numpy()
        at = time.perf_counter()
        run.log_embeddings(
            vectors, layer="hidden", split="val", ids=range(2000), labels=labels.numpy(), epoch=epoch
        )
        run.log_metrics({{"loss": loss.item()}}, epoch=epoch)
        calls += time.perf_counter() - at
        print("EPOCH", epoch, flush=True)
    print("TOOK", time.perf_counter() - began, calls, flush=True)
"""


class Took(NamedTuple):
    """Seconds of one training: the whole loop, Chroma's calls in it, and the end of the process."""

    loop: float
    calls: float
    end: float


Given = tuple[dict[str, str], Callable[[], object]]  # the environment, and what happens at half
Case = Callable[[Path], AbstractContextManager[Given]]


def nothing() -> None:
    """Nothing happens at half."""


@contextmanager
def alone(_: Path) -> Generator[Given]:
    """Nothing is sent."""
    yield {}, nothing


@contextmanager
def works(folder: Path) -> Generator[Given]:
    """A server takes all."""
    with served(folder) as (url, _):
        yield {"CHROMA_SERVER": url}, nothing


@contextmanager
def closed(_: Path) -> Generator[Given]:
    """Nobody listens."""
    yield {"CHROMA_SERVER": f"http://127.0.0.1:{free_port()}"}, nothing


@contextmanager
def stopped(folder: Path) -> Generator[Given]:
    """Connections are taken by the system, and nobody reads."""
    with served(folder) as (url, process):
        process.send_signal(signal.SIGSTOP)
        yield {"CHROMA_SERVER": url}, nothing


@contextmanager
def killed(folder: Path) -> Generator[Given]:
    """It dies in the middle."""
    with served(folder) as (url, process):
        yield {"CHROMA_SERVER": url}, process.kill


@contextmanager
def slow(_: Path) -> Generator[Given]:
    """Every answer takes 30 s."""
    with answering(201, b'{"segment": "new"}', wait=30.0) as url:
        yield {"CHROMA_SERVER": url}, nothing


@contextmanager
def full(folder: Path) -> Generator[Given]:
    """The home's disk fills up in the middle."""
    place = folder / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)], check=True)
    try:
        yield {"CHROMA_HOME": str(place / "home")}, nothing
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextmanager
def served(folder: Path) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """A server in a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "chroma",
            "application",
            "run",
            "--port",
            str(port),
            "--no-token",
            "--no-open",
        ],
        env=os.environ | {"CHROMA_HOME": str(folder / "server")},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


CASES: dict[str, Case] = {
    "home alone": alone,
    "server that works": works,
    "closed port": closed,
    "stopped server (SIGSTOP)": stopped,
    "server killed at half (SIGKILL)": killed,
    "server that answers after 30 s": slow,
}


def train(case: Case, epochs: int) -> Took:
    """Train once."""
    with tempfile.TemporaryDirectory(prefix="chroma-failures-") as made:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHROMA_")}
        usual = {"CHROMA_HOME": f"{made}/home", "CHROMA_EXIT_TIMEOUT": "1"}
        with case(Path(made)) as (given, at_half):
            found, printed = None, 0.0
            with subprocess.Popen(
                [sys.executable, "-c", TRAINING.format(epochs=epochs)],
                env=kept | usual | given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    if line == f"EPOCH {epochs // 2}\n":
                        at_half()
                    if line.startswith("TOOK "):
                        found, printed = line.split()[1:], time.perf_counter()
            if found is None or process.returncode != 0:
                raise RuntimeError("the training failed")
            return Took(float(found[0]), float(found[1]), time.perf_counter() - printed)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many trainings each")
    given = parser.parse_args()
    cases = CASES | ({"disk that fills up": full} if sys.platform == "linux" and os.geteuid() == 0 else {})
    took: dict[str, list[Took]] = {name: [] for name in cases}
    for _ in range(given.rounds):
        for name, case in cases.items():
            took[name].append(train(case, given.epochs))
    usual = statistics.median(each.loop for each in took["home alone"])
    print(f"{given.epochs} epochs take {usual:.2f} s with the home alone; medians of {given.rounds}")
    for name, found in took.items():
        loop, calls, end = (statistics.median(values) for values in zip(*found, strict=True))
        print(
            f"{name:32} added to the loop {(loop - usual) * 1000:+5.0f} ms; Chroma's calls "
            f"{calls * 1000:4.0f} ms; end of the process {end:4.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
