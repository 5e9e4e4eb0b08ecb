"""What a classifier says of the samples that Hugging Face's Trainer trains on."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import GPT2Config, GPT2ForSequenceClassification

from chroma.integrations.transformers import ChromaCallback
from chroma.records import TrainingOutputs
from tests.integrations.digits import written
from tests.integrations.words import FIRST, Net, made, tokenizer

pytestmark = [
    pytest.mark.transformers,
    # the framework's own, of the installed versions
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*"),
]


def generating() -> Any:
    """Scores every token, and takes the scores of the last one that is no padding."""
    return GPT2ForSequenceClassification(
        GPT2Config(
            vocab_size=len(tokenizer()), n_embd=16, n_layer=1, n_head=2, n_positions=32, pad_token_id=0
        )
    )


@pytest.mark.parametrize(("model", "accumulate"), [(None, 1), (None, 2), (generating, 1)])
def test_every_training_sample_has_its_outputs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Any, accumulate: int
) -> None:
    steps: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    kind = Net if model is None else GPT2ForSequenceClassification
    original = kind.forward

    @wraps(original)  # the Trainer looks at the names of its arguments
    def keeping(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = original(self, *args, **kwargs)
        if self.training:
            kwargs = {**dict(zip(["input_ids"], args, strict=False)), **kwargs}
            p = found.logits.detach().softmax(1).numpy()
            steps.append((kwargs["input_ids"][:, 1].numpy() - FIRST, kwargs["labels"].numpy(), p))
        return found

    monkeypatch.setattr(kind, "forward", keeping)
    ours = ChromaCallback(silent=True, project="tests", max_samples=5)
    made(ours, folder=tmp_path, model=model, gradient_accumulation_steps=accumulate).train()
    records = [record for record in written(home) if isinstance(record, TrainingOutputs)]
    assert [record.epoch for record in records] == [0, 1]
    ids, labels, p = (np.concatenate(column) for column in zip(*steps, strict=True))
    for epoch, record in enumerate(records):
        here = slice(48 * epoch, 48 * (epoch + 1))
        order = np.argsort(ids[here])
        truth = labels[here][order]
        np.testing.assert_array_equal(record.ids, np.arange(48))
        np.testing.assert_array_equal(record.labels, truth)
        of_label = p[here][order][np.arange(48), truth]
        np.testing.assert_allclose(np.exp(-record.cross_entropy), of_label, rtol=1e-4)
        np.testing.assert_allclose(record.other_probability, 1 - of_label, rtol=1e-3, atol=1e-6)
    assert ours.receipt is not None
    assert "outputs of train's own batches: 2 epochs, 48 of 48 samples" in " ".join(ours.receipt.notes)
