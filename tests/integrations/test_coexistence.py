"""Beside other tools that look into the same trainings: each gets what it gets without us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

import chroma
from chroma.integrations.lightning import ChromaCallback
from tests.integrations.autologged import autolog, runs
from tests.integrations.digits import Net, fit, snapshots

pytestmark = [
    pytest.mark.lightning,
    pytest.mark.filterwarnings("ignore"),  # theirs, of the installed versions
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("order", ["mlflow first", "chroma first"])
def test_mlflow_autolog_above_and_below(
    home: Path, tmp_path: Path, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)  # artifacts go to ./mlruns
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")

    def theirs(disable: bool = False) -> None:
        mlflow.pytorch.autolog(log_models=False, disable=disable, silent=True)

    for turn_on in (theirs, autolog) if order == "mlflow first" else (autolog, theirs):
        turn_on()
    try:
        fit(epochs=1)
        assert len(snapshots(home, "head")) == 1
        assert len(mlflow.search_runs(search_all_experiments=True)) == 1
        chroma.autolog(disable=True)
        fit(epochs=1)
        assert runs(home) == 1
        assert len(mlflow.search_runs(search_all_experiments=True)) == 2
    finally:
        theirs(disable=True)


@pytest.mark.parametrize("tool", ["wandb", "tensorboard", "dvclive"])
def test_loggers_of_others(home: Path, tmp_path: Path, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(tool)
    if tool == "wandb":
        monkeypatch.setenv("WANDB_MODE", "offline")
        monkeypatch.setenv("WANDB_SILENT", "true")
        logger: Any = pl.loggers.WandbLogger(save_dir=tmp_path, offline=True)
    elif tool == "dvclive":
        monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
        monkeypatch.chdir(tmp_path)  # it writes a dvc.yaml beside, wherever that is
        from dvclive.lightning import DVCLiveLogger

        logger = DVCLiveLogger(dir=str(tmp_path / "live"), save_dvc_exp=False, monitor_system=False)
    else:
        logger = pl.loggers.TensorBoardLogger(tmp_path)
    fit(ChromaCallback(project="tests", silent=True), epochs=1, logger=logger, log_every_n_steps=1)
    assert len(snapshots(home, "head")) == 1
    if tool == "wandb":
        logger.experiment.finish()
    written = {"wandb": "*.wandb", "tensorboard": "events.out*", "dvclive": "loss.tsv"}[tool]
    assert list(tmp_path.rglob(written))


def test_hooks_of_others_stay(home: Path) -> None:
    """Hooks of the user's on the very modules that are captured fire as often, and are there afterwards."""
    counts: list[int] = []
    for ours in ([], [ChromaCallback(project="tests", silent=True)]):
        model, seen = Net(), []
        handle = model.head.register_forward_hook(lambda *_, seen=seen: seen.append(1))
        before = model.head.register_forward_pre_hook(lambda *_: None)
        fit(*ours, model=model, epochs=1)
        counts.append(len(seen))
        assert list(model.head._forward_hooks) == [handle.id]
        assert list(model.head._forward_pre_hooks) == [before.id]
    assert counts[0] == counts[1] > 0
    assert len(snapshots(home, "head")) == 1


def test_a_watch_of_wandbs_kind_on_gradients_goes_on(home: Path) -> None:
    """Gradient hooks, as `wandb.watch` sets them, see the same gradients."""
    found: list[list[torch.Tensor]] = []
    for ours in ([], [ChromaCallback(project="tests", silent=True)]):
        pl.seed_everything(5, verbose=False)
        model, seen = Net(), []
        model.head.weight.register_hook(lambda gradient, seen=seen: seen.append(gradient.clone()))
        fit(*ours, model=model, epochs=1)
        found.append(seen)
    assert all(torch.equal(left, right) for left, right in zip(*found, strict=True))
