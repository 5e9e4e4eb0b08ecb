"""Which runs go when a home is to keep its size, and that they can be brought back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import chroma
from chroma.cli import app
from chroma.cli._quantities import duration, n_bytes
from chroma.errors import ConfigError
from chroma.journal import JournalWriter
from chroma.reader.retention import best_rule, choose
from chroma.records import Metrics, RunClosed, RunOpened
from tests.server.filming import until
from tests.test_cli import _refused, _run


def _runs(*rows: tuple[str, str, float, int]) -> pd.DataFrame:
    """Runs by id, status, days since they ended, bytes."""
    now = pd.Timestamp.now("UTC")
    table = pd.DataFrame(rows, columns=["id", "status", "days", "bytes"])
    table["created_at"] = now - pd.to_timedelta(table["days"] + 1, unit="D")
    ended = now - pd.to_timedelta(table["days"], unit="D")
    table["finished_at"] = ended.where(table["status"] != "running")
    return table


def test_the_old_go_first_then_the_oldest_until_the_rest_fits():
    runs = _runs(
        ("new", "finished", 1, 30),
        ("week", "failed", 7, 30),
        ("month", "interrupted", 31, 30),
        ("best", "finished", 90, 30),
        ("on", "running", 99, 30),
    )
    old = choose(runs, older_than=timedelta(days=30), max_bytes=None, keep={"best"})
    assert old[["id", "why"]].values.tolist() == [["month", "old"]]
    both = choose(runs, older_than=timedelta(days=30), max_bytes=100, keep={"best"})
    assert both[["id", "why"]].values.tolist() == [["month", "old"], ["week", "size"]]
    # what never goes counts, too: then all else goes
    assert set(choose(runs, older_than=None, max_bytes=10)["id"]) == {"new", "week", "month", "best"}
    assert choose(runs, older_than=None, max_bytes=150).empty
    with pytest.raises(ConfigError, match="nothing says which runs go"):
        choose(runs, older_than=None, max_bytes=None)


def test_durations_and_sizes_as_people_write_them():
    assert duration("--older-than", "8w") == timedelta(weeks=8)
    assert duration("--older-than", " 12H ") == timedelta(hours=12)
    assert n_bytes("--max-size", "1.5 GB") == 1_500_000_000
    assert n_bytes("--max-size", "7") == 7
    for text in ("30", "-3d", "d", "1e3d", ""):
        with pytest.raises(ConfigError, match="--older-than is"):
            duration("--older-than", text)
    for text in ("GB", "-1MB", "1e9", "1 PB"):
        with pytest.raises(ConfigError, match="--max-size is"):
            n_bytes("--max-size", text)
    assert best_rule("val_acc") == ("val_acc", True)
    assert best_rule("val:0/loss:min") == ("val:0/loss", False)
    with pytest.raises(ConfigError, match="names no metric"):
        best_rule(":min")


def test_a_home_is_pruned_but_for_the_best_of_each_project(home: Path):
    for project, name, loss in (("a", "first", 0.2), ("a", "second", 0.1), ("b", "third", None)):
        writer = JournalWriter(home / "journal", f"run-{name}")
        writer.commit(RunOpened(project=project, name=name, framework="", task="unlabelled"))
        if loss is not None:
            writer.commit(Metrics(epoch=0, step=1, values={"val_loss": loss}))
        writer.commit(RunClosed("finished"))
        writer.close()
    with chroma.open(home) as db:
        chosen = db.prune(max_bytes=0, keep_best="val_loss:min", dry_run=True)
        assert chosen["id"].tolist() == ["run-first"], "no run of b has this metric: it keeps all"
        assert len(db.runs()) == 3
    _refused(_run("runs", "prune", "--home", str(home)), "--older-than")
    rules = ("runs", "prune", "--max-size", "0B", "--keep-best", "val_loss:min", "--home", str(home))
    done = _run(*rules, "--yes", "--json")
    assert [run["id"] for run in json.loads(done.stdout)] == ["run-first"], done.stderr
    with chroma.open(home) as db:
        assert set(db.runs()["id"]) == {"run-second", "run-third"}
        assert db.restore("run-first").name == "first"


def test_a_run_that_is_resumed_while_a_person_thinks_stays(home: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("first", "second"):
        writer = JournalWriter(home / "journal", f"run-{name}")
        writer.commit(RunOpened(project="a", name=name, framework="", task="unlabelled"))
        writer.commit(RunClosed("finished"))
        writer.close()
    resumed = JournalWriter(home / "journal", "run-first")

    def confirm(*_: object, **__: object) -> bool:
        resumed.commit(RunOpened(project="a", name="first", framework="", task="unlabelled"))
        with chroma.open(home) as db:
            until(lambda: "running" in set(db.runs()["status"]), 20)
        return True

    monkeypatch.setattr(typer, "confirm", confirm)
    done = CliRunner().invoke(app, ["runs", "prune", "--max-size", "0B", "--home", str(home)])
    resumed.close()
    assert done.exit_code == 0, done.output
    assert "Deleted 1 of 2 runs." in done.output
    assert "1 of these runs go on again" in done.output
    with chroma.open(home) as db:
        assert db.runs()["id"].tolist() == ["run-first"]
