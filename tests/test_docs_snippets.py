"""What the pages tell to type in Python runs, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from tests.captured import capture
from tests.test_docs import DOCS


def typed(page: str, home: Path) -> dict[str, Any]:
    """Run the Python of a page from top to bottom; returns its names."""
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    exec(compile("\n".join(blocks).replace("~/.chroma", home.as_posix()), page, "exec"), names)
    return names


def test_the_catalog_is_read_by_hand(home: Path) -> None:
    captured = capture(home)
    with chroma.open() as db:  # takes the journal in
        assert len(db.runs()) == 1
    found = typed("sqlite.md", home)
    assert len(found["snapshots"]) == 2 * 3
    _, layer, split, epoch, rows = found["files"][0]
    assert (split, rows) == ("val", 60)
    expected = captured.vectors[layer, epoch]
    rows_of = {each: row for row, each in enumerate(captured.ids.tolist())}
    np.testing.assert_array_equal(
        found["vectors"], expected[[rows_of[each] for each in found["ids"].tolist()]].astype(np.float32)
    )
    assert found["curve"]
    with chroma.open() as db:  # and it is as it was
        assert len(db.runs()) == 1
    assert not list(home.glob("chroma.db.damaged*"))


def test_embeddings_of_tensorboard_become_a_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    vectors = np.random.default_rng(3).normal(size=(2, 12, 5)).astype(np.float32)
    for at, step in enumerate((20_000, 100_000)):  # as SummaryWriter.add_embedding lays them out
        folder = tmp_path / "logs" / f"{step:05d}" / "default"
        folder.mkdir(parents=True)
        np.savetxt(folder / "tensors.tsv", vectors[at], delimiter="\t")
        (folder / "metadata.tsv").write_text("cat\ndog\nowl\n" * 4)
    typed("coming-from.md", home)
    with chroma.open() as db:
        run = db.run("from-tensorboard")
        assert run.snapshots()["epoch"].tolist() == [0, 1]
        assert run.samples("val")["label"].nunique() == 3
        np.testing.assert_allclose(run.embeddings(epoch=1).vectors, vectors[1], atol=2e-3)
