"""Ways of training in which Hugging Face's Trainer is captured otherwise, or not at all: each says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import chroma
from tests.integrations.autologged import runs
from tests.integrations.digits import outputs, samples, snapshots
from tests.integrations.test_transformers import callback
from tests.integrations.test_transformers import pytestmark as transformers_marks
from tests.integrations.words import Net, config, logits, made

pytestmark = transformers_marks


def test_compiled_models_are_evaluated_separately(home: Path, tmp_path: Path) -> None:
    ours = callback()
    trainer = made(ours, folder=tmp_path, torch_compile=True, torch_compile_backend="eager")
    trainer.train()
    assert [(s.epoch, s.step) for s in snapshots(home, "classifier")] == [(0, 3), (1, 6)]
    np.testing.assert_allclose(
        outputs(home)[-1].logits, logits(trainer.model, trainer.eval_dataset), atol=1e-4
    )
    assert "compiled code does not call hooks" in " ".join(str(ours.receipt).split())


def test_copies_of_a_model_on_several_devices_are_evaluated_separately(home: Path, tmp_path: Path) -> None:
    """DataParallel; without a GPU it has a single copy."""
    ours = callback()
    trainer = made(ours, folder=tmp_path)
    trainer.args._n_gpu = 2
    trainer.train()
    assert type(trainer.model_wrapped).__name__ == "DataParallel"
    assert [s.epoch for s in snapshots(home, "classifier")] == [0, 1]
    np.testing.assert_allclose(
        outputs(home)[-1].logits, logits(trainer.model, trainer.eval_dataset), atol=1e-4
    )
    assert "DataParallel calls copies of the model" in " ".join(str(ours.receipt).split())


def test_a_training_that_starts_again_in_smaller_batches_is_one_run(home: Path, tmp_path: Path) -> None:
    """`auto_find_batch_size`: the memory is full at batches of 16."""

    class Greedy(Net):
        def forward(
            self,
            input_ids: Any = None,
            attention_mask: Any = None,
            token_type_ids: Any = None,
            labels: Any = None,
        ) -> Any:
            if self.training and len(input_ids) > 8:
                raise RuntimeError("CUDA out of memory.")
            return super().forward(input_ids, attention_mask, token_type_ids, labels)

    ours = callback(layers="signature", splits={"train": "ride", "val": "ride"})
    trainer = made(ours, folder=tmp_path, model=lambda: Greedy(config()), auto_find_batch_size=True)
    trainer.train()
    assert runs(home) == 1
    steps = sorted({snapshot.step for snapshot in snapshots(home, "signature")})
    assert len(steps) == 2
    assert steps[-1] == trainer.state.global_step > 6
    for split, n in (("train", 48), ("val", 40)):
        assert samples(home, split).ids.tolist() == list(range(n))
        for snapshot in snapshots(home, "signature", split):
            np.testing.assert_array_equal(snapshot.vectors[:, 0], snapshot.ids)
    with chroma.open(home) as db:
        assert db.runs()["status"].tolist() == ["finished"]
        assert db.run("latest").snapshots(layer="signature", split="val")["epoch"].tolist() == [0, 1]
