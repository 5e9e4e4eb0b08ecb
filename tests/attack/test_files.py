"""Files and segments that somebody made up: nothing is unpacked or lands elsewhere, memory is bounded."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest

from chroma import segment
from chroma.records import Header, Metrics, Segment
from tests.attack import TABLE, TIMES
from tests.attack.target import Target
from tests.chaos.test_segment_bytes import CRAFTED, RECORDS

pytestmark = pytest.mark.timeout(120 + 60 * TIMES)
WRITER = "0-0a1b2c3d"
MOST = 400e6  # bytes of memory that an import may take; it has 150 MB of programs


def bodies(run: str, count: int, seed: str) -> list[bytes]:
    """Segments that are damaged, cut, of others, or no segments."""
    chance = random.Random(seed)
    real = [segment.encode(Segment(Header(run, WRITER, 9, "a", created_at=1.5), each)) for each in RECORDS]
    found: list[bytes] = []
    for _ in range(count):
        body = bytearray(chance.choice(real))
        for _ in range(chance.choice([1, 1, 2, 8, 64])):
            body[chance.randrange(len(body))] = chance.randrange(256)
        found.append(bytes(body[: chance.choice([len(body)] * 4 + [chance.randrange(len(body))])]))
    return [*found, *(each for each in CRAFTED.values() if len(each) < 10**6), b"", b"\0" * 1000]


def test_segments_that_somebody_made_up(target: Target, who: str) -> None:
    run = target.quiet.run
    wrong = {"nobody": 401, "reader": 403, "foreigner": 403}.get(who, 422)
    for number, body in enumerate(bodies(run, 60 * TIMES, who)):
        url = f"/api/runs/{run}/segments/{WRITER}/{1000 + number}"
        answer = target.request(who, f"crafted segments, {who}", "PUT", url, content=body)
        assert answer.status_code == wrong, (number, answer.text)
    good = segment.encode(
        Segment(Header("run-made-up", WRITER, 0, "a", created_at=1.5), Metrics(0, 0, {"a": 1.0}))
    )
    url = f"/api/runs/run-made-up/segments/{WRITER}/0"
    if who in ("nobody", "reader"):
        answer = target.request(who, f"crafted segments, {who}", "PUT", url, content=good)
        assert answer.status_code == wrong
    target.check()


def packed(to: Path, method: int) -> None:
    with zipfile.ZipFile(to, "w", method) as archive, archive.open("run.json", "w") as file:
        for _ in range(200):
            file.write(b" " * 2**20)


def stored(to: Path) -> None:
    """A gigabyte of nothing: the file is sparse and takes no room."""
    name = f"{WRITER}-000000.arrow"
    about = {"name": name, "bytes": 2**30, "digest": blake2b(b"", digest_size=16).hexdigest()}
    with zipfile.ZipFile(to, "w") as archive:
        archive.writestr("run.json", json.dumps({"format": 1, "run": "run-1", "segments": [about]}))
        begun = zipfile.ZipInfo(name)
        begun.file_size = 2**30
        with archive.open(begun, "w") as file:
            file.write(b"x")
        archive.filelist[-1].file_size = archive.filelist[-1].compress_size = 2**30
        assert archive.fp is not None
        archive.start_dir += 2**30
        archive.fp.seek(archive.start_dir)


def many(to: Path) -> None:
    with zipfile.ZipFile(to, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{WRITER}-{number:06}.arrow", b"")
        archive.writestr("run.json", b"[" * 10**6)


def elsewhere(to: Path) -> None:
    with zipfile.ZipFile(to, "w") as archive:
        link = zipfile.ZipInfo("../../../../tmp/chroma-attack")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        about = {"name": link.filename, "bytes": 11, "digest": "0" * 32}
        archive.writestr("run.json", json.dumps({"format": 1, "run": "../..", "segments": [about]}))


BOMBS: dict[str, Callable[[Path], None]] = {
    "deflated": lambda to: packed(to, zipfile.ZIP_DEFLATED),
    "lzma": lambda to: packed(to, zipfile.ZIP_LZMA),
    "stored": stored,
    "many": many,
    "elsewhere": elsewhere,
}


def test_bombs_are_refused_by_imports(tmp_path: Path) -> None:
    count = TABLE.setdefault("bombs to chroma runs import", Counter())
    code = """if True:
        import sys
        from pathlib import Path
        from chroma.errors import ConfigError, SegmentError
        from chroma.server.home.portable import import_run
        from chroma.settings import load_settings
        for name in sys.argv[1:]:
            try:
                import_run(load_settings(), Path(name))
            except (ConfigError, SegmentError) as error:
                print(error)
        # not ru_maxrss: that of a child begins with its parent's
        print(*[line.split()[1] for line in open("/proc/self/status") if "VmHWM" in line])
    """
    files = [tmp_path / f"{name}.zip" for name in BOMBS]
    for file, make in zip(files, BOMBS.values(), strict=True):
        make(file)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        env={**os.environ, "CHROMA_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *said, peak = done.stdout.splitlines()
    assert len(said) == len(BOMBS), said
    assert all("export the run again" in each for each in said), said
    assert int(peak) * 1024 < MOST, peak
    count["refused"] += len(said)
    assert not list(tmp_path.rglob("*.arrow"))
    assert not Path("/tmp/chroma-attack").exists()


def test_atheris_finds_no_crash_of_the_decoder(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="it has wheels for Linux, and not for each Python")
    count = TABLE.setdefault("segments by atheris, guided", Counter())
    runs = 1500 * TIMES
    places = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.decoder", str(tmp_path), f"-runs={runs}"],
        env={**os.environ, "PYTHONPATH": places}, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    count["decoded or refused"] += runs
