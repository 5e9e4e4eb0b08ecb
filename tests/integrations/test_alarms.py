"""`stop_on`: an alarm ends a training the framework's own way, and only where the user asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import chroma
from chroma.errors import ConfigError
from chroma.integrations._torch.options import CaptureOptions
from chroma.records import WriterId
from chroma.run import Run
from tests.integrations.digits import Digits
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
