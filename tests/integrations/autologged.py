"""Trainings that `chroma.autolog()` captures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chroma
from chroma.journal import entries


def autolog(**options: Any) -> None:
    chroma.autolog(**{"project": "tests", "silent": True, **options})


def runs(home: Path) -> int:
    """How many runs are in the journal of a home."""
    return len({entry.run for entry in entries(home / "journal")})
