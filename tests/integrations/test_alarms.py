"""`stop_on`: an alarm ends a training the framework's own way, and only where the user asked for it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

import chroma
from chroma.errors import ConfigError
from chroma.integrations._torch.options import CaptureOptions
from chroma.records import RunEvent, WriterId
from chroma.run import Run, events
from tests.integrations.digits import Digits, written
from tests.integrations.test_watch import Plain


@torch.no_grad()
def collapse(model: torch.nn.Module) -> None:
    for parameter in model.parameters():
        parameter.zero_()


def test_a_loop_of_ones_own_asks(home: Path) -> None:
    model = Plain()
    loader = DataLoader(Digits(0, 60), batch_size=32)
    with chroma.watch(model, loader=loader, silent=True, stop_on="collapse") as watch:
        for epoch in range(30):
            if epoch == 2:
                collapse(model)
            watch.snapshot(epoch=epoch)
            assert watch.run
            watch.run.recording.flush(20)
            if watch.should_stop:
                break
    assert epoch == 2


def test_of_several_processes_none_ends_alone(home: Path) -> None:
    run = Run("p", writer_id=WriterId(rank=0, world_size=2), framework="test")
    CaptureOptions(stop_on=("collapse",)).watch(run.recording, processes=2)
    receipt = run.finish()
    assert any("stop_on= ends trainings of one process only" in note for note in receipt.notes)
    assert "alarms look at the samples of one of 2 processes" in receipt.notes


def test_labels_that_shift_ring_while_the_epoch_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_AT_FIRST", math.inf)
    torch.manual_seed(0)
    model = Plain()
    digits = Digits(0, 400)
    loader = DataLoader(digits, batch_size=20, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with chroma.watch(model, loader={"train": loader}, silent=True, stop_on="label_shift") as watch:
        for epoch in range(5):
            if epoch == 4:
                digits.labels.copy_((digits.labels + 1) % 10)
            for batch, targets in loader:
                optimizer.zero_grad()
                cross_entropy(model(batch), targets).backward()
                optimizer.step()
            assert watch.run
            watch.run.recording.flush(20)
            assert watch.should_stop == (epoch == 4)
            watch.snapshot(epoch=epoch, step=20 * (epoch + 1))
    shifted = next(record for record in written(home) if isinstance(record, RunEvent))
    assert (shifted.rule, shifted.epoch, shifted.split) == ("label_shift", 4, "train")
    assert 80 < shifted.step < 90
    assert re.match(r"(1\d0) of \1 samples were taught with another label", shifted.text)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"stop_on": ("colapse",)}, "stop_on= names 'colapse'; give some of collapse, divergence"),
        ({"stop_on": "leak", "alarms": False}, "stop_on= needs alarms"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        CaptureOptions(**options)
