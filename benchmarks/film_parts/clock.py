"""What a call costs, and where what costs minutes is kept."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CACHE = Path(tempfile.gettempdir()) / "chroma-bench"


def clocked(draw: Callable[[], Any]) -> tuple[Any, float, float]:
    """What `draw` returns, its CPU seconds and its wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = draw()
    return result, time.process_time() - cpu, time.perf_counter() - wall
