"""Compiled kernels are kept on disk, checked, and never trusted to others."""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chroma.projection.kernels.compiled import INT, compiled
from chroma.projection.kernels.kept import kernel_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "compiled"))
    return tmp_path / "compiled" / "kernels"


def kernel() -> Callable[[int], int]:
    """A kernel of a new process, as it were."""

    def add_one(number: int) -> int:
        return number + 1

    return compiled(INT)(add_one)


def test_a_kernel_is_compiled_once(folder: Path):
    assert kernel()(1) == 2
    (kept,) = folder.iterdir()
    made = kept.stat().st_mtime_ns
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(kept.stat().st_mode)) == (0o700, 0o600)
    assert kernel()(2) == 3
    assert [path.stat().st_mtime_ns for path in folder.iterdir()] == [made]


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def test_what_is_damaged_is_compiled_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder.parents[1])
    kernel()(1)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for body in (b"", whole[:20], whole[:-1], bytes(flipped), bytes(32) + pickle.dumps(Evil())):
        kept.write_bytes(body)
        assert kernel()(1) == 2
        assert len(kept.read_bytes()) > 1000
    assert not Path("evil").exists()


def test_a_folder_that_others_may_write_to_is_closed_or_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    kernel()(1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (kept,) = folder.iterdir()
    kept.chmod(0o666)
    before = kept.stat().st_mtime_ns
    kernel()(1)
    assert kept.stat().st_mtime_ns != before  # anybody may have written it

    theirs = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: theirs)
    assert kernel_folder() is None
    assert kernel()(1) == 2


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert kernel()(1) == 2
