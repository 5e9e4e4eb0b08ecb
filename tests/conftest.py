from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.guarantees import Recorder


def pytest_configure(config: pytest.Config) -> None:
    """Let workers of all tests share what numba compiled: about 20 s of CPU the first time on a machine."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(config.rootpath, ".pytest_cache", "numba")))
    config.pluginmanager.register(Recorder(), "promises")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for every test; Chroma's own errors are raised instead of warned of."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHROMA_HOME", str(folder))
    monkeypatch.setenv("CHROMA_STRICT", "1")
    monkeypatch.delenv("CHROMA_RUN_ID", raising=False)
    return folder
