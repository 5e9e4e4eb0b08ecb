"""The callback as tests use it, and what a user would write by hand instead."""

from __future__ import annotations

import random
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from chroma.integrations.lightning import ChromaCallback

# marks of every test with Lightning
LIGHTNING = [
    pytest.mark.lightning,
    # Lightning's own, of the installed versions
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*shuffling enabled.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*ambiguous collection.*"),
    pytest.mark.filterwarnings("ignore:.*persistent_workers.*"),
    pytest.mark.filterwarnings("ignore:.*custom batch sampler.*"),
    pytest.mark.filterwarnings("ignore:.*add_dataloader_idx.*"),
]


def callback(**options: Any) -> Any:
    return ChromaCallback(**{"silent": True, "project": "tests", **options})


class ByHand(pl.Callback):
    """What a user would write by hand: hooks that collect the features and logits of each validation pass."""

    def __init__(self) -> None:
        self.passes: list[tuple[np.ndarray, np.ndarray]] = []

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.features: list[Any] = []
        self.logits: list[Any] = []

        def keep(module: Any, args: Any, output: Any) -> None:
            self.features.append(args[0].clone().numpy())
            self.logits.append(output.clone().numpy())

        self.handle = pl_module.head.register_forward_hook(keep)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.handle.remove()
        if not trainer.sanity_checking:
            self.passes.append((np.concatenate(self.features), np.concatenate(self.logits)))


class States(pl.Callback):
    """Everything a training may be disturbed by."""

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        hooks = [
            (len(module._forward_hooks), len(module._forward_pre_hooks), module.training)
            for module in pl_module.modules()
        ]
        state = (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()), hooks)
        metrics = {name: value.item() for name, value in trainer.callback_metrics.items()}
        self.seen = [*getattr(self, "seen", []), (state, metrics)]
