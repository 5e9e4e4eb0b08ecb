"""Feed a segment's decoder what atheris makes of real ones, guided by the lines that they reach.

    python -m tests.attack.decoder FOLDER -runs=100000

Any error but `SegmentError` ends it with a crash, and so do 2 GB of memory and 10 s for one input.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import atheris  # pyright: ignore

with atheris.instrument_imports(include=["chroma.segment", "chroma.untrusted", "chroma.records"]):  # pyright: ignore
    from chroma import segment
    from chroma.errors import SegmentError


def decode(body: bytes) -> None:
    """What must raise nothing else."""
    with suppress(SegmentError):
        segment.decode(body)


def main() -> None:
    """Write the seeds into the folder, and begin; it ends by leaving the process."""
    from chroma.records import Header, Segment
    from tests.chaos.test_segment_bytes import CRAFTED, RECORDS

    folder = Path(sys.argv.pop(1))
    header = Header("run-1", "0-0a1b2c3d", 0, "a0", created_at=1.5)
    seeds = [segment.encode(Segment(header, each)) for each in RECORDS]
    seeds += [body for body in CRAFTED.values() if len(body) < 10_000]
    for number, body in enumerate(seeds):
        (folder / str(number)).write_bytes(body)
    limits = [
        "-max_len=20000",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        "-detect_leaks=0",
    ]
    atheris.Setup([*sys.argv, str(folder), *limits], decode)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
