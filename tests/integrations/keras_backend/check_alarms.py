"""An alarm that the user named in `stop_on` ends a fit as EarlyStopping does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.integrations.keras_backend.capturing import callback, fit
from tests.integrations.keras_backend.models import build


def test_an_alarm_ends_a_fit(home: Path) -> None:
    ours = callback(stop_on=("collapse", "dead_layer"))

    class Collapses(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.set_weights([np.zeros_like(each) for each in self.model.get_weights()])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            assert ours.run
            ours.run.recording.flush(20)

    history = fit(build("sequential"), ours, Collapses(), epochs=12)
    assert 2 <= len(history.epoch) <= 3
    assert ours.receipt
    assert ours.receipt.status == "finished"
