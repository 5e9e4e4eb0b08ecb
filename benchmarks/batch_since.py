"""What a batch costs the training's thread now, beside an earlier revision, in turns.

    python benchmarks/batch_since.py REVISION
    python benchmarks/batch_since.py REVISION --pairs 20

Checks the revision out into a temporary worktree of this repository. One process for each stays open, so
that imports are not counted; both measure by their own `benchmarks/capture.py --batch`, in turns, so that
what else the machine does falls on both. Printed are medians, and the ratio of neighbours with its quartiles.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1]
_SERVE = """
import sys, tempfile, os, warnings
sys.path.insert(0, "benchmarks")
os.environ["CHROMA_HOME"] = tempfile.mkdtemp(prefix="chroma-bench-")
import capture
capture.torch.set_num_threads(1)
warnings.filterwarnings("ignore")
for line in sys.stdin:
    layers, order = line.split()
    print("cost", capture.batch_cost(layers, shuffle=order == "shuffled"), flush=True)
"""
ASKED = [(layers, order) for layers in ("1", "auto") for order in ("ordered", "shuffled")]
TITLES = {"1": "features", "auto": "features and logits"}


def serve(place: Path) -> subprocess.Popen[str]:
    """A process that measures, by the code of a folder."""
    return subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def cost(server: subprocess.Popen[str], layers: str, order: str) -> float:
    """Microseconds, the median of some 380 batches."""
    assert server.stdin
    assert server.stdout
    server.stdin.write(f"{layers} {order}\n")
    server.stdin.flush()
    for line in server.stdout:
        if found := re.match(r"cost (-?\d+) µs", line):
            return float(found[1])
    raise SystemExit("a process that measures has ended")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", help="of this repository, as git knows it")
    parser.add_argument("--pairs", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chroma-since-") as made:
        before = Path(made) / "before"
        git = ["git", "-C", str(HERE), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", before, asked.revision], check=True)
        servers: list[subprocess.Popen[str]] = []
        try:
            servers = [serve(before), serve(HERE)]
            for layers, order in ASKED:  # warm
                for server in servers:
                    cost(server, layers, order)
            for layers, order in ASKED:
                pairs = [[cost(server, layers, order) for server in servers] for _ in range(asked.pairs)]
                then, now = (statistics.median(side) for side in zip(*pairs, strict=True))
                low, middle, high = statistics.quantiles([b / a for a, b in pairs], n=4)
                print(
                    f"{TITLES[layers]}, {order}: {then:.0f} µs then, {now:.0f} µs now; "
                    f"ratio {middle:.2f} (quartiles {low:.2f} to {high:.2f}, {len(pairs)} pairs)",
                    flush=True,
                )
        finally:
            for server in servers:
                server.kill()
                server.wait()
            subprocess.run([*git, "remove", "--force", before], check=True)


if __name__ == "__main__":
    main()
