"""A server for a team under load, beside plain PUT into the same bucket.

    make bench-server
    PYTHONPATH=. python benchmarks/server.py --writers 50 --samples 10000 --width 512 --epochs 3

Starts a PostgreSQL, `rclone serve s3` and `chroma application run` on loopback, and lets the writers send
while the server is killed (SIGKILL) three times; see `tests/soak.py`, of which `make test` runs a small size.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from tests.soak import soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--writers", type=int, default=50)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where all of it lies meanwhile")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chroma-soak-", dir=given.folder))
    try:
        found = soak(
            folder,
            writers=given.writers,
            samples=given.samples,
            width=given.width,
            epochs=given.epochs,
            kills=given.kills,
            plain=True,
        )
        print(f"through the server, killed {given.kills} times: {found.sent}")
        print(f"all in the catalog after {found.taken_in:.1f} s; {found.memory / 1e6:.0f} MB resident")
        assert found.directly is not None
        print(f"plain PUT into the same bucket: {found.directly}")
        print(f"ratio: {found.directly.seconds / found.sent.seconds:.2f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
