from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerCallback

from chroma.integrations.transformers import ChromaCallback
from tests.integrations.test_alarms import collapse
from tests.integrations.words import made

pytestmark = [
    pytest.mark.transformers,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*"),
]


def test_an_alarm_ends_a_training_the_trainers_own_way(home: Path, tmp_path: Path) -> None:
    ours = ChromaCallback(silent=True, stop_on=("collapse", "dead_layer"))

    class Collapses(TrainerCallback):
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.epoch >= 1:
                collapse(kwargs["model"])

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            assert ours.run
            ours.run.recording.flush(20)

    trainer = made(ours, Collapses(), folder=tmp_path, num_train_epochs=20)
    trainer.train()
    assert 2 <= trainer.state.epoch <= 3
    assert ours.receipt
    assert ours.receipt.status == "finished"
