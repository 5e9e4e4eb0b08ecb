from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for every test; Chroma's own errors are raised instead of warned of."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHROMA_HOME", str(folder))
    monkeypatch.setenv("CHROMA_STRICT", "1")
    monkeypatch.delenv("CHROMA_RUN_ID", raising=False)
    return folder
