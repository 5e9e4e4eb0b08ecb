from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError
from chroma.journal import entries
from chroma.liveness import is_alive, writers
from chroma.records import (
    Columns,
    Metrics,
    Outputs,
    Projection,
    RunClosed,
    RunOpened,
    Samples,
    Snapshot,
)
from chroma.run.environment import git_commit
from chroma.segment import read
from tests.run.logged import kinds, python, written

RNG = np.random.default_rng(5)


def test_all_that_is_logged_is_read_back(home: Path) -> None:
    vectors = RNG.normal(size=(6, 5)).astype(np.float32)
    ids = np.array([3, 1, 4, 15, 9, 2])
    logits = RNG.normal(size=(6, 3))
    with chroma.init("project", "name", run_id="run-1", config={"rate": 0.1, "path": Path("x")}) as run:
        run.log_samples(
            "val", ids=ids, labels=[0, 1, 2, 0, 1, 2], texts=list("abcdef"), metadata={"age": ids}
        )
        run.log_embeddings(
            vectors, layer="fc1", ids=ids, epoch=2, step=70, labels=[0, 1, 2, 0, 1, 2], logits=logits
        )
        run.log_columns("val", ids, epoch=2, iou=ids / 20)
        run.log_projection(vectors[:, :2], layer="fc1", ids=ids, epoch=2)
        run.log_metrics({"acc": np.float32(0.5), "nan": float("nan")}, epoch=2)
    opened, samples, snapshot, outputs, columns, projection, metrics, closed = written(home)
    assert isinstance(opened, RunOpened)
    assert opened.config == {"rate": 0.1, "path": "x"}
    assert (opened.project, opened.name, opened.framework) == ("project", "name", None)
    assert opened.environment["pid"] == os.getpid()
    assert isinstance(samples, Samples)
    assert samples.ids.tolist() == ids.tolist()
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert samples.metadata["age"].tolist() == ids.tolist()
    assert samples.texts == list("abcdef")
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.layer, snapshot.split, snapshot.epoch, snapshot.step) == ("fc1", "val", 2, 70)
    assert (snapshot.of, snapshot.ends, snapshot.ids.tolist()) == (6, True, ids.tolist())
    np.testing.assert_array_equal(snapshot.vectors, vectors.astype(np.float16))
    assert isinstance(outputs, Outputs)
    assert outputs.prediction.tolist() == logits.argmax(1).tolist()
    assert isinstance(columns, Columns)
    assert columns.columns["iou"].tolist() == (ids / 20).tolist()
    assert isinstance(projection, Projection)
    assert projection.xy.tolist() == vectors[:, :2].tolist()
    assert isinstance(metrics, Metrics)
    assert metrics.values["acc"] == 0.5
    assert np.isnan(metrics.values["nan"])
    assert isinstance(closed, RunClosed)
    assert closed.status == "finished"
    assert closed.receipt["layers"] == [
        {
            "layer": "fc1",
            "split": "val",
            "snapshots": 1,
            "snapshots_of": 1,
            "n": 6,
            "of": 6,
            "dim": 5,
            "bytes": closed.receipt["layers"][0]["bytes"],
        }
    ]
    assert not any(is_alive(home / "journal", *writer) for writer in writers(home / "journal"))


def test_arrays_are_copied_when_they_are_given(home: Path) -> None:
    vectors, ids = np.ones((4, 3), np.float32), np.arange(4)
    with chroma.init() as run:
        for epoch in range(50):
            vectors[:] = epoch
            ids[:] = np.arange(4) + epoch
            run.log_embeddings(vectors, layer="fc", ids=ids, epoch=epoch)
    found = [record for record in written(home) if isinstance(record, Snapshot)]
    assert [s.vectors[0, 0] for s in found] == list(range(50))
    assert [s.ids[0] for s in found] == list(range(50))


