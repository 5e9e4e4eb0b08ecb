"""The worked example of `docs/insights.md` does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(300)  # it draws a film before it looks for findings
def test_the_example_finds_and_mends_the_wrong_labels(home: Path):
    page = (ROOT / "docs" / "insights.md").read_text(encoding="utf-8")
    (example,) = [
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "MLPClassifier" in block
    ]
    ran = subprocess.run(
        [sys.executable, "-c", example],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr
    found = re.search(r"(\d+) of 30 wrong labels are among the first (\d+)", ran.stdout)
    assert found is not None, ran.stdout
    assert int(found[1]) >= 26
    assert re.search(r"RunComparison of 797 samples of 'val': \d+ mended, \d+ broken", ran.stdout), ran.stdout
