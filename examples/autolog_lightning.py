"""The same digits, with no callback anywhere: `chroma.autolog()` at the top of the script is all it takes.

python examples/autolog_lightning.py
chroma ui
"""

import argparse
import warnings

import lightning.pytorch as pl
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma

chroma.autolog(project="digits")


class Classifier(pl.LightningModule):
    """Two linear layers, ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(64, 48)
        self.head = nn.Linear(48, 10)

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        images, labels = batch
        return F.cross_entropy(self.head(F.relu(self.hidden(images))), labels)

    def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
        images, labels = batch
        logits = self.head(F.relu(self.hidden(images)))
        self.log("val_acc", (logits.argmax(dim=1) == labels).float().mean(), prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    warnings.filterwarnings("ignore", message=".*does not have many workers.*")  # these digits need none
    pl.seed_everything(7)
    digits = load_digits()
    images, labels = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
    train, val = np.arange(0, 1797, 2), np.arange(1, 1797, 2)
    trainer = pl.Trainer(max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.fit(
        Classifier(),
        DataLoader(TensorDataset(images[train], labels[train]), batch_size=64, shuffle=True),
        DataLoader(TensorDataset(images[val], labels[val]), batch_size=256),
    )


if __name__ == "__main__":
    main()