def test_samples_are_recorded_once_and_completed(home: Path) -> None:
    with chroma.init() as run:
        for epoch in range(3):
            run.log_embeddings(
                np.ones((3, 2)), layer="fc", ids=["a", "b", "c"], epoch=epoch, labels=["x", "y", "x"]
            )
        run.log_embeddings(np.ones((4, 2)), layer="fc", ids=["a", "b", "c", "d"], epoch=3)
    found = [record for record in written(home) if isinstance(record, Samples)]
    assert [s.ids.tolist() for s in found] == [["a", "b", "c"], ["a", "b", "c", "d"]]
    assert (found[0].identity, found[1].of) == ("key", 4)


def test_float16_gives_way_to_float32_where_values_are_too_large(home: Path) -> None:
    vectors = np.array([[1.0, np.nan], [70_000.0, np.inf]], np.float32)
    with chroma.init() as run:
        run.log_embeddings(vectors, layer="large", epoch=0)
        run.log_embeddings(vectors[:1], layer="small", epoch=0)
    large, small = [record for record in written(home) if isinstance(record, Snapshot)]
    assert (large.vectors.dtype, small.vectors.dtype) == (np.float32, np.float16)
    np.testing.assert_array_equal(large.vectors, vectors)
    said = str(run.finish())
    assert "large is kept as float32" in said
    assert "NaN or infinite values in 2 samples" in said


def log(**change: Any) -> Callable[[Any], None]:
    given = {"vectors": np.ones((3, 2)), "layer": "fc", "ids": [1, 2, 3], "split": "val", "epoch": 0} | change
    return lambda run: run.log_embeddings(given.pop("vectors"), **given)


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        (log(vectors=np.ones(3)), r"vectors= must be two-dimensional.*\(3,\).*reshape"),
        (log(vectors=np.ones((3, 2, 2))), r"vectors= must be two-dimensional.*\(3, 2, 2\)"),
        (log(vectors=np.ones((3, 2), complex)), "vectors= must hold real numbers, got complex128"),
        (log(vectors=[["a", "b"]] * 3), "vectors= must hold real numbers"),
        (log(vectors=[[1, 2], [3]]), "vectors= cannot be turned into an array"),
        (log(vectors=np.ones((3, 0))), "vectors= has no columns"),
        (log(ids=[1, 2]), "ids= has 2 ids for 3 rows of vectors"),
        (log(ids=[1, 2, 2]), "ids= names 2 2 times"),
        (log(ids=[0.5, 1, 2]), "ids=: ids must be integers or strings"),
        (log(epoch=-1), "epoch=-1 cannot be used"),
        (log(epoch=1.5), r"epoch=1\.5 cannot be used"),
        (log(epoch=None), "epoch= and step= are both missing"),
        (log(layer=""), "layer='' cannot be a name"),
        (log(split=3), "split=3 cannot be a name"),
        (log(labels=[1, 2]), r"labels= has shape \(2,\) for 3 samples"),
        (log(logits=np.ones((3, 1))), r"logits= has shape \(3, 1\)"),
        (log(logits=np.ones((2, 4))), r"logits= has shape \(2, 4\)"),
        (log(step=7), "step 7 already has a snapshot of layer 'fc' in split 'val'"),
        (log(ids=["a", "b", "c"]), "were integers and are now strings"),
        (lambda run: run.log_samples("val"), "got nothing to log"),
        (lambda run: run.log_samples("val", ids=[1], labels=[1, 2]), "labels= has 2 entries, ids= has 1"),
        (lambda run: run.log_columns("val", [1], epoch=0), "got no column"),
        (lambda run: run.log_columns("val", [1], epoch=0, a=[1, 2]), r"has 1 ids for 2|one value each"),
        (lambda run: run.log_projection(np.ones((3, 3)), layer="fc", epoch=0), "give two columns"),
        (lambda run: run.log_metrics({"a": "high"}, epoch=0), "metrics must be numbers"),
    ],
)
def test_misuse_names_the_argument_and_the_remedy(home: Path, misuse: Any, said: str) -> None:
    run = chroma.init()
    run.log_embeddings(np.ones((3, 2)), layer="fc", ids=[1, 2, 3], epoch=9, step=7)
    with pytest.raises(ConfigError, match=said):
        misuse(run)
    run.finish()
    assert kinds(home) == ["RunOpened", "Samples", "Snapshot", "RunClosed"]


