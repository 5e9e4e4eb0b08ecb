"""What one logging call of [n, 512] vectors costs, beside peers: CPU seconds, memory, disk.

    python benchmarks/calls.py                     # 10,000 vectors
    python benchmarks/calls.py --rows 10000 100000 --repeat 3

Each call is the first in a process of its own, after imports and set-up, and ends when all is on the disk;
its CPU seconds are those of all its threads. Peers run in turns. A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
WIDTH = 512
Log = Callable[[Any], None]


def chroma(folder: Path) -> Log:
    os.environ["CHROMA_HOME"] = str(folder)
    from chroma import init

    run = init(project="bench")
    run.recording.flush(60)

    def log(rows: Any) -> None:
        start = time.thread_time()
        run.log_embeddings(rows, layer="fc1", epoch=0)
        run.thread_seconds = time.thread_time() - start  # type: ignore[attr-defined]
        assert run.recording.flush(600)

    log.run = run  # type: ignore[attr-defined]
    return log


def numpy(folder: Path) -> Log:
    import numpy as np

    return lambda rows: np.save(folder / "rows.npy", rows)


def tensorboard(folder: Path) -> Log:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))

    def log(rows: Any) -> None:
        writer.add_embedding(rows, global_step=0)
        writer.flush()

    return log


def wandb(folder: Path) -> Log:
    import wandb as peer

    run = peer.init(mode="offline", dir=str(folder))
    return lambda rows: run.log({"rows": peer.Table(columns=["vector"], data=[[r.tolist()] for r in rows])})


def mlflow(folder: Path) -> Log:
    import mlflow as peer

    peer.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    peer.set_experiment(experiment_id=peer.create_experiment("bench", str(folder / "artifacts")))
    peer.start_run()
    return lambda rows: peer.log_table({"vector": [row.tolist() for row in rows]}, "rows.json")


PEERS: dict[str, tuple[str, Callable[[Path], Log]]] = {
    "Chroma": ("chroma", chroma),
    "np.save": ("numpy", numpy),
    "TensorBoard add_embedding": ("tensorboard", tensorboard),
    "wandb Table, offline": ("wandb", wandb),
    "mlflow log_table": ("mlflow", mlflow),
}


def one(name: str, n: int) -> dict[str, float]:
    """Measure one call in this process."""
    import numpy as np

    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory(prefix="chroma-bench-") as made:
        folder = Path(made)
        log = PEERS[name][1](folder)
        rows = np.random.default_rng(0).standard_normal((n, WIDTH), dtype=np.float32)
        before, disk = resource.getrusage(resource.RUSAGE_SELF), below(folder)
        start = time.process_time()
        log(rows)
        seconds = time.process_time() - start
        found = {
            "cpu": seconds,
            "rss": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss) / 1e3,
            "disk": below(folder) - disk,
        }
        if (run := getattr(log, "run", None)) is not None:
            found["thread"] = run.thread_seconds
            run.finish()
        sys.stdout.write("\n" + json.dumps(found) + "\n")
        sys.stdout.flush()
        os._exit(0)  # some peers wait for their servers


def below(folder: Path) -> float:
    """MB of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("PEER", "ROWS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.one[0], int(asked.one[1]))
    here = [name for name, (package, _) in PEERS.items() if importlib.util.find_spec(package)]
    for name in PEERS.keys() - set(here):
        print(f"{name} is left out: {PEERS[name][0]} is not installed")
    for n in asked.rows:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in here}
        for _ in range(asked.repeat):
            for name in here:
                ran = subprocess.run(
                    [sys.executable, __file__, "--one", name, str(n)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if ran.returncode:
                    raise SystemExit(f"{name} failed:\n{ran.stderr[-2000:]}")
                found[name].append(json.loads(ran.stdout.strip().splitlines()[-1]))
        show(n, found, asked.repeat)


def show(n: int, found: dict[str, list[dict[str, float]]], repeat: int) -> None:
    raw = n * WIDTH * 2 / 1e6
    print(f"\none call, {n:,} x {WIDTH}: medians of {repeat}; raw float16 rows are {raw:.1f} MB")
    print(f"{'':28}{'CPU s':>8}{'ours is 1/':>12}{'RSS MB':>8}{'disk MB':>9}")
    ours = statistics.median(each["cpu"] for each in found["Chroma"])
    for name, runs in found.items():
        cpu, rss, disk = (statistics.median(each[what] for each in runs) for what in ("cpu", "rss", "disk"))
        print(f"{name:28}{cpu:8.3f}{cpu / ours:12.1f}{rss:8.1f}{disk:9.1f}")
    thread = statistics.median(each["thread"] for each in found["Chroma"])
    spread = [each["cpu"] for each in found["Chroma"]]
    print(
        f"Chroma on the caller's thread: {thread * 1e3:.1f} ms of CPU; "
        f"all threads {min(spread):.3f} to {max(spread):.3f} s"
    )


if __name__ == "__main__":
    main()
