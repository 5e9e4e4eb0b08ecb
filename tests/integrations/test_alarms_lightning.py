from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest

from chroma.records import RunEvent
from tests.integrations.digits import fit, written
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.integrations.test_alarms import collapse

pytestmark = LIGHTNING


class Collapses(pl.Callback):
    """All weights become zero in the third epoch; waits for what Chroma finds, so that tests are quick."""

    def __init__(self, ours: Any) -> None:
        self.ours = ours

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch == 2:
            collapse(pl_module)
            trainer.optimizers[0].param_groups[0]["lr"] = 0.0

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.ours.run.recording.flush(20)


def test_a_training_that_collapses_ends(home: Path) -> None:
    ours = callback(stop_on=("collapse", "dead_layer"))
    trainer, _ = fit(ours, Collapses(ours), epochs=30)
    assert trainer.current_epoch in (3, 4)
    assert ours.receipt.status == "finished"
    assert {event.rule for event in written(home) if isinstance(event, RunEvent)} >= {"collapse"}


@pytest.mark.parametrize("options", [{}, {"stop_on": ("leak",)}, {"alarms": False}])
def test_unless_it_was_asked_for(home: Path, options: dict[str, Any]) -> None:
    ours = callback(**options)
    trainer, _ = fit(ours, Collapses(ours), epochs=5)
    assert trainer.current_epoch == 5
    found = [event for event in written(home) if isinstance(event, RunEvent)]
    assert bool(found) == (options != {"alarms": False})