def test_a_finished_run_takes_no_more(home: Path) -> None:
    run = chroma.init()
    assert run.finish() is run.finish("failed")
    with pytest.raises(ConfigError, match="has ended; open another"):
        run.log_metrics({"a": 1}, epoch=0)


@pytest.mark.parametrize("run_id", ["../up", "", "a/b", "x" * 200, ".hidden"])
def test_ids_that_cannot_name_a_folder_are_refused(run_id: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a folder"):
        chroma.init(run_id=run_id)


def test_names_are_readable_kept_by_the_id_and_cost_no_randomness(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my-repo" / ".git").mkdir(parents=True)
    (tmp_path / "my-repo" / "src").mkdir()
    monkeypatch.chdir(tmp_path / "my-repo" / "src")
    random.seed(1)
    np.random.seed(1)
    before = (random.getstate(), str(np.random.get_state()))
    monkeypatch.setenv("CHROMA_RUN_ID", "job-7")
    first, second = chroma.init(), chroma.init()
    other = chroma.init(run_id="job-8")
    for run in (first, second, other):
        run.finish()
    assert before == (random.getstate(), str(np.random.get_state()))
    assert first.project == "my-repo"
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", first.name)
    assert (first.id, first.name) == (second.id, second.name) == ("job-7", second.name)
    assert other.name != first.name
    headers = [read(entry.path).header for entry in entries(home / "journal")]
    assert len({header.attempt for header in headers if header.run == "job-7"}) == 2


def test_importing_chroma_loads_nothing_heavy() -> None:
    heavy = [
        "torch",
        "lightning",
        "pyarrow",
        "numpy",
        "pydantic",
        "PIL",
        "fastapi",
        "sklearn",
        "pandas",
        "umap",
    ]
    script = f"import chroma, sys; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_logging_loads_no_framework(home: Path) -> None:
    child = python(
        "import chroma, numpy, sys\n"
        "with chroma.init() as run: run.log_embeddings(numpy.ones((3, 2)), layer='fc', epoch=0)\n"
        "print([n for n in ('torch', 'lightning', 'pandas', 'sklearn', 'PIL') if n in sys.modules])",
        home,
    )
    assert child.communicate(timeout=60)[0].strip() == "[]"


def test_pytorch_tensors_are_taken(home: Path) -> None:
    torch = pytest.importorskip("torch")
    with chroma.init() as run:
        run.log_embeddings(
            torch.ones(3, 2, dtype=torch.bfloat16, requires_grad=True),
            layer="fc",
            ids=torch.arange(3),
            epoch=0,
        )
    (found,) = [record for record in written(home) if isinstance(record, Snapshot)]
    assert found.vectors.tolist() == [[1, 1]] * 3
    assert found.ids.tolist() == [0, 1, 2]


def test_the_git_commit_is_read_without_a_subprocess(tmp_path: Path) -> None:
    def git(*arguments: str, folder: Path = tmp_path) -> str:
        return subprocess.check_output(
            ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *arguments], text=True
        ).strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "below").mkdir()
    assert git_commit(tmp_path / "below") == commit
    git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    assert git_commit(tmp_path / "tree") == commit
    git("worktree", "add", "-q", str(tmp_path / "branch"))
    assert git_commit(tmp_path / "branch") == commit
    git("pack-refs", "--all")
    assert git_commit(tmp_path / "below") == commit
    assert git_commit(Path("/")) is None
