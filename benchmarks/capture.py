"""What capture costs a training: CPU seconds of whole fits, side by side with peers.

    python benchmarks/capture.py                       # scikit-learn's digits
    python benchmarks/capture.py --data mnist.npz      # arrays train_x, train_y, val_x, val_y, or x, y

Variants run in turns, in one process with one maths thread. Shown are medians over the repetitions, and the
spread of the fit without capture as the noise. A peer that is not installed is left out, with a sentence.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import lightning.pytorch as pl
import numpy as np
import torch
from peers import Keep, images, keepers, show
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from chroma.integrations.lightning import ChromaCallback


def load(path: str | None, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`[n, 1, side, side]` images in [0, 1] and their labels."""
    x, y = images(path, n)
    return torch.tensor(x).unsqueeze(1), torch.tensor(y)


class Classifier(pl.LightningModule):
    """An MLP with 512 features or a small CNN with 128."""

    def __init__(self, kind: str, side: int) -> None:
        super().__init__()
        if kind == "mlp":
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(side * side, 512), nn.ReLU())
            self.head = nn.Linear(512, 10)
        else:
            self.encoder = nn.Sequential(
                nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 128), nn.ReLU(),
            )  # fmt: skip
            self.head = nn.Linear(128, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(images))

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch: Any, _: int) -> None:
        self.log("val_loss", F.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.05)


class Naive(pl.Callback):
    """A forward hook, and what it collected is handed to `keep` at the end of each validation."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.rows: list[np.ndarray] = []
        self.handle = pl_module.encoder.register_forward_hook(
            lambda module, args, output: self.rows.append(output.detach().numpy().copy())
        )

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.handle.remove()
        self.keep(np.concatenate(self.rows), trainer.current_epoch)


def variants(folder: Path) -> dict[str, Callable[[], list[Any]]]:
    """Callbacks of each variant, by its name."""
    found: dict[str, Callable[[], list[Any]]] = {
        "none": list,
        "Chroma": lambda: [ChromaCallback(silent=True, project="bench", log_inputs=False)],
        "Chroma, train probe too": lambda: [
            ChromaCallback(silent=True, project="bench", log_inputs=False, splits=("train", "val"))
        ],
    }
    for name, make in keepers(folder).items():
        found[f"hook + {name}"] = lambda make=make: [Naive(make())]
    return found


def fit(kind: str, callbacks: list[Any], train: Any, val: Any, epochs: int) -> float:
    """CPU seconds of one fit, all threads."""
    pl.seed_everything(1, verbose=False)
    model = Classifier(kind, train[0].shape[-1])
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=callbacks,
    )
    start = time.process_time()
    trainer.fit(
        model,
        DataLoader(TensorDataset(*train), batch_size=128, shuffle=True),
        DataLoader(TensorDataset(*val), batch_size=256),
    )
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="an .npz of images and labels; scikit-learn's digits by default")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--train", type=int, default=8000)
    parser.add_argument("--val", type=int, nargs="+", default=[2000, 8000])
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn"], choices=["mlp", "cnn"])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    folder = Path(tempfile.mkdtemp(prefix="chroma-bench-"))
    os.environ["CHROMA_HOME"] = str(folder)
    try:
        for kind in asked.models:
            for n in asked.val:
                images, labels = load(asked.data, asked.train + n)
                train = (images[: asked.train], labels[: asked.train])
                val = (images[asked.train :], labels[asked.train :])
                measure(kind, train, val, folder, asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(kind: str, train: Any, val: Any, folder: Path, asked: Any) -> None:
    title = f"{kind}, {len(val[0]):,} validation samples"
    made = variants(folder)
    seconds: dict[str, list[float]] = {name: [] for name in made}
    disk: dict[str, float] = {}
    fit(kind, [], train, val, 1)  # warm
    for _ in range(asked.repeat):
        for name, callbacks in made.items():
            for stale in folder.iterdir():
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
            seconds[name].append(fit(kind, callbacks(), train, val, asked.epochs))
            disk[name] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    show(f"{title}, {asked.epochs} epochs", seconds, disk)


if __name__ == "__main__":
    main()
