"""Train a small model with and without Chroma, and compare every weight: what `chroma doctor` runs.

python -m chroma.integrations.determinism lightning     # or transformers, or keras with KERAS_BACKEND set
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import chroma
from chroma.journal import entries
from chroma.records import Array

Trained = dict[str, Array]  # all that training leaves behind, by name
_SAMPLES, _EPOCHS, _SEED = 256, 3, 20_261


def _made_up() -> tuple[Array, Array]:
    """`[256, 16]` inputs in four groups, and their `[256]` labels."""
    random = np.random.default_rng(_SEED)
    labels = random.integers(0, 4, _SAMPLES)
    return (random.normal(size=(_SAMPLES, 16)) + labels[:, None]).astype(np.float32), labels


def train_lightning(*, augmented: bool = False) -> Trained:
    """A network with BatchNorm and dropout, shuffled.

    Args:
        augmented: The samples go through a function with a generator of its own, and train is captured too.
    """
    import torch
    from torch.utils.data import DataLoader, TensorDataset, default_collate

    pl: Any = import_module("lightning.pytorch" if _installed("lightning") else "pytorch_lightning")

    class Net(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            layers = torch.nn
            self.body = layers.Sequential(
                layers.Linear(16, 32), layers.BatchNorm1d(32), layers.ReLU(), layers.Dropout(0.3)
            )
            self.head = layers.Linear(32, 4)

        def training_step(self, batch: Any, _: int) -> Any:
            return torch.nn.functional.cross_entropy(self.head(self.body(batch[0])), batch[1])

        def validation_step(self, batch: Any, _: int) -> None:
            self.log("val_loss", self.training_step(batch, 0))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=0.01)

    pl.seed_everything(_SEED, verbose=False)
    inputs, labels = _made_up()
    data = TensorDataset(torch.tensor(inputs), torch.tensor(labels))
    own = torch.Generator().manual_seed(_SEED)

    def noisy(rows: Any) -> Any:
        given, targets = default_collate(rows)
        return given + torch.randn(given.shape, generator=own), targets

    collate = noisy if augmented else default_collate
    model = Net()
    trainer = pl.Trainer(
        max_epochs=_EPOCHS,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    train = DataLoader(data, batch_size=32, shuffle=True, collate_fn=collate)
    trainer.fit(model, train, DataLoader(data, batch_size=64))
    metrics = {f"metric {name}": value.numpy() for name, value in trainer.callback_metrics.items()}
    return {**_weights(model), **metrics, "random state": torch.get_rng_state().numpy()}


def train_transformers(*, augmented: bool = False) -> Trained:
    """A tiny BERT with dropout, made of a configuration.

    Args:
        augmented: The collator draws from a generator of its own.
    """
    import torch

    hf: Any = import_module("transformers")
    hf.set_seed(_SEED)
    inputs, labels = _made_up()
    tokens = (np.abs(inputs) * 20).astype(np.int64) % 100
    rows = [{"input_ids": row, "labels": label} for row, label in zip(tokens, labels.tolist(), strict=True)]
    model = hf.BertForSequenceClassification(
        hf.BertConfig(
            vocab_size=100,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            num_labels=4,
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = hf.TrainingArguments(
            output_dir=folder,
            num_train_epochs=_EPOCHS,
            per_device_train_batch_size=32,
            eval_strategy="epoch",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        )
        own = np.random.default_rng(_SEED)

        def noisy(rows: Any) -> Any:
            batch = hf.default_data_collator(rows)
            batch["input_ids"][:, -1] = int(own.integers(100))
            return batch

        collator = noisy if augmented else hf.default_data_collator
        trainer = hf.Trainer(
            model=model, args=arguments, train_dataset=rows, eval_dataset=rows[:64], data_collator=collator
        )
        trainer.train()
    metrics = {
        f"metric {name} {number}": np.array(entry[name])
        for number, entry in enumerate(trainer.state.log_history)
        for name in ("eval_loss", "train_loss")
        if name in entry
    }
    return {**_weights(model), **metrics, "random state": torch.get_rng_state().numpy()}


def train_keras(*, augmented: bool = False) -> Trained:
    """A network with BatchNorm and dropout, shuffled, on the backend in use.

    Args:
        augmented: The samples come from a dataset with generators of its own, NumPy's and Keras's.
    """
    keras: Any = import_module("keras")
    keras.utils.set_random_seed(_SEED)
    inputs, labels = _made_up()
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Dense(32),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    if augmented:
        given: dict[str, Any] = {"x": _noisy_batches(inputs, labels), "validation_data": (inputs, labels)}
    else:
        given = {"x": inputs, "y": labels, "validation_split": 0.25}
    history = model.fit(**given, epochs=_EPOCHS, verbose=0).history
    trained = {f"weight {number}": value for number, value in enumerate(model.get_weights())}
    return trained | {f"metric {name}": np.array(values) for name, values in history.items()}


def _noisy_batches(inputs: Array, labels: Array) -> Any:
    keras: Any = import_module("keras")
    own, seeds = np.random.default_rng(_SEED), keras.random.SeedGenerator(_SEED)

    class Noisy(keras.utils.PyDataset):
        def __len__(self) -> int:
            return _SAMPLES // 32

        def __getitem__(self, number: int) -> Any:
            rows = slice(32 * number, 32 * (number + 1))
            drawn = keras.ops.convert_to_numpy(keras.random.normal((32, 1), seed=seeds))
            return inputs[rows] + drawn + own.normal(), labels[rows]

    return Noisy()


TRAININGS: dict[str, Callable[..., Trained]] = {
    "lightning": train_lightning,
    "keras": train_keras,
    "transformers": train_transformers,
}


def compare_all(train: Callable[..., Trained]) -> dict[str, Any]:
    """Compare a training, and the same on a source with generators of its own; see `compare`."""
    found = [
        compare(partial(train, augmented=augmented), all_splits=augmented) for augmented in (False, True)
    ]
    return {
        "identical": all(each["identical"] for each in found),
        "repeatable": all(each["repeatable"] for each in found),
        "compared": sum(each["compared"] for each in found),
        "different": [name for each in found for name in each["different"]],
        "captured": min(each["captured"] for each in found),
    }


def compare(train: Callable[[], Trained], *, all_splits: bool = False) -> dict[str, Any]:
    """Train twice without Chroma and once with it.

    Args:
        train: The training.
        all_splits: Capture train as well as val.

    Returns:
        `identical`, whether Chroma changed nothing; `repeatable`, whether two trainings without it are the
        same; `compared`, how many arrays; `different`, the names of those that differ; `captured`, how many
        segments Chroma wrote meanwhile.
    """
    plain, again = _digests(train()), _digests(train())
    splits = ("train", "val") if all_splits else "auto"
    before = _segments()
    chroma.autolog(project="determinism", silent=True, splits=splits)
    try:
        ours = _digests(train())
    finally:
        chroma.autolog(disable=True)
    return {
        "identical": plain == ours,
        "repeatable": plain == again,
        "compared": len(plain),
        "different": [name for name in plain if plain[name] != ours.get(name)],
        "captured": _segments() - before,
    }


def _segments() -> int:
    return sum(1 for _ in entries(Path(os.environ["CHROMA_HOME"]) / "journal"))


def _digests(trained: Trained) -> dict[str, str]:
    return {
        name: hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        for name, value in trained.items()
    }


def _weights(model: Any) -> Trained:
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def main(framework: str) -> None:
    """Print what `compare` finds, as JSON; what frameworks print goes elsewhere."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHROMA_HOME"] = home
        with redirect_stdout(sys.stderr):
            found = compare_all(TRAININGS[framework])
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
