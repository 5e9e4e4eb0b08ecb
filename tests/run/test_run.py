from __future__ import annotations

import logging
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError
from chroma.journal import entries, is_alive, writers
from chroma.records import (
    Columns,
    Metrics,
    Outputs,
    Projection,
    Record,
    RunClosed,
    RunOpened,
    Samples,
    Snapshot,
)
from chroma.run.environment import git_commit
from chroma.segment import read

RNG = np.random.default_rng(5)


def written(home: Path) -> list[Record]:
    return [read(entry.path).record for entry in entries(home / "journal")]


def kinds(home: Path) -> list[str]:
    return [type(record).__name__ for record in written(home)]


def python(script: str, home: Path, **env: str) -> subprocess.Popen[str]:
    """Run a script as a user would, without strict mode."""
    environment = {**os.environ, "CHROMA_HOME": str(home), "PYTHONPATH": os.getcwd(), **env}
    environment.pop("CHROMA_STRICT", None)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


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
        (log(vectors=[[1, 2], [3]]), "vectors= cannot be made an array"),
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
        (log(ids=["a", "b", "c"]), "were index ids and are now key ids"),
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


def test_a_job_that_is_started_again_continues_its_run(tmp_path: Path) -> None:
    def ids(argument: str, **environ: str) -> list[str]:
        code = "from chroma.run.naming import new_run_id as new; print(new(), new())"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SLURM", "TORCH", "RANK"))
        }
        ran = subprocess.run(
            [sys.executable, "-c", code, argument],
            env={**kept, **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.split()

    slurm = {"SLURM_JOB_ID": "71", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JOB_NAME": "train"}
    first = ids("a", **slurm)
    assert len(set(first)) == 2
    assert re.fullmatch(r"slurm-71-3-[0-9a-f]{8}-0", first[0])
    assert ids("a", **slurm, SLURM_RESTART_COUNT="1") == first
    assert not set(ids("b", **slurm)) & set(first)  # another command of the same job
    torchrun = {"TORCHELASTIC_RUN_ID": "any/thing", "RANK": "0"}
    again = ids("a", **torchrun)
    assert ids("a", **torchrun, TORCHELASTIC_RESTART_COUNT="1") == again
    assert again[0].startswith("torchrun-any-thing-")
    for apart in (
        {},
        {**torchrun, "RANK": "1"},
        {**slurm, "SLURM_PROCID": "1"},
        {"SLURM_JOB_ID": "7"} | {"SLURM_JOB_NAME": "interactive"},
    ):
        assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", ids("a", **apart)[0])


def test_errors_in_the_block_fail_the_run_and_go_on(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), chroma.init(run_id="a"):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), chroma.init(run_id="b"):
        raise KeyboardInterrupt
    failed, interrupted = [record for record in written(home) if isinstance(record, RunClosed)]
    assert (failed.status, failed.error) == ("failed", "ZeroDivisionError: division by zero")
    assert (interrupted.status, interrupted.error) == ("interrupted", None)


def test_a_forgotten_run_ends(home: Path) -> None:
    run = chroma.init()
    run.log_metrics({"a": 1}, epoch=0)
    recording = run.recording
    del run
    assert recording.closed
    recording._writer._thread.join(10)
    assert kinds(home) == ["RunOpened", "Metrics", "RunClosed"]


@pytest.mark.parametrize(
    ("ending", "status"),
    [("", "finished"), ("raise ValueError('no')", "failed"), ("raise KeyboardInterrupt", "interrupted")],
)
def test_an_unfinished_run_is_closed_at_exit(home: Path, ending: str, status: str) -> None:
    child = python(
        "import chroma, numpy\nrun = chroma.init()\n"
        "for e in range(20): run.log_embeddings(numpy.ones((500, 64)), layer='fc', epoch=e)\n" + ending,
        home,
    )
    child.communicate(timeout=60)
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert closed.status == status
    assert closed.receipt["layers"][0]["snapshots"] == 20


def test_a_forked_child_never_writes(home: Path) -> None:
    child = python(
        "import chroma, numpy, os\nrun = chroma.init()\n"
        "for e in range(5): run.log_embeddings(numpy.ones((2000, 64)), layer='fc', epoch=e)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    try: run.log_metrics({'child': 1}, epoch=0)\n"
        "    except chroma.errors.ConfigError: pass\n"
        "else:\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    run.recording.flush(60)\n"
        "    from chroma.journal import is_alive, writers; from chroma.settings import load_settings\n"
        "    j = load_settings().journal\n"
        "    assert [is_alive(j, *w) for w in writers(j)] == [True]\n"
        "    run.log_metrics({'parent': 1}, epoch=0)\n",
        home,
    )
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0, said
    assert kinds(home) == ["RunOpened", "Samples", *["Snapshot"] * 5, "Metrics", "RunClosed"]


ENDLESS = """
import chroma, numpy, sys
run = chroma.init(run_id="killed")
vectors = numpy.ones((300, 32), numpy.float32)
for epoch in range(100_000):
    vectors[:] = epoch % 2048
    run.log_embeddings(vectors, layer="fc", ids=numpy.arange(300), epoch=epoch)
    run.recording.flush(10)
    print(epoch, flush=True)
"""


@pytest.mark.parametrize("attempt", range(6))
def test_killed_at_a_random_moment_every_snapshot_that_was_confirmed_is_whole(
    home: Path, attempt: int
) -> None:
    child = python(ENDLESS, home)
    assert child.stdout is not None
    assert child.stdout.readline() == "0\n"
    time.sleep(random.SystemRandom().uniform(0, 0.1))
    child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=30)
    confirmed = [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
    found = {s.epoch: s for s in written(home) if isinstance(s, Snapshot)}
    assert {0, *confirmed} <= found.keys()
    assert all((s.vectors == epoch % 2048).all() and len(s.ids) == 300 for epoch, s in found.items() if epoch)
    assert not any(is_alive(home / "journal", *writer) for writer in writers(home / "journal"))


def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "chroma"]


def test_a_home_that_goes_away_is_warned_of_once_and_counted(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lenient(monkeypatch)
    run = chroma.init()
    run.log_embeddings(np.ones((3, 2)), layer="fc", epoch=0)
    assert run.recording.flush(10)
    home.rename(home.with_name("gone"))
    for epoch in range(1, 4):
        run.log_embeddings(np.ones((3, 2)), layer="fc", epoch=epoch)
    receipt = run.finish()
    (warned,) = ours(caplog)
    assert "training continues" in warned
    assert (receipt.layers[0].snapshots, receipt.layers[0].snapshots_of) == (1, 4)
    assert sum(receipt.missing.values()) >= 3
    assert "1 of 4" in str(receipt)
    assert "missing" in str(receipt)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_warned_of_once_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], check=False).returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        lenient(monkeypatch)
        monkeypatch.setenv("CHROMA_HOME", str(small))
        run = chroma.init()
        for epoch in range(20):
            run.log_embeddings(np.ones((100, 128)), layer="fc", epoch=epoch)
        receipt = run.finish()
        kept = receipt.layers[0].snapshots
        assert 0 < kept < 20
        assert receipt.layers[0].snapshots_of == 20
        assert len(ours(caplog)) == 1
        assert "No space left" in ours(caplog)[0]
        assert sum(isinstance(record, Snapshot) for record in written(small)) == kept
        assert not list((small / "journal").glob("*/.*.tmp"))
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_a_full_queue_drops_and_counts_and_never_blocks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_QUEUE_BYTES", "50000")
    run = chroma.init()
    started = time.perf_counter()
    for epoch in range(200):
        run.log_embeddings(np.ones((100, 100), np.float32), layer="fc", epoch=epoch)
    took = time.perf_counter() - started
    receipt = run.finish()
    kept = receipt.layers[0].snapshots
    assert receipt.layers[0].snapshots_of == 200
    assert 0 < kept < 200
    assert receipt.missing == {"the disk was slower than the training (queue full)": 200 - kept}
    assert sum(isinstance(record, Snapshot) for record in written(home)) == kept
    assert took < 5
    assert receipt.seconds <= took


def test_the_wait_at_exit_is_bounded(home: Path) -> None:
    child = python(
        "import chroma, time\nrun = chroma.init()\nrun.recording.submit(lambda: time.sleep(60) or [], 0)\n",
        home,
        CHROMA_EXIT_TIMEOUT="0.5",
    )
    started = time.monotonic()
    child.communicate(timeout=30)
    assert child.returncode == 0
    assert time.monotonic() - started < 20


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


def test_a_warning_of_ours_reaches_a_user_without_logging_set_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    child = python("import chroma\nchroma.init().finish()", tmp_path / "file")
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0
    assert said.count("chroma:") == 1
    assert "set CHROMA_HOME to a folder" in said


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


def test_strict_errors_are_not_hidden(caplog: pytest.LogCaptureFixture) -> None:
    from chroma.guard import Guard

    with pytest.raises(OSError, match="disk"), Guard().fail_safe("testing"):
        raise OSError("disk")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


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
